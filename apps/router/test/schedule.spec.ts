import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openChanges, type Cancel, type Replace } from '@heliograph/accept';
import {
  done,
  historySubjects,
  type HeliographEvent,
  type Message,
  type MessageQuestion,
  type MessageRouted,
  type MessageState,
} from '@heliograph/message';
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

/** message-log, as far as changes ask it: states of what was submitted here. */
const states: Partial<Record<HeliographEvent['type'], MessageState>> = {
  'message.scheduled': 'scheduled',
  'message.routed': 'routed',
  'message.failed': 'cancelled',
};

async function openChanging(): Promise<Cancel & Replace> {
  await queue.answer<MessageQuestion>(historySubjects.get, 'message-log', ({ tenant, id }) => {
    const mine = of(id).filter((event) => 'message' in event && event.message.tenant === tenant);
    const state = mine.map(({ type }) => states[type]).findLast((one) => one !== undefined);
    return state === undefined ? {} : { message: { id, state } };
  });
  return openChanges(queue);
}

const newText = () => ({ ok: true, replacement: { content: { kind: 'text', text: 'new' } } }) as const;

async function submitScheduled(waitMs: number): Promise<Message> {
  const message = await submit(waitMs);
  await heard.until((event) => event.type === 'message.scheduled' && event.message.id === message.id);
  return message;
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

test('a message that is replaced while it waits is routed once, with the new text, also when its submission is handed out again', async () => {
  const { replace, cancel } = await openChanging();
  const waits = await submitScheduled(2_500);
  const question = { tenant: waits.tenant, id: waits.id };
  expect(await replace({ ...question, tenant: 'other' }, newText)).toEqual({ kind: 'not_found' });
  expect(await replace(question, newText)).toMatchObject({ kind: 'replaced' });
  await heard.until((event) => event.type === 'message.replaced' && event.message.id === waits.id);
  // its router died before it heard that it was scheduled
  await queue.publish({ type: 'message.submitted', at: Date.now(), message: waits });
  const routed = await whenRouted(waits.id);
  expect(routed.message).toEqual({ ...waits, content: { kind: 'text', text: 'new' } });
  expect(await replace(question, newText)).toEqual({ kind: 'not_replaceable' });
  await whenRouted((await submit(1_500)).id);
  expect(of(waits.id).filter(({ type }) => type === 'message.routed')).toHaveLength(1);

  const cancelled = await submitScheduled(60_000);
  await cancel({ tenant: cancelled.tenant, id: cancelled.id });
  expect(await replace({ tenant: cancelled.tenant, id: cancelled.id }, newText)).toEqual({ kind: 'not_replaceable' });
}, 30_000);

test('a message that is cancelled while it waits ends within a second, though its time is far, and is not routed', async () => {
  const { cancel } = await openChanging();
  const waits = await submitScheduled(3_600_000);
  const askedAtMs = Date.now();
  expect(await cancel({ tenant: waits.tenant, id: waits.id })).toMatchObject({ kind: 'cancelled' });
  const [failed] = await heard.until((event) => event.type === 'message.failed' && event.message.id === waits.id);
  expect(failed).toMatchObject({ state: 'cancelled', reason: 'cancelled', by: 'router' });
  expect((failed as { heardAtMs: number }).heardAtMs - askedAtMs).toBeLessThan(1_000);
  await whenRouted((await submit(1_500)).id);
  expect(of(waits.id).map(({ type }) => type)).toEqual(['message.scheduled', 'message.failed']);
}, 30_000);
