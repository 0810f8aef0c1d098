import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface Options {
  /** Absolute path of the data folder. */
  data: string;
  /** Ports; 0 takes any free one. */
  smppPort: number;
  smppTlsPort: number;
  httpPort: number;
  /** Use this SMSC as the demo provider; undefined starts the built-in simulator. */
  carrier: { host: string; port: number } | undefined;
  balanceMicroCredits: bigint;
  profile: Profile;
  /** Embedded nats-servers: 1, or 3 that replicate their streams. */
  natsServers: 1 | 3;
  /** When ready print one line of JSON on stdout instead of a text for people. */
  json: boolean;
}

export type Profile = 'production' | 'demo';
export type ParsedOptions = { kind: 'run'; options: Options } | { kind: 'help' } | { kind: 'wrong'; errors: string[] };

/** What a text means, or what it must be. */
type Reading<T> = { ok: true; value: T } | { ok: false; must: string };

interface OptionSpec<T> {
  flag: string;
  env: string;
  /** Name of the value in the help; without one it is a switch. */
  argument?: string;
  default: string;
  help: string;
  read(text: string): Reading<T>;
}

type OptionTable = { [Key in keyof Options]: OptionSpec<Options[Key]> };

export const optionTable: OptionTable = {
  data: {
    flag: 'data',
    env: 'HELIOGRAPH_DATA',
    argument: 'DIR',
    default: '.data',
    help: 'folder that holds everything that is kept',
    read: readFolder,
  },
  smppPort: {
    flag: 'smpp-port',
    env: 'HELIOGRAPH_SMPP_PORT',
    argument: 'PORT',
    default: '2775',
    help: 'SMPP, plain (0 = any free port)',
    read: readPort,
  },
  smppTlsPort: {
    flag: 'smpp-tls-port',
    env: 'HELIOGRAPH_SMPP_TLS_PORT',
    argument: 'PORT',
    default: '2776',
    help: 'SMPP over TLS (0 = any free port)',
    read: readPort,
  },
  httpPort: {
    flag: 'http-port',
    env: 'HELIOGRAPH_HTTP_PORT',
    argument: 'PORT',
    default: '8080',
    help: 'HTTP API (0 = any free port)',
    read: readPort,
  },
  carrier: {
    flag: 'carrier',
    env: 'HELIOGRAPH_CARRIER',
    argument: 'HOST:PORT',
    default: '',
    help: 'SMSC to use as the demo provider instead of the built-in simulator',
    read: readCarrier,
  },
  balanceMicroCredits: {
    flag: 'balance',
    env: 'HELIOGRAPH_BALANCE',
    argument: 'N',
    default: '1000',
    help: "the demo tenant's credits at the first start",
    read: readCredits,
  },
  profile: {
    flag: 'profile',
    env: 'HELIOGRAPH_PROFILE',
    argument: 'demo|production',
    default: 'demo',
    help: 'demo traces every message and lets webhooks call this machine; production does neither',
    read: readProfile,
  },
  natsServers: {
    flag: 'nats-servers',
    env: 'HELIOGRAPH_NATS_SERVERS',
    argument: '1|3',
    default: '1',
    help: 'embedded nats-servers; 3 keep every stream threefold, and one of them may fail (a data folder stays with its number)',
    read: readNatsServers,
  },
  json: {
    flag: 'json',
    env: 'HELIOGRAPH_JSON',
    default: 'false',
    help: 'for scripts: when ready, one line of JSON on stdout',
    read: readSwitch,
  },
};

/** Command line before environment before default. Every error at once, each naming where the value came from. */
export function parseOptions(args: string[], env: NodeJS.ProcessEnv, root: string): ParsedOptions {
  const { given, help, errors } = readArguments(args);
  if (help) return { kind: 'help' };
  const value = <T>(spec: OptionSpec<T>): T | undefined => {
    const source = given.has(spec.flag) ? `--${spec.flag}` : spec.env;
    const text = given.get(spec.flag) ?? (env[spec.env] || undefined);
    const reading = spec.read(text ?? spec.default);
    if (reading.ok) return reading.value;
    errors.push(`${source} must be ${reading.must} (got "${text}")`);
    return undefined;
  };
  const read = Object.fromEntries(Object.entries(optionTable).map(([key, spec]) => [key, value<unknown>(spec)])) as unknown as Options;
  if (errors.length > 0) return { kind: 'wrong', errors };
  const isDefaultFolder = !given.has('data') && !env[optionTable.data.env];
  return { kind: 'run', options: { ...read, data: resolve(isDefaultFolder ? root : process.cwd(), read.data) } };
}

