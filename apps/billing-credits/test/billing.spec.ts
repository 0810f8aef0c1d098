/** The service against a real PostgreSQL and a real nats-server: what only shows when streams, questions and processes are real. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  leaseSubjects,
  microCreditsPerCredit,
  newId,
  type BalanceAnswer,
  type FinalState,
  type LeaseAnswer,
  type LeaseRecall,
  type MessageSubmitted,
} from '@heliograph/message';
import { openQueue, type Delivery, type Queue } from '@heliograph/queue';
import { openRegistry, putPricePlan, putTenant } from '@heliograph/registry';
import { createLog } from '@heliograph/service';
import { eventually } from '@heliograph/testbed';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { lead, type Lead } from '../src/lead.ts';
import { createLedger } from '../src/ledger.ts';
import { postCharges } from '../src/post.ts';
import { message, proofOf, reported, startBillingServer, submitted, type BillingServer } from './money.ts';

const log = createLog({ name: 'billing-credits', level: 'silent', instance: 'test' });
const times = { ttlMs: 30_000, graceMs: 15_000 };
const credits = (count: number): bigint => BigInt(count) * microCreditsPerCredit;

let server: BillingServer;
/** A tenant's or an ingress's side of the questions. */
let asker: Queue;
beforeAll(async () => {
  server = await startBillingServer();
  asker = await openQueue({ url: server.natsUrl, name: 'asker', log });
}, 60_000);
afterAll(async () => {
  await asker.close();
  await server.stop();
}, 60_000);

const tenant = 'acme';
const plans = {
  current: { tenants: new Map([[tenant, {}]]), refunds: () => new Set<FinalState>(['failed']) },
  refresh: async () => {},
} as never;

const ask = async <Answer>(subject: string, question: object): Promise<Answer> => {
  const answer = await asker.ask<Answer>(subject, question, 5_000);
  if (answer === undefined) throw new Error(`nobody answers ${subject}`);
  return answer;
};
const balance = () => ask<BalanceAnswer>(leaseSubjects.balance, { tenant });
const proof = () => proofOf(server.database, tenant);
const topUp = (microCredits: bigint) =>
  ask(leaseSubjects.topUp, { tenant, microCredits: String(microCredits), key: newId(), note: 'test' });
const grant = (ingress: string, need: bigint, want: bigint) =>
  ask<LeaseAnswer>(leaseSubjects.grant, { tenant, ingress, needMicroCredits: String(need), wantMicroCredits: String(want) });
const giveBack = (lease: string, spent: bigint) => ask(leaseSubjects.giveBack, { lease, spentMicroCredits: String(spent) });
const granted = (answer: LeaseAnswer) => {
  if (answer.kind !== 'granted') throw new Error(answer.kind);
  return answer;
};

