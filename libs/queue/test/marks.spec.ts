import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNats, type NatsServer } from '@heliograph/embedded';
import { openQueue, QueueUnavailableError, type Marks, type Queue } from '../src/index.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const options = { bucket: 'cancelled', ttlMs: 60_000 };

let folder: string;
let nats: NatsServer;
let queues: [Queue, Queue];
let one: Marks;
let two: Marks;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'marks-'));
  nats = await startNats({ dataDir: join(folder, 'nats') });
  queues = [await openQueue({ url: nats.url, name: 'one', log }), await openQueue({ url: nats.url, name: 'two', log })];
  [one, two] = [await queues[0].marks(options), await queues[1].marks(options)];
}, 60_000);

afterAll(async () => {
  await Promise.all(queues.map((queue) => queue.close()));
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves when the mark is put from now on. */
function heard(marks: Marks, key: string): Promise<void> {
  return new Promise((resolve) => {
    const end = marks.onPut((put) => {
      if (put !== key) return;
      end();
      resolve();
    });
  });
}

test('a mark is known to every process, and told to each, also when it is put again', async () => {
  const told = [heard(one, 'a'), heard(two, 'a')];
  await one.put('a');
  await Promise.all(told);
  expect([one.has('a'), two.has('a'), two.has('b')]).toEqual([true, true, false]);
  const again = heard(one, 'a');
  await two.put('a');
  await again;
});

test('whoever opens the marks has all that were stored before, however many, and is told of none of them', async () => {
  const keys = Array.from({ length: 1_000 }, (_, i) => `many-${i}`);
  await Promise.all(keys.map((key) => one.put(key)));
  const queue = await openQueue({ url: nats.url, name: 'three', log });
  const three = await queue.marks(options);
  expect(keys.every((key) => three.has(key))).toBe(true);
  const told: string[] = [];
  three.onPut((key) => told.push(key));
  const last = heard(three, 'last');
  await one.put('last');
  await last;
  expect(told).toEqual(['last']);
  await queue.close();
});

test('a mark is gone from memory when its time is over and the next one comes', async () => {
  const brief = await queues[0].marks({ bucket: 'brief', ttlMs: 1_000 });
  const first = heard(brief, 'first');
  await brief.put('first');
  await first;
  expect(brief.has('first')).toBe(true);
  // the server's clock decides: put until the first one's time is over by it
  while (brief.has('first')) await brief.put('next');
});

test('nats-server is killed: what was marked stays, and what is marked afterwards is known to whoever had it open', async () => {
  const dataDir = join(folder, 'killed');
  const before = await startNats({ dataDir });
  const queue = await openQueue({ url: before.url, name: 'four', log });
  let after: NatsServer | undefined;
  try {
    const four = await queue.marks(options);
    await four.put('before');
    const ended = new Promise((resolve) => before.onExit(resolve));
    process.kill(before.pid, 'SIGKILL');
    await ended;
    after = await startNats({ dataDir, port: before.port });
    const other = await openQueue({ url: after.url, name: 'five', log });
    const five = await other.marks(options);
    expect(five.has('before')).toBe(true);
    const told = heard(four, 'after');
    await five.put('after');
    await told;
    expect([four.has('before'), four.has('after')]).toEqual([true, true]);
    await other.close();
  } finally {
    await queue.close();
    await after?.stop();
    await before.stop();
  }
}, 60_000);

test('a mark that cannot be stored is refused', async () => {
  const server = await startNats({ dataDir: join(folder, 'away') });
  const queue = await openQueue({ url: server.url, name: 'six', log });
  const marks = await queue.marks(options);
  await server.stop();
  await expect(marks.put('lost')).rejects.toBeInstanceOf(QueueUnavailableError);
  expect(marks.has('lost')).toBe(false);
  // closing waits for a server: any that speaks
  const back = await startNats({ dataDir: join(folder, 'away'), port: server.port });
  await queue.close();
  await back.stop();
}, 60_000);
