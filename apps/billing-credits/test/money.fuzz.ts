/**
 * Any sequence of top-ups, grants, spending, returns, crashes and reports, against a real PostgreSQL, beside a model that is a few sums:
 * after every step the proof holds and nobody has spent what was not there; at the end everything is accounted for to the micro-credit.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId, type FinalState, type MessageReported, type MessageSubmitted } from '@heliograph/message';
import { createLog } from '@heliograph/service';
import type { Delivery } from '@heliograph/queue';
import fc from 'fast-check';
import { createLeases, type Leases } from '../src/leases.ts';
import { createLedger, type Ledger } from '../src/ledger.ts';
import { postCharges, postRefunds } from '../src/post.ts';
import { message, proofOf, reported, startBillingServer, submitted, type BillingServer } from './money.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.FUZZ_RUNS ?? 25);
const log = createLog({ name: 'billing-credits', level: 'silent', instance: 'fuzz' });
const times = { ttlMs: 30_000, graceMs: 15_000 };
/** An ingress gives up publishing so long after the lease's end. */
const publishMsMax = 30_000;

let server: BillingServer;
let ledger: Ledger;
let leases: Leases;
beforeAll(async () => {
  server = await startBillingServer();
  ledger = createLedger(server.database);
  leases = createLeases(server.database, times);
}, 60_000);
afterAll(() => server.stop(), 60_000);

