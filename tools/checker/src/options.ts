import { readFileSync } from 'node:fs';
import { helpRows, isSafeUrl, readArguments, Refused, type Command, type Parsed } from '@heliograph/operator-command';
import { secretCharactersMin } from './invariants/secrets.ts';

export interface Options {
  /** A folder. */
  readonly journals: string;
  /** Of http-api. */
  readonly url: string;
  /** `NAME` or `NAME=FILE`. */
  readonly tenants: readonly { readonly name: string; readonly keyFile: string | undefined }[];
  readonly operatorKeyFile: string | undefined;
  readonly unnotedMax: number;
  readonly waitMs: number;
  readonly sinceMs: number;
  readonly providers: boolean;
  readonly logs: string | undefined;
  readonly secretFile: string | undefined;
  readonly json: boolean;
}

export type ParsedOptions = Parsed<Options>;

const optionTable = {
  journals: { type: 'string', argument: 'DIR', help: 'every file in it is a journal' },
  url: { type: 'string', argument: 'URL', help: 'of http-api' },
  tenant: {
    type: 'string',
    multiple: true,
    argument: 'NAME[=FILE]',
    help: "the file has the tenant's API key; without one HELIOGRAPH_KEY_NAME has it (capitals, _ for what is no letter or digit). May be repeated",
  },
  'operator-key-file': {
    type: 'string',
    argument: 'FILE',
    help: "with an operator's API key, for tenants that have none here and for the reconciler's findings; else HELIOGRAPH_OPERATOR_KEY",
  },
  'unnoted-max': { type: 'string', argument: 'N', default: '0', help: 'messages that may be at a provider twice though no trace says why' },
  'wait-s': { type: 'string', argument: 'N', default: '0', help: 'asks again, for so long, while messages are on their way' },
  since: { type: 'string', argument: 'TIME', help: 'RFC 3339: messages accepted before, and sums of money, are not looked at' },
  'without-providers': { type: 'boolean', help: 'there is no journal of what arrived: 1 to 3 say nothing of that' },
  logs: { type: 'string', argument: 'DIR', help: 'looks through every file in it for what --secret-file has' },
  'secret-file': {
    type: 'string',
    argument: 'FILE',
    help: `a line for each string that may stand in no log, ${secretCharactersMin} characters or more`,
  },
  json: { type: 'boolean', help: 'as JSON, for a program' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
} as const;

export function parseOptions(args: readonly string[]): ParsedOptions {
  const parsed = readArguments({ args: [...args], options: optionTable });
  if (typeof parsed === 'string') return { kind: 'wrong', errors: [parsed] };
  const { values } = parsed;
  if (values.help) return { kind: 'help' };
  const { journals, url, since, logs, 'secret-file': secretFile } = values;
  const numbers = { 'unnoted-max': wholeNumber(values['unnoted-max']), 'wait-s': wholeNumber(values['wait-s']) };
  const sinceMs = since === undefined ? 0 : Date.parse(since);
  const errors = [
    ...(journals === undefined ? ['say where the journals are: --journals'] : []),
    ...(url === undefined ? ['say where http-api is: --url'] : []),
    ...(url !== undefined && !isSafeUrl(url) ? ['--url must be https, or http to this machine: keys go there'] : []),
    ...Object.entries(numbers).flatMap(([name, value]) => (value === undefined ? [`--${name} must be a whole number`] : [])),
    ...(Number.isNaN(sinceMs) ? ['--since must be a time such as 2026-11-20T12:00:00Z'] : []),
    ...((logs === undefined) === (secretFile === undefined) ? [] : ['--logs and --secret-file go together']),
  ];
  if (errors.length > 0 || journals === undefined || url === undefined) return { kind: 'wrong', errors };
  return {
    kind: 'run',
    options: {
      journals,
      url,
      tenants: (values.tenant ?? []).map(tenantOf),
      operatorKeyFile: values['operator-key-file'],
      unnotedMax: numbers['unnoted-max'] ?? 0,
      waitMs: (numbers['wait-s'] ?? 0) * 1_000,
      sinceMs,
      providers: !values['without-providers'],
      logs,
      secretFile,
      json: values.json ?? false,
    },
  };
}

function wholeNumber(text = '0'): number | undefined {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

function tenantOf(text: string): Options['tenants'][number] {
  const [name = '', ...file] = text.split('=');
  return { name, keyFile: file.length === 0 ? undefined : file.join('=') };
}

export interface Keys {
  readonly tenantKeys: Readonly<Record<string, string>>;
  readonly operatorKey: string | undefined;
}

/** Of files and the environment; not among the arguments, which everybody on the machine sees. Throws Refused. */
export function readKeys({ tenants, operatorKeyFile }: Pick<Options, 'tenants' | 'operatorKeyFile'>, env: Command['env']): Keys {
  const tenantKeys = Object.fromEntries(
    tenants.map(({ name, keyFile }) => {
      const variable = `HELIOGRAPH_KEY_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
      const key = readKey(keyFile, env[variable]);
      if (key === undefined) throw new Refused(`tenant ${name}: its API key is needed: ${variable}, or --tenant ${name}=FILE`);
      return [name, key];
    }),
  );
  const operatorKey = readKey(operatorKeyFile, env['HELIOGRAPH_OPERATOR_KEY']);
  if (tenants.length === 0 && operatorKey === undefined)
    throw new Refused("an API key is needed: --tenant for a tenant's, --operator-key-file or HELIOGRAPH_OPERATOR_KEY for an operator's");
  return { tenantKeys, operatorKey };
}

function readKey(file: string | undefined, variable: string | undefined): string | undefined {
  const key = (file === undefined ? variable : readFileSync(file, 'utf8'))?.trim();
  return key === '' ? undefined : key;
}

export function helpText(): string {
  return [
    'npm run checker -- --journals DIR --url URL --tenant NAME[=FILE]… [options]',
    '',
    'Joins the journals of clients, providers and receivers of webhooks with what Heliograph says of the same messages, and shows invariant by invariant',
    'whether anything was lost, invented, doubled, charged twice, not reported or seen by another tenant.',
    'Ends with 0 when all of it holds, with 1 when something does not or could not be looked at, with 2 when it was called wrongly.',
    '',
    ...helpRows(optionTable),
    '',
  ].join('\n');
}
