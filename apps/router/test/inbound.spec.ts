import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  done,
  inboundMatchAgain,
  newId,
  type HeliographEvent,
  type InboundReceived,
  type MatchAgainAnswer,
  type MatchAgainQuestion,
} from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { openRegistry, putCredential, putInboundRoute, putTenant, registryChanged, type RegistryDatabase } from '@heliograph/registry';
import { createLog, parseConfig, type Running } from '@heliograph/service';
import { createHeard, eventually, seedTenant, startServers, testTenant, type TestServers } from '@heliograph/testbed';
import { isPart, type PartEvent } from '../src/inbound/assemble.ts';
import { createAssemblyBook, type AssemblyBook } from '../src/inbound/assembly-book.ts';
import { config as schema } from '../src/config.ts';
import { openDatabase } from '../src/inbound/database.ts';
import { inboundEvent } from '../src/inbound/inbound.fixture.ts';
import { start } from '../src/start.ts';

let servers: TestServers;
let queue: Queue;
let registry: RegistryDatabase;
let book: AssemblyBook;
let router: Running | undefined;
const heard = createHeard<HeliographEvent>();
const logged: string[] = [];
const log = createLog({ name: 'test', level: 'warn', instance: 'test', destination: { write: (line) => void logged.push(line) } });

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry', 'inbound'] });
  await seedTenant(servers.databaseUrl);
  registry = openRegistry(servers.databaseUrl, 1);
  await putTenant(registry, { id: 'other', name: 'Other', pricePlanId: 'standard' });
  const smpp = { kind: 'smpp', verifier: 'x' } as const;
  await putCredential(registry, { ...smpp, id: 'test1', login: 'Test1', tenantId: testTenant.id, addressRange: '+31699887766' });
  await putCredential(registry, { ...smpp, id: 'test2', login: 'Test2', tenantId: 'other', addressRange: '+31688776655' });
  await putInboundRoute(registry, {
    id: 'win',
    address: '4040',
    match: 'exact',
    keyword: 'win',
    tenantId: 'other',
    credentialId: null,
  });
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log });
  const hear = async ({ event }: { event: HeliographEvent }) => {
    heard.hear(event);
    return done();
  };
  await queue.workEach({ stage: 'log', stream: 'MATCHED', eventsInFlightMax: 1_000, handle: hear });
  await queue.workEach({ stage: 'notify', stream: 'NOTIFY', eventsInFlightMax: 1_000, handle: hear });
  book = createAssemblyBook(openDatabase(servers.databaseUrl, 2));
  router = await startRouter();
}, 60_000);

afterAll(async () => {
  await router?.stop();
  await book?.close();
  await queue?.close();
  await registry?.$disconnect();
  await servers?.stop();
}, 30_000);

function startRouter(): Promise<Running> {
  const parsed = parseConfig(schema, {
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    INBOUND_PARTS_WAIT_MS: '1s',
    INBOUND_SWEEP_EVERY_MS: '100ms',
  });
  if (!parsed.ok) throw new Error(parsed.errors.join());
  return start({ name: 'router', instance: 'test', config: parsed.config, log });
}

const isOf = (event: HeliographEvent, id: string) => 'inbound' in event && event.inbound.id === id;
const when = async (id: string, type: HeliographEvent['type']) => (await heard.until((event) => event.type === type && isOf(event, id)))[0];
const given = (id: string) => heard.all.filter((event) => isOf(event, id)).map(({ type }) => type);
const publish = async (...events: InboundReceived[]) => {
  for (const event of events) await queue.publish(event);
};
let references = 0;
function partsOf(total: number): PartEvent[] {
  const reference = references++;
  return Array.from({ length: total }, (_, i) => inboundEvent({ text: `(${i + 1})`, part: { reference, total, sequence: i + 1 } })).filter(
    isPart,
  );
}

