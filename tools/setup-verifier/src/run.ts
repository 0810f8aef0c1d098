import { join } from 'node:path';
import { readArguments, type Command } from '@heliograph/operator-command';
import type { parseArgs } from 'node:util';
import { listOf } from './checks.ts';
import { lookAtDatabase, type Owner } from './database.ts';
import type { Facts, Settings } from './facts.ts';
import { lookAtCertificates, lookAtSecretFiles } from './files.ts';
import { lookAtLogins } from './logins.ts';
import { lookAtNats } from './nats.ts';
import { addressesOfThisMachine, lookAtPorts } from './ports.ts';
import { judge, reportText } from './report.ts';
import { readSettings, settingErrorsOf } from './settings.ts';

export const root = join(import.meta.dirname, '../../..');

const optionTable = {
  'env-file': { type: 'string' },
  profile: { type: 'string', default: 'production' },
  'tls-proxy': { type: 'boolean', default: false },
  addresses: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const help = `npm run verify-setup -- [options]

Looks at a deployment as its services would see it, on the machine they run on: settings, secrets, files, certificates, ports, servers. Changes nothing.
Exit code 1 when anything fails.

  --env-file FILE          settings, over those of the environment
  --profile demo           what is wrong in production only is a warning [production]
  --tls-proxy              TLS for HTTP ends at a proxy in front
  --addresses A,B          where the ports are tried, instead of every address of this machine
  --json                   one JSON document
  -h, --help               this text
`;

/** Gives the exit code: 0 nothing fails, 1 something does, 2 a wrong call. */
export async function run({ args, env, print, warn }: Command): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') return (warn(`${options}\n\n${help}`), 2);
  if (options.help) return (print(help), 0);
  const settings = settingsOf(env, options['env-file']);
  if (typeof settings === 'string') return (warn(`${settings}\n`), 2);
  const facts = await gather(settings, options);
  const judged = judge(facts);
  print(
    options.json
      ? `${JSON.stringify({ ok: judged.every(({ result }) => result !== 'fail'), checks: judged }, null, 2)}\n`
      : reportText(judged),
  );
  return judged.some(({ result }) => result === 'fail') ? 1 : 0;
}

type Options = ReturnType<typeof parseArgs<{ options: typeof optionTable }>>['values'];

function readOptions(args: readonly string[]): Options | string {
  const parsed = readArguments({ args: [...args], options: optionTable });
  if (typeof parsed === 'string') return parsed;
  return ['production', 'demo'].includes(parsed.values.profile) ? parsed.values : '--profile must be production or demo';
}

function settingsOf(env: Settings, file: string | undefined): Settings | string {
  try {
    return readSettings(env, file);
  } catch (error) {
    return (error as Error).message;
  }
}

async function gather(settings: Settings, options: Options): Promise<Facts> {
  const addresses = options.addresses === undefined ? addressesOfThisMachine() : listOf(options.addresses);
  const { dataOwners } = (await import(join(root, 'tools/launcher/src/owners.ts'))) as { dataOwners: Owner[] };
  const [settingErrors, ports, database, nats, logins] = await Promise.all([
    settingErrorsOf(settings, root),
    lookAtPorts(settings, addresses),
    lookAtDatabase(settings['DATABASE_URL'], root, dataOwners),
    lookAtNats(settings['NATS_URL']),
    lookAtLogins(settings),
  ]);
  return {
    now: new Date(),
    demo: options.profile === 'demo',
    tlsProxy: options['tls-proxy'],
    settings,
    settingErrors,
    secretFiles: lookAtSecretFiles(settings, options['env-file']),
    certificates: lookAtCertificates(settings),
    ports,
    database,
    nats,
    logins,
  };
}
