import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { startNats, type NatsServer } from '@heliograph/embedded';
import { done, newId, recordVersion, type Message, type MessageSubmitted } from '@heliograph/message';
import { openQueue, type Queue } from '../src/index.ts';

/** A logger that keeps quiet; what goes wrong shows in what a test waits for. */
const log = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let nats: NatsServer;
let queue: Queue;
let connection: NatsConnection;
let jsm: JetStreamManager;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'queue-versions-'));
  nats = await startNats({ dataDir: join(folder, 'nats') });
  queue = await openQueue({ url: nats.url, name: 'test', log });
  const { username, password, host } = new URL(nats.url);
  connection = await connect({ servers: host, user: username, pass: password });
  jsm = await jetstreamManager(connection);
}, 60_000);

afterAll(async () => {
  await connection?.close();
  await queue?.close();
  await nats?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function submitted(): MessageSubmitted {
  const message: Message = {
    id: newId(),
    tenant: 'acme',
    credential: 'acme-smpp',
    door: 'smpp',
    from: { addr: 'Acme', ton: 5, npi: 0 },
    to: '+15551234567',
    class: 'normal',
    segments: 1,
    acceptedAtMs: Date.now(),
    validUntilMs: Date.now() + 60_000,
    registeredDelivery: 1,
    charge: { lease: 'l1', microCredits: '1000000' },
    content: { kind: 'text', text: 'hello' },
  };
  return { type: 'message.submitted', at: Date.now(), message };
}

/** Resolves at the first of the calls of `happened`. */
function first() {
  const { promise: before, resolve: happened } = Promise.withResolvers<void>();
  return { before, happened };
}

/** As a process of a newer version publishes it. */
const publishNewer = (event: object) => jetstream(connection).publish('message.submitted.normal', JSON.stringify([event]));

test.each([
  ['needs more than this version knows', { ...submitted(), needs: recordVersion + 1 }],
  ['has a type that this version does not know', { ...submitted(), type: 'message.renewed' }],
])('an event that %s is neither done nor buried: it stays for a process of the newer version', async (_, newer) => {
  const seen: string[] = [];
  const { before: known, happened } = first();
  const options = { stage: 'route', stream: 'SUBMITTED', eventsInFlightMax: 100 } as const;
  const worker = await queue.workEach({
    ...options,
    handle: async ({ event }) => {
      if (event.type === 'message.submitted') seen.push(event.message.id);
      happened();
      return done();
    },
  });
  await publishNewer(newer);
  const event = submitted();
  await queue.publish(event);
  await known;
  expect(seen).toEqual([event.message.id]);
  await worker.stop(1_000);

  expect((await jsm.streams.info('DEAD')).state.messages).toBe(0);
  const ofNewer = await jetstream(connection).consumers.get('SUBMITTED', 'route');
  const record = await ofNewer.next({ expires: 10_000 });
  expect(record?.json()).toEqual([newer]);
  await record?.ackAck();
});

test('who reads by position stops before a record of a newer version, with all that is before it done, and goes on once it can read it', async () => {
  const from = await queue.lastSeq('SUBMITTED');
  let position = from;
  const seen: number[] = [];
  const { before: handled, happened } = first();
  const reader = queue.readFromPosition({
    stage: 'charge',
    stream: 'SUBMITTED',
    position: () => Promise.resolve(position),
    handle: (deliveries, upTo) => {
      for (const { record } of deliveries) seen.push(record.seq);
      position = upTo;
      happened();
      return Promise.resolve();
    },
    gatherMs: 100,
    eventsMax: 1_000,
  });
  await queue.publish(submitted());
  await publishNewer({ ...submitted(), needs: recordVersion + 1 });
  await queue.publish(submitted());
  await handled;
  expect([...seen]).toEqual([from + 1]);
  // in its place: a process that reads on behind it, as the newer one would have dealt with it
  position = from + 2;
  expect(await reader.caughtUp(15_000)).toBe(true);
  await reader.stop();
  expect(seen).not.toContain(from + 2);
});

test('a process of an older version that starts takes neither subjects from a stream nor events from a reader', async () => {
  const subjects = [...(await jsm.streams.info('OUTCOMES')).config.subjects, 'message.renewed.>'];
  await jsm.streams.update('OUTCOMES', { subjects });
  const options = { stage: 'log', stream: 'OUTCOMES', eventsInFlightMax: 100, gatherMs: 0, handle: () => [] } as const;
  await (await queue.workInBatches(options)).stop(0);
  const { filter_subjects: filters = [] } = (await jsm.consumers.info('OUTCOMES', 'log')).config;
  await jsm.consumers.update('OUTCOMES', 'log', { filter_subjects: [...filters, 'message.renewed.>'] });

  const older = await openQueue({ url: nats.url, name: 'older', log });
  await (await older.workInBatches(options)).stop(0);
  await older.close();
  expect((await jsm.streams.info('OUTCOMES')).config.subjects).toContain('message.renewed.>');
  expect((await jsm.consumers.info('OUTCOMES', 'log')).config.filter_subjects).toEqual([...filters, 'message.renewed.>']);
});