const amount = fc.bigInt(1n, 40n);
const index = fc.nat(20);
/** `crash`: when the poster dies: never, before its commit, or after it without hearing of it. */
const crash = fc.constantFrom('never', 'before', 'after');
const step = fc.oneof(
  fc.record({ do: fc.constant('topUp' as const), amount: fc.bigInt(1n, 100n), key: fc.nat(5) }),
  fc.record({ do: fc.constant('grant' as const), ingress: fc.constantFrom('a', 'b', 'c'), need: amount, want: amount }),
  fc.record({ do: fc.constant('spend' as const), lease: index, amount }),
  fc.record({ do: fc.constant('spend' as const), lease: index, amount }),
  fc.record({ do: fc.constant('store' as const), count: fc.nat(4) }),
  fc.record({ do: fc.constant('giveBack' as const), lease: index }),
  fc.record({ do: fc.constant('charge' as const), count: fc.integer({ min: 1, max: 5 }), crash }),
  fc.record({ do: fc.constant('report' as const), message: index, state: fc.constantFrom<FinalState>('failed', 'delivered', 'no_report') }),
  fc.record({ do: fc.constant('refund' as const), count: fc.integer({ min: 1, max: 5 }), crash }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 20_000, 46_000) }),
  fc.record({ do: fc.constant('sweep' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface IngressLease {
  id: string;
  remaining: bigint;
  spent: bigint;
  expiresAtMs: number;
  unstored: number;
  returned: boolean;
}

/** The world around the ledger: ingresses with their leases, and the two streams. */
function createWorld(tenant: string, start: { nowMs: number; charge: number; refund: number }) {
  let nowMs = start.nowMs;
  let funds = 0n;
  /** Of records that reached the stream when their lease may have been closed: the only ones that may overdraw. */
  let storedLate = 0n;
  const keys = new Map<number, bigint>();
  const held: IngressLease[] = [];
  const publishing: { lease: IngressLease; event: MessageSubmitted; amount: bigint }[] = [];
  const stored: MessageSubmitted[] = [];
  const reports: MessageReported[] = [];
  const refunded = new Map<string, bigint>();
  const read = { charge: 0, refund: 0 };
  const plans = {
    current: { tenants: new Map([[tenant, { pricePlanId: 'plan' }]]), refunds: () => new Set<FinalState>(['failed', 'no_report']) },
    refresh: async () => {},
  };
  const amountOf = (event: MessageSubmitted): bigint => BigInt(event.message.charge.microCredits);
  const usable = (lease: IngressLease | undefined): lease is IngressLease =>
    lease !== undefined && !lease.returned && nowMs < lease.expiresAtMs;
  const at = <T>(list: readonly T[], i: number): T | undefined => list[i % Math.max(1, list.length)];

  /** Hands the next records to the stage as the reader does: again after a crash, the same ones. */
  async function post<E extends MessageSubmitted | MessageReported>(
    stage: 'charge' | 'refund',
    { records, count, crash: how }: { records: readonly E[]; count: number; crash: string },
    handle: (deliveries: readonly Delivery<E>[], upTo: number) => Promise<void>,
  ): Promise<void> {
    const from = read[stage];
    const events = records.slice(from, from + count);
    if (events.length === 0) return;
    const deliveries = events.map((event, i) => ({
      event,
      record: { stream: stage, seq: start[stage] + from + i + 1, atMs: nowMs, redelivered: false },
    }));
    const upTo = start[stage] + from + events.length;
    // a poster that dies before its commit has done nothing; its follower starts from the position, which may be in the middle of what is read next
    if (how === 'before') return;
    await handle(deliveries, upTo);
    if (how === 'never') read[stage] += events.length;
  }

  async function sweep(): Promise<void> {
    await leases.end(nowMs, async () => read.charge === stored.length);
  }

  function store(count: number): void {
    for (const { lease, event } of publishing.splice(0, count)) {
      lease.unstored--;
      if (nowMs > lease.expiresAtMs + times.graceMs) storedLate += amountOf(event);
      stored.push(event);
    }
  }

  async function take(one: Step): Promise<void> {
    switch (one.do) {
      case 'topUp': {
        const before = keys.get(one.key);
        const expected = before === undefined ? 'posted' : before === one.amount ? 'repeated' : 'key_reused';
        expect(await ledger.topUp({ tenant, microCredits: one.amount, key: String(one.key), note: '' })).toBe(expected);
        if (expected === 'posted') {
          keys.set(one.key, one.amount);
          funds += one.amount;
        }
        return;
      }
      case 'grant': {
        const { answer } = await leases.grant({ tenant, ...one }, nowMs);
        if (answer.kind !== 'granted') return;
        expect(BigInt(answer.microCredits) >= one.need).toBe(true);
        held.push({
          id: answer.lease,
          remaining: BigInt(answer.microCredits),
          spent: 0n,
          expiresAtMs: answer.expiresAtMs,
          unstored: 0,
          returned: false,
        });
        return;
      }
      case 'spend': {
        const lease = at(held, one.lease);
        if (!usable(lease) || lease.remaining < one.amount) return;
        lease.remaining -= one.amount;
        lease.spent += one.amount;
        lease.unstored++;
        publishing.push({ lease, event: submitted(message(tenant, lease.id, one.amount)), amount: one.amount });
        return;
      }
      case 'store':
        return store(one.count);
      case 'giveBack': {
        const lease = at(held, one.lease);
        if (!lease || lease.unstored > 0) return;
        lease.returned = true;
        await leases.giveBack(lease.id, lease.spent);
        return;
      }
      case 'charge':
        return post('charge', { records: stored, ...one }, postCharges({ ledger, log }));
      case 'report': {
        const event = at(stored, one.message);
        if (!event) return;
        reports.push(reported(event.message, one.state));
        if (one.state !== 'delivered') refunded.set(event.message.id, amountOf(event));
        return;
      }
      case 'refund':
        return post('refund', { records: reports, ...one }, postRefunds({ ledger, plans: plans as never, log }));
      case 'wait': {
        nowMs += one.ms;
        // an ingress either has its record stored by then or has given up
        const over = publishing.filter(({ lease }) => nowMs > lease.expiresAtMs + publishMsMax);
        for (const gone of over) {
          publishing.splice(publishing.indexOf(gone), 1);
          gone.lease.unstored--;
        }
        return;
      }
      case 'sweep':
        return sweep();
    }
  }

  const sum = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((a, b) => a + b, 0n);
  const overdrawn = async (): Promise<bigint> => (await server.database.account.findUnique({ where: { tenant } }))?.overdrawn ?? 0n;

  return {
    take,
    async check() {
      const proof = await proofOf(server.database, tenant);
      if (!proof) return expect(funds).toBe(0n);
      expect(proof).toMatchObject({ holds: true, funds });
      const past = await overdrawn();
      expect(proof.balance >= -past && past <= storedLate).toBe(true);
      expect(proof.charged <= sum(stored.map(amountOf))).toBe(true);
      const late = sum(publishing.filter(({ lease }) => nowMs > lease.expiresAtMs + times.graceMs).map(({ amount: one }) => one));
      // credit in hand at ingresses, spent or not, is covered by what is leased
      const inHand = sum(held.filter(usable).map(({ remaining }) => remaining));
      expect(inHand <= proof.leased + late).toBe(true);
    },
    /** Everything under way arrives, everything is posted, every lease ends. */
    async settle() {
      store(publishing.length);
      while (read.charge < stored.length) await take({ do: 'charge', count: 7, crash: 'never' });
      while (read.refund < reports.length) await take({ do: 'refund', count: 7, crash: 'never' });
      nowMs += 100_000;
      await sweep();
      const charged = sum(stored.map(amountOf));
      const back = sum(refunded.values());
      const proof = (await proofOf(server.database, tenant)) ?? {
        tenant,
        funds: 0n,
        balance: 0n,
        leased: 0n,
        charged: 0n,
        refunded: 0n,
        holds: true,
      };
      expect(proof).toEqual({ tenant, funds, balance: funds - charged + back, leased: 0n, charged, refunded: back, holds: true });
      return nowMs;
    },
  };
}

test(`any history of a tenant's money is accounted for to the micro-credit (FUZZ_SEED=${seed})`, async () => {
  let nowMs = Date.parse('2026-11-20T12:00:00Z');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
      const start = { nowMs, charge: await ledger.positionOf('charge'), refund: await ledger.positionOf('refund') };
      const world = createWorld(newId(), start);
      await world.take({ do: 'topUp', amount: 100n, key: 99 });
      for (const one of steps) {
        await world.take(one);
        await world.check();
      }
      nowMs = await world.settle();
    }),
    { seed, numRuns: runs },
  );
}, 60_000);