describe("whose a handset's message is", () => {
  test("the contract's example: by the exact address range", async () => {
    const one = inboundEvent();
    const two = inboundEvent({ to: { addr: '+31688776655', ton: 1, npi: 1 } });
    await publish(one, two);
    expect(await when(one.id, 'inbound.matched')).toMatchObject({ tenant: testTenant.id, credential: 'test1', route: 'test1' });
    expect(await when(one.id, 'inbound.due')).toMatchObject({ credential: 'test1', inbound: { content: { text: 'hello' } } });
    expect(await when(two.id, 'inbound.due')).toMatchObject({ tenant: 'other', credential: 'test2' });
  });

  test("one that is nobody's is kept and told of, and is somebody's when there is a route and it is asked again", async () => {
    const stray = inboundEvent({ to: { addr: '31600000001', ton: 1, npi: 1 } });
    await publish(stray);
    const unmatched = await when(stray.id, 'inbound.unmatched');
    expect(logged.join()).toContain('Could not find a matching address range');
    expect(logged.join()).not.toMatch(/31600000001|hello/);
    if (unmatched?.type !== 'inbound.unmatched') throw new Error('not given');
    const again = () => queue.ask<MatchAgainAnswer>(inboundMatchAgain, { inbound: unmatched.inbound } satisfies MatchAgainQuestion, 5_000);
    expect(await again()).toEqual({});
    const route = { id: 'late', address: '31600', match: 'prefix', keyword: '', tenantId: 'other', credentialId: 'test2' } as const;
    await putInboundRoute(registry, route);
    queue.broadcast(registryChanged, {});
    await eventually('the route', async () => (await again())?.tenant === 'other');
    expect(await when(stray.id, 'inbound.matched')).toMatchObject({ tenant: 'other', route: 'late', inbound: unmatched.inbound });
    expect(await when(stray.id, 'inbound.due')).toMatchObject({ credential: 'test2' });
  });

  test('a keyword', async () => {
    const to = { addr: '4040', ton: 3, npi: 0 };
    const [win, lose] = [inboundEvent({ to, text: 'WIN a car' }), inboundEvent({ to, text: 'lose' })];
    await publish(win, lose);
    expect(await when(win.id, 'inbound.matched')).toMatchObject({ tenant: 'other', route: 'win', keyword: 'win' });
    await when(lose.id, 'inbound.unmatched');
    expect(given(win.id)).toEqual(['inbound.matched']);
  });
});

describe('parts', () => {
  test('in the order 3, 1, 2 are one message, given once', async () => {
    const [one, two, three] = partsOf(3) as [PartEvent, PartEvent, PartEvent];
    await publish(three, one, { ...one, id: newId() }, two);
    expect(await when(three.id, 'inbound.matched')).toMatchObject({
      inbound: { id: three.id, content: { text: '(1)(2)(3)' }, parts: 3 },
    });
    const barrier = inboundEvent();
    await publish(barrier);
    await when(barrier.id, 'inbound.due');
    for (const { id } of [one, two]) expect(given(id)).toEqual([]);
    expect(given(three.id).sort()).toEqual(['inbound.due', 'inbound.matched']);
  });

  test('many at once, mixed with others', async () => {
    const messages = Array.from({ length: 30 }, () => partsOf(4));
    await Promise.all([0, 1, 2, 3].flatMap((i) => messages.map((parts, m) => queue.publish(parts[(i + m) % 4] as PartEvent))));
    const texts = await Promise.all(
      messages.map(async (parts) => {
        const ids = parts.map(({ id }) => id);
        const [found] = await heard.until((event) => event.type === 'inbound.matched' && ids.includes(event.inbound.id));
        return found?.type === 'inbound.matched' && found.inbound.content.kind === 'text' && found.inbound.content.text;
      }),
    );
    expect(new Set(texts)).toEqual(new Set(['(1)(2)(3)(4)']));
  });

  test('what a router had stored before it died, and not given, is given when it comes again: the same message', async () => {
    const parts = partsOf(2);
    const [first, last] = parts as [PartEvent, PartEvent];
    // up to the commit, and no further
    await book.put(parts, Date.now());
    await publish(first, last);
    const matched = await when(first.id, 'inbound.matched');
    expect(matched).toMatchObject({ inbound: { id: first.id, content: { text: '(1)(2)' } } });
    await publish(last);
    await heard.when(() => given(first.id).filter((type) => type === 'inbound.matched').length === 2);
    expect(heard.all.findLast((event) => event.type === 'inbound.matched' && isOf(event, first.id))).toMatchObject({
      inbound: (matched as { inbound: object }).inbound,
    });
    expect(given(last.id)).toEqual([]);
  });

  test('two processes that have parts of one message make one', async () => {
    const parts = partsOf(6);
    const made = await Promise.all(parts.map((part) => book.put([part], Date.now())));
    expect(made.flat().filter(({ message }) => message !== undefined)).toHaveLength(1);
    await publish(...parts);
  });

  test('a lost part is told after the wait, and handed on by itself when it comes after all', async () => {
    const [one, two, three] = partsOf(3) as [PartEvent, PartEvent, PartEvent];
    await publish(three, one);
    expect(await when(three.id, 'inbound.matched')).toMatchObject({
      inbound: { content: { text: '(1)…(3)' }, missing: [2], parts: 3 },
    });
    await publish(two);
    expect(await when(two.id, 'inbound.matched')).toMatchObject({ inbound: { content: { text: '(2)' }, late: 2, parts: 3 } });
  });

  test('parts that came before a restart wait for those that come after it', async () => {
    const [one, two] = partsOf(2) as [PartEvent, PartEvent];
    await publish(one);
    // the one that is kept first gives the message its id
    expect(await queue.caughtUp({ stage: 'match', stream: 'INBOUND', withinMs: 10_000 })).toBe(true);
    await router?.stop();
    await publish(two);
    router = await startRouter();
    expect(await when(one.id, 'inbound.matched')).toMatchObject({ inbound: { parts: 2 } });
  }, 30_000);

  test('what is done with is forgotten', async () => {
    expect(await book.forget(Date.now() + 60_000)).toBeGreaterThan(0);
  });
});
