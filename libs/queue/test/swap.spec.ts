import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { startNats, type NatsServer } from '@heliograph/embedded';
import { done, newId, type MessageDue } from '@heliograph/message';
import { openQueue, QueueUnavailableError, type Queue, type Waiting, type Waits } from '../src/index.ts';
import { createPublisher } from '../src/publisher.ts';
import { createReads } from '../src/reads.ts';
import { createWaits } from '../src/waiting.ts';
import { due } from './due.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let nats: NatsServer;
let queue: Queue;
let connection: NatsConnection;
/** What was handed out; `told` looks at it whenever something was. */
const handed: { id: string; text: string }[] = [];
let told = (): void => {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'swap-'));
  nats = await startNats({ dataDir: join(folder, 'nats') });
  queue = await openQueue({ url: nats.url, name: 'test', log });
  const { username, password, host } = new URL(nats.url);
  connection = await connect({ servers: host, user: username, pass: password, maxReconnectAttempts: -1 });
  await queue.workEach({
    stage: 'route',
    stream: 'SCHEDULED',
    eventsInFlightMax: 1_000,
    async handle({ event: { message } }) {
      handed.push({ id: message.id, text: textOf(message) });
      told();
      return done();
    },
  });
}, 60_000);

afterAll(async () => {
  await connection?.close();
  await queue?.close();
  await nats?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

const textOf = ({ content }: MessageDue['message']) => (content.kind === 'text' ? content.text : '');
const textsOf = (id: string) => handed.filter((one) => one.id === id).map(({ text }) => text);

/** Resolves once each of these was handed out. */
function whenHanded(...ids: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    told = () => {
      const there = new Set(handed.map(({ id }) => id));
      if (ids.every((id) => there.has(id))) resolve();
    };
    told();
  });
}

async function scheduled(dueAtMs: number): Promise<Waiting> {
  const event = due(dueAtMs, 'old');
  await queue.publish(event);
  return (await queue.waiting(event.message.id)) as Waiting;
}

/** Resolves when what came due up to now, once or twice, has been handed out. */
async function othersCameDue(): Promise<void> {
  const last = due(Date.now() + 1_200, 'last');
  await queue.publish(last);
  await whenHanded(last.message.id);
}

test('what waits is read, and swapped once for each reading of it; what comes due is the last', async () => {
  const was = await scheduled(Date.now() + 60_000);
  const { id } = was.event.message;
  expect(await queue.waiting(id)).toEqual(was);
  expect(await queue.swapWaiting(was, due(Date.now() + 50_000, 'second', id))).toBe(true);
  expect(await queue.swapWaiting(was, due(Date.now() + 40_000, 'of who came too late', id))).toBe(false);
  const second = (await queue.waiting(id)) as Waiting;
  expect(textOf(second.event.message)).toBe('second');
  // scheduled again, as by a router that did not hear that it was scheduled
  await queue.publish(was.event);
  expect(await queue.waiting(id)).toEqual(second);
  expect(await queue.swapWaiting(second, due(Date.now() - 1_000, 'third', id))).toBe(true);
  await whenHanded(id);
  expect(await queue.waiting(id)).toBeUndefined();
  expect(await queue.swapWaiting(second, due(Date.now() + 2_000, 'fourth', id))).toBe(false);
  await othersCameDue();
  expect(textsOf(id)).toEqual(['third']);
}, 20_000);

test('of many who swap the same at once, one wins, and its own comes due', async () => {
  const was = await scheduled(Date.now() + 60_000);
  const { id } = was.event.message;
  const texts = Array.from({ length: 20 }, (_, i) => `of ${i}`);
  const won = await Promise.all(texts.map((text) => queue.swapWaiting(was, due(Date.now(), text, id))));
  expect(won.filter(Boolean)).toHaveLength(1);
  await whenHanded(id);
  expect(textsOf(id)).toEqual([texts[won.indexOf(true)]]);
}, 20_000);

test('nothing waits of a message that is unknown', async () => {
  expect(await queue.waiting(newId())).toBeUndefined();
});

/** As of a machine whose clock is behind or whose publishes take long: nothing keeps its swaps from the moment at which the old ones come due. */
async function swapsWithoutMargin(): Promise<Waits> {
  const publisher = createPublisher({ js: jetstream(connection), log });
  return createWaits({ reads: createReads(await jetstreamManager(connection), 1), publisher, now: () => Date.now() - 3_000 });
}

test('swaps that meet the alarm: what was answered is what came due, each once', async () => {
  const seed = Number(process.env['SWAP_SEED'] ?? randomInt(2 ** 31));
  console.info(`SWAP_SEED=${seed}`);
  const random = createRandom(seed);
  const { swapWaiting } = await swapsWithoutMargin();
  const dueAtMs = Date.now() + 3_000;
  const all = await Promise.all(Array.from({ length: 400 }, () => scheduled(dueAtMs)));
  const answers = await Promise.all(
    all.map(async (was) => {
      const { id } = was.event.message;
      await until(dueAtMs - 400 + random() * 600);
      const answer = await swapWaiting(was, due(Date.now() + random() * 500, 'new', id)).catch(unknown);
      return [id, answer] as const;
    }),
  );
  await whenHanded(...answers.map(([id]) => id));
  await othersCameDue();
  const outcomes = answers.map(([id, answer]) => `${answer}: ${textsOf(id).join()}`);
  expect([...new Set(outcomes)].toSorted().filter((one) => !one.startsWith('unknown: '))).toEqual(['false: old', 'true: new']);
  expect(outcomes.filter((one) => /,/.test(one))).toEqual([]);
  // it may take longer than who asks wants to wait, not often
  expect(outcomes.filter((one) => one.startsWith('unknown')).length).toBeLessThan(40);
}, 60_000);

test('kill -9 of nats-server in the middle: the swap is tried until it is known, and comes due once', async () => {
  const was = await scheduled(Date.now() + 60_000);
  const { id } = was.event.message;
  const ended = new Promise<void>((resolve) => nats.onExit(() => resolve()));
  const swapping = queue.swapWaiting(was, due(Date.now(), 'new', id));
  process.kill(nats.pid, 'SIGKILL');
  await ended;
  nats = await startNats({ dataDir: join(folder, 'nats'), port: nats.port });
  expect(await swapping).toBe(true);
  await whenHanded(id);
  await othersCameDue();
  expect(new Set(textsOf(id))).toEqual(new Set(['new']));
}, 60_000);

function unknown(error: unknown): string {
  if (error instanceof QueueUnavailableError) return 'unknown';
  throw error;
}

async function until(atMs: number): Promise<void> {
  while (Date.now() < atMs) await new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - Date.now())));
}

/** mulberry32 */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
