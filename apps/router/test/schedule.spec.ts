import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { HeliographEvent, MessageRouted } from '@heliograph/message';
import { done } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { createLog, parseConfig, type Running } from '@heliograph/service';
import { createHeard, eventually, seedTenant, startServers, testMessage, testTenant, type TestServers } from '@heliograph/testbed';
import { config as schema } from '../src/config.ts';
import { start } from '../src/start.ts';

const log = createLog({ name: 'test', level: 'silent', instance: 'test' });
let servers: TestServers;
let queue: Queue;
let router: Running | undefined;
const heard = createHeard<HeliographEvent & { heardAtMs: number }>();

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'] });
  await seedTenant(servers.databaseUrl);
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log });
  for (const stream of ['ROUTED', 'OUTCOMES'] as const) {
    await queue.workEach({
      stage: 'log',
      stream,
      eventsInFlightMax: 1_000,
      async handle({ event }) {
        heard.hear({ ...event, heardAtMs: Date.now() });
        return done();
      },
    });
  }
}, 60_000);

afterAll(async () => {
  await router?.stop();
  await queue?.close();
  await servers?.stop();
}, 30_000);

async function startRouter(): Promise<Running> {
  const parsed = parseConfig(schema, { DATABASE_URL: servers.databaseUrl, NATS_URL: servers.natsUrl });
  if (!parsed.ok) throw new Error(parsed.errors.join());
  return start({ name: 'router', instance: 'test', config: parsed.config, log });
}

async function submit(waitMs: number | undefined) {
  const now = Date.now();
  const message = testMessage({
    acceptedAtMs: now,
    validUntilMs: now + 60_000,
    ...(waitMs === undefined ? {} : { sendAtMs: now + waitMs }),
  });
  await queue.publish({ type: 'message.submitted', at: now, message });
  return message;
}

const of = (id: string) => heard.all.filter((event) => 'message' in event && event.message.id === id);
const whenRouted = async (id: string) => {
  const [event] = await heard.until((one) => one.type === 'message.routed' && one.message.id === id);
  return event as MessageRouted & { heardAtMs: number };
};

test('a message with a time is scheduled at once, routed once at its time and never before; others do not wait for it', async () => {
  router = await startRouter();
  const waits = await submit(2_000);
  const [, routedAtOnce] = await Promise.all([
    heard.until((event) => event.type === 'message.scheduled' && event.message.id === waits.id),
    submit(undefined).then(({ id }) => whenRouted(id)),
  ]);
  expect(routedAtOnce.heardAtMs).toBeLessThan(waits.sendAtMs as number);
  const routed = await whenRouted(waits.id);
  expect(routed.at).toBeGreaterThanOrEqual((waits.sendAtMs as number) - 50);
  expect(routed).toMatchObject({ message: waits, connector: testTenant.connector, cause: { stream: 'SCHEDULED' } });
  // one that comes due later: by then the first would have come again
  await whenRouted((await submit(1_500)).id);
  expect(of(waits.id).map(({ type }) => type)).toEqual(['message.scheduled', 'message.routed']);
}, 30_000);

test('a message that comes due while no router is there is routed once by the next, also when it was handed to it twice', async () => {
  const waits = await submit(1_500);
  await heard.until((event) => event.type === 'message.scheduled' && event.message.id === waits.id);
  await router?.stop();
  // as after a crash before the acknowledgement and before what it gave was stored: the same submission once more
  await queue.publish({ type: 'message.submitted', at: Date.now(), message: waits });
  await eventually('its time has passed', () => Date.now() > (waits.sendAtMs as number) + 200);
  router = await startRouter();
  await whenRouted(waits.id);
  await whenRouted((await submit(1_500)).id);
  expect(of(waits.id).filter(({ type }) => type === 'message.routed')).toHaveLength(1);
}, 30_000);
