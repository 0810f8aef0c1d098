import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { betrayedBy, run, sabotages, type Result, type Sabotage } from './run.ts';
import { runSeeds, simulate, type Outcome } from './seeds.ts';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    sabotage: { type: 'string' },
    follow: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const say = (text: string): void => void writeSync(1, `${text}\n`);
// `process.exit` ends a simulated process from now on
const exit = (process as unknown as { reallyExit(code: number): never }).reallyExit.bind(process);
const violationsShownMax = 10;
const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');

function print({ violations, errors, ...result }: Result): void {
  if (values.json) return say(JSON.stringify({ ...result, violations, errors: errors.length }));
  const { seed, hours, messages, accepted, faults, digest, steps, statements } = result;
  const cpuSeconds = process.cpuUsage().user / 1e6;
  say(`seed ${seed}: ${hours.toFixed(1)} hours, ${messages} messages (${accepted} accepted), faults: ${listed(faults)}`);
  say(`${steps} steps, ${statements} database calls, ${cpuSeconds.toFixed(1)} s of CPU, digest ${digest}; ${violations.length} violations`);
  for (const { rule, detail, trail } of violations.slice(0, violationsShownMax))
    say(`\nVIOLATION (seed ${seed}): ${rule}: ${detail}\n  ${trail.join('\n  ')}`);
}

function printOutcome(outcome: Outcome): void {
  if ('failure' in outcome) return say(`seed ${outcome.seed} FAILED: ${outcome.failure.trim()}`);
  const { seed, hours, messages, faults, violations } = outcome;
  const count = Object.values(faults).reduce((all, one) => all + one, 0);
  say(`seed ${seed}: ${hours.toFixed(1)} hours, ${messages} messages, ${count} faults, ${violations.length} violations`);
  for (const { rule, detail } of violations.slice(0, violationsShownMax)) say(`  VIOLATION: ${rule}: ${detail}`);
}

async function many(range: string): Promise<boolean> {
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(range) ?? [];
  if (from === undefined || to === undefined) throw new Error(`--seeds FROM..TO, not ${range}`);
  const options = ['--hours', values.hours, ...(values.sabotage === undefined ? [] : ['--sabotage', values.sabotage])];
  const sums = await runSeeds({ from: Number(from), to: Number(to), jobs: Number(values.jobs), options, ended: printOutcome });
  const { runs, hours, messages, accepted, faults, violations, failedSeeds } = sums;
  say(`\n${runs} runs: ${hours.toFixed(1)} hours, ${messages} messages (${accepted} accepted), ${violations} violations`);
  say(`faults: ${listed(faults)}`);
  say(failedSeeds.length === 0 ? 'every seed held' : `failing seeds: ${failedSeeds.join(' ')}`);
  return failedSeeds.length === 0;
}

async function one(): Promise<boolean> {
  const sabotage = sabotages.find((name) => name === values.sabotage) as Sabotage | undefined;
  const result = await run({ seed: Number(values.seed), hours: Number(values.hours), sabotage, follow: values.follow ? say : undefined });
  print(result);
  return result.violations.length === 0;
}

/** Each on its own: whether the rule it breaks is said to be broken. */
async function allSabotages(): Promise<boolean> {
  let found = true;
  for (const name of sabotages) {
    const outcome = await simulate(Number(values.seed), ['--hours', values.hours, '--sabotage', name]);
    const rules = 'failure' in outcome ? [outcome.failure] : outcome.violations.map(({ rule }) => rule);
    const isFound = rules.includes(betrayedBy[name]);
    found &&= isFound;
    say(`${name}: ${isFound ? 'found out' : 'NOT FOUND'} (${[...new Set(rules)].join(', ')})`);
  }
  return found;
}

function choose(): Promise<boolean> {
  if (values.sabotage === 'all') return allSabotages();
  return values.seeds === undefined ? one() : many(values.seeds);
}

exit((await choose()) ? 0 : 1);
