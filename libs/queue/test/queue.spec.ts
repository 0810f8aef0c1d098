import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { startNats, type NatsServer } from '@heliograph/embedded';
import { done, headOf, later, never, newId, type Message, type MessageReturned, type MessageSubmitted } from '@heliograph/message';
import { openQueue, type Queue } from '../src/index.ts';

/** A logger that keeps quiet; what goes wrong shows in what a test waits for. */
const log = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let nats: NatsServer;
let queue: Queue;
let connection: NatsConnection;
let jsm: JetStreamManager;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'queue-'));
  nats = await startNats({ dataDir: join(folder, 'nats') });
  queue = await openQueue({ url: nats.url, name: 'test', log });
  const { username, password, host } = new URL(nats.url);
  connection = await connect({ servers: host, ...(username ? { user: username, pass: password } : {}) });
  jsm = await jetstreamManager(connection);
}, 60_000);

afterAll(async () => {
  await connection.close();
  await queue.close();
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
});

function submitted(text: string): MessageSubmitted {
  const message: Message = {
    id: newId(),
    tenant: 'acme',
    credential: 'acme-smpp',
    door: 'smpp',
    from: { addr: 'Acme', ton: 5, npi: 0 },
    to: '+447912345678',
    class: 'normal',
    segments: 1,
    acceptedAtMs: Date.now(),
    validUntilMs: Date.now() + 60_000,
    registeredDelivery: 1,
    charge: { lease: 'l1', microCredits: '1000000' },
    content: { kind: 'text', text },
  };
  return { type: 'message.submitted', at: Date.now(), message };
}

/** Resolves once the condition holds, looked at whenever `changed` is called. */
function waiter() {
  const checks = new Set<() => void>();
  return {
    changed: () => checks.forEach((check) => check()),
    until: (condition: () => boolean) =>
      new Promise<void>((resolve) => {
        const check = (): void => {
          if (!condition()) return;
          checks.delete(check);
          resolve();
        };
        checks.add(check);
        check();
      }),
  };
}

test('a thousand events published at once are few records, and every one is handed out once', async () => {
  const before = (await jsm.streams.info('SUBMITTED')).state.messages;
  const events = Array.from({ length: 1_000 }, (_, i) => submitted(`gather ${i}`));
  await Promise.all(events.map((event) => queue.publish(event)));
  const records = (await jsm.streams.info('SUBMITTED')).state.messages - before;
  expect(records).toBeLessThanOrEqual(20);

  const seen: string[] = [];
  const { changed, until } = waiter();
  const worker = await queue.workInBatches({
    stage: 'log',
    stream: 'SUBMITTED',
    share: 'gather',
    eventsInFlightMax: 500,
    gatherMs: 1,
    handle(deliveries) {
      for (const { event } of deliveries) if (event.type === 'message.submitted') seen.push(event.message.id);
      changed();
      return deliveries.map(() => done());
    },
  });
  await until(() => seen.length >= events.length);
  await worker.stop(1_000);
  expect(seen.toSorted()).toEqual(events.map((event) => event.message.id).toSorted());
});

test('an outcome of later comes again at its time, never goes to the dead letters with its reason', async () => {
  const wait = submitted('wait');
  const poison = submitted('poison');
  const tries: number[] = [];
  const { changed, until } = waiter();
  let buried = 0;
  await Promise.all([queue.publish(wait), queue.publish(poison)]);
  const worker = await queue.workEach({
    stage: 'route',
    stream: 'SUBMITTED',
    share: 'later',
    eventsInFlightMax: 10_000,
    async handle({ event }) {
      if (event.message.id === poison.message.id) {
        buried++;
        return never('cannot be read');
      }
      if (event.message.id !== wait.message.id) return done();
      tries.push(Date.now());
      changed();
      return tries.length < 3 ? later(Date.now() + 50, 'not yet') : done();
    },
  });
  await until(() => tries.length === 3);
  await worker.stop(1_000);
  expect((tries[2] as number) - (tries[0] as number)).toBeGreaterThanOrEqual(98);
  const dead = await jsm.streams.getMessage('DEAD', { last_by_subj: 'dead.route' });
  expect(buried).toBe(1);
  expect(dead?.json()).toMatchObject([{ reason: 'cannot be read', event: { message: { id: poison.message.id } } }]);
});

