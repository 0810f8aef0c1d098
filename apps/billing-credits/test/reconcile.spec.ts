import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  headOf,
  historySubjects,
  leaseSubjects,
  newId,
  reconcileSubjects,
  type Difference,
  type DifferencesQuestion,
  type EraseAnswer,
  type FinalState,
  type LeaseAnswer,
  type Message,
  type MessageAnswer,
  type ProofAnswer,
} from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { createLog } from '@heliograph/service';
import { eventually, startServers, testMessage, type TestServers } from '@heliograph/testbed';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openBilling, type BillingDatabase } from '../src/database.ts';
import { lead, type Lead } from '../src/lead.ts';
import { createLedger } from '../src/ledger.ts';
import { createReconciler, type Reconciler } from '../src/reconcile.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const quiet = createLog({ name: 'billing-credits', level: 'silent', instance: 'test' });
const times = { ttlMs: 30_000, graceMs: 15_000 };
/** Each test has a tenant of its own, and looks at everything from the beginning. */
const startMs = Date.now();

let servers: TestServers;
let database: BillingDatabase;
let queue: Queue;
let history: ChildProcess;
let leading: Lead;
let reconciler: Reconciler;
let logged: { readonly kind?: string; readonly tenant?: string; readonly msg: string }[];
const tenants = new Map<string, { readonly pricePlanId: string }>();
const refunds = new Set<FinalState>(['failed', 'no_report']);
const plans = { current: { tenants, refunds: () => refunds }, refresh: async () => {} } as never;
/** A reader of streams that stands still. */
let stands = false;

beforeAll(async () => {
  servers = await startServers({ schemas: ['billing', 'registry', 'message_log'], syncAlways: false });
  database = openBilling(servers.databaseUrl);
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quiet });
  // an app of its own, so as a process
  history = await startProcess('message-log', { GATHER_MS: '10ms' });
  leading = await lead({ queue, database, plans, times, log: quiet });
}, 60_000);

afterAll(async () => {
  await leading?.stop();
  history?.kill('SIGKILL');
  await queue?.close();
  await database?.$disconnect();
  await servers?.stop();
}, 60_000);

async function startProcess(app: string, config: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, `../../${app}/src/main.ts`), {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      DATABASE_URL: servers.databaseUrl,
      NATS_URL: servers.natsUrl,
      LOG_LEVEL: 'error',
      ...config,
    },
    silent: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (said += data));
  const [told] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [{ ready: false }])]);
  if (!told.ready) throw new Error(said);
  return child;
}

let tenant: string;
beforeEach(async () => {
  tenant = `tenant-${tenants.size}`;
  tenants.set(tenant, { pricePlanId: 'plan' });
  logged = [];
  await database.reconciled.deleteMany();
  reconciler = newReconciler();
  // a round before anything happens: from here on the tenant's rule is known
  await reconciler.round(startMs - hourMs);
  await queue.ask(leaseSubjects.topUp, { tenant, microCredits: '1000000', key: newId(), note: '' }, 5_000);
});

function newReconciler(): Reconciler {
  const write = (line: string) => void logged.push(JSON.parse(line));
  const { charge, refund } = leading.caughtUp;
  return createReconciler({
    database,
    ledger: createLedger(database),
    queue,
    plans,
    caughtUp: { charge: async (withinMs) => !stands && charge(withinMs), refund },
    unendedAfterMs: 4 * dayMs,
    log: createLog({ name: 'test', level: 'warn', instance: 'test', destination: { write } }),
  });
}

async function round(nowMs: number): Promise<void> {
  await reconciler.round(nowMs);
  expect(logged.filter(({ msg }) => msg === 'not compared')).toEqual([]);
}

const warned = () => logged.filter((line) => line.tenant === tenant);

const list = async (question: Partial<DifferencesQuestion> = {}): Promise<readonly Difference[]> =>
  (await reconciler.differences({ limit: 100, tenant, ...question })).differences;
const openOnes = () => list({ open: true });

/** What differences are about, without what each run has others of. */
const facts = (differences: readonly Difference[]) =>
  differences.map(({ kind, subject, expected, found }) => ({ kind, subject, expected, found }));

