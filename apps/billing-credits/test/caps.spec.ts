/** Spending caps with a real ledger, a real nats-server and several ingresses as they are. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createAccept, type Acceptance, type Accept } from '@heliograph/accept';
import { leaseSubjects, microCreditsPerCredit, newId, type FinalState } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { credentialDefaults, tenantGuards, type RegistryWatch } from '@heliograph/registry';
import { compileRoutes, routeRule } from '@heliograph/routing';
import { createLog } from '@heliograph/service';
import { eventually } from '@heliograph/testbed';
import fc from 'fast-check';
import { lead, type Lead } from '../src/lead.ts';
import { createLeases } from '../src/leases.ts';
import { createLedger } from '../src/ledger.ts';
import { message, proofOf, reported, startBillingServer, type BillingServer } from './money.ts';

const log = createLog({ name: 'billing-credits', level: 'silent', instance: 'test' });
const times = { ttlMs: 30_000, graceMs: 15_000 };
const credits = (count: number): bigint => BigInt(count) * microCreditsPerCredit;
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

let server: BillingServer;
beforeAll(async () => {
  server = await startBillingServer();
}, 60_000);
afterAll(() => server.stop(), 60_000);

/** What a day took under each cap, by what is kept and by what the leases say. */
async function lentOf(tenant: string): Promise<Record<string, bigint>> {
  const kept = await server.database.$queryRaw<{ prefix: string; kept: bigint; summed: bigint }[]>`
    SELECT t.prefix, t.micro_credits AS kept, coalesce(sum(l.granted - l.returned), 0)::bigint AS summed
      FROM billing.lent t LEFT JOIN billing.lease l ON l.tenant = t.tenant AND l.day = t.day AND (t.prefix = '' OR t.prefix = ANY(l.scope))
     WHERE t.tenant = ${tenant} GROUP BY t.day, t.tenant, t.prefix`;
  for (const one of kept) expect(one.kept).toBe(one.summed);
  return Object.fromEntries(kept.map(({ prefix, kept: sum }) => [prefix, sum]));
}

describe('five ingresses that race', () => {
  let queues: Queue[] = [];
  let ingresses: Accept[] = [];
  let leading: Lead;
  let tenant: string;
  const tenants = new Map<string, object>();
  let refreshed = 0;
  const plans = {
    current: { tenants, refunds: () => new Set<FinalState>(['failed']) },
    refresh: async () => void (refreshed += 1),
  } as never;

  beforeEach(async () => {
    tenant = newId();
    queues = await Promise.all(Array.from({ length: 6 }, () => openQueue({ url: server.natsUrl, name: 'ingress', log })));
    const [own, ...others] = queues as [Queue, ...Queue[]];
    leading = await lead({ queue: own, database: server.database, plans, times, log });
    await createLedger(server.database).topUp({ tenant, microCredits: credits(1_000), key: 'first', note: '' });
    const registry = {
      get current() {
        return {
          tenants,
          credentials: new Map([
            ['key', { ...credentialDefaults, id: 'key', tenantId: tenant, kind: 'api_key', secretSetAt: new Date(0) }],
          ]),
          connectors: new Map([['carrier', { enabled: true, mode: 'running', senders: [] }]]),
          routes: compileRoutes([{ id: 'default', ...routeRule.parse({ targets: [{ connectorId: 'carrier' }] }) }], 1),
          buyPrice: () => undefined,
          price: () => microCreditsPerCredit,
        };
      },
    } as unknown as RegistryWatch;
    ingresses = others.map((queue, i) => createAccept({ queue, registry, instance: `caps-${i}` }));
  });
  afterEach(async () => {
    await Promise.all(ingresses.map((one) => one.close()));
    await leading.stop();
    await Promise.all(queues.map((queue) => queue.close()));
  });

  function guarded(own: object): void {
    const guards = tenantGuards.parse({ own });
    tenants.set(tenant, { id: tenant, name: '', enabled: true, pricePlanId: 'plan', defaultCountry: '', segmentsPerSecond: 0, guards });
  }

  const send = (i: number, addr: string): Promise<Acceptance> =>
    (ingresses[i % ingresses.length] as Accept).submit({
      credential: 'key',
      door: 'http',
      from: { addr: 'Acme' },
      to: { addr },
      content: { kind: 'text', text: 'Hello' },
    });
  const tally = (all: readonly Acceptance[]) => ({
    accepted: all.filter(({ ok }) => ok).length,
    refused: [...new Set(all.flatMap((one) => (one.ok ? [] : [one.reason])))],
  });
  const chargedNow = async () => (await proofOf(server.database, tenant))?.charged;

  test('accept exactly what the cap of the day covers, and what is refused costs nothing', async () => {
    guarded({ dailyCap: String(credits(60) + 999_999n) });
    const all = await Promise.all(Array.from({ length: 200 }, (_, i) => send(i, '+31612345678')));
    expect(tally(all)).toEqual({ accepted: 60, refused: ['spending_cap'] });
    await eventually('the charges are posted', async () => (await chargedNow()) === credits(60));
    expect(await proofOf(server.database, tenant)).toMatchObject({ holds: true });
    // raised: the rest of the day goes on from there
    guarded({ dailyCap: String(credits(65)) });
    await eventually('the refusal is forgotten', async () => (await send(0, '+31612345678')).ok);
    const more = await Promise.all(Array.from({ length: 20 }, (_, i) => send(i, '+31612345678')));
    expect(tally(more)).toEqual({ accepted: 4, refused: ['spending_cap'] });
    await lentOf(tenant);
  }, 60_000);

  test('accept exactly what each of the caps covers, of prefixes within one another and of the whole', async () => {
    guarded({
      dailyCap: String(credits(50)),
      destinationCaps: [
        { prefix: '31', microCredits: String(credits(30)) },
        { prefix: '316', microCredits: String(credits(10)) },
      ],
    });
    const mobile = await Promise.all(Array.from({ length: 40 }, (_, i) => send(i, '+31612345678')));
    expect(tally(mobile)).toEqual({ accepted: 10, refused: ['spending_cap'] });
    const fixed = await Promise.all(Array.from({ length: 60 }, (_, i) => send(i, '+31201234567')));
    expect(tally(fixed)).toEqual({ accepted: 20, refused: ['spending_cap'] });
    const others = await Promise.all(Array.from({ length: 60 }, (_, i) => send(i, '+447912345678')));
    expect(tally(others)).toEqual({ accepted: 20, refused: ['spending_cap'] });
    await eventually('the charges are posted', async () => (await chargedNow()) === credits(50));
    await Promise.all(ingresses.map((one) => one.close()));
    await eventually('every lease is back', async () => (await proofOf(server.database, tenant))?.leased === 0n);
    expect(await lentOf(tenant)).toEqual({ '': credits(50), '31': credits(30), '316': credits(10) });
  }, 60_000);

  test('are refused still when messages of the day were refunded', async () => {
    guarded({ dailyCap: String(credits(3)) });
    const all = await Promise.all([0, 1, 2].map((i) => send(i, '+31612345678')));
    expect(tally(all)).toEqual({ accepted: 3, refused: [] });
    const asker = queues[1] as Queue;
    const failed = all.flatMap((one) => (one.ok ? [reported(message(tenant, 'any', credits(1), one.id), 'failed')] : []));
    await Promise.all(failed.map((event) => asker.publish(event)));
    await eventually('they are refunded', async () => (await proofOf(server.database, tenant))?.refunded === credits(3));
    const question = { tenant, ingress: 'next', needMicroCredits: '1', wantMicroCredits: '1' };
    expect(await asker.ask(leaseSubjects.grant, question, 5_000)).toEqual({ kind: 'capped', prefix: '' });
  }, 30_000);

  test('may know of a cap first: the ledger looks for it before it grants', async () => {
    guarded({});
    const before = refreshed;
    const question = { tenant, ingress: 'early', needMicroCredits: '1', wantMicroCredits: '1', scope: ['44'] };
    expect(await (queues[1] as Queue).ask(leaseSubjects.grant, question, 5_000)).toMatchObject({ kind: 'granted' });
    expect(refreshed).toBe(before + 1);
  }, 30_000);
});

