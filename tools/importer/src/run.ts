import { readFileSync } from 'node:fs';
import { applyImport } from './apply.ts';
import { createControlPlane, Refused, Unreachable, type ControlPlane } from './control-plane.ts';
import { readFile } from './file.ts';
import { helpText, parseOptions, type Options } from './options.ts';
import { planImport } from './plan.ts';
import { problemsText, reportText } from './report.ts';
import { readUsers } from './users.ts';

export interface Run {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** To stdout. */
  print(text: string): void;
  /** To stderr. */
  warn(text: string): void;
}

/** Gives the exit code: 0 all is well, 1 with problems (the users without one are brought in), 2 for a wrong call. */
export async function run({ args, env, print, warn }: Run): Promise<number> {
  const parsed = parseOptions(args);
  if (parsed.kind === 'help') return (print(helpText()), 0);
  if (parsed.kind === 'wrong') return (warn(`${parsed.errors.join('\n')}\n\n${helpText()}`), 2);
  try {
    return await importUsers(parsed.options, { env, print, warn });
  } catch (error) {
    if (!isExpected(error)) throw error;
    warn(`${error.message}\n`);
    return 1;
  }
}

async function importUsers(options: Options, { env, print }: Omit<Run, 'args'>): Promise<number> {
  const { hash, ...raw } = readFile(readFileSync(options.file), options.format);
  const read = readUsers(raw, options.passwords);
  const controlPlane = controlPlaneOf(options, env);
  const plan = planImport(read.users, options.ownership, controlPlane ? await controlPlane.knownSystemIds() : new Map());
  const problems = [...read.problems, ...plan.problems].sort((a, b) => a.line - b.line);
  print(reportText({ steps: plan.steps, problems }));
  const created = plan.steps.filter(({ does }) => does === 'create').length;
  if (!options.apply || !controlPlane) {
    print(
      `${created} to bring in, ${plan.steps.length - created} there already, ${problems.length} problems. Nothing was changed: --apply does it.\n`,
    );
    return problems.length > 0 ? 1 : 0;
  }
  const applied = await applyImport({ ...options, steps: plan.steps, fileHash: hash, controlPlane });
  print(problemsText(applied.problems));
  print(
    `${applied.done} brought in, ${plan.steps.length - created} there already, ${problems.length + applied.problems.length} problems.\n`,
  );
  return problems.length + applied.problems.length > 0 ? 1 : 0;
}

function controlPlaneOf({ url, keyFile }: Options, env: Run['env']): ControlPlane | undefined {
  if (url === undefined) return undefined;
  const key = (keyFile === undefined ? env['HELIOGRAPH_OPERATOR_KEY'] : readFileSync(keyFile, 'utf8'))?.trim();
  if (!key) throw new Refused("an operator's API key is needed: HELIOGRAPH_OPERATOR_KEY or --key-file");
  return createControlPlane({ url, key });
}

/** What the world does to us: a file that is not there, a server that refuses. Everything else is a bug. */
function isExpected(error: unknown): error is Error {
  return error instanceof Refused || error instanceof Unreachable || typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
