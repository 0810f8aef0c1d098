import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cancelledMarks, done, type HeliographEvent, type Message } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { createLog, readConfig, type Running } from '@heliograph/service';
import { createHeard, seedTenant, startServers, testMessage, type TestServers } from '@heliograph/testbed';
import { config as schema } from '../src/config.ts';
import { start } from '../src/start.ts';

const log = createLog({ name: 'test', level: 'silent', instance: 'test' });
let servers: TestServers;
let queue: Queue;
let router: Running | undefined;
const heard = createHeard<HeliographEvent>();

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'], syncAlways: false });
  await seedTenant(servers.databaseUrl);
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log });
  for (const [stage, stream] of [
    ['log', 'ROUTED'],
    ['log', 'OUTCOMES'],
    ['report', 'RECEIPTS'],
  ] as const) {
    await queue.workEach({
      stage,
      stream,
      eventsInFlightMax: 1_000,
      async handle({ event }) {
        heard.hear(event);
        return done();
      },
    });
  }
  router = await startRouter();
}, 60_000);

afterAll(async () => {
  await router?.stop();
  await queue?.close();
  await servers?.stop();
}, 30_000);

function startRouter(): Promise<Running> {
  const config = readConfig(schema, { DATABASE_URL: servers.databaseUrl, NATS_URL: servers.natsUrl });
  return start({ name: 'router', instance: 'test', config, log });
}

async function submit(to: string, special: Partial<Message> = {}): Promise<Message> {
  const now = Date.now();
  const charge = { lease: '', microCredits: '0' };
  const message = testMessage({ to, test: true, charge, acceptedAtMs: now, validUntilMs: now + 60_000, ...special });
  await queue.publish({ type: 'message.submitted', at: now, message });
  return message;
}

const isOf = (id: string) => (event: HeliographEvent) =>
  event.type === 'receipt.received' ? event.providerId.startsWith(id) : 'message' in event && event.message.id === id;

test('a test message is sent and receipted within the platform, each event once and with its cause', async () => {
  const { id } = await submit('+15550100001', { segments: 2 });
  const last = await heard.until((event) => event.type === 'receipt.received' && event.providerId === `${id}-2`);
  expect(last).toMatchObject([{ state: 'delivered', cause: { stream: 'ROUTED' } }]);
  const [routed] = await heard.until((event) => event.type === 'message.routed' && isOf(id)(event));
  expect(routed).toMatchObject({ connector: 'test', route: 'test' });
  const [sent] = await heard.until((event) => event.type === 'message.sent' && isOf(id)(event));
  expect(sent).toMatchObject({ connector: 'test', group: 'test', providerIds: [`${id}-1`, `${id}-2`], cause: { stream: 'ROUTED' } });
  expect(heard.all.filter(isOf(id))).toHaveLength(4);
}, 30_000);

test('steps that are to come are taken by the next router when this one is stopped', async () => {
  const { id } = await submit('+15550100008');
  await heard.until((event) => event.type === 'message.sent' && isOf(id)(event));
  await router?.stop();
  router = await startRouter();
  await heard.until((event) => event.type === 'receipt.received' && event.state === 'delivered' && isOf(id)(event));
  const states = heard.all.filter(isOf(id)).flatMap((event) => (event.type === 'receipt.received' ? [event.state] : []));
  expect(new Set(states)).toEqual(new Set(['sent', 'delivered']));
}, 30_000);

test('a test message that waits for its provider is cancelled as soon as it is marked', async () => {
  const { id } = await submit('+15550100009');
  await heard.until((event) => event.type === 'message.routed' && isOf(id)(event));
  await (await queue.marks(cancelledMarks)).put(id);
  const [failed] = await heard.until((event) => event.type === 'message.failed' && isOf(id)(event));
  expect(failed).toMatchObject({ by: 'test', state: 'cancelled', reason: 'cancelled' });
}, 30_000);
