import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  historySubjects,
  newId,
  type EraseAnswer,
  type InboundAnswer,
  type InboundListAnswer,
  type InboundListQuestion,
  type InboundMatched,
  type InboundMessage,
  type InboundUnmatched,
} from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { createLog, parseConfig, type Running } from '@heliograph/service';
import { eventually, startServers, type TestServers } from '@heliograph/testbed';
import { config as schema } from '../src/config.ts';
import { openHistory, type History } from '../src/history.ts';
import { foldEvents } from '../src/inbound.ts';
import { start } from '../src/start.ts';

const log = createLog({ name: 'test', level: 'silent', instance: 'test' });
let servers: TestServers;
let queue: Queue;
let service: Running;
let history: History;

beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'], syncAlways: false });
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log });
  history = openHistory(servers.databaseUrl);
  const parsed = parseConfig(schema, { DATABASE_URL: servers.databaseUrl, NATS_URL: servers.natsUrl, GATHER_MS: '20ms' });
  if (!parsed.ok) throw new Error(parsed.errors.join());
  service = await start({ name: 'message-log', instance: 'test', config: parsed.config, log });
}, 60_000);

afterAll(async () => {
  await service?.stop();
  await queue?.close();
  await history?.close();
  await servers?.stop();
}, 30_000);

const inboundMessage = (special: Partial<InboundMessage> = {}): InboundMessage => ({
  id: newId(),
  connector: 'north',
  from: '+31612345678',
  to: '+31699887766',
  content: { kind: 'text', text: 'hello' },
  receivedAtMs: Date.now(),
  parts: 1,
  ...special,
});
const matched = (tenant: string, inbound: InboundMessage, special: Partial<InboundMatched> = {}): InboundMatched => ({
  type: 'inbound.matched',
  at: inbound.receivedAtMs + 5,
  inbound,
  tenant,
  route: 'r',
  ...special,
});
const unmatched = (inbound: InboundMessage): InboundUnmatched => ({ type: 'inbound.unmatched', at: inbound.receivedAtMs + 5, inbound });

const ask = {
  one: async (id: string, tenant?: string) =>
    (await queue.ask<InboundAnswer>(historySubjects.inboundOne, { id, ...(tenant === undefined ? {} : { tenant }) }, 5_000))?.inbound,
  list: async (question: Omit<InboundListQuestion, 'limit'> & { limit?: number }) =>
    (await queue.ask<InboundListAnswer>(historySubjects.inbound, { limit: 100, ...question }, 5_000)) as InboundListAnswer,
};
const ids = ({ messages }: InboundListAnswer) => messages.map(({ id }) => id);
const written = (id: string) => eventually('the message', () => ask.one(id));

