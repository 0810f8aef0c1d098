import { readOperatorKey, runCommand, type Command } from '@heliograph/operator-command';
import { judge } from './judge.ts';
import { readLedger } from './ledger.ts';
import { helpText, parseOptions } from './options.ts';
import { reportJson, reportText } from './report.ts';

export interface Run extends Command {
  readonly nowMs: number;
}

/** Gives the exit code: 0 all of it holds, 1 something does not or could not be looked at, 2 for a wrong call. */
export function run({ args, env, nowMs, print, warn }: Run): Promise<number> {
  return runCommand({
    parsed: parseOptions(args),
    help: helpText(),
    print,
    warn,
    async act({ url, keyFile, json }) {
      const proof = await readLedger({ url, key: readOperatorKey(keyFile, env) });
      const verdict = judge(proof, nowMs);
      print(json ? reportJson(proof, verdict) : reportText(proof, verdict));
      return verdict.holds ? 0 : 1;
    },
  });
}
