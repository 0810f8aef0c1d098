import { helpRows, isSafeUrl, keyFileOption, readArguments, unsafeUrl, type Parsed } from '@heliograph/operator-command';

export interface Options {
  /** Of http-api. */
  readonly url: string;
  readonly keyFile: string | undefined;
  readonly json: boolean;
}

export type ParsedOptions = Parsed<Options>;

const optionTable = {
  url: { type: 'string', argument: 'URL', help: 'of http-api' },
  'key-file': keyFileOption,
  json: { type: 'boolean', help: 'as JSON, for a program' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
} as const;

export function parseOptions(args: readonly string[]): ParsedOptions {
  const parsed = readArguments({ args: [...args], options: optionTable });
  if (typeof parsed === 'string') return { kind: 'wrong', errors: [parsed] };
  const { url, json = false, help, 'key-file': keyFile } = parsed.values;
  if (help) return { kind: 'help' };
  if (url === undefined) return { kind: 'wrong', errors: ['say where http-api is: --url'] };
  if (!isSafeUrl(url)) return { kind: 'wrong', errors: [unsafeUrl] };
  return { kind: 'run', options: { url, keyFile, json } };
}

export function helpText(): string {
  return [
    'npm run proof -- --url URL [options]',
    '',
    'Shows for every tenant that funds = balance + leased + charged - refunded, and where ledger, streams and history differ.',
    'Ends with 0 when all of it holds, with 1 when something does not or could not be looked at.',
    '',
    ...helpRows(optionTable),
    '',
  ].join('\n');
}