/** Messages of 10 micro-credits that spend a lease, which is closed then. */
async function spend(count: number): Promise<{ lease: string; messages: Message[] }> {
  const question = { tenant, ingress: 'a', needMicroCredits: '10', wantMicroCredits: String(10 * count) };
  const answer = await queue.ask<LeaseAnswer>(leaseSubjects.grant, question, 5_000);
  if (answer?.kind !== 'granted') throw new Error(answer?.kind);
  const { lease } = answer;
  const messages = Array.from({ length: count }, () =>
    testMessage({
      id: newId(),
      tenant,
      acceptedAtMs: Date.now(),
      validUntilMs: Date.now() + dayMs,
      charge: { lease, microCredits: '10' },
    }),
  );
  await Promise.all(messages.map((message) => queue.publish({ type: 'message.submitted', at: message.acceptedAtMs, message })));
  await queue.ask(leaseSubjects.giveBack, { lease, spentMicroCredits: String(10 * count) }, 5_000);
  await leading.caughtUp.charge(5_000);
  await written(...messages);
  return { lease, messages };
}

async function report(message: Message, state: FinalState): Promise<void> {
  await queue.publish({ type: 'message.reported', at: Date.now(), message: headOf(message), state });
  await leading.caughtUp.refund(5_000);
  await eventually('the state', async () => (await read(message))?.message?.state === state);
}

const read = ({ id, tenant: of }: Message) => queue.ask<MessageAnswer>(historySubjects.get, { tenant: of, id }, 5_000);

async function written(...messages: Message[]): Promise<void> {
  for (const message of messages) await eventually('the history', async () => (await read(message))?.message);
}

/** Takes a row of the history away behind message-log's back; what it gives puts it back. */
async function lose({ id }: Message): Promise<() => Promise<unknown>> {
  await database.$executeRawUnsafe('CREATE TABLE IF NOT EXISTS public.lost (LIKE message_log.message)');
  const move = (from: string, to: string) =>
    database.$executeRawUnsafe(
      `WITH taken AS (DELETE FROM ${from} WHERE id = $1::uuid RETURNING *) INSERT INTO ${to} SELECT * FROM taken`,
      id,
    );
  await move('message_log.message', 'public.lost');
  return () => move('public.lost', 'message_log.message');
}

const giveRefund = (id: string, microCredits: bigint) =>
  database.refund.create({ data: { messageId: id, tenant, state: 'failed', microCredits } });
const hourOf = ({ id }: Message) => {
  const ms = Number.parseInt(id.slice(0, 12), 16);
  return new Date(ms - (ms % hourMs)).toISOString();
};

describe('charges of a lease', () => {
  test('agree when all is well, also of a lease that was given back in part', async () => {
    await spend(5);
    const { lease, messages } = await spend(3);
    await queue.publish({
      type: 'message.submitted',
      at: Date.now(),
      message: { ...messages[0]!, id: newId(), charge: { lease, microCredits: '7' } },
    });
    await leading.caughtUp.charge(5_000);
    await round(startMs + 10 * minuteMs);
    await round(startMs + 25 * hourMs);
    expect(await list()).toEqual([]);
    expect((await reconciler.proof({ limit: 100 })).tenants.find((one) => one.tenant === tenant)).toMatchObject({
      chargedMicroCredits: '87',
      holds: true,
      differences: 0,
    });
  });

  test('differ when the history has lost a message, are said once, and resolved when it is back', async () => {
    const { lease, messages } = await spend(4);
    const putBack = await lose(messages[1]!);
    await round(startMs + 10 * minuteMs);
    await round(startMs + 11 * minuteMs);
    expect(facts(await openOnes())).toEqual([{ kind: 'charge', subject: lease, expected: '30', found: '40' }]);
    expect(warned()).toHaveLength(1);
    expect(warned()).toMatchObject([{ kind: 'charge', tenant, about: lease }]);
    await putBack();
    await round(startMs + 12 * minuteMs);
    expect(await list()).toMatchObject([{ kind: 'charge', resolution: 'agrees', resolvedAtMs: startMs + 12 * minuteMs }]);
    expect(warned()).toHaveLength(1);
  });

  test('are looked at once more a day later', async () => {
    const { lease, messages } = await spend(4);
    await round(startMs + 10 * minuteMs);
    await lose(messages[0]!);
    await round(startMs + 20 * minuteMs);
    expect(await openOnes()).toEqual([]);
    await round(startMs + 25 * hourMs);
    expect(facts(await openOnes())).toEqual([{ kind: 'charge', subject: lease, expected: '30', found: '40' }]);
  });

  test('differ when a message was charged twice', async () => {
    const { lease, messages } = await spend(2);
    await queue.publish({ type: 'message.submitted', at: Date.now(), message: messages[0]! });
    await leading.caughtUp.charge(5_000);
    await round(startMs + 10 * minuteMs);
    expect(facts(await openOnes())).toEqual([{ kind: 'charge', subject: lease, expected: '20', found: '30' }]);
  });

  test('are not compared with a history that has been erased; what was open is resolved as unknown', async () => {
    const [open, erased] = [await spend(2), await spend(2)];
    for (const message of [...open.messages, ...erased.messages]) await report(message, 'delivered');
    const putBack = await lose(open.messages[0]!);
    await round(startMs + 10 * minuteMs);
    expect(facts(await openOnes())).toEqual([{ kind: 'charge', subject: open.lease, expected: '10', found: '20' }]);
    expect(await queue.ask<EraseAnswer>(historySubjects.erase, { tenant }, 5_000)).toEqual({ erased: 3 });
    await round(startMs + 11 * minuteMs);
    await round(startMs + 25 * hourMs);
    expect(await list()).toMatchObject([{ subject: open.lease, resolution: 'unknown' }]);
    await putBack();
  });
});

