import { parseArgs } from 'node:util';

export interface Options {
  /** Of http-api. */
  readonly url: string;
  readonly keyFile: string | undefined;
  readonly json: boolean;
}

export type ParsedOptions = { kind: 'run'; options: Options } | { kind: 'help' } | { kind: 'wrong'; errors: readonly string[] };

const optionTable = {
  url: { type: 'string', argument: 'URL', help: 'of http-api' },
  'key-file': { type: 'string', argument: 'FILE', help: "with an operator's API key; else HELIOGRAPH_OPERATOR_KEY" },
  json: { type: 'boolean', help: 'as JSON, for a program' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
} as const;

export function parseOptions(args: readonly string[]): ParsedOptions {
  const parsed = readArguments(args);
  if (typeof parsed === 'string') return { kind: 'wrong', errors: [parsed] };
  const { url, json = false, help, 'key-file': keyFile } = parsed;
  if (help) return { kind: 'help' };
  if (url === undefined) return { kind: 'wrong', errors: ['say where http-api is: --url'] };
  if (!isSafeUrl(url)) {
    return { kind: 'wrong', errors: ['--url must be https, or http to this machine: the key of an operator goes there'] };
  }
  return { kind: 'run', options: { url, keyFile, json } };
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: optionTable }).values;
  } catch (error) {
    // parseArgs says by an exception what is wrong with the arguments, in words for people
    return (error as Error).message;
  }
}

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && (hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)));
}

export function helpText(): string {
  const rows = Object.entries(optionTable).map(([flag, option]) => ({
    name: `--${flag}${'argument' in option ? ` ${option.argument}` : ''}`,
    text: option.help,
  }));
  const width = Math.max(...rows.map(({ name }) => name.length));
  return [
    'npm run proof -- --url URL [options]',
    '',
    'Shows for every tenant that funds = balance + leased + charged - refunded, and where ledger, streams and history differ.',
    'Ends with 0 when all of it holds, with 1 when something does not or could not be looked at.',
    '',
    ...rows.map(({ name, text }) => `  ${name.padEnd(width)}  ${text}`),
    '',
  ].join('\n');
}
