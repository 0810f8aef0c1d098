import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { run, sabotages, type Result, type Sabotage } from './run.ts';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    sabotage: { type: 'string' },
    follow: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const say = (text: string): void => void writeSync(1, `${text}\n`);
// `process.exit` ends a simulated process from now on
const exit = (process as unknown as { reallyExit(code: number): never }).reallyExit.bind(process);

function print({ violations, errors, ...result }: Result): void {
  if (values.json) return say(JSON.stringify({ ...result, violations, errors: errors.length }));
  const { seed, hours, messages, accepted, faults, digest, steps, statements } = result;
  const all = Object.entries(faults).map(([name, count]) => `${count} ${name}`);
  say(`seed ${seed}: ${hours.toFixed(1)} hours, ${messages} messages (${accepted} accepted), faults: ${all.join(', ')}`);
  say(`${steps} steps, ${statements} database calls, digest ${digest}; ${violations.length} violations`);
  for (const { rule, detail, trail } of violations.slice(0, 10))
    say(`\nVIOLATION (seed ${seed}): ${rule}: ${detail}\n  ${trail.join('\n  ')}`);
}

const sabotage = sabotages.find((name) => name === values.sabotage) as Sabotage | undefined;
const result = await run({ seed: Number(values.seed), hours: Number(values.hours), sabotage, follow: values.follow ? say : undefined });
print(result);
exit(result.violations.length > 0 ? 1 : 0);
