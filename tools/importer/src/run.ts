import { readFileSync } from 'node:fs';
import { readOperatorKey, runCommand, type Command } from '@heliograph/operator-command';
import { applyImport } from './apply.ts';
import { readFile } from './file.ts';
import { createImportApi } from './import-api.ts';
import { helpText, parseOptions, type Options } from './options.ts';
import { planImport } from './plan.ts';
import { problemsText, reportText } from './report.ts';
import { readUsers } from './users.ts';

/** Gives the exit code: 0 all is well, 1 with problems (the users without one are brought in), 2 for a wrong call. */
export function run({ args, env, print, warn }: Command): Promise<number> {
  return runCommand({
    parsed: parseOptions(args),
    help: helpText(),
    print,
    warn,
    act: (options) => importUsers(options, { env, print }),
  });
}

async function importUsers(options: Options, { env, print }: Pick<Command, 'env' | 'print'>): Promise<number> {
  const { hash, ...raw } = readFile(readFileSync(options.file), options.format);
  const read = readUsers(raw, options.passwords);
  const { url, keyFile } = options;
  const api = url === undefined ? undefined : createImportApi({ url, key: readOperatorKey(keyFile, env) });
  const plan = planImport(read.users, options.ownership, api ? await api.knownSystemIds() : new Map());
  const problems = [...read.problems, ...plan.problems].sort((a, b) => a.line - b.line);
  print(reportText({ steps: plan.steps, problems }));
  const created = plan.steps.filter(({ does }) => does === 'create').length;
  if (!options.apply || !api) {
    print(
      `${created} to bring in, ${plan.steps.length - created} there already, ${problems.length} problems. Nothing was changed: --apply does it.\n`,
    );
    return problems.length > 0 ? 1 : 0;
  }
  const applied = await applyImport({ ...options, steps: plan.steps, fileHash: hash, api });
  print(problemsText(applied.problems));
  print(
    `${applied.done} brought in, ${plan.steps.length - created} there already, ${problems.length + applied.problems.length} problems.\n`,
  );
  return problems.length + applied.problems.length > 0 ? 1 : 0;
}
