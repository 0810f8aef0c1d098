import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

interface Said {
  readonly digest: string;
  readonly accepted: number;
  readonly violations: readonly { readonly rule: string; readonly detail: string; readonly trail: readonly string[] }[];
}

/** In a process of its own, as time itself is replaced there. */
function simulate(...options: readonly string[]): Promise<Said> {
  const main = join(import.meta.dirname, 'main.ts');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, '--json', ...options], { env: { ...process.env, NODE_OPTIONS: '' }, maxBuffer: 64 * 1024 ** 2 }, (error, out, said) => {
      if (out.startsWith('{')) resolve(JSON.parse(out) as Said);
      else reject(new Error(said, { cause: error }));
    }); // prettier-ignore
  });
}

const short = ['--hours', '0.05'];

describe('a simulated platform', () => {
  test('under faults breaks no rule, and the same seed goes the same way again', async () => {
    const [first, again] = await Promise.all([simulate(...short, '--seed', '3'), simulate(...short, '--seed', '3')]);
    expect(first.violations).toEqual([]);
    expect(first.accepted).toBeGreaterThan(0);
    expect(again.digest).toBe(first.digest);
  }, 300_000);

  test('whose queue loses a record is found out, with the way of the message', async () => {
    const { violations } = await simulate(...short, '--seed', '3', '--sabotage', 'lost-record');
    expect(violations.map(({ rule }) => rule)).toContain('every message ends');
    expect(violations.find(({ rule }) => rule === 'every message ends')?.trail.length).toBeGreaterThan(0);
  }, 300_000);

  test('whose ledger forgets its refunds is found out', async () => {
    const { violations } = await simulate(...short, '--seed', '3', '--sabotage', 'forgotten-refund');
    expect(violations.map(({ rule }) => rule)).toContain('money');
  }, 300_000);
});
