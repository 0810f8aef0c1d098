import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { startNats, type NatsServer } from '@heliograph/embedded';
import { done } from '@heliograph/message';
import { openQueue, type Queue } from '../src/index.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let nats: NatsServer;
let queue: Queue;
let other: Queue;
let connection: NatsConnection;
let jsm: JetStreamManager;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'queue-doors-'));
  nats = await startNats({ dataDir: join(folder, 'nats'), syncAlways: false });
  queue = await openQueue({ url: nats.url, name: 'test', log });
  other = await openQueue({ url: nats.url, name: 'other', log });
  const { username, password, host } = new URL(nats.url);
  connection = await connect({ servers: host, ...(username ? { user: username, pass: password } : {}) });
  jsm = await jetstreamManager(connection);
}, 60_000);

afterAll(async () => {
  await connection?.close();
  await other?.close();
  await queue?.close();
  await nats?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('what a stage buries is among the dead letters, with its reason, and cannot pass for another stage', async () => {
  await queue.bury('receive', 'receipt without id', { connector: 'demo', stage: 'route', octets: 'AQI=' });
  const dead = await jsm.streams.getMessage('DEAD', { last_by_subj: 'dead.receive' });
  expect(dead?.json()).toEqual([
    { stage: 'receive', reason: 'receipt without id', at: expect.any(Number), connector: 'demo', octets: 'AQI=' },
  ]);
});

test('who answers is heard by everybody as soon as its promise resolves', async () => {
  for (let i = 0; i < 50; i++) {
    await queue.answer(`doors.question.${i}`, 'doors', () => ({ i }));
    expect(await other.ask(`doors.question.${i}`, {}, 1_000)).toEqual({ i });
  }
});

test('the promise of an answer on a connection that is closed does not stay open', async () => {
  const closing = await openQueue({ url: nats.url, name: 'closing', log });
  const promised = closing.answer('doors.closed', 'doors', () => ({}));
  await closing.close();
  await promised;
});

test('a reader is opened again under its name with another bound, larger and smaller', async () => {
  for (const eventsInFlightMax of [10, 5_000, 2_000]) {
    const worker = await queue.workEach({
      stage: 'deliver',
      stream: 'ROUTED',
      share: 'doors-otp',
      subjects: ['message.routed.doors.otp'],
      eventsInFlightMax,
      handle: async () => done(),
    });
    await worker.stop(0);
    const { config } = await jsm.consumers.info('ROUTED', 'deliver-doors-otp');
    expect(config.max_ack_pending).toBe(Math.max(1_000, eventsInFlightMax));
  }
});

test('the subjects of a stream are those that have records', async () => {
  expect(await queue.subjects('ROUTED')).toEqual([]);
  await connection.request('message.routed.north.otp', '[]');
  expect(await queue.subjects('ROUTED')).toEqual(['message.routed.north.otp']);
});