describe('the leading process', () => {
  let queue: Queue;
  let leading: Lead;
  beforeEach(async () => {
    queue = await openQueue({ url: server.natsUrl, name: 'billing-credits', log });
    leading = await lead({ queue, database: server.database, plans, times, log });
  });
  afterEach(async () => {
    await leading.stop();
    await queue.close();
  });

  test('answers a balance with everything the asker has stored before', async () => {
    await topUp(credits(100));
    const before = await balance();
    const { lease } = granted(await grant('a', credits(60), credits(60)));
    const sent = Array.from({ length: 50 }, () => message(tenant, lease, credits(1)));
    await Promise.all(sent.map((one) => asker.publish(submitted(one))));
    const after = await balance();
    expect(BigInt(after.chargedMicroCredits) - BigInt(before.chargedMicroCredits)).toBe(credits(50));
    await Promise.all(sent.slice(0, 7).flatMap((one) => [reported(one, 'failed'), reported(one, 'failed')].map(asker.publish)));
    await Promise.all(sent.slice(7).map((one) => asker.publish(reported(one, 'delivered'))));
    expect(BigInt((await balance()).refundedMicroCredits) - BigInt(before.refundedMicroCredits)).toBe(credits(7));
    await giveBack(lease, credits(50));
    expect(await proof()).toMatchObject({ leased: 0n, holds: true });
  });

  test('grants exactly what there is to ten ingresses that race for the last 100 credits', async () => {
    const rest = BigInt((await balance()).balanceMicroCredits);
    if (rest > 0n) {
      const { lease } = granted(await grant('drain', rest, rest));
      await asker.publish(submitted(message(tenant, lease, rest)));
    }
    const before = await balance();
    await topUp(credits(100));
    // one has most of it in hand, spends none and gives it back when it is called
    const hoard = granted(await grant('hoarder', credits(1), credits(90)));
    let hoarded = true;
    asker.listen<LeaseRecall>(leaseSubjects.recall('hoarder'), ({ lease }) => {
      hoarded = false;
      void giveBack(lease, 0n);
    });
    const accepted = await Promise.all(Array.from({ length: 10 }, (_, i) => spendAll(`ingress-${i}`)));
    expect(hoard.microCredits).not.toBe('0');
    expect(hoarded).toBe(false);
    expect(accepted.reduce((a, b) => a + b, 0)).toBe(100);
    const after = await balance();
    expect(BigInt(after.chargedMicroCredits) - BigInt(before.chargedMicroCredits)).toBe(credits(100));
    expect(after).toMatchObject({ balanceMicroCredits: '0', leasedMicroCredits: '0' });
    expect(await proof()).toMatchObject({ holds: true });
  }, 30_000);

  /** An ingress that accepts one-credit messages until there is no credit. Gives the number accepted. */
  async function spendAll(ingress: string): Promise<number> {
    let accepted = 0;
    const recalled = new Set<string>();
    asker.listen<LeaseRecall>(leaseSubjects.recall(ingress), ({ lease }) => recalled.add(lease));
    for (;;) {
      const answer = await grant(ingress, credits(1), credits(10));
      if (answer.kind === 'no_credit' || answer.kind === 'capped') return accepted;
      if (answer.kind === 'retry') {
        await new Promise((resolve) => setTimeout(resolve, answer.retryAfterMs));
        continue;
      }
      let spent = 0n;
      while (BigInt(answer.microCredits) - spent >= credits(1) && !recalled.has(answer.lease)) {
        await asker.publish(submitted(message(tenant, answer.lease, credits(1))));
        spent += credits(1);
        accepted++;
      }
      await giveBack(answer.lease, spent);
    }
  }

  test('leaves a question that makes no sense without an answer, and goes on', async () => {
    const questions: [string, object][] = [
      [leaseSubjects.grant, { tenant, ingress: 'a.>', needMicroCredits: '1', wantMicroCredits: '1' }],
      [leaseSubjects.grant, { tenant, ingress: 'a', needMicroCredits: '0', wantMicroCredits: '1' }],
      [leaseSubjects.topUp, { tenant, microCredits: '-5', key: 'k', note: '' }],
      [leaseSubjects.balance, {}],
    ];
    const answers = await Promise.all(questions.map(([subject, question]) => asker.ask(subject, question, 300)));
    expect(answers).toEqual([undefined, undefined, undefined, undefined]);
    expect(await proof()).toMatchObject({ holds: true });
  });
});

test('a poster that dies before or after its commit charges each record once', async () => {
  const ledger = createLedger(server.database);
  const before = (await proof())?.charged ?? 0n;
  const queue = await openQueue({ url: server.natsUrl, name: 'billing-credits', log });
  const handle = postCharges({ ledger, log });
  const dies = ['before', 'after', 'before'];
  const reader = queue.readFromPosition({
    stage: 'charge',
    stream: 'SUBMITTED',
    position: () => ledger.positionOf('charge'),
    gatherMs: 10,
    eventsMax: 100,
    async handle(deliveries: readonly Delivery<MessageSubmitted>[], upTo) {
      const when = dies.shift();
      if (when === 'before') throw new Error('died before the commit');
      await handle(deliveries, upTo);
      if (when === 'after') throw new Error('died after the commit');
    },
  });
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 10 }, () => asker.publish(submitted(message(tenant, newId(), 7n)))));
  }
  expect(await reader.caughtUp(10_000)).toBe(true);
  await reader.stop();
  await queue.close();
  expect(dies).toEqual([]);
  expect(await proof()).toMatchObject({ charged: before + 210n, holds: true });
}, 30_000);

