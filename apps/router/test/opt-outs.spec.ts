/** STOP, START and HELP of handsets, with a router on real servers; billing-credits is a stand-in. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { done, newId, type HeliographEvent, type InboundMatched, type Message, type MessageSubmitted } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import {
  listOptOuts,
  openRegistry,
  putInboundSettings,
  inboundSettings,
  registryChanged,
  type RegistryDatabase,
} from '@heliograph/registry';
import { createLog, readConfig, type Running } from '@heliograph/service';
import {
  createHeard,
  eventually,
  seedTenant,
  startBank,
  startServers,
  testMessage,
  testTenant,
  type TestServers,
} from '@heliograph/testbed';
import { config as schema } from '../src/config.ts';
import { openDatabase, type Database } from '../src/inbound/database.ts';
import { start } from '../src/start.ts';

const tenantNumber = '31201234567';
const handset = '+31612345678';
const logged: string[] = [];
const log = createLog({ name: 'test', level: 'warn', instance: 'test', destination: { write: (line) => void logged.push(line) } });
let servers: TestServers;
let queue: Queue;
let registry: RegistryDatabase;
let inbound: Database;
let router: Running | undefined;
const heard = createHeard<HeliographEvent>();

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry', 'inbound'], syncAlways: false });
  await seedTenant(servers.databaseUrl);
  registry = openRegistry(servers.databaseUrl, 2);
  inbound = openDatabase(servers.databaseUrl, 1);
  await registry.credential.update({ where: { id: testTenant.smppCredential }, data: { addressRange: tenantNumber } });
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log });
  startBank(queue, 6_000_000n);
  for (const stream of ['MATCHED', 'SUBMITTED', 'OUTCOMES', 'ROUTED'] as const) {
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
  const config = readConfig(schema, { DATABASE_URL: servers.databaseUrl, NATS_URL: servers.natsUrl });
  router = await start({ name: 'router', instance: 'test', config, log });
}, 60_000);

afterAll(async () => {
  await router?.stop();
  await queue?.close();
  await registry?.$disconnect();
  await inbound?.$disconnect();
  await servers?.stop();
}, 30_000);

/** As a connector stores what a handset wrote. */
async function write(text: string, id = newId(), from = handset): Promise<InboundMatched> {
  const address = (addr: string) => ({ addr, ton: 1, npi: 1 });
  await queue.publish({
    type: 'inbound.received',
    at: Date.now(),
    id,
    connector: 'demo',
    group: 'demo',
    from: address(from.slice(1)),
    to: address(tenantNumber),
    dataCoding: 0,
    alphabet: 'gsm',
    octets: Buffer.from(text).toString('base64'),
  });
  const [found] = await heard.until((event) => event.type === 'inbound.matched' && event.inbound.id === id);
  return found as InboundMatched;
}

const out = async () =>
  (await listOptOuts(registry, { tenantId: testTenant.id, limit: 10 })).map(({ sender, recipient }) => [sender, recipient]);
const isAnswer = (event: HeliographEvent): event is MessageSubmitted =>
  event.type === 'message.submitted' && event.message.door === 'inbound';
const answers = () => heard.all.filter(isAnswer).map(({ message }) => message);
const isHelpAnswer = ({ content }: Message) => content.kind === 'text' && content.text === 'Call us.';
const isHelp = (event: HeliographEvent) => isAnswer(event) && isHelpAnswer(event.message);
const warnings = () => logged.filter((line) => line.includes('the answer to a keyword was refused'));

async function settle(settings: object): Promise<void> {
  await putInboundSettings(registry, testTenant.id, inboundSettings.parse(settings));
  queue.broadcast(registryChanged, {});
}

test('a STOP is stored before the message is handed on; START takes it back; others change nothing', async () => {
  expect(await write('Hello')).not.toHaveProperty('optOut');
  expect(await out()).toEqual([]);
  expect(await write('STOP')).toMatchObject({ tenant: testTenant.id, optOut: 'stop', keyword: 'stop' });
  expect(await out()).toEqual([[tenantNumber, handset.slice(1)]]);
  expect(await write('start')).toMatchObject({ optOut: 'start' });
  expect(await out()).toEqual([]);
  expect(answers()).toEqual([]);
}, 30_000);

test('a test message to who has stopped ends as rejected; one from another sender goes on', async () => {
  const to = '+15550100001';
  const send = async (addr: string) => {
    const now = Date.now();
    const message = testMessage({
      id: newId(),
      to,
      test: true,
      from: { addr, ton: 1, npi: 1 },
      acceptedAtMs: now,
      validUntilMs: now + 60_000,
    });
    await queue.publish({ type: 'message.submitted', at: now, message });
    const [end] = await heard.until(
      (event) => (event.type === 'message.failed' || event.type === 'message.sent') && event.message.id === message.id,
    );
    return end;
  };
  expect(await send(tenantNumber)).toMatchObject({ type: 'message.sent' });
  await write('STOP', newId(), to);
  await eventually('the STOP is in force', async () => (await send(tenantNumber))?.type === 'message.failed', 1_000);
  expect(await send(tenantNumber)).toMatchObject({ by: 'test', state: 'rejected', reason: 'opted_out' });
  expect(await send('31201234568')).toMatchObject({ type: 'message.sent' });
}, 30_000);

test('what the tenant answers is submitted once, charged, from the number that was written to, and goes out all the same', async () => {
  await settle({ replies: { stop: 'You get no more.', help: 'Call us.' } });
  await eventually('the settings are there', async () => {
    await write('STOP');
    return answers().length > 0;
  });
  const [answer] = answers();
  expect(answer).toMatchObject({
    tenant: testTenant.id,
    credential: testTenant.smppCredential,
    from: { addr: tenantNumber },
    to: handset,
    content: { kind: 'text', text: 'You get no more.' },
    optOutExempt: true,
    charge: { microCredits: '1000000' },
  });
  const id = newId();
  await write('help', id);
  await heard.until(isHelp);
  // the provider gives it again
  await write('help', id);
  await write('help');
  await heard.until(() => answers().filter(isHelpAnswer).length >= 2);
  expect(answers().filter(isHelpAnswer)).toHaveLength(2);
  await eventually('each has been answered', async () => (await inbound.reply.count()) === answers().length);
}, 30_000);

test('a STOP holds without credit for its answer, which is told', async () => {
  await write('start');
  for (let i = 0; warnings().length === 0 && i < 30; i++) await write('help');
  await eventually('the refusal is told', () => warnings().length > 0);
  expect(warnings()[0]).toContain('no_credit');
  await write('STOP');
  expect(await out()).toContainEqual([tenantNumber, handset.slice(1)]);
}, 30_000);

test('a STOP whose opt-out cannot be stored is not handed on until it can be', async () => {
  await write('start');
  await registry.$executeRaw`ALTER TABLE "registry"."opt_out" RENAME TO "opt_out_away"`;
  const id = newId();
  const written = write('STOP', id);
  await eventually('it was tried', () => logged.some((line) => line.includes('opt_out')));
  expect(heard.all.some((event) => event.type === 'inbound.matched' && event.inbound.id === id)).toBe(false);
  await registry.$executeRaw`ALTER TABLE "registry"."opt_out_away" RENAME TO "opt_out"`;
  expect(await written).toMatchObject({ optOut: 'stop' });
  expect(await out()).toContainEqual([tenantNumber, handset.slice(1)]);
}, 60_000);
