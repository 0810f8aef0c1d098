import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newId } from '@heliograph/message';
import { createLeases, type Leases } from '../src/leases.ts';
import { createLedger, type Ledger } from '../src/ledger.ts';
import { createLog } from '@heliograph/service';
import { postCharges } from '../src/post.ts';
import { message, proofOf, startBillingServer, submitted, type BillingServer } from './money.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const times = { ttlMs: 30_000, graceMs: 15_000 };
const yes = async (): Promise<boolean> => true;

let server: BillingServer;
let ledger: Ledger;
let leases: Leases;
beforeAll(async () => {
  server = await startBillingServer();
  ledger = createLedger(server.database);
  leases = createLeases(server.database, times);
}, 60_000);
afterAll(() => server.stop(), 60_000);

let tenant: string;
let tenants = 0;
beforeEach(async () => {
  tenant = `tenant-${++tenants}`;
  await leases.end(now + 3_600_000, yes); // what the test before left open
});

const topUp = (microCredits: bigint, key = newId()) => ledger.topUp({ tenant, microCredits, key, note: 'test' });

async function lease(need: bigint, want = need, ingress = 'a', nowMs = now): Promise<string> {
  const { answer } = await leases.grant({ tenant, ingress, need, want }, nowMs);
  if (answer.kind !== 'granted') throw new Error(answer.kind);
  return answer.lease;
}

/** Posts as the next record of the stream. */
async function charge(leaseId: string | null, microCredits: bigint) {
  const seq = (await ledger.positionOf('charge')) + 1;
  return ledger.postCharges([{ tenant, lease: leaseId, microCredits }], { firstSeq: seq, upToSeq: seq });
}

async function refund(messageId: string, microCredits: bigint) {
  const seq = (await ledger.positionOf('refund')) + 1;
  return ledger.postRefunds([{ messageId, tenant, state: 'failed', microCredits }], { firstSeq: seq, upToSeq: seq });
}

const stateOf = async (id: string) => (await server.database.lease.findUniqueOrThrow({ where: { id } })).state;
const figures = async () => {
  const { tenant: _, ...proof } = (await proofOf(server.database, tenant))!;
  return proof;
};
const nothing = { funds: 0n, balance: 0n, leased: 0n, charged: 0n, refunded: 0n, holds: true };

describe('a top-up', () => {
  test('asked twice with one key is posted once, also at the same time', async () => {
    const results = await Promise.all([topUp(500n, 'k'), topUp(500n, 'k'), topUp(500n, 'k')]);
    expect(results.sort()).toEqual(['posted', 'repeated', 'repeated']);
    expect(await topUp(500n, 'k')).toBe('repeated');
    expect(await figures()).toEqual({ ...nothing, funds: 500n, balance: 500n });
  });

  test('with the key of another amount is refused', async () => {
    await topUp(500n, 'k');
    expect(await topUp(501n, 'k')).toBe('key_reused');
    expect(await figures()).toEqual({ ...nothing, funds: 500n, balance: 500n });
  });

  test('with the key of another tenant is posted', async () => {
    await topUp(500n, 'shared');
    tenant += '-other';
    expect(await topUp(500n, 'shared')).toBe('posted');
  });
});