test('a ledger that was posted from another stream refuses to lead', async () => {
  const { seq } = await server.database.position.findUniqueOrThrow({ where: { stage: 'charge' } });
  await server.database.position.update({ where: { stage: 'charge' }, data: { seq: seq + 1_000n } });
  const queue = await openQueue({ url: server.natsUrl, name: 'billing-credits', log });
  await expect(lead({ queue, database: server.database, plans, times, log })).rejects.toThrow(/not the stream the ledger was posted from/);
  await server.database.position.update({ where: { stage: 'charge' }, data: { seq } });
  await queue.close();
});

describe('processes', () => {
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    const registry = openRegistry(server.databaseUrl);
    await putPricePlan(registry, { id: 'plan', name: 'Plan', refunds: ['failed'], prices: [] });
    await putTenant(registry, { id: tenant, name: 'Acme', enabled: true, pricePlanId: 'plan', defaultCountry: '', segmentsPerSecond: 0 });
    await registry.$disconnect();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  async function startProcess(): Promise<ChildProcess & { health: string }> {
    const child = fork(join(import.meta.dirname, '../src/main.ts'), {
      env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: server.databaseUrl, NATS_URL: server.natsUrl, LOG_LEVEL: 'error' },
      silent: true,
    });
    children.push(child);
    let errors = '';
    child.stderr?.on('data', (data) => (errors += data));
    child.stdout?.on('data', (data) => (errors += data));
    const [told] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [{ ready: false }])]);
    if (!told.ready) throw new Error(errors);
    return Object.assign(child, { health: `http://127.0.0.1:${told.ports.health}` });
  }

  /** Nobody answers while nobody leads. */
  const untilAnswered = () => eventually('an answer', () => asker.ask<BalanceAnswer>(leaseSubjects.balance, { tenant }, 1_500));

  test('one leads and another stands by, takes over when it is killed, and posts on from where it was', async () => {
    const first = await startProcess();
    const second = await startProcess();
    const before = await untilAnswered();
    expect([await role(first), await role(second)]).toEqual([
      { ready: 200, leading: '1' },
      { ready: 200, leading: '0' },
    ]);
    await Promise.all(Array.from({ length: 5 }, () => asker.publish(submitted(message(tenant, '', 3n)))));
    first.kill('SIGKILL');
    await once(first, 'exit');
    await Promise.all(Array.from({ length: 5 }, () => asker.publish(submitted(message(tenant, '', 3n)))));
    const after = await untilAnswered();
    expect(BigInt(after.chargedMicroCredits) - BigInt(before.chargedMicroCredits)).toBe(30n);
    expect(await role(second)).toEqual({ ready: 200, leading: '1' });
  }, 30_000);

  async function role({ health }: { health: string }) {
    const [ready, metrics] = [await fetch(`${health}/ready`), await (await fetch(`${health}/metrics`)).text()];
    return { ready: ready.status, leading: /^heliograph_billing_credits_leading(?:\{.*\})? (\d)/m.exec(metrics)?.[1] };
  }

  test('the leader that loses its lock ends, so that another can lead', async () => {
    const child = await startProcess();
    await untilAnswered();
    await server.database
      .$executeRaw`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'billing-credits leader'`;
    expect(await once(child, 'exit')).toEqual([1, null]);
  }, 30_000);

  test('a leader that stands still is replaced meanwhile, and ends when it goes on', async () => {
    const first = await startProcess();
    const second = await startProcess();
    const before = await untilAnswered();
    first.kill('SIGSTOP');
    await Promise.all(Array.from({ length: 5 }, () => asker.publish(submitted(message(tenant, '', 3n)))));
    await eventually('the other one leading', async () => (await role(second)).leading === '1');
    await untilAnswered();
    for (let asked = 0; asked < 10; asked++) {
      const after = await asker.ask<BalanceAnswer>(leaseSubjects.balance, { tenant }, 5_000);
      expect(BigInt(after?.chargedMicroCredits ?? 0) - BigInt(before.chargedMicroCredits)).toBe(15n);
    }
    first.kill('SIGCONT');
    expect(await once(first, 'exit')).toEqual([1, null]);
    expect(await role(second)).toEqual({ ready: 200, leading: '1' });
  }, 60_000);

  test('told to stop, it drains and ends well', async () => {
    const child = await startProcess();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  }, 30_000);
});
