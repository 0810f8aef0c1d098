import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Result } from './run.ts';

/** What a run of its own process said; `failure`: it ended without saying anything. */
export type Said = Omit<Result, 'errors'> & { readonly errors: number };
export type Outcome = Said | { readonly seed: number; readonly failure: string };

export interface SeedsOptions {
  readonly from: number;
  readonly to: number;
  readonly jobs: number;
  /** What every run is told beside its seed. */
  readonly options: readonly string[];
  /** Told of each as it ends. */
  readonly ended: (outcome: Outcome) => void;
}

export interface Sums {
  readonly runs: number;
  readonly hours: number;
  readonly messages: number;
  readonly accepted: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: number;
  readonly failedSeeds: readonly number[];
}

/** Many runs, each in a process of its own, as time itself is replaced there. */
export async function runSeeds({ from, to, jobs, options, ended }: SeedsOptions): Promise<Sums> {
  const outcomes: Outcome[] = [];
  let next = from;
  async function work(): Promise<void> {
    while (next <= to) {
      const outcome = await simulate(next++, options);
      outcomes.push(outcome);
      ended(outcome);
    }
  }
  await Promise.all(Array.from({ length: jobs }, work));
  return sum(outcomes);
}

export function simulate(seed: number, options: readonly string[]): Promise<Outcome> {
  const all = [join(import.meta.dirname, 'main.ts'), '--json', '--seed', String(seed), ...options];
  // what a test runner needs is nothing for a run
  const env = { ...process.env, NODE_OPTIONS: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, all, { env, maxBuffer: 256 * 1024 ** 2 }, (error, out, said) => {
      if (out.startsWith('{')) resolve(JSON.parse(out) as Said);
      else resolve({ seed, failure: said || String(error) });
    });
  });
}

export function sum(outcomes: readonly Outcome[]): Sums {
  const faults: Record<string, number> = {};
  let [hours, messages, accepted, violations] = [0, 0, 0, 0];
  const failedSeeds: number[] = [];
  for (const one of outcomes) {
    if ('failure' in one || one.violations.length > 0) failedSeeds.push(one.seed);
    if ('failure' in one) continue;
    hours += one.hours;
    messages += one.messages;
    accepted += one.accepted;
    violations += one.violations.length;
    for (const [name, count] of Object.entries(one.faults)) faults[name] = (faults[name] ?? 0) + count;
  }
  return { runs: outcomes.length, hours, messages, accepted, faults, violations, failedSeeds: failedSeeds.sort((a, b) => a - b) };
}