describe('a lease', () => {
  test('granted, charged and given back moves exactly what it should', async () => {
    await topUp(100n);
    const id = await lease(10n, 60n);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 40n, leased: 60n });
    await charge(id, 20n);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 40n, leased: 40n, charged: 20n });
    expect(await leases.giveBack(id, 25n)).toBe(35n);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 75n, leased: 5n, charged: 20n });
    expect(await stateOf(id)).toBe('returned');
    await charge(id, 5n);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 75n, charged: 25n });
    expect(await stateOf(id)).toBe('closed');
  });

  test('given back twice returns once', async () => {
    await topUp(100n);
    const id = await lease(60n);
    expect([await leases.giveBack(id, 10n), await leases.giveBack(id, 10n), await leases.giveBack(id, 0n)]).toEqual([50n, 0n, 0n]);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 90n, leased: 10n });
  });

  test('given back with less spent than its records say keeps what they charged', async () => {
    await topUp(100n);
    const id = await lease(60n);
    await charge(id, 30n);
    expect(await leases.giveBack(id, 10n)).toBe(30n);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 70n, charged: 30n });
  });

  test('given back with more spent than it had returns nothing', async () => {
    await topUp(100n);
    expect(await leases.giveBack(await lease(60n), 10n ** 15n)).toBe(0n);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 40n, leased: 60n });
  });

  test.each([newId(), 'nonsense', ''])('that is unknown (%p) returns nothing', async (id) => {
    expect(await leases.giveBack(id, 0n)).toBe(0n);
  });

  test('is closed by its last micro-credit', async () => {
    await topUp(100n);
    const id = await lease(60n);
    await charge(id, 60n);
    expect(await stateOf(id)).toBe('closed');
  });

  test('is refused to a tenant without an account', async () => {
    expect(await leases.grant({ tenant, ingress: 'a', need: 1n, want: 1n }, now)).toEqual({ answer: { kind: 'no_credit' }, recall: [] });
  });

  test('wanted when all credit is out calls the others back, and is granted when they came back', async () => {
    await topUp(100n);
    const out = await lease(100n);
    const asked = { tenant, ingress: 'b', need: 10n, want: 10n };
    expect(await leases.grant(asked, now)).toEqual({
      answer: { kind: 'retry', retryAfterMs: 100 },
      recall: [expect.objectContaining({ id: out, ingress: 'a' })],
    });
    await leases.giveBack(out, 80n);
    expect((await leases.grant(asked, now + 100)).answer.kind).toBe('granted');
  });

  test('asked for from everywhere at the same moment is granted as often as there is credit, and no more', async () => {
    await topUp(100n);
    const asked = Array.from({ length: 10 }, (_, i) => leases.grant({ tenant, ingress: `i${i}`, need: 30n, want: 30n }, now));
    const kinds = (await Promise.all(asked)).map(({ answer }) => answer.kind);
    expect(kinds.filter((kind) => kind === 'granted')).toHaveLength(3);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 10n, leased: 90n });
  });

  test('called back in vain lets the others be refused after a while', async () => {
    await topUp(100n);
    await lease(100n);
    const asked = { tenant, ingress: 'b', need: 10n, want: 10n };
    const answers = [];
    for (const afterMs of [0, 2_900, 3_100]) answers.push((await leases.grant(asked, now + afterMs)).answer.kind);
    expect(answers).toEqual(['retry', 'retry', 'no_credit']);
  });

  test('of a tenant with a credit limit goes below zero, down to the limit', async () => {
    await topUp(10n);
    await server.database.account.update({ where: { tenant }, data: { creditLimit: 40n } });
    await lease(50n);
    expect(await figures()).toEqual({ ...nothing, funds: 10n, balance: -40n, leased: 50n });
    expect((await leases.grant({ tenant, ingress: 'b', need: 1n, want: 1n }, now + 10_000)).answer.kind).toBe('retry');
  });
});

describe('a lease whose ingress died', () => {
  test('gives back what no record used, when it is over and every record is posted', async () => {
    await topUp(100n);
    const id = await lease(60n);
    await charge(id, 20n);
    expect(await leases.end(now + 30_000, yes)).toBe(0);
    expect(await stateOf(id)).toBe('expired');
    expect(await leases.end(now + 45_000, yes)).toBe(0);
    expect(await leases.end(now + 45_001, async () => false)).toBe(0);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 40n, leased: 40n, charged: 20n });
    expect(await leases.end(now + 45_001, yes)).toBe(1);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 80n, charged: 20n });
    expect(await leases.end(now + 45_001, yes)).toBe(0);
  });

  test('can still be given back between its end and its closing', async () => {
    await topUp(100n);
    const id = await lease(60n);
    await leases.end(now + 31_000, yes);
    expect(await leases.giveBack(id, 0n)).toBe(60n);
    expect(await stateOf(id)).toBe('closed');
  });

  test('said it had spent more than was ever stored: the difference comes back at the end', async () => {
    await topUp(100n);
    const id = await lease(60n);
    await leases.giveBack(id, 50n);
    await charge(id, 30n);
    await leases.end(now + 45_001, yes);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 70n, charged: 30n });
  });
});

