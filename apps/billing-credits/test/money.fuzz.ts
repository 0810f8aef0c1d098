/**
 * Any sequence of top-ups, adjustments, limits, grants, spending, returns, recalls, crashes, second leaders and reports, against a real PostgreSQL, beside
 * a model that is a few sums: after every step the proof holds and nobody has spent what was not there; at the end everything is accounted for to the
 * micro-credit, notices and statement included.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId, type FinalState, type MessageReported, type MessageSubmitted } from '@heliograph/message';
import { createLog } from '@heliograph/service';
import type { Delivery } from '@heliograph/queue';
import fc from 'fast-check';
import { createLeases, type Leases } from '../src/leases.ts';
import { createLedger, type Ledger } from '../src/ledger.ts';
import { createNotices } from '../src/notices.ts';
import { createStatements } from '../src/statement.ts';
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
/** Of a process that leads as well, as when a leader has lost its lock and does not know it yet. */
let other: { ledger: Ledger; leases: Leases };
beforeAll(async () => {
  server = await startBillingServer();
  ledger = createLedger(server.database);
  leases = createLeases(server.database, times);
  other = { ledger: createLedger(server.database), leases: createLeases(server.database, times) };
}, 60_000);
afterAll(() => server.stop(), 60_000);

const amount = fc.bigInt(1n, 40n);
const index = fc.nat(20);
/** `crash`: when the poster dies: never, before its commit, or after it without hearing of it. */
const crash = fc.constantFrom('never', 'before', 'after');
/** Does it at the same time, the poster with as many of the records: 0 is none. */
const second = fc.nat(5);
/** Thresholds of every tenant here. */
const thresholds = [60n, 20n, 0n, -15n];
const step = fc.oneof(
  fc.record({ do: fc.constant('topUp' as const), amount: fc.bigInt(1n, 100n), key: fc.nat(5) }),
  fc.record({ do: fc.constant('adjust' as const), amount: fc.bigInt(-60n, 30n).filter((one) => one !== 0n), key: fc.nat(8) }),
  fc.record({ do: fc.constant('limit' as const), amount: fc.constantFrom(0n, 0n, 30n, 80n) }),
  // `lost`: the ingress dies before it has the answer
  fc.record({
    do: fc.constant('grant' as const),
    ingress: fc.constantFrom('a', 'b', 'c'),
    need: amount,
    want: amount,
    lost: fc.constantFrom(false, false, false, true),
  }),
  fc.record({ do: fc.constant('spend' as const), lease: index, amount }),
  fc.record({ do: fc.constant('spend' as const), lease: index, amount }),
  fc.record({ do: fc.constant('store' as const), count: fc.nat(4) }),
  fc.record({ do: fc.constant('giveBack' as const), lease: index, second: fc.boolean() }),
  // by whichever leases a grant would recall
  fc.record({ do: fc.constant('recall' as const), need: amount }),
  fc.record({ do: fc.constant('charge' as const), count: fc.integer({ min: 1, max: 5 }), crash, second }),
  fc.record({ do: fc.constant('report' as const), message: index, state: fc.constantFrom<FinalState>('failed', 'delivered', 'no_report') }),
  fc.record({ do: fc.constant('refund' as const), count: fc.integer({ min: 1, max: 5 }), crash, second }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 20_000, 46_000) }),
  fc.record({ do: fc.constant('sweep' as const), second: fc.boolean() }),
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
  const keys = new Map<string, string>();
  let [limit, limitMax] = [0n, 0n];
  /** The highest threshold that has not been told of since credit was last paid in; and the notices that were due. */
  let armed: bigint | undefined;
  const told: bigint[] = [];
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
    { records, count, crash: how, second: also }: { records: readonly E[]; count: number; crash: string; second: number },
    handlers: readonly ((deliveries: readonly Delivery<E>[], upTo: number) => Promise<void>)[],
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
    const alsoCount = Math.min(also, deliveries.length);
    await Promise.all([
      handlers[0]?.(deliveries, upTo),
      ...(alsoCount > 0 ? [handlers[1]?.(deliveries.slice(0, alsoCount), start[stage] + from + alsoCount)] : []),
    ]);
    if (how === 'never') read[stage] += events.length;
  }

  async function sweep(also: boolean): Promise<void> {
    const by = also ? [leases, other.leases] : [leases];
    await Promise.all(by.map((one) => one.end(nowMs, async () => read.charge === stored.length)));
  }

  /** What a key does the first time: nothing when it is refused. */
  function onKey(key: number, says: string): 'posted' | 'repeated' | 'key_reused' {
    const before = keys.get(String(key));
    return before === undefined ? 'posted' : before === says ? 'repeated' : 'key_reused';
  }

  const giveBack = async (lease: IngressLease, also: boolean): Promise<void> => {
    if (lease.unstored > 0) return;
    lease.returned = true;
    const by = also ? [leases, other.leases] : [leases];
    await Promise.all(by.map((one) => one.giveBack(lease.id, lease.spent)));
  };

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
        const expected = onKey(one.key, `top-up ${one.amount}`);
        expect(await ledger.topUp({ tenant, microCredits: one.amount, key: String(one.key), note: '' })).toBe(expected);
        if (expected === 'posted') {
          keys.set(String(one.key), `top-up ${one.amount}`);
          funds += one.amount;
        }
        return;
      }
      case 'adjust': {
        const balance = (await proofOf(server.database, tenant))?.balance ?? 0n;
        const known = onKey(one.key, `adjustment ${one.amount}`);
        const expected = known === 'posted' && one.amount < 0n && balance + one.amount < -limit ? 'below_limit' : known;
        expect(await ledger.adjust({ tenant, microCredits: one.amount, key: String(one.key), reason: '' })).toBe(expected);
        if (expected === 'posted') {
          keys.set(String(one.key), `adjustment ${one.amount}`);
          funds += one.amount;
        }
        return;
      }
      case 'limit': {
        expect(await ledger.setLimit(tenant, one.amount)).toBe(limit);
        limit = one.amount;
        if (limit > limitMax) limitMax = limit;
        return;
      }
      case 'grant': {
        const { answer } = await leases.grant({ tenant, ...one }, nowMs);
        if (answer.kind !== 'granted' || one.lost) return;
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
        if (lease) await giveBack(lease, one.second);
        return;
      }
      case 'recall': {
        const { recall } = await leases.grant({ tenant, ingress: 'greedy', need: one.need + 1_000n, want: 0n }, nowMs);
        for (const { id } of recall) {
          const lease = held.find((candidate) => candidate.id === id);
          if (lease) await giveBack(lease, false);
        }
        return;
      }
      case 'charge':
        return post('charge', { records: stored, ...one }, [postCharges({ ledger, log }), postCharges({ ledger: other.ledger, log })]);
      case 'report': {
        const event = at(stored, one.message);
        if (!event) return;
        reports.push(reported(event.message, one.state));
        if (one.state !== 'delivered') refunded.set(event.message.id, amountOf(event));
        return;
      }
      case 'refund':
        return post('refund', { records: reports, ...one }, [
          postRefunds({ ledger, plans: plans as never, log }),
          postRefunds({ ledger: other.ledger, plans: plans as never, log }),
        ]);
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
        return sweep(one.second);
    }
  }

  const sum = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((a, b) => a + b, 0n);
  const overdrawn = async (): Promise<bigint> => (await server.database.account.findUnique({ where: { tenant } }))?.overdrawn ?? 0n;
  const most = (amounts: readonly bigint[]): bigint | undefined => amounts.toSorted((a, b) => (a < b ? 1 : -1))[0];

  return {
    async begin() {
      await take({ do: 'topUp', amount: 100n, key: 99 });
      await createNotices(server.database).thresholds(tenant, thresholds);
      armed = most(thresholds);
    },
    async take(one: Step) {
      const before = funds;
      await take(one);
      const { balance, leased } = (await proofOf(server.database, tenant))!;
      const spendable = balance + leased;
      if (funds > before) armed = most(thresholds.filter((threshold) => threshold <= spendable));
      else if (armed !== undefined && spendable < armed) {
        const limitOf = armed;
        told.push(...thresholds.filter((threshold) => threshold <= limitOf && threshold > spendable));
        armed = most(thresholds.filter((threshold) => threshold <= spendable));
      }
    },
    async check() {
      const proof = await proofOf(server.database, tenant);
      if (!proof) return expect(funds).toBe(0n);
      expect(proof).toMatchObject({ holds: true, funds });
      const past = await overdrawn();
      expect(past).toBe(proof.balance < -limit ? -proof.balance - limit : 0n);
      // never beyond the highest limit there was, but for what was stored too late
      expect(proof.balance >= -limitMax - storedLate).toBe(true);
      expect(proof.charged <= sum(stored.map(amountOf))).toBe(true);
      const late = sum(publishing.filter(({ lease }) => nowMs > lease.expiresAtMs + times.graceMs).map(({ amount: one }) => one));
      // credit in hand at ingresses, spent or not, is covered by what is leased
      const inHand = sum(held.filter(usable).map(({ remaining }) => remaining));
      expect(inHand <= proof.leased + late).toBe(true);
    },
    /** Everything under way arrives, everything is posted, every lease ends. */
    async settle() {
      store(publishing.length);
      while (read.charge < stored.length) await this.take({ do: 'charge', count: 7, crash: 'never', second: 0 });
      while (read.refund < reports.length) await this.take({ do: 'refund', count: 7, crash: 'never', second: 0 });
      nowMs += 100_000;
      await sweep(false);
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
      const notices = await server.database.notice.findMany({ where: { tenant }, select: { threshold: true } });
      expect(notices.map(({ threshold }) => threshold).toSorted()).toEqual(told.toSorted());
      const { lines } = await createStatements(server.database).read({ tenant, fromDay: '2000-01-01', untilDay: '2100-01-01' });
      expect(sum(lines.map(({ microCredits }) => BigInt(microCredits)))).toBe(proof.balance);
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
      await world.begin();
      for (const one of steps) {
        await world.take(one);
        await world.check();
      }
      nowMs = await world.settle();
    }),
    { seed, numRuns: runs },
  );
}, 60_000);