const dayMs = 24 * 3_600_000;
const midnightMs = Date.parse('2026-11-21T00:00:00Z');
const scopes = [[], ['44'], ['44', '447']] as const;
const step = fc.oneof(
  fc.record({
    do: fc.constant('grant' as const),
    ingress: fc.constantFrom('a', 'b', 'c'),
    need: fc.bigInt(1n, 12n),
    want: fc.bigInt(0n, 30n),
    scope: fc.constantFrom(...scopes),
  }),
  fc.record({ do: fc.constant('giveBack' as const), lease: fc.nat(20), spent: fc.bigInt(0n, 30n) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 20_000, 46_000, dayMs / 4) }),
  fc.record({ do: fc.constant('end' as const) }),
);

test(`any history of grants and returns: no day takes more than a cap, and what is kept is what the leases say (FUZZ_SEED=${seed})`, async () => {
  const leases = createLeases(server.database, times);
  const ledger = createLedger(server.database);
  const limits = new Map([
    ['', 60n],
    ['44', 40n],
    ['447', 15n],
  ]);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
      const tenant = newId();
      await ledger.topUp({ tenant, microCredits: 10_000n, key: 'first', note: '' });
      let nowMs = midnightMs - 60_000;
      const given: { id: string; amount: bigint; expiresAtMs: number; day: number }[] = [];
      for (const one of steps) {
        if (one.do === 'wait') nowMs += one.ms;
        else if (one.do === 'end') await leases.end(nowMs, async () => true);
        else if (one.do === 'giveBack') {
          const lease = given[one.lease % Math.max(1, given.length)];
          if (lease) await leases.giveBack(lease.id, one.spent < lease.amount ? one.spent : lease.amount);
        } else {
          const caps = ['', ...one.scope].map((prefix) => ({ prefix, microCredits: limits.get(prefix) ?? 0n }));
          const { answer } = await leases.grant({ ...one, tenant, caps }, nowMs);
          if (answer.kind !== 'granted') continue;
          const day = Math.floor(nowMs / dayMs);
          given.push({ id: answer.lease, amount: BigInt(answer.microCredits), expiresAtMs: answer.expiresAtMs, day });
          expect(answer.expiresAtMs <= (day + 1) * dayMs).toBe(true);
        }
      }
      for (const [prefix, sum] of Object.entries(await mostOfADay(tenant))) expect(sum <= (limits.get(prefix) ?? 0n)).toBe(true);
      await lentOf(tenant);
      expect(await proofOf(server.database, tenant)).toMatchObject({ holds: true });
    }),
    { seed, numRuns: Number(process.env.FUZZ_RUNS ?? 15) },
  );
}, 60_000);

async function mostOfADay(tenant: string): Promise<Record<string, bigint>> {
  const rows = await server.database.$queryRaw<{ prefix: string; most: bigint }[]>`
    SELECT prefix, max(micro_credits) AS most FROM billing.lent WHERE tenant = ${tenant} GROUP BY prefix`;
  return Object.fromEntries(rows.map(({ prefix, most }) => [prefix, most]));
}
