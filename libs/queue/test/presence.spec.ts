import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNats, type NatsServer } from '@heliograph/embedded';
import { openQueue, type Presence, type Queue } from '../src/index.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const options = { bucket: 'sessions', ttlMs: 1_500 };

let folder: string;
let nats: NatsServer;
let queues: [Queue, Queue];
let one: Presence;
let two: Presence;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'presence-'));
  nats = await startNats({ dataDir: join(folder, 'nats') });
  queues = [await openQueue({ url: nats.url, name: 'one', log }), await openQueue({ url: nats.url, name: 'two', log })];
  [one, two] = [await queues[0].presence(options), await queues[1].presence(options)];
}, 60_000);

afterAll(async () => {
  await Promise.all(queues.map((queue) => queue.close()));
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Asks until the answer is this; the time limit of the test ends what never comes. */
async function untilListed(presence: Presence, prefix: string, keys: readonly string[]): Promise<void> {
  while (JSON.stringify((await presence.list(prefix))?.toSorted()) !== JSON.stringify(keys));
}

test('a key is seen by every process from the moment it was added until it is removed', async () => {
  await one.add('acme.pod-1.a');
  await two.add('acme.pod-2.b');
  await one.add('other.pod-1.c');
  expect((await two.list('acme'))?.toSorted()).toEqual(['acme.pod-1.a', 'acme.pod-2.b']);
  await one.remove('acme.pod-1.a');
  expect(await two.list('acme')).toEqual(['acme.pod-2.b']);
  expect(await two.list('acm')).toEqual([]);
  await two.remove('acme.pod-2.b');
  await one.remove('other.pod-1.c');
});

test('a key that is removed while it is being added does not stay', async () => {
  await Promise.all([one.add('quick.pod-1.a'), one.remove('quick.pod-1.a')]);
  expect(await two.list('quick')).toEqual([]);
});

test('keys of a process that was killed vanish, those of one that lives stay', async () => {
  const holder = fork(join(import.meta.dirname, 'hold-presence.ts'), [nats.url, 'killed.pod-3.x'], { execArgv: [] });
  await once(holder, 'message');
  await one.add('killed.pod-1.y');
  expect((await two.list('killed'))?.toSorted()).toEqual(['killed.pod-1.y', 'killed.pod-3.x']);
  holder.kill('SIGKILL');
  await untilListed(two, 'killed', ['killed.pod-1.y']);
  // two times to live later it would be gone
  const beganMs = performance.now();
  while (performance.now() - beganMs < 2 * options.ttlMs) expect(await two.list('killed')).toEqual(['killed.pod-1.y']);
  await one.remove('killed.pod-1.y');
}, 20_000);

test('a process that stops takes its keys with it at once', async () => {
  const queue = await openQueue({ url: nats.url, name: 'three', log });
  const three = await queue.presence({ ...options, ttlMs: options.ttlMs });
  await three.add('stopped.pod-3.x');
  await queue.close();
  expect(await two.list('stopped')).toEqual([]);
});

test('a server that was started anew has forgotten all, and is told again', async () => {
  const dataDir = join(folder, 'restarted');
  const before = await startNats({ dataDir });
  const queue = await openQueue({ url: before.url, name: 'four', log });
  try {
    const four = await queue.presence(options);
    await four.add('anew.pod-4.x');
    await before.stop();
    const after = await startNats({ dataDir, port: before.port });
    try {
      await untilListed(four, 'anew', ['anew.pod-4.x']);
    } finally {
      await queue.close();
      await after.stop();
    }
  } finally {
    await before.stop();
  }
}, 30_000);