describe('a late record', () => {
  test('of a closed lease is charged from the balance, past the limit if need be, and paid off by the next top-up', async () => {
    await topUp(100n);
    const id = await lease(60n);
    await leases.end(now + 45_001, yes);
    await lease(95n, 95n, 'b', now + 60_000);
    expect(await charge(id, 20n)).toEqual({ moved: true, lateSums: 1, lateMicroCredits: 20n });
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: -15n, leased: 95n, charged: 20n });
    await topUp(10n);
    expect(await server.database.account.findUniqueOrThrow({ where: { tenant } })).toMatchObject({ balance: -5n, overdrawn: 5n });
    await topUp(10n);
    expect(await server.database.account.findUniqueOrThrow({ where: { tenant } })).toMatchObject({ balance: 5n, overdrawn: 0n });
  });

  test('of no lease at all, of a tenant that never had credit, is charged', async () => {
    expect(await charge(null, 20n)).toMatchObject({ lateSums: 1 });
    expect(await figures()).toEqual({ ...nothing, balance: -20n, charged: 20n });
  });

  test('that spends more than its lease holds is charged from both', async () => {
    await topUp(100n);
    expect(await charge(await lease(60n), 70n)).toMatchObject({ lateSums: 1, lateMicroCredits: 10n });
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 30n, charged: 70n });
  });

  test("with another tenant's lease leaves that alone", async () => {
    await topUp(100n);
    const theirs = await lease(60n);
    const victim = tenant;
    tenant += '-thief';
    await charge(theirs, 5n);
    expect(await figures()).toEqual({ ...nothing, balance: -5n, charged: 5n });
    expect(await proofOf(server.database, victim)).toMatchObject({ leased: 60n, charged: 0n, holds: true });
  });
});

describe('a batch', () => {
  test('posted again, as after a commit that was not heard of, changes nothing', async () => {
    await topUp(100n);
    const id = await lease(60n);
    const seq = (await ledger.positionOf('charge')) + 1;
    const batch = () => ledger.postCharges([{ tenant, lease: id, microCredits: 20n }], { firstSeq: seq, upToSeq: seq + 2 });
    expect([(await batch()).moved, (await batch()).moved]).toEqual([true, false]);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 40n, leased: 40n, charged: 20n });
    expect(await ledger.positionOf('charge')).toBe(seq + 2);
  });

  test('that fails leaves neither postings nor a position', async () => {
    await topUp(100n);
    const seq = (await ledger.positionOf('charge')) + 1;
    const tooMuch = { tenant, lease: null, microCredits: 2n ** 63n };
    const good = { tenant, lease: null, microCredits: 1n };
    await expect(ledger.postCharges([good, tooMuch], { firstSeq: seq, upToSeq: seq })).rejects.toThrow();
    expect(await ledger.positionOf('charge')).toBe(seq - 1);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 100n });
  });

  test('of which a replaced leader has posted the beginning is posted from there', async () => {
    await topUp(100n);
    const at = (await ledger.positionOf('charge')) + 1;
    const deliveries = [0, 1, 2].map((n) => ({
      event: submitted(message(tenant, '', 10n)),
      record: { stream: 'SUBMITTED', seq: at + n, atMs: now, redelivered: false },
    }));
    const handle = postCharges({ ledger, log: createLog({ name: 'billing-credits', level: 'silent', instance: 'test' }) });
    await handle(deliveries.slice(0, 2), at + 1);
    await handle(deliveries, at + 2);
    await handle(deliveries, at + 2);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 70n, charged: 30n });
  });

  test('of nothing moves the position', async () => {
    const seq = (await ledger.positionOf('charge')) + 1;
    expect((await ledger.postCharges([], { firstSeq: seq, upToSeq: seq + 5 })).moved).toBe(true);
    expect(await ledger.positionOf('charge')).toBe(seq + 5);
  });
});

