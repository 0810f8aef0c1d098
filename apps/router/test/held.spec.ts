import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createReview, openChanges, type Review } from '@heliograph/accept';
import { done, historySubjects, type HeliographEvent, type Message, type MessageQuestion } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { createLog, parseConfig, type Running } from '@heliograph/service';
import { createHeard, seedTenant, startServers, testMessage, testTenant, type TestServers } from '@heliograph/testbed';
import { config as schema } from '../src/config.ts';
import { start } from '../src/start.ts';

const log = createLog({ name: 'test', level: 'silent', instance: 'test' });
let servers: TestServers;
let queue: Queue;
let router: Running | undefined;
let review: Review;
const heard = createHeard<HeliographEvent>();
const operator = { by: 'operator' } as const;
const tenant = { by: 'tenant', tenant: 'acme' } as const;

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
        heard.hear(event);
        return done();
      },
    });
  }
  // message-log, as far as a cancellation asks it
  await queue.answer<MessageQuestion>(historySubjects.get, 'message-log', ({ id }) => {
    const ended = of(id).some(({ type }) => type === 'message.failed');
    return { message: { id, state: ended ? 'cancelled' : 'scheduled' } };
  });
  const parsed = parseConfig(schema, { DATABASE_URL: servers.databaseUrl, NATS_URL: servers.natsUrl });
  if (!parsed.ok) throw new Error(parsed.errors.join());
  router = await start({ name: 'router', instance: 'test', config: parsed.config, log });
  const { cancel, replace } = await openChanges(queue);
  review = createReview({ queue, cancel });
  replaceText = (id) =>
    replace({ tenant: 'acme', id }, () => ({ ok: true, replacement: { content: { kind: 'text', text: 'new' } } }) as const);
}, 60_000);

afterAll(async () => {
  await router?.stop();
  await queue?.close();
  await servers?.stop();
}, 30_000);

let replaceText: (id: string) => Promise<{ kind: string }>;
const of = (id: string) => heard.all.filter((event) => 'message' in event && event.message.id === id);
const when = async (id: string, type: HeliographEvent['type']) =>
  (await heard.until((event) => event.type === type && 'message' in event && event.message.id === id))[0];

async function hold(special: Partial<Message> = {}): Promise<Message> {
  const now = Date.now();
  const message = testMessage({ acceptedAtMs: now, validUntilMs: now + 60_000, held: 'own', ...special });
  await queue.publish({ type: 'message.submitted', at: now, message });
  await when(message.id, 'message.scheduled');
  return message;
}

test('a held message waits, and goes on when it is released, once, as it was', async () => {
  const { held: _, ...message } = await hold();
  expect(await review.look(message.id, tenant)).toMatchObject({ kind: 'held', message: { id: message.id, held: 'own' } });
  expect(await review.release(message.id, { ...tenant, tenant: 'other' })).toEqual({ kind: 'not_found' });
  expect(await review.release(message.id, tenant)).toMatchObject({ kind: 'released' });
  expect(await when(message.id, 'message.routed')).toMatchObject({ message, connector: testTenant.connector });
  expect(await when(message.id, 'message.replaced')).toMatchObject({ releasedBy: 'tenant', content: message.content });
  expect(await review.release(message.id, tenant)).toEqual({ kind: 'not_found' });
  expect(of(message.id).filter(({ type }) => type === 'message.routed')).toHaveLength(1);
}, 30_000);

test('what the operator holds is released by an operator alone, though its tenant may reject it', async () => {
  const [one, two] = [await hold({ held: 'operator' }), await hold({ held: 'operator' })];
  expect(await review.release(one.id, tenant)).toEqual({ kind: 'not_permitted' });
  expect(await review.release(one.id, operator)).toMatchObject({ kind: 'released' });
  await when(one.id, 'message.routed');
  expect(await review.reject(two.id, tenant)).toMatchObject({ kind: 'rejected' });
  expect(await when(two.id, 'message.failed')).toMatchObject({ state: 'cancelled', by: 'router' });
  expect(of(two.id).map(({ type }) => type)).toEqual(['message.scheduled', 'message.failed']);
}, 30_000);

test('a message with a time that is released before it waits for its time, and is held no more', async () => {
  const one = await hold({ sendAtMs: Date.now() + 3_000 });
  expect(await review.release(one.id, operator)).toMatchObject({ kind: 'released' });
  expect(await review.look(one.id, operator)).toEqual({ kind: 'not_held' });
  const routed = await when(one.id, 'message.routed');
  expect(routed?.at).toBeGreaterThanOrEqual((one.sendAtMs as number) - 100);
}, 30_000);

test('a held message whose text is replaced is held still', async () => {
  const one = await hold();
  expect(await replaceText(one.id)).toMatchObject({ kind: 'replaced' });
  expect(await review.release(one.id, operator)).toMatchObject({ kind: 'released' });
  expect(await when(one.id, 'message.routed')).toMatchObject({ message: { content: { kind: 'text', text: 'new' } } });
}, 30_000);

test('a held message that nobody releases expires, and is never routed', async () => {
  const one = await hold({ validUntilMs: Date.now() + 1_500 });
  expect(await when(one.id, 'message.failed')).toMatchObject({ state: 'expired', reason: 'expired' });
  expect(of(one.id).map(({ type }) => type)).toEqual(['message.scheduled', 'message.failed']);
}, 30_000);