test('a record that is not one of ours goes to the dead letters at first sight and holds up nothing', async () => {
  const { changed, until } = waiter();
  const seen = new Set<string>();
  await connection.request('message.submitted.bulk', 'not a record');
  const event = submitted('after the bad one');
  await queue.publish(event);
  const worker = await queue.workEach({
    stage: 'route',
    stream: 'SUBMITTED',
    share: 'unreadable',
    eventsInFlightMax: 10_000,
    async handle(delivery) {
      seen.add(delivery.event.message.id);
      changed();
      return done();
    },
  });
  await until(() => seen.has(event.message.id));
  await worker.stop(1_000);
  const dead = await jsm.streams.getMessage('DEAD', { last_by_subj: 'dead.route' });
  expect(dead?.json()).toMatchObject([{ reason: 'unreadable record', octets: Buffer.from('not a record').toString('base64') }]);
});

test('a reader that dies in the middle of a record: the next leaves out what was done and does the rest', async () => {
  const events = Array.from({ length: 20 }, (_, i) => submitted(`crash ${i}`));
  const ours = new Set(events.map((event) => event.message.id));
  const dying = await openQueue({ url: nats.url, name: 'dying', log });
  const handledFirst = new Set<string>();
  const { changed, until } = waiter();
  await Promise.all(events.map((event) => queue.publish(event)));
  const options = {
    stage: 'route' as const,
    stream: 'SUBMITTED' as const,
    share: 'crash',
    eventsInFlightMax: 10_000,
    skipSettled: [{ stream: 'OUTCOMES' as const, subjects: ['message.failed.crash-test'] }],
  };
  const failed = (event: { readonly message: Message }) =>
    done({
      type: 'message.failed',
      at: Date.now(),
      message: headOf(event.message),
      by: 'crash-test',
      state: 'failed',
      reason: 'unroutable',
    });
  const first = await dying.workEach({
    ...options,
    async handle({ event }) {
      if (!ours.has(event.message.id)) return done();
      // the second half never settles: this is where it dies
      if (handledFirst.size >= 10) return new Promise(() => {});
      handledFirst.add(event.message.id);
      changed();
      return failed(event);
    },
  });
  await until(() => handledFirst.size === 10);
  while ((await jsm.streams.info('OUTCOMES', { subjects_filter: 'message.failed.crash-test' })).state.subjects === undefined)
    await dying.lastSeq('OUTCOMES');
  await first.stop(0);
  await dying.close();

  const handledSecond = new Set<string>();
  const second = await queue.workEach({
    ...options,
    async handle({ event }) {
      if (!ours.has(event.message.id)) return done();
      handledSecond.add(event.message.id);
      changed();
      return failed(event);
    },
  });
  await until(() => handledFirst.size + handledSecond.size >= events.length);
  await second.stop(1_000);
  expect([...handledSecond].filter((id) => handledFirst.has(id))).toEqual([]);
  expect(new Set([...handledFirst, ...handledSecond])).toEqual(ours);
});

test('a server that forgot what it had handed out: nothing is done again, though the clock of this machine is five minutes behind', async () => {
  const events = Array.from({ length: 5 }, (_, i) => submitted(`forgotten ${i}`));
  const ours = new Set(events.map((event) => event.message.id));
  const options = {
    stage: 'route' as const,
    stream: 'SUBMITTED' as const,
    share: 'forgetful',
    eventsInFlightMax: 1_000,
    skipSettled: [{ stream: 'OUTCOMES' as const, subjects: ['message.failed.forgetful'] }],
  };
  const { changed, until } = waiter();
  const work = async (reader: Queue) => {
    const handled: string[] = [];
    const worker = await reader.workEach({
      ...options,
      handle: ({ event }) => {
        if (!ours.has(event.message.id)) return Promise.resolve(done());
        handled.push(event.message.id);
        const failed = { at: Date.now(), message: headOf(event.message), by: 'forgetful', state: 'failed', reason: 'unroutable' } as const;
        return Promise.resolve(done({ type: 'message.failed', ...failed }));
      },
      onStored: changed,
    });
    return { handled, worker };
  };
  await Promise.all(events.map((event) => queue.publish(event)));
  const before = await work(queue);
  await until(() => before.handled.length === 5 && before.worker.unsettled === 0);
  await before.worker.stop(1_000);
  await jsm.consumers.delete('SUBMITTED', 'route-forgetful');

  const clock = jest.spyOn(Date, 'now').mockImplementation(() => performance.timeOrigin + performance.now() - 300_000);
  const late = await openQueue({ url: nats.url, name: 'late', log });
  const last = submitted('the last');
  ours.add(last.message.id);
  await late.publish(last);
  const again = await work(late);
  await until(() => again.handled.includes(last.message.id) && again.worker.unsettled === 0);
  clock.mockRestore();
  await again.worker.stop(1_000);
  await late.close();
  expect(again.handled).toEqual([last.message.id]);
}, 30_000);

