import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNats, type NatsServer } from '@heliograph/embedded';
import { done, headOf, newId, type MessageRouted, type Outcome, type TakenBy } from '@heliograph/message';
import { openQueue, type Delivery, type EachWorkerOptions, type Queue, type Worker } from '../src/index.ts';
import { due } from './due.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
type Taken = TakenBy<'deliver'>;

let folder: string;
let nats: NatsServer;
let queue: Queue;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aside-'));
  nats = await startNats({ dataDir: join(folder, 'nats') });
  queue = await openQueue({ url: nats.url, name: 'test', log });
}, 60_000);

afterAll(async () => {
  await queue?.close();
  await nats?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function routed(connector: string): MessageRouted {
  const { message } = due(Date.now(), 'text', newId());
  return { type: 'message.routed', at: Date.now(), message: { ...message, tenant: 'large', class: 'normal' }, connector, route: '' };
}

const sent = ({ event: { message, connector } }: Delivery<Taken>): Outcome =>
  done({ type: 'message.sent', at: Date.now(), message: headOf(message), connector, group: '', providerIds: [] });
const setAside = ({ event }: Delivery<Taken>): Outcome => done({ ...event, type: 'message.backlogged' });

/** The reader of all, and that of the tenant, as a connector has them. */
function readers(connector: string): Record<'all' | 'own', Omit<EachWorkerOptions<'deliver'>, 'handle'>> {
  const outcomes = { stream: 'OUTCOMES', subjects: [`message.sent.${connector}`] } as const;
  const base = { stage: 'deliver', eventsInFlightMax: 1_000 } as const;
  const own = `message.backlogged.${connector}.normal.large`;
  return {
    all: {
      ...base,
      stream: 'ROUTED',
      share: connector,
      subjects: [`message.routed.${connector}.normal`],
      skipSettled: [{ stream: 'BACKLOG', subjects: [own] }, outcomes],
    },
    own: { ...base, stream: 'BACKLOG', share: connector, subjects: [own], skipSettled: [outcomes], forgottenAfterMs: 60_000 },
  };
}

/** Resolves with the worker when so many outcomes are on disk. */
async function work(
  through: Queue,
  options: Omit<EachWorkerOptions<'deliver'>, 'handle'>,
  handle: (delivery: Delivery<Taken>) => Outcome | Promise<Outcome>,
  storedMin: number,
): Promise<Worker> {
  let stored = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onStored = (): void => {
    if (++stored === storedMin) resolve();
  };
  const worker = await through.workEach({ ...options, handle: async (delivery) => handle(delivery), onStored });
  if (storedMin > 0) await promise;
  return worker;
}

/** Acknowledgements take a moment. */
async function backlogEmpty(): Promise<void> {
  while ((await queue.subjects('BACKLOG')).length > 0) await queue.lastSeq('BACKLOG');
}

const never = new Promise<Outcome>(() => {});

test('kill in the middle of a record: what is set aside, and what was set aside, sent and forgotten, is not done again', async () => {
  const events = Array.from({ length: 30 }, () => routed('killed'));
  const ids = events.map(({ message }) => message.id);
  await Promise.all(events.map((event) => queue.publish(event)));
  const { all, own } = readers('killed');

  const dying = await openQueue({ url: nats.url, name: 'dying', log });
  // ten are set aside and sent, and their record has gone; then ten more are set aside; ten are in work when it dies
  const first = new Set(ids.slice(0, 10));
  const second = new Set(ids.slice(10, 20));
  const gate = Promise.withResolvers<void>();
  let tenMore = 0;
  const more = Promise.withResolvers<void>();
  const reading = await dying.workEach({
    ...all,
    async handle(delivery) {
      const { id } = delivery.event.message;
      if (first.has(id)) return setAside(delivery);
      if (!second.has(id)) return never;
      await gate.promise;
      return setAside(delivery);
    },
    onStored: ({ event }) => void (second.has(event.message.id) && ++tenMore === 10 && more.resolve()),
  });
  const sending = await work(dying, own, sent, 10);
  await sending.stop(1_000);
  await backlogEmpty();
  gate.resolve();
  await more.promise;
  await reading.stop(0);
  await dying.close();

  const again: string[] = [];
  const rest = await work(queue, all, (delivery) => (again.push(delivery.event.message.id), sent(delivery)), 10);
  const aside: string[] = [];
  const ofOwn = await work(queue, own, (delivery) => (aside.push(delivery.event.message.id), sent(delivery)), 10);
  await Promise.all([rest.stop(1_000), ofOwn.stop(1_000)]);
  expect(again.toSorted()).toEqual(ids.slice(20).toSorted());
  expect(aside.toSorted()).toEqual(ids.slice(10, 20).toSorted());
  await backlogEmpty();
}, 30_000);

test('kill in the middle of what was set aside: the rest of it is sent, once', async () => {
  const events = Array.from({ length: 20 }, () => routed('resumed'));
  await Promise.all(events.map((event) => queue.publish(event)));
  const { all, own } = readers('resumed');
  const moving = await work(queue, all, setAside, 20);
  await moving.stop(1_000);

  const dying = await openQueue({ url: nats.url, name: 'dying', log });
  const before: string[] = [];
  const sending = await work(dying, own, (delivery) => (before.push(delivery.event.message.id) <= 5 ? sent(delivery) : never), 5);
  await sending.stop(0);
  await dying.close();

  await readByOthers();
  await queue.trim(0);
  expect(await queue.subjects('OUTCOMES', 'message.sent.resumed')).toHaveLength(1);

  const after: string[] = [];
  const rest = await work(queue, own, (delivery) => (after.push(delivery.event.message.id), sent(delivery)), 15);
  await rest.stop(1_000);
  expect(new Set([...before.slice(0, 5), ...after]).size).toBe(20);
  expect(after).toHaveLength(15);
  // nothing is set aside any more: nobody will look
  await readByOthers();
  await queue.trim(0);
  expect(await queue.subjects('OUTCOMES', 'message.sent.resumed')).toEqual([]);
}, 30_000);

/** Everybody else has read everything: what is kept now is kept for who looks there after a crash. */
async function readByOthers(): Promise<void> {
  for (const [stage, stream] of [
    ['log', 'ROUTED'],
    ['log', 'OUTCOMES'],
    ['report', 'OUTCOMES'],
    ['route', 'OUTCOMES'],
  ] as const) {
    const reader = await queue.workInBatches({
      stage,
      stream,
      eventsInFlightMax: 1_000,
      gatherMs: 0,
      handle: (deliveries) => deliveries.map(() => done()),
    });
    expect(await queue.caughtUp({ stage, stream, withinMs: 10_000 })).toBe(true);
    await reader.stop(1_000);
  }
}

test('a worker tells what nobody has been handed yet, by what its records had', async () => {
  const { all } = readers('behind');
  await Promise.all(Array.from({ length: 4 }, () => queue.publish(routed('behind'))));
  const worker = await work(queue, { ...all, eventsInFlightMax: 1 }, () => never, 0);
  while (worker.unsettled === 0) await queue.lastSeq('ROUTED');
  expect(await worker.backlog()).toEqual({ records: 0, events: 0 });
  const [storedAtMs, unsettledAtMs] = [Date.now(), await worker.oldestUnsettledAtMs()];
  expect(Math.abs((unsettledAtMs as number) - storedAtMs)).toBeLessThan(1_000);
  const atMs = Date.now();
  for (let i = 0; i < 3; i++) await queue.publish(routed('behind'));
  const { records, events, oldestAtMs } = await worker.backlog();
  expect([records, events]).toEqual([3, 12]);
  expect(Math.abs((oldestAtMs as number) - atMs)).toBeLessThan(1_000);
  await worker.stop(0);
});
