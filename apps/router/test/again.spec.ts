import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { done, newId, type HeliographEvent, type MessageReturned } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { openRegistry, publishRoutes, putSmppConnector, smppConnectorSettings } from '@heliograph/registry';
import { routeRule } from '@heliograph/routing';
import { createLog, parseConfig, type Running } from '@heliograph/service';
import { createHeard, seedTenant, startServers, testMessage, type TestServers } from '@heliograph/testbed';
import { config as schema } from '../src/config.ts';
import { start } from '../src/start.ts';

const log = createLog({ name: 'test', level: 'silent', instance: 'test' });
let servers: TestServers;
let queue: Queue;
let router: Running | undefined;
const heard = createHeard<HeliographEvent>();

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'] });
  await seedTenant(servers.databaseUrl);
  const registry = openRegistry(servers.databaseUrl);
  const settings = smppConnectorSettings.parse({ host: '127.0.0.1', port: 1 });
  for (const id of ['first', 'second']) await putSmppConnector(registry, { id, groupId: id, enabled: true, settings, secret: '' });
  const rule = routeRule.parse({ when: { prefixes: ['447'] }, targets: [{ connectorId: 'first' }, { connectorId: 'second', tier: 1 }] });
  await registry.$transaction((transaction) => publishRoutes(transaction, { changes: [{ id: 'uk', rule }], by: 'test' }));
  await registry.$disconnect();
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
  router = await startRouter();
}, 60_000);

afterAll(async () => {
  await router?.stop();
  await queue?.close();
  await servers?.stop();
}, 30_000);

function startRouter(): Promise<Running> {
  const parsed = parseConfig(schema, { DATABASE_URL: servers.databaseUrl, NATS_URL: servers.natsUrl });
  if (!parsed.ok) throw new Error(parsed.errors.join());
  return start({ name: 'router', instance: 'test', config: parsed.config, log });
}

function returned(why: MessageReturned['why'], special: Partial<MessageReturned> = {}): MessageReturned {
  return {
    type: 'message.returned',
    at: Date.now(),
    by: 'first',
    message: testMessage({ id: newId(), to: '+447912345678', validUntilMs: Date.now() + 60_000 }),
    route: 'uk',
    attempt: 1,
    tried: ['first'],
    cascade: { refused: true, undelivered: true, attemptsMax: 4 },
    why,
    ending: { state: 'undelivered', reason: 'undelivered', errorCode: '001' },
    ...special,
  };
}

const of = ({ message }: MessageReturned) =>
  heard.all.filter((event) => event.type !== 'message.returned' && 'message' in event && event.message.id === message.id);
const whenOf = ({ message }: MessageReturned) =>
  heard.until((event) => event.type !== 'message.returned' && 'message' in event && event.message.id === message.id);

test('a message that came back goes to its next route, once, though a process that died said so again, and the router started again', async () => {
  const [undelivered, refused] = [returned('undelivered'), returned('refused')];
  await queue.publish(undelivered);
  await queue.publish({ ...undelivered, at: undelivered.at + 1 });
  await queue.publish(refused);
  await Promise.all([whenOf(undelivered), whenOf(refused)]);
  await router?.stop();
  router = await startRouter();
  await queue.publish(undelivered);
  const last = returned('refused');
  await queue.publish(last);
  await whenOf(last);
  for (const event of [undelivered, refused, last])
    expect(of(event)).toMatchObject([
      { type: 'message.routed', connector: 'second', attempt: 2, tried: ['first'], cause: { stream: 'OUTCOMES' } },
    ]);
});

test('without another route it ends as it did', async () => {
  const event = returned('undelivered', { attempt: 2, tried: ['first', 'second'] });
  await queue.publish(event);
  await whenOf(event);
  expect(of(event)).toMatchObject([{ type: 'message.failed', by: 'router', ...event.ending }]);
});