describe('refunds of an hour', () => {
  test('agree when all is well, also of a message whose state was lifted', async () => {
    const { messages } = await spend(4);
    await report(messages[0]!, 'failed');
    await report(messages[1]!, 'no_report');
    await report(messages[1]!, 'delivered');
    await report(messages[2]!, 'delivered');
    await round(startMs + 3 * hourMs);
    await round(startMs + 26 * hourMs);
    expect(await list()).toEqual([]);
  });

  test('differ when something was given back wrongly, with the message as a sample, and are resolved', async () => {
    const { messages } = await spend(3);
    await report(messages[0]!, 'failed');
    await report(messages[1]!, 'delivered');
    const { id } = messages[1]!;
    await giveRefund(id, 10n);
    await round(startMs + 3 * hourMs);
    await round(startMs + 3 * hourMs + minuteMs);
    expect(await list({ open: true, kind: 'refund' })).toMatchObject([
      { subject: hourOf(messages[1]!), expected: '10', found: '20', samples: [id] },
    ]);
    // the proof sees it, too: the ledger has no entry of it
    expect(facts(await list({ open: true, kind: 'proof' }))).toEqual([{ kind: 'proof', subject: 'refunds', expected: '20', found: '10' }]);
    expect(warned()).toHaveLength(2);
    await database.refund.delete({ where: { messageId: id } });
    await round(startMs + 3 * hourMs + 6 * minuteMs);
    expect(await openOnes()).toEqual([]);
    expect((await list()).map(({ resolution }) => resolution)).toEqual(['agrees', 'agrees']);
  });

  test('differ when a refund is missing', async () => {
    const { messages } = await spend(2);
    await report(messages[0]!, 'failed');
    const { id } = messages[0]!;
    await database.refund.delete({ where: { messageId: id } });
    await round(startMs + 3 * hourMs);
    expect(await list({ open: true, kind: 'refund' })).toMatchObject([{ expected: '10', found: '0', samples: [id] }]);
    await giveRefund(id, 10n);
    await round(startMs + 3 * hourMs + 6 * minuteMs);
    expect(await openOnes()).toEqual([]);
  });

  test('do not differ because the price plan has changed since', async () => {
    const { messages } = await spend(3);
    await report(messages[0]!, 'failed');
    await report(messages[1]!, 'failed');
    await report(messages[2]!, 'undelivered');
    refunds.delete('failed');
    refunds.add('undelivered');
    try {
      await round(startMs + 3 * hourMs);
      expect(await list()).toEqual([]);
    } finally {
      refunds.add('failed');
      refunds.delete('undelivered');
    }
  });

  test('are not compared with a history that has been erased', async () => {
    const { messages } = await spend(2);
    for (const message of messages) await report(message, 'failed');
    expect(await queue.ask<EraseAnswer>(historySubjects.erase, { tenant }, 5_000)).toEqual({ erased: 2 });
    await round(startMs + 3 * hourMs);
    await round(startMs + 26 * hourMs);
    expect(await list()).toEqual([]);
  });
});