test('a message returned after it was sent is stored once for each attempt, however often it is published', async () => {
  const { message } = submitted('returned');
  const returned = (attempt: number, why: MessageReturned['why'] = 'undelivered'): MessageReturned => ({
    type: 'message.returned',
    at: Date.now(),
    by: 'dlr-forwarder',
    message,
    route: 'r',
    attempt,
    tried: ['demo'],
    cascade: { attemptsMax: 3 },
    why,
    ending: { state: 'undelivered', reason: 'undelivered' },
  });
  const records = async () =>
    (await jsm.streams.info('OUTCOMES', { subjects_filter: `message.returned.after.${message.id}.>` })).state.subjects ?? {};
  await Promise.all([queue.publish(returned(1)), queue.publish(returned(1))]);
  await queue.publish({ ...returned(1, 'no_receipt'), at: Date.now() + 1 });
  await queue.publish(returned(2));
  expect(await records()).toEqual({
    [`message.returned.after.${message.id}.1`]: 1,
    [`message.returned.after.${message.id}.2`]: 1,
  });
  expect(queue.publishesPending).toBe(0);
});

test('a reader by position sees every record once, in order, though its transaction fails now and then and it starts again', async () => {
  const from = await queue.lastSeq('SUBMITTED');
  const events = Array.from({ length: 50 }, (_, i) => submitted(`position ${i}`));
  let position = from;
  const posted: string[] = [];
  let calls = 0;
  const reader = () =>
    queue.readFromPosition({
      stage: 'charge',
      stream: 'SUBMITTED',
      gatherMs: 1,
      eventsMax: 5,
      position: async () => position,
      async handle(deliveries, upTo) {
        if (++calls % 3 === 1) throw new Error('the database is away');
        for (const { event } of deliveries) posted.push(event.message.id);
        position = upTo;
      },
    });
  const first = reader();
  for (const event of events.slice(0, 25)) await queue.publish(event);
  expect(await first.caughtUp(10_000)).toBe(true);
  await first.stop();
  for (const event of events.slice(25)) await queue.publish(event);
  const second = reader();
  expect(await second.caughtUp(10_000)).toBe(true);
  await second.stop();
  expect(posted).toEqual(events.map((event) => event.message.id));
});

test('a question is answered by one of the service, and has no answer when nobody serves', async () => {
  await queue.answer<{ n: number }>('test.double', 'test', ({ n }) => ({ n: n * 2 }));
  expect(await queue.ask('test.double', { n: 21 }, 1_000)).toEqual({ n: 42 });
  expect(await queue.ask('test.nobody', {}, 200)).toBeUndefined();
});

