import { readFileSync } from 'node:fs';
import { judge } from './judge.ts';
import { NotShown, readLedger } from './ledger.ts';
import { helpText, parseOptions, type Options } from './options.ts';
import { reportJson, reportText } from './report.ts';

export interface Run {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: number;
  /** To stdout. */
  print(text: string): void;
  /** To stderr. */
  warn(text: string): void;
}

/** Gives the exit code: 0 all of it holds, 1 something does not or could not be looked at, 2 for a wrong call. */
export async function run({ args, env, nowMs, print, warn }: Run): Promise<number> {
  const parsed = parseOptions(args);
  if (parsed.kind === 'help') return (print(helpText()), 0);
  if (parsed.kind === 'wrong') return (warn(`${parsed.errors.join('\n')}\n\n${helpText()}`), 2);
  const { options } = parsed;
  try {
    const proof = await readLedger({ url: options.url, key: keyOf(options, env) });
    const verdict = judge(proof, nowMs);
    print(options.json ? reportJson(proof, verdict) : reportText(proof, verdict));
    return verdict.holds ? 0 : 1;
  } catch (error) {
    if (!isExpected(error)) throw error;
    warn(`${error.message}\n`);
    return 1;
  }
}

function keyOf({ keyFile }: Options, env: Run['env']): string {
  const key = (keyFile === undefined ? env['HELIOGRAPH_OPERATOR_KEY'] : readFileSync(keyFile, 'utf8'))?.trim();
  if (!key) throw new NotShown("an operator's API key is needed: HELIOGRAPH_OPERATOR_KEY or --key-file");
  return key;
}

/** What the world does to us: a file that is not there, a server that refuses. Everything else is a bug. */
function isExpected(error: unknown): error is Error {
  return error instanceof NotShown || typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