test('an account that was changed by hand fails the proof, account by account, until it is put right', async () => {
  const shift = (by: bigint) =>
    database.$executeRaw`UPDATE billing.account SET funds = funds + ${by}::bigint, balance = balance + ${by}::bigint WHERE tenant = ${tenant}`;
  await shift(5n);
  await round(startMs + 5 * minuteMs);
  await round(startMs + 10 * minuteMs);
  expect(facts(await openOnes()).toSorted((a, b) => (a.subject < b.subject ? -1 : 1))).toEqual([
    { kind: 'proof', subject: 'balance', expected: '1000000', found: '1000005' },
    { kind: 'proof', subject: 'funds', expected: '1000000', found: '1000005' },
  ]);
  expect((await reconciler.proof({ limit: 100 })).tenants.find((one) => one.tenant === tenant)).toMatchObject({
    holds: false,
    differences: 2,
  });
  await shift(-5n);
  await round(startMs + 15 * minuteMs);
  expect(await openOnes()).toEqual([]);
  expect(warned()).toHaveLength(2);
});

test('a message without an end is counted long after it was valid, until it ends', async () => {
  const acceptedAtMs = startMs - 6 * dayMs;
  const id = acceptedAtMs.toString(16).padStart(12, '0') + newId().slice(12);
  const charge = { lease: '', microCredits: '0' };
  const message = testMessage({ id, tenant, acceptedAtMs, validUntilMs: startMs - 5 * dayMs, charge });
  await queue.publish({ type: 'message.submitted', at: acceptedAtMs, message });
  await written(message);
  await round(startMs + hourMs);
  expect(await openOnes()).toMatchObject([{ kind: 'unended', found: '1', samples: [id] }]);
  await report(message, 'delivered');
  await round(startMs + 2 * hourMs);
  expect(await openOnes()).toEqual([]);
});

test('a reader that stands still is behind after two minutes, until it follows', async () => {
  stands = true;
  for (const minute of [1, 2, 3]) await round(startMs + minute * minuteMs);
  const before = await reconciler.proof({ limit: 1 });
  expect(await list({ tenant: '', open: true })).toMatchObject([{ kind: 'behind', subject: 'charge', expected: '0', found: '120' }]);
  stands = false;
  await round(startMs + 4 * minuteMs);
  expect(await list({ tenant: '' })).toMatchObject([{ kind: 'behind', resolution: 'agrees' }]);
  expect(before.comparedAtMs).not.toBe(startMs + 3 * minuteMs);
  expect((await reconciler.proof({ limit: 1 })).comparedAtMs).toBe(startMs + 4 * minuteMs);
});

test('differences are listed by pages, newest first', async () => {
  await database.difference.createMany({
    data: [1n, 2n, 3n].map((found) => ({ kind: 'charge', tenant, subject: `s${found}`, expected: 0n, found, foundAt: new Date(0) })),
  });
  const first = await reconciler.differences({ limit: 2, tenant });
  expect(first.differences.map(({ subject }) => subject)).toEqual(['s3', 's2']);
  const second = await reconciler.differences({ limit: 2, tenant, before: first.next });
  expect(second.differences.map(({ subject }) => subject)).toEqual(['s1']);
  expect(second.next).toBeUndefined();
  await expect((async () => reconciler.differences({ limit: 2, kind: 'none' }))()).rejects.toThrow();
});

test('the process that leads compares by itself, and answers', async () => {
  await database.difference.deleteMany();
  const child = await startProcess('billing-credits', { RECONCILE_EVERY_MS: '50ms' });
  try {
    const ask = () => queue.ask<ProofAnswer>(reconcileSubjects.proof, { limit: 100 }, 2_000);
    const answer = await eventually('a comparison', async () => {
      const one = await ask();
      return one?.comparedAtMs === undefined ? undefined : one;
    });
    expect(answer.tenants.find((one) => one.tenant === tenant)).toMatchObject({ fundsMicroCredits: '1000000', holds: true });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
}, 30_000);
