import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './fault.ts';
import { helpText, parseOptions, type Options } from './options.ts';
import { isModest, runFaults, type FaultResult } from './run-fault.ts';
import { markdownOf, mergedRows, rowsOf, withTable } from './table.ts';

export interface Invocation {
  readonly args: readonly string[];
  readonly faults: readonly Fault[];
  print(text: string): void;
  warn(text: string): void;
}

const page = join(import.meta.dirname, '../../../docs/reliability.md');

/** The exit code: 0 all held, 1 something did not, 2 wrong options. */
export async function run({ args, faults, print, warn }: Invocation): Promise<number> {
  const parsed = parseOptions(args, () => randomInt(2 ** 32));
  if (parsed.kind === 'help') return (print(helpText), 0);
  if (parsed.kind === 'list')
    return (print(faults.map(({ name, group, isShort }) => `${group}: ${name}${isShort ? ' (short)' : ''}\n`).join('')), 0);
  if (parsed.kind === 'wrong') return (warn(parsed.errors.map((error) => `${error}\n`).join('')), 2);
  const { options } = parsed;
  const chosen = faults.filter((fault) => isChosen(fault, options));
  if (chosen.length === 0) return (warn(`no fault has "${options.only}" in its name\n`), 2);

  print(`seed ${options.seed}\n`);
  const results: FaultResult[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const faultsOfStack of stacksOf(chosen.filter(isPossible), options.together)) {
      const { messages, follow } = options;
      const seed = (options.seed + round) >>> 0;
      const ran = await runFaults(faultsOfStack, { seed, messages, ...(follow && { heard: (line) => warn(`${line}\n`) }) }, (result) =>
        print(toldOf(result)),
      );
      results.push(...ran);
    }
  }

  function isPossible({ name, impossible }: Fault): boolean {
    const reason = impossible?.();
    if (reason !== undefined) print(`${name}: not here: ${reason}\n`);
    return reason === undefined;
  }

  const rows = rowsOf(results, Date.now());
  print(`\n${markdownOf(rows)}\n`);
  if (options.write) {
    const before = existsSync(page) ? readFileSync(page, 'utf8') : '';
    const all = mergedRows(
      before,
      rows,
      faults.map(({ name }) => name),
    );
    writeFileSync(page, withTable(before, markdownOf(all)));
    print(`\nwritten into docs/reliability.md\n`);
  }
  return results.every(({ failures }) => failures.length === 0) ? 0 : 1;
}

/** Which faults are done to one Heliograph, one after the other. */
function stacksOf(faults: readonly Fault[], together: boolean): readonly (readonly Fault[])[] {
  const alone = faults.filter((fault) => !together || !isModest(fault)).map((fault) => [fault]);
  return together ? [faults.filter(isModest), ...alone] : alone;
}

function isChosen({ name, group, isShort }: Fault, { only, short }: Options): boolean {
  return (!short || isShort === true) && (only === undefined || `${group}: ${name}`.toLowerCase().includes(only.toLowerCase()));
}

/** A line when it held; the whole story, and how to have it again, when not. */
function toldOf(result: FaultResult): string {
  const { fault, seed, messages, failures, story, kept, finalS } = result;
  if (failures.length === 0) return `${fault}: held, ${messages} messages, all final and reported ${finalS.toFixed(1)} s after it\n`;
  const again = `npm run faults -- --seed ${seed} --only '${fault}'`;
  return `\n${fault}: FAILED\n${story}\nagain: ${again}\nkept: ${kept.join(' ')}\n\n`;
}