describe("the history of handsets' messages", () => {
  it('has what was matched, of its tenant alone, and how it was handed over', async () => {
    const inbound = inboundMessage({ content: { kind: 'text', text: 'a\0b' }, parts: 3, missing: [2] });
    const event = matched('acme', inbound, { credential: 'test1', keyword: 'stop', optOut: 'stop' });
    // whichever comes first, and however often
    await queue.publish({ type: 'inbound.delivered', at: 77, inboundId: inbound.id, tenant: 'acme', via: 'webhook', attempt: 1 });
    await queue.publish(event);
    await queue.publish(event);
    await queue.publish({ type: 'inbound.delivered', at: 88, inboundId: inbound.id, tenant: 'acme', via: 'smpp', attempt: 1 });
    const found = await eventually('both ways', async () => {
      const one = await ask.one(inbound.id, 'acme');
      return one?.delivered.length === 2 && one;
    });
    expect(found).toEqual({
      ...inbound,
      content: { kind: 'text', text: 'a\ufffdb' },
      tenant: 'acme',
      credential: 'test1',
      route: 'r',
      keyword: 'stop',
      optOut: 'stop',
      matchedAtMs: event.at,
      delivered: [
        { via: 'smpp', atMs: 88 },
        { via: 'webhook', atMs: 77 },
      ],
    });
    expect(await ask.one(inbound.id, 'other')).toBeUndefined();
  });

  it("has what is nobody's until it is matched after all", async () => {
    const inbound = inboundMessage({ content: { kind: 'binary', octets: 'AAE=', udh: '0504' } });
    await queue.publish(unmatched(inbound));
    expect(await written(inbound.id)).toEqual({ ...inbound, delivered: [] });
    expect(ids(await ask.list({}))).toContain(inbound.id);
    await queue.publish(matched('found', inbound));
    await eventually('its tenant', () => ask.one(inbound.id, 'found'));
    expect(ids(await ask.list({}))).not.toContain(inbound.id);
    expect((await ask.list({ tenant: 'found' })).messages).toMatchObject([{ id: inbound.id, content: inbound.content }]);
  });

  it('is listed newest first, in pages, by handset, number and time', async () => {
    // ids of one millisecond are in no order of their own
    const inOrder = Array.from({ length: 4 }, () => newId()).sort();
    const all = inOrder.map((id, i) =>
      inboundMessage({ id, from: i % 2 ? '+31611111111' : 'Lotto', to: i === 3 ? '4040' : '+31699887766', receivedAtMs: 1_000 * (i + 1) }),
    );
    for (const inbound of all) await queue.publish(matched('lister', inbound));
    await written(all[3]!.id);
    const newest = all.map(({ id }) => id).reverse();
    const first = await ask.list({ tenant: 'lister', limit: 3 });
    expect([ids(first), first.next]).toEqual([newest.slice(0, 3), newest[2]]);
    const second = await ask.list({ tenant: 'lister', limit: 3, before: first.next as string });
    expect([ids(second), second.next]).toEqual([newest.slice(3), undefined]);
    expect(ids(await ask.list({ tenant: 'lister', from: 'Lotto' }))).toEqual([newest[1], newest[3]]);
    expect(ids(await ask.list({ tenant: 'lister', to: '4040' }))).toEqual([newest[0]]);
    expect(ids(await ask.list({ tenant: 'lister', sinceMs: 3_000 }))).toEqual(newest.slice(0, 2));
    expect(ids(await ask.list({ tenant: 'lister', from: '\0' }))).toEqual([]);
    expect(ids(await ask.list({ tenant: 'other' }))).toEqual([]);
  });

  it("is pulled in the order in which it became the tenant's, also what came long before it was matched", async () => {
    const [old, one, two] = [inboundMessage(), inboundMessage(), inboundMessage()];
    await queue.publish(unmatched(old));
    await written(old.id);
    for (const inbound of [two, one]) {
      await queue.publish(matched('puller', inbound));
      await written(inbound.id);
    }
    const pull = async (after: string, limit = 1) => ask.list({ tenant: 'puller', after, limit });
    const first = await pull('0-0');
    expect([ids(first), first.more]).toEqual([[two.id], true]);
    const second = await pull(first.next as string);
    expect([ids(second), second.more]).toEqual([[one.id], undefined]);
    expect(await pull(second.next as string)).toEqual({ messages: [], next: second.next });
    await queue.publish(matched('puller', old));
    const third = await eventually('what was matched late', async () => {
      const answer = await pull(second.next as string);
      return answer.messages.length > 0 && answer;
    });
    expect(ids(third)).toEqual([old.id]);
    // hearing of it again makes it no newer
    await queue.publish(matched('puller', two));
    await queue.publish({ type: 'inbound.delivered', at: 9, inboundId: two.id, tenant: 'puller', via: 'smpp', attempt: 1 });
    await eventually('that it was handed over', async () => (await ask.one(two.id))?.delivered.length === 1);
    expect(ids(await pull(third.next as string))).toEqual([]);
  });

  it("is erased with the tenant's other history, and purged by age", async () => {
    const [mine, theirs, stray] = [inboundMessage(), inboundMessage(), inboundMessage()];
    await queue.publish(matched('erased', mine));
    await queue.publish(matched('kept', theirs));
    await queue.publish(unmatched(stray));
    for (const { id } of [mine, theirs, stray]) await written(id);
    expect(await queue.ask<EraseAnswer>(historySubjects.erase, { tenant: 'erased' }, 5_000)).toEqual({ erased: 1 });
    expect(await ask.one(mine.id)).toBeUndefined();
    expect(await ask.one(theirs.id)).toBeDefined();
    expect(await history.purge(Date.now() - 60_000)).toBe(0);
    expect(await history.purge(Date.now() + 60_000)).toBeGreaterThanOrEqual(2);
    expect([await ask.one(theirs.id), await ask.one(stray.id)]).toEqual([undefined, undefined]);
  });
});

it('makes one row of all that a batch says of a message', () => {
  const inbound = inboundMessage();
  const delivered = { type: 'inbound.delivered', at: 9, inboundId: inbound.id, tenant: 'acme', via: 'smpp', attempt: 1 } as const;
  for (const events of [
    [unmatched(inbound), matched('acme', inbound), delivered],
    [delivered, matched('acme', inbound), matched('acme', inbound), unmatched(inbound)],
  ])
    expect(foldEvents(events)).toMatchObject([{ id: inbound.id, tenant: 'acme', text: 'hello', smpp_at: 9, route: 'r' }]);
});
