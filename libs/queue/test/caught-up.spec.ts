import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNats, type NatsServer } from '@heliograph/embedded';
import { done, newId, type MessageSubmitted } from '@heliograph/message';
import { openQueue, type Queue } from '../src/index.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const about = { stage: 'log', stream: 'SUBMITTED' } as const;

let folder: string;
let nats: NatsServer;
let one: Queue;
let two: Queue;
/** What the readers have been given; each is done when the test says so. */
const given: (() => void)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caught-up-'));
  nats = await startNats({ dataDir: join(folder, 'nats') });
  one = await openQueue({ url: nats.url, name: 'one', log });
  two = await openQueue({ url: nats.url, name: 'two', log });
}, 60_000);

afterAll(async () => {
  await Promise.all([one?.close(), two?.close()]);
  await nats?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function publish(): Promise<void> {
  const message: MessageSubmitted['message'] = {
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
    content: { kind: 'text', text: 'x' },
  };
  return one.publish({ type: 'message.submitted', at: Date.now(), message });
}

test('a stage that has never read has not caught up', async () => {
  expect(await one.caughtUp({ ...about, withinMs: 200 })).toBe(false);
});

test('a stage has caught up when all that was published before is done, whichever process did it; the question leaves nothing behind', async () => {
  const read = () => new Promise<ReturnType<typeof done>>((resolve) => given.push(() => resolve(done())));
  await one.workEach({ ...about, eventsInFlightMax: 100, handle: read });
  expect(await two.caughtUp({ ...about, withinMs: 2_000 })).toBe(true);
  for (let i = 1; i <= 3; i++) {
    await publish();
    expect(await two.caughtUp({ ...about, withinMs: 150 })).toBe(false);
    const asked = two.caughtUp({ ...about, withinMs: 5_000 });
    while (given.length < i) await two.lastSeq('SUBMITTED');
    for (const finish of given) finish();
    expect(await asked).toBe(true);
  }
  expect([await one.lastSeq('SUBMITTED'), given.length]).toEqual([3, 3]);
});

test('nobody can say while nats-server is away', async () => {
  await nats.stop();
  expect(await two.caughtUp({ ...about, withinMs: 200 })).toBe(false);
  nats = await startNats({ dataDir: join(folder, 'nats'), port: nats.port });
}, 20_000);
