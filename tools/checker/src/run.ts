import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Refused, runCommand, type Command } from '@heliograph/operator-command';
import { checkRun } from './check-run.ts';
import { createHttpPlatform } from './http-platform.ts';
import { secretCharactersMin } from './invariants/secrets.ts';
import { helpText, parseOptions, readKeys, type Options } from './options.ts';
import { JournalFault } from './read-journal.ts';
import { reportJson, reportText } from './report.ts';

/** Gives the exit code: 0 all of it holds, 1 something does not or could not be looked at, 2 for a wrong call. */
export function run({ args, env, print, warn }: Command): Promise<number> {
  return runCommand({
    parsed: parseOptions(args),
    help: helpText(),
    print,
    warn,
    async act(options) {
      const result = await check(options, env).catch((error: unknown) => {
        throw error instanceof JournalFault ? new Refused(error.message) : error;
      });
      print(options.json ? reportJson(result) : reportText(result));
      return result.ok ? 0 : 1;
    },
  });
}

async function check(options: Options, env: Command['env']) {
  const { url, unnotedMax, waitMs, sinceMs, providers, logs, secretFile } = options;
  const platform = createHttpPlatform({ url, ...readKeys(options, env) });
  const secrets = logs === undefined || secretFile === undefined ? undefined : { logs, strings: readSecrets(secretFile) };
  return checkRun({ journals: await journalsIn(options.journals), platform, unnotedMax, waitMs, sinceMs, providers, secrets });
}

async function journalsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => join(folder, name));
  if (files.length === 0) throw new Refused(`${folder}: has no journal`);
  return files.sort();
}

function readSecrets(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split(/\r?\n/);
  const short = lines.findIndex((line) => line !== '' && line.length < secretCharactersMin);
  if (short >= 0) throw new Refused(`${file}:${short + 1}: has less than ${secretCharactersMin} characters: it would be found everywhere`);
  return lines.filter((line) => line !== '');
}