test('trimming waits for every reader, then takes what is older than the replay window', async () => {
  await queue.trim(0);
  const untrimmed = (await jsm.streams.info('SUBMITTED')).state;
  // route and log have readers of their own in this file, but charge's cursor is behind: nothing may go beyond it
  expect(untrimmed.messages).toBeGreaterThan(0);

  const done1 = async (stage: 'route' | 'log'): Promise<void> => {
    const { changed, until } = waiter();
    let last = 0;
    const worker = await queue.workInBatches({
      stage,
      stream: 'SUBMITTED',
      eventsInFlightMax: 10_000,
      gatherMs: 1,
      handle(deliveries) {
        last = Math.max(last, ...deliveries.map(({ record }) => record.seq));
        changed();
        return deliveries.map(() => done());
      },
    });
    const end = await queue.lastSeq('SUBMITTED');
    await until(() => last >= end);
    await worker.stop(1_000);
  };
  const charged = async (): Promise<void> => {
    const reader = queue.readFromPosition({
      stage: 'charge',
      stream: 'SUBMITTED',
      gatherMs: 1,
      eventsMax: 100,
      position: async () => 0,
      async handle() {},
    });
    expect(await reader.caughtUp(10_000)).toBe(true);
    await reader.stop();
  };
  for (const { name } of await jsm.consumers.list('SUBMITTED').next()) await jsm.consumers.delete('SUBMITTED', name);
  await Promise.all([done1('route'), done1('log')]);
  await charged();

  // a report that waits for a tenant who is not bound holds up nothing
  const { message } = submitted('reported');
  await queue.publish({ type: 'report.due', at: Date.now(), message: headOf(message), state: 'delivered', doneAtMs: Date.now() });
  expect(await queue.trim(3_600_000)).not.toHaveProperty('SUBMITTED');
  await queue.publish(submitted('keeps the stream from being empty'));
  const { SUBMITTED: trimmed } = await queue.trim(0);
  expect(trimmed).toBeGreaterThan(0);
  expect((await jsm.streams.info('SUBMITTED')).state.messages).toBeLessThanOrEqual(1);

  // what is done does not take the room of what is new
  await Promise.all(Array.from({ length: 10 }, (_, i) => queue.publish(submitted(`fills ${i}`))));
  await Promise.all([done1('route'), done1('log')]);
  await charged();
  const { bytes } = (await jsm.streams.info('SUBMITTED')).state;
  const holding = async (max_bytes: number) => {
    await jsm.streams.update('SUBMITTED', { max_bytes });
    return queue.trim(3_600_000);
  };
  expect(await holding(2 * bytes)).not.toHaveProperty('SUBMITTED');
  expect(await holding(2 * bytes - 2)).toHaveProperty('SUBMITTED');
  expect((await jsm.streams.info('SUBMITTED')).state.messages).toBe(0);
  await holding(2 * 1024 ** 3);
});

test('a full stream refuses at once and says that nothing was stored', async () => {
  await jsm.streams.update('SUBMITTED', { max_bytes: 1 });
  await expect(queue.publish(submitted('too much'))).rejects.toMatchObject({ stored: 'no' });
  await jsm.streams.update('SUBMITTED', { max_bytes: 2 * 1024 ** 3 });
  await queue.publish(submitted('there is room again'));
});

test('what a stage gives is published again until the stream takes it: then the event is done, and its outcome stored once', async () => {
  const told: string[] = [];
  const changes = waiter();
  const failing = await openQueue({
    url: nats.url,
    name: 'failing',
    log: { ...log, error: (_: unknown, text: string) => (told.push(text), changes.changed()) },
  });
  const stored = new Set<string>();
  const texts = ['refused 1', 'refused 2', 'refused 3'];
  await jsm.streams.update('ROUTED', { max_bytes: 1 });
  const worker = await failing.workEach({
    stage: 'route',
    stream: 'SUBMITTED',
    share: 'failing',
    eventsInFlightMax: 100,
    async handle({ event }) {
      if (event.type !== 'message.submitted' || !texts.includes(textOf(event))) return done();
      return done({ type: 'message.routed', at: Date.now(), message: event.message, connector: 'c1', route: 'r1' });
    },
    onStored({ event }) {
      if (event.type === 'message.submitted' && texts.includes(textOf(event))) stored.add(textOf(event));
      changes.changed();
    },
  });
  const before = await queue.lastSeq('ROUTED');
  await Promise.all(texts.map((text) => queue.publish(submitted(text))));
  await changes.until(() => told.length >= texts.length);
  expect([new Set(told), stored.size]).toEqual([new Set(['outcome not stored, publishing it again']), 0]);
  await jsm.streams.update('ROUTED', { max_bytes: -1 });
  await changes.until(() => stored.size === texts.length);
  expect(worker.unsettled).toBe(0);
  const routed = await jsm.streams.getMessage('ROUTED', { last_by_subj: 'message.routed.c1.normal' });
  expect([routed?.seq, (await queue.lastSeq('ROUTED')) - before]).toEqual([before + 1, 1]);
  await failing.close();
});

function textOf({ message: { content } }: MessageSubmitted): string {
  return content.kind === 'text' ? content.text : '';
}