/** The text of `--help`, made from the table. */
export function helpText(): string {
  const specs: OptionSpec<unknown>[] = Object.values(optionTable);
  const names = specs.map(({ flag, argument }) => `--${flag}${argument ? ` ${argument}` : ''}`);
  const nameWidth = Math.max(...names.map((name) => name.length));
  const envWidth = Math.max(...specs.map(({ env }) => env.length));
  const lines = specs.map((spec, i) => {
    const note = spec.argument && spec.default ? ` [${spec.default}]` : '';
    return `  ${names[i]!.padEnd(nameWidth)}  ${spec.env.padEnd(envWidth)}  ${spec.help}${note}`;
  });
  return [
    'npm start -- [options]',
    '',
    'Starts a complete Heliograph on this machine: PostgreSQL, nats-server, every service, a demo tenant and a demo provider.',
    'Ctrl-C stops all of it; the next start goes on with the same data.',
    '',
    'Options, the environment variables that do the same, and defaults:',
    ...lines,
    '',
    'Servers of your own are used instead of the embedded ones when DATABASE_URL or NATS_URL (JetStream, sync_interval: always) is set.',
    'HELIOGRAPH_NATS_SERVER names the nats-server program to run. Any variable of a service (see .env.example) is passed on to it.',
    '',
  ].join('\n');
}

/** parseArgs itself stops at the first error; its tokens let us tell all. */
function readArguments(args: string[]): { given: Map<string, string>; help: boolean; errors: string[] } {
  const specs = new Map<string, OptionSpec<unknown>>(Object.values(optionTable).map((spec: OptionSpec<unknown>) => [spec.flag, spec]));
  const options = Object.fromEntries(
    [...specs.values()].map(({ flag, argument }) => [flag, { type: argument ? ('string' as const) : ('boolean' as const) }]),
  );
  const { tokens } = parseArgs({ args, options: { ...options, help: { type: 'boolean', short: 'h' } }, strict: false, tokens: true });
  const given = new Map<string, string>();
  const errors: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') errors.push(`"${token.value}" is not an option (see --help)`);
    if (token.kind !== 'option' || token.name === 'help') continue;
    const spec = specs.get(token.name);
    if (!spec) errors.push(`${token.rawName} is not an option (see --help)`);
    else if (!spec.argument) given.set(spec.flag, token.value ?? 'true');
    else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--')))
      errors.push(`${token.rawName} needs a value: ${spec.argument}`);
    else given.set(spec.flag, token.value);
  }
  return { given, help: tokens.some((token) => token.kind === 'option' && token.name === 'help'), errors };
}

function readFolder(text: string): Reading<string> {
  return text === '' ? { ok: false, must: 'a folder' } : { ok: true, value: text };
}

function readPort(text: string): Reading<number> {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? { ok: true, value: Number(text) } : { ok: false, must: '0..65535' };
}

/** Brackets around an IPv6 address, as in a URL. */
function readCarrier(text: string): Reading<Options['carrier']> {
  if (text === '') return { ok: true, value: undefined };
  const [, bracketed, plain, port = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return { ok: false, must: 'HOST:PORT' };
  return { ok: true, value: { host, port: Number(port) } };
}

/** Digits to micro-credits without passing through a float. */
function readCredits(text: string): Reading<bigint> {
  const [, whole, fraction = ''] = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  if (whole === undefined) return { ok: false, must: 'credits, 0 to 999999999 with at most 6 decimals' };
  return { ok: true, value: BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0')) };
}

function readProfile(text: string): Reading<Profile> {
  return text === 'demo' || text === 'production' ? { ok: true, value: text } : { ok: false, must: 'demo or production' };
}

function readNatsServers(text: string): Reading<1 | 3> {
  return text === '1' || text === '3' ? { ok: true, value: text === '1' ? 1 : 3 } : { ok: false, must: '1 or 3' };
}

function readSwitch(text: string): Reading<boolean> {
  const value = { true: true, '1': true, false: false, '0': false }[text];
  return value === undefined ? { ok: false, must: 'true or false' } : { ok: true, value };
}