describe('a refund', () => {
  test('of one message is posted once, whatever is reported again: in one batch, in the next, after a crash', async () => {
    await topUp(100n);
    await charge(null, 30n);
    const due = { messageId: newId(), tenant, state: 'failed', microCredits: 10n } as const;
    const seq = (await ledger.positionOf('refund')) + 1;
    const span = { firstSeq: seq, upToSeq: seq };
    expect(await ledger.postRefunds([due, due], span)).toEqual({ moved: true, posted: 1 });
    expect(await ledger.postRefunds([due], span)).toEqual({ moved: false, posted: 0 });
    expect(await refund(due.messageId, 10n)).toEqual({ moved: true, posted: 0 });
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 80n, charged: 30n, refunded: 10n });
  });

  test('posted before its charge leaves the same figures', async () => {
    await topUp(100n);
    const id = await lease(30n);
    await refund(newId(), 30n);
    await charge(id, 30n);
    expect(await figures()).toEqual({ ...nothing, funds: 100n, balance: 100n, charged: 30n, refunded: 30n });
  });
});

describe('the ledger', () => {
  test('has in the database what its Prisma schema says', async () => {
    const { account, entry, lease: leaseTable, refund: refundTable, position } = server.database;
    for (const table of [account, entry, leaseTable, refundTable, position]) await (table as typeof account).findFirst();
  });

  test.each(['UPDATE billing.entry SET micro_credits = 1', 'DELETE FROM billing.entry', 'TRUNCATE billing.entry'])(
    'refuses %s',
    async (sql) => {
      await topUp(1n);
      await expect(server.database.$executeRawUnsafe(sql)).rejects.toThrow(/never changed/);
    },
  );

  test.each([
    ['an account that does not add up', 'UPDATE billing.account SET balance = balance + 1'],
    ['a balance below its limit', 'UPDATE billing.account SET balance = -1, charged = charged + balance + 1'],
    ['a lease that does not add up', 'UPDATE billing.lease SET posted = posted + 1'],
  ])('cannot hold %s', async (_, sql) => {
    await topUp(100n);
    await lease(10n);
    await expect(server.database.$executeRawUnsafe(`${sql} WHERE tenant = '${tenant}'`)).rejects.toThrow(/check constraint/);
  });

  test('of several tenants, changed from everywhere at once, never deadlocks and still adds up', async () => {
    const many = Array.from({ length: 8 }, (_, i) => `${tenant}-${i}`);
    await Promise.all(many.map((one) => ledger.topUp({ tenant: one, microCredits: 10_000n, key: 'k', note: '' })));
    const held = await Promise.all(
      many.map(async (one) => {
        const { answer } = await leases.grant({ tenant: one, ingress: 'a', need: 1n, want: 4_000n }, now);
        return { tenant: one, lease: answer.kind === 'granted' ? answer.lease : '' };
      }),
    );
    const sums = held.map((one) => ({ ...one, microCredits: 10n }));
    const backwards = sums.toReversed();
    const inTurn = async (post: (seq: number) => Promise<unknown>, stage: 'charge' | 'refund') => {
      for (let seq = (await ledger.positionOf(stage)) + 1, n = 0; n < 30; n++) await post(seq + n);
    };
    await Promise.all([
      inTurn((seq) => ledger.postCharges(seq % 2 ? sums : backwards, { firstSeq: seq, upToSeq: seq }), 'charge'),
      inTurn(
        (seq) =>
          ledger.postRefunds(
            backwards.map((one) => ({ messageId: newId(), tenant: one.tenant, state: 'failed', microCredits: 1n })),
            { firstSeq: seq, upToSeq: seq },
          ),
        'refund',
      ),
      ...held.map(async (one) => {
        for (let n = 0; n < 10; n++) {
          await leases.grant({ tenant: one.tenant, ingress: 'b', need: 1n, want: 50n }, now);
          await ledger.topUp({ tenant: one.tenant, microCredits: 1n, key: `k${n}`, note: '' });
        }
        await leases.giveBack(one.lease, 300n);
      }),
      leases.end(now + 45_001, yes),
    ]);
    await leases.end(now + 45_001, yes);
    for (const one of many) {
      const expected = {
        tenant: one,
        funds: 10_010n,
        balance: 10_010n - 300n + 30n,
        leased: 0n,
        charged: 300n,
        refunded: 30n,
        holds: true,
      };
      expect(await proofOf(server.database, one)).toEqual(expected);
    }
  });
});
