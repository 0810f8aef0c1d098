import { describe, expect, test } from '@jest/globals';
import { simulate, type Said } from './seeds.ts';

/** The start of a run is most of it here: the long ones are the command line's. */
async function shortly(...options: readonly string[]): Promise<Said> {
  const outcome = await simulate(3, ['--hours', '0.02', ...options]);
  if ('failure' in outcome) throw new Error(outcome.failure);
  return outcome;
}

describe('a simulated platform', () => {
  test('breaks no rule, and the same seed goes the same way again', async () => {
    const [first, again] = await Promise.all([shortly(), shortly()]);
    expect(first.violations).toEqual([]);
    expect(first.accepted).toBeGreaterThan(0);
    expect(again.digest).toBe(first.digest);
  }, 300_000);

  test('whose queue loses a record is found out, with the way of the message', async () => {
    const { violations } = await shortly('--sabotage', 'lost-record');
    const found = violations.find(({ rule }) => rule === 'every message ends');
    expect(found?.trail.length).toBeGreaterThan(0);
  }, 300_000);
});
