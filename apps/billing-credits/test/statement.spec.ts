/** Statements against a ledger with any history over some days: they say what it says, to the micro-credit. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId, type StatementLine } from '@heliograph/message';
import fc from 'fast-check';
import { createStatements, isStatementCursor } from '../src/statement.ts';
import { proofOf, startBillingServer, type BillingServer } from './money.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.FUZZ_RUNS ?? 30);

let server: BillingServer;
beforeAll(async () => void (server = await startBillingServer()), 60_000);
afterAll(() => server.stop(), 60_000);

const day = (n: number): string => new Date(Date.UTC(2026, 10, 1 + n)).toISOString().slice(0, 10);

interface Posting {
  readonly kind: 'top_up' | 'adjustment' | 'charge' | 'late' | 'refund' | 'lease_out' | 'lease_in';
  readonly amount: bigint;
  /** The day, and the ms in it. */
  readonly day: number;
  readonly ms: number;
}

const legs: Record<Posting['kind'], readonly [debit: string, credit: string, change: -1n | 0n | 1n]> = {
  top_up: ['funding', 'balance', 1n],
  adjustment: ['balance', 'funding', -1n],
  charge: ['leased', 'charged', -1n],
  late: ['balance', 'charged', -1n],
  refund: ['refunded', 'balance', 1n],
  lease_out: ['balance', 'leased', 0n],
  lease_in: ['leased', 'balance', 0n],
};

const posting: fc.Arbitrary<Posting> = fc.record({
  kind: fc.constantFrom(...(Object.keys(legs) as Posting['kind'][])),
  amount: fc.bigInt(1n, 10n ** 12n),
  day: fc.nat(6),
  ms: fc.oneof(fc.constant(0), fc.constant(86_399_999), fc.nat(86_399_999)),
});

/** As the ledger's statements write, at a time that is given. */
async function enter(tenant: string, postings: readonly Posting[]): Promise<void> {
  for (const { kind, amount, day: on, ms } of postings) {
    const [debit, credit] = legs[kind];
    const at = new Date(Date.UTC(2026, 10, 1 + on) + ms);
    await server.database.entry.create({
      data: {
        tenant,
        kind: kind === 'late' ? 'charge' : kind,
        debit,
        credit,
        microCredits: amount,
        at,
        key: kind === 'top_up' ? newId() : null,
      },
    });
  }
}

const changeOf = (postings: readonly Posting[]): bigint => postings.reduce((sum, { kind, amount }) => sum + legs[kind][2] * amount, 0n);

async function readAll(tenant: string, from: number, until: number, linesMax: number) {
  const statements = createStatements(server.database, linesMax);
  const period = { tenant, fromDay: day(from), untilDay: day(until) };
  const first = await statements.read(period);
  const lines: StatementLine[] = [...first.lines];
  for (let { next } = first; next !== undefined;) {
    expect(isStatementCursor(next)).toBe(true);
    const part = await statements.read({ ...period, after: next });
    expect(part.lines.length).toBeGreaterThan(0);
    lines.push(...part.lines);
    next = part.next;
  }
  return { opening: BigInt(first.openingMicroCredits), lines };
}

test(`a statement of any days adds up to what the entries say, in parts of any size (FUZZ_SEED=${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(posting, { maxLength: 40 }),
      fc.nat(7),
      fc.nat(7),
      fc.integer({ min: 1, max: 5 }),
      async (postings, one, other, linesMax) => {
        const tenant = newId();
        const [from, until] = [Math.min(one, other), Math.max(one, other)];
        await enter(tenant, postings);
        const { opening, lines } = await readAll(tenant, from, until, linesMax);
        expect(opening).toBe(changeOf(postings.filter((p) => p.day < from)));
        const within = postings.filter((p) => p.day >= from && p.day < until);
        expect(lines.reduce((sum, { microCredits }) => sum + BigInt(microCredits), 0n)).toBe(changeOf(within));
        const days = lines.map((line) => line.day);
        expect(days).toEqual(days.toSorted());
        const expected = new Map<string, bigint>();
        for (const p of within) {
          const [, , sign] = legs[p.kind];
          if (sign === 0n) continue;
          const own = p.kind === 'top_up' || p.kind === 'adjustment';
          const key = own ? `${day(p.day)} ${p.kind} ${expected.size}` : `${day(p.day)} ${p.kind === 'refund' ? 'refund' : 'charge'}`;
          expected.set(key, (expected.get(key) ?? 0n) + sign * p.amount);
        }
        const told = (key: string, amount: bigint | string) => `${key.split(' ').slice(0, 2).join(' ')} ${amount}`;
        expect(lines.map((line) => told(`${line.day} ${line.kind}`, line.microCredits)).sort()).toEqual(
          [...expected].map(([key, amount]) => told(key, amount)).sort(),
        );
      },
    ),
    { seed, numRuns: runs },
  );
}, 60_000);

test('a top-up is shown with its time, key and note; the proof covers the sums by day', async () => {
  const tenant = newId();
  const at = new Date('2026-11-03T10:00:00.123Z');
  await server.database.account.create({ data: { tenant, funds: 5n, balance: 5n } });
  await server.database.entry.create({
    data: { tenant, kind: 'top_up', debit: 'funding', credit: 'balance', microCredits: 5n, at, key: 'invoice', note: 'paid' },
  });
  const { lines } = await readAll(tenant, 0, 9, 10);
  expect(lines).toEqual([{ day: '2026-11-03', kind: 'top_up', microCredits: '5', atMs: at.getTime(), key: 'invoice', note: 'paid' }]);
  expect(await proofOf(server.database, tenant)).toMatchObject({ holds: true });
  await server.database.day.updateMany({ where: { tenant }, data: { toppedUp: 6n } });
  expect(await proofOf(server.database, tenant)).toMatchObject({ holds: false });
});

test.each(['', 'x', '2026-11-03', '2026-11-03.3.1', '2026-13-03.0.1', "2026-11-03.0.1'"])('%p is no place in a statement', (text) => {
  expect(isStatementCursor(text)).toBe(false);
});
