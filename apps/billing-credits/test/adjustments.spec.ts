/** What people do to a balance: adjustments, limits, thresholds. Against a real PostgreSQL. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newId, type BalanceLow } from '@heliograph/message';
import { createLeases, type Leases } from '../src/leases.ts';
import { createLedger, type Ledger } from '../src/ledger.ts';
import { createNotices, type Notices } from '../src/notices.ts';
import { proofOf, startBillingServer, type BillingServer } from './money.ts';

const now = Date.parse('2026-11-20T12:00:00Z');

let server: BillingServer;
let ledger: Ledger;
let leases: Leases;
let notices: Notices;
beforeAll(async () => {
  server = await startBillingServer();
  ledger = createLedger(server.database);
  leases = createLeases(server.database, { ttlMs: 30_000, graceMs: 15_000 });
  notices = createNotices(server.database);
}, 60_000);
afterAll(() => server.stop(), 60_000);

let tenant: string;
let tenants = 0;
beforeEach(() => void (tenant = `tenant-${++tenants}`));

const topUp = (microCredits: bigint, key = newId()) => ledger.topUp({ tenant, microCredits, key, note: '' });
const adjust = (microCredits: bigint, key = newId()) => ledger.adjust({ tenant, microCredits, key, reason: 'test' });
const grant = async (need: bigint) =>
  (await leases.grant({ tenant, ingress: 'a', need, want: need } as Parameters<Leases['grant']>[0], now)).answer;
async function charge(microCredits: bigint, lease: string | null = null) {
  const seq = (await ledger.positionOf('charge')) + 1;
  return ledger.postCharges([{ tenant, lease, microCredits }], { firstSeq: seq, upToSeq: seq });
}
async function refund(microCredits: bigint, messageId = newId()) {
  const seq = (await ledger.positionOf('refund')) + 1;
  await ledger.postRefunds([{ messageId, tenant, state: 'failed', microCredits }], { firstSeq: seq, upToSeq: seq });
  return messageId;
}
const figures = async () => {
  const { overdrawnMicroCredits, limitMicroCredits } = await ledger.balanceOf(tenant);
  const { funds, balance, holds } = (await proofOf(server.database, tenant))!;
  return { funds, balance, holds, limit: limitMicroCredits, overdrawn: overdrawnMicroCredits };
};

describe('an adjustment', () => {
  test('pays in or takes out, funds and balance alike', async () => {
    await topUp(100n);
    expect(await adjust(-30n)).toBe('posted');
    expect(await adjust(5n)).toBe('posted');
    expect(await figures()).toMatchObject({ funds: 75n, balance: 75n, holds: true });
    const entries = await server.database.entry.findMany({ where: { tenant, kind: 'adjustment' }, orderBy: { id: 'asc' } });
    expect(entries.map(({ debit, credit, microCredits, note }) => [debit, credit, microCredits, note])).toEqual([
      ['balance', 'funding', 30n, 'test'],
      ['funding', 'balance', 5n, 'test'],
    ]);
  });

  test('asked again with its key is posted once, also at the same time', async () => {
    await topUp(100n);
    expect((await Promise.all([adjust(-60n, 'k'), adjust(-60n, 'k'), adjust(-60n, 'k')])).sort()).toEqual([
      'posted',
      'repeated',
      'repeated',
    ]);
    expect(await figures()).toMatchObject({ funds: 40n, balance: 40n, holds: true });
  });

  test('with the key of another amount, of the opposite one, or of a top-up is refused', async () => {
    await topUp(100n, 'paid');
    await adjust(-10n, 'k');
    expect([await adjust(-11n, 'k'), await adjust(10n, 'k'), await adjust(100n, 'paid'), await topUp(10n, 'k')]).toEqual([
      'key_reused',
      'key_reused',
      'key_reused',
      'key_reused',
    ]);
    expect(await figures()).toMatchObject({ funds: 90n, balance: 90n, holds: true });
  });

  test.each([
    [0n, -101n, 'below_limit', 100n],
    [0n, -100n, 'posted', 0n],
    [50n, -150n, 'posted', -50n],
    [50n, -151n, 'below_limit', 100n],
  ] as const)('of a tenant with 100 and a limit of %p by %p is %s', async (limit, amount, outcome, balance) => {
    await topUp(100n);
    await ledger.setLimit(tenant, limit);
    expect(await adjust(amount, 'k')).toBe(outcome);
    expect(await figures()).toMatchObject({ balance, holds: true });
  });

  test('cannot take what is leased, and can with its key once that is back', async () => {
    await topUp(100n);
    const answer = await grant(60n);
    expect(await adjust(-50n, 'k')).toBe('below_limit');
    if (answer.kind === 'granted') await leases.giveBack(answer.lease, 0n);
    expect(await adjust(-50n, 'k')).toBe('posted');
  });

  test('two at once never pass the limit together', async () => {
    await topUp(100n);
    expect((await Promise.all([adjust(-60n), adjust(-60n)])).sort()).toEqual(['below_limit', 'posted']);
    expect(await figures()).toMatchObject({ balance: 40n, holds: true });
  });

  test('pays off what is overdrawn first', async () => {
    await charge(30n);
    expect(await figures()).toMatchObject({ balance: -30n, overdrawn: '30' });
    await adjust(20n);
    expect(await figures()).toMatchObject({ balance: -10n, overdrawn: '10', holds: true });
  });
});

describe('a credit limit', () => {
  test('lets a tenant without funds spend up to it, to the last micro-credit', async () => {
    expect(await ledger.setLimit(tenant, 100n)).toBe(0n);
    expect((await grant(101n)).kind).toBe('no_credit');
    expect((await grant(100n)).kind).toBe('granted');
    expect((await grant(1n)).kind).not.toBe('granted');
    expect(await figures()).toMatchObject({ balance: -100n, limit: '100', overdrawn: '0', holds: true });
  });

  test('lowered below what is used grants nothing until that is paid, and says by how much', async () => {
    await ledger.setLimit(tenant, 100n);
    await charge(80n);
    expect(await ledger.setLimit(tenant, 50n)).toBe(100n);
    expect(await figures()).toMatchObject({ balance: -80n, overdrawn: '30' });
    expect((await grant(1n)).kind).toBe('no_credit');
    await topUp(31n);
    expect(await figures()).toMatchObject({ balance: -49n, overdrawn: '0' });
    expect((await grant(1n)).kind).toBe('granted');
  });

  test('raised covers what was overdrawn', async () => {
    await charge(30n);
    await ledger.setLimit(tenant, 40n);
    expect(await figures()).toMatchObject({ balance: -30n, overdrawn: '0', limit: '40' });
  });
});

describe('a low-balance notice', () => {
  const owed = async () => {
    const sent: BalanceLow[] = [];
    await notices.send(async (event) => void sent.push(event));
    return sent.filter((event) => event.tenant === tenant).map((event) => `${event.thresholdMicroCredits}: ${event.spendableMicroCredits}`);
  };

  test('comes once when a threshold is crossed, and again only after a top-up above it', async () => {
    await topUp(100n);
    expect(await notices.thresholds(tenant, [10n, 50n, 50n])).toEqual({ now: [50n, 10n], before: [] });
    expect(await notices.thresholds(tenant)).toMatchObject({ now: [50n, 10n] });
    await charge(50n);
    expect(await owed()).toEqual([]);
    await charge(1n);
    expect(await owed()).toEqual(['50: 49']);
    await charge(1n);
    await refund(10n);
    await charge(10n);
    expect(await owed()).toEqual([]);
    await topUp(1n);
    await charge(1n);
    expect(await owed()).toEqual([]);
    await topUp(2n);
    await charge(1n);
    expect(await owed()).toEqual(['50: 49']);
  });

  test('comes for each of several thresholds that one posting crosses', async () => {
    await topUp(100n);
    await notices.thresholds(tenant, [50n, 20n, 10n]);
    await charge(85n);
    expect((await owed()).sort()).toEqual(['20: 15', '50: 15']);
    await charge(6n);
    expect(await owed()).toEqual(['10: 9']);
  });

  test('is not about leases, which the tenant can spend; nor about a threshold that is set above what is left', async () => {
    await topUp(100n);
    await notices.thresholds(tenant, [200n, 50n]);
    const answer = await grant(90n);
    expect(await owed()).toEqual([]);
    if (answer.kind === 'granted') await charge(51n, answer.lease);
    expect(await owed()).toEqual(['50: 49']);
  });

  test('is about what an adjustment takes out, and about what is owed', async () => {
    await ledger.setLimit(tenant, 100n);
    await notices.thresholds(tenant, [0n, -50n]);
    await adjust(-10n);
    expect(await owed()).toEqual(['0: -10']);
    await charge(41n);
    expect(await owed()).toEqual(['-50: -51']);
  });

  test('is published again, with its id, when nobody knows whether it was stored', async () => {
    await topUp(10n);
    await notices.thresholds(tenant, [10n]);
    await charge(1n);
    const ids: string[] = [];
    const dying = notices.send(async ({ id }) => {
      ids.push(id);
      throw new Error('died');
    });
    await expect(dying).rejects.toThrow('died');
    expect(await notices.send(async ({ id }) => void ids.push(id))).toBe(1);
    expect(await notices.send(async ({ id }) => void ids.push(id))).toBe(0);
    expect(new Set(ids).size).toBe(1);
  });

  test('is not written when its posting is not', async () => {
    await topUp(10n);
    await notices.thresholds(tenant, [10n]);
    const seq = await ledger.positionOf('charge');
    expect(await ledger.postCharges([{ tenant, lease: null, microCredits: 5n }], { firstSeq: seq, upToSeq: seq })).toMatchObject({
      moved: false,
    });
    expect(await owed()).toEqual([]);
  });
});

test('refunds are found by their messages, of the tenant alone', async () => {
  const [first, second] = [await refund(7n), await refund(8n)];
  expect(await ledger.refundsOf(tenant, [first, newId()])).toEqual([{ id: first, microCredits: 7n }]);
  expect(await ledger.refundsOf('another', [first, second])).toEqual([]);
});
