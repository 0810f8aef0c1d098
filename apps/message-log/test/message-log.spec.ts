import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  headOf,
  historySubjects,
  newId,
  type HeliographEvent,
  type KnownAnswer,
  type Message,
  type MessageAnswer,
  type MessageListAnswer,
  type TraceAnswer,
} from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { createLog, parseConfig, type Running } from '@heliograph/service';
import { eventually, startServers, type TestServers } from '@heliograph/testbed';
import { config as schema } from '../src/config.ts';
import { isDataError } from '@heliograph/sqlstate';
import { openHistory, type History } from '../src/history.ts';
import { addEvent, type LoggedEvent, type Row } from '../src/log.ts';
import { start } from '../src/start.ts';
import { cause, deliveredWay, failedAt, messageAt, t0 } from './events.ts';

const log = createLog({ name: 'test', level: 'silent', instance: 'test' });
let servers: TestServers;
let queue: Queue;
let service: Running;
let history: History;

beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'] });
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log });
  history = openHistory(servers.databaseUrl);
  service = await startService();
}, 60_000);

afterAll(async () => {
  await service?.stop();
  await queue?.close();
  await history?.close();
  await servers?.stop();
}, 30_000);

function startService(): Promise<Running> {
  const parsed = parseConfig(schema, {
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    GATHER_MS: '20ms',
    TRIM_EVERY_MS: '1h',
  });
  if (!parsed.ok) throw new Error(parsed.errors.join());
  return start({ name: 'message-log', instance: 'test', config: parsed.config, log });
}

const ask = {
  get: (tenant: string, id: string) => queue.ask<MessageAnswer>(historySubjects.get, { tenant, id }, 5_000),
  trace: (tenant: string, id: string) => queue.ask<TraceAnswer>(historySubjects.trace, { tenant, id }, 5_000),
  list: (question: object) => queue.ask<MessageListAnswer>(historySubjects.list, question, 5_000),
  known: (tenant: string, ids: readonly string[]) => queue.ask<KnownAnswer>(historySubjects.known, { tenant, ids }, 5_000),
};

/** Publishes and waits until the history has the last hop. */
async function publishAndWait(events: readonly HeliographEvent[], tenant: string, id: string, hops: number): Promise<TraceAnswer> {
  for (const event of events) await queue.publish(event);
  return eventually('the last hop', async () => {
    const answer = await ask.trace(tenant, id);
    return answer && answer.hops.length >= hops && answer;
  });
}

describe('message-log', () => {
  it('knows which messages are accepted, from the moment they are, of the tenant that asks', async () => {
    const messages = [0, 1, 2].map((i) => messageAt(Date.now(), i === 2 ? { tenant: 'other' } : {}));
    const ids = [...messages.map(({ id }) => id), newId()];
    await Promise.all(messages.map((message) => queue.publish({ type: 'message.submitted', at: message.acceptedAtMs, message })));
    const answer = await ask.known('acme', ids);
    const said = messages.slice(0, 2).map(({ id, to, segments, charge }) => ({ id, to, segments, microCredits: charge.microCredits }));
    expect(answer?.complete).toBe(true);
    expect(answer?.messages.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))).toEqual(said);
  });

  it('says when a message is to be sent that waits for its time', async () => {
    const sendAtMs = Date.now() + 60_000;
    const message = messageAt(Date.now(), { sendAtMs });
    const at = message.acceptedAtMs;
    const { hops } = await publishAndWait(
      [
        { type: 'message.submitted', at, message },
        { type: 'message.scheduled', at: at + 1, message: headOf(message), sendAtMs, cause: cause('SUBMITTED', 1) },
      ],
      'acme',
      message.id,
      2,
    );
    expect(hops[1]).toMatchObject({ stage: 'route', event: 'message.scheduled', by: 'router', detail: { sendAtMs } });
    expect((await ask.get('acme', message.id))?.message).toMatchObject({ state: 'scheduled', sendAtMs });
  });

  it('shows what a message that waits will send, and when, once it was replaced', async () => {
    const sendAtMs = Date.now() + 60_000;
    const message = messageAt(Date.now(), { sendAtMs });
    const at = message.acceptedAtMs;
    const later = { ...headOf(message), sendAtMs: sendAtMs + 1, validUntilMs: sendAtMs + 2 };
    const content = { kind: 'binary', octets: 'AQI=', udh: '0102ff' } as const;
    const { hops } = await publishAndWait(
      [
        { type: 'message.replaced', at: at + 2, message: later, content, flash: true },
        { type: 'message.submitted', at, message },
        { type: 'message.scheduled', at: at + 1, message: headOf(message), sendAtMs, cause: cause('SUBMITTED', 1) },
      ],
      'acme',
      message.id,
      3,
    );
    expect(hops[2]).toEqual({
      stage: 'change',
      event: 'message.replaced',
      by: 'smpp-ingress',
      atMs: at + 2,
      detail: { sendAtMs: sendAtMs + 1, validUntilMs: sendAtMs + 2 },
    });
    const shown = { state: 'scheduled', content, flash: true, sendAtMs: sendAtMs + 1, validUntilMs: sendAtMs + 2 };
    expect((await ask.get('acme', message.id))?.message).toMatchObject(shown);
  });

  it('finds a message right after it was accepted', async () => {
    const message = messageAt(Date.now());
    await queue.publish({ type: 'message.submitted', at: message.acceptedAtMs, message });
    const answer = await ask.get('acme', message.id);
    expect(answer?.message).toEqual({
      id: message.id,
      tenant: 'acme',
      credential: 'acme-key',
      door: 'http',
      from: message.from,
      to: message.to,
      class: 'normal',
      segments: 2,
      microCredits: '2000000',
      reference: 'order 7',
      content: message.content,
      acceptedAtMs: message.acceptedAtMs,
      validUntilMs: message.validUntilMs,
      state: 'accepted',
      stateAtMs: message.acceptedAtMs,
      providerIds: [],
    });
  });

  it('keeps every hop of the whole way, each once, though all are heard of twice', async () => {
    const message = messageAt();
    const way = deliveredWay(message);
    const { message: found, hops } = await publishAndWait([...way, ...way], 'acme', message.id, way.length);
    expect(found).toMatchObject({
      state: 'delivered',
      stateAtMs: t0 + 300,
      connector: 'north',
      routedAtMs: t0 + 100,
      sentAtMs: t0 + 200,
      providerIds: ['b2', 'a1'],
    });
    expect(hops.map(({ event, atMs }) => [event, atMs - t0])).toEqual([
      ['message.submitted', 0],
      ['message.routed', 100],
      ['message.sent', 200],
      ['message.reported', 300],
      ['report.delivered', 400],
    ]);
  });

  it("does not find another tenant's message", async () => {
    const message = messageAt();
    await queue.publish({ type: 'message.submitted', at: t0, message });
    expect((await ask.get('acme', message.id))?.message).toBeDefined();
    expect(await ask.get('other', message.id)).toEqual({});
    expect(await ask.trace('other', message.id)).toEqual({ hops: [] });
  });

  it('finds a message right after it was accepted by the id of 8 octets that its client was given, in its tenant only', async () => {
    const message = messageAt(Date.now(), { receiptId: '0a1b2c3d' });
    await queue.publish({ type: 'message.submitted', at: message.acceptedAtMs, message });
    expect((await ask.get('acme', '0a1b2c3d'))?.message).toMatchObject({ id: message.id, receiptId: '0a1b2c3d' });
    expect((await ask.get('acme', message.id))?.message?.receiptId).toBe('0a1b2c3d');
    expect(await ask.get('other', '0a1b2c3d')).toEqual({});
  });

  it('answers with the newest where an id of 8 octets has come again', async () => {
    const [older, newer] = [t0, t0 + 3_600_000].map((at) => messageAt(at, { receiptId: 'ffffffff' }));
    for (const event of deliveredWay(newer as Message)) await queue.publish(event);
    await queue.publish({ type: 'message.submitted', at: t0, message: older as Message });
    await eventually('both', async () => (await ask.get('acme', (older as Message).id))?.message);
    await eventually('the newer', async () => (await ask.get('acme', 'ffffffff'))?.message?.id === newer?.id);
  });

  it('answers a submit_multi with the destination that is least advanced, so that it is final only when all are', async () => {
    const receiptId = newId();
    const destinations = [t0, t0 + 5, t0 + 9].map((at) => messageAt(at, { receiptId }));
    const stateOf = async () => (await ask.get('acme', receiptId))?.message?.state;
    for (const message of destinations) await queue.publish({ type: 'message.submitted', at: message.acceptedAtMs, message });
    expect(await stateOf()).toBe('accepted');
    const [first, ...others] = destinations.map(deliveredWay);
    for (const event of others.flat()) await queue.publish(event);
    await eventually('the others', async () => (await ask.get('acme', destinations[2]?.id as string))?.message?.state === 'delivered');
    expect(await stateOf()).toBe('accepted');
    for (const event of first as LoggedEvent[]) await queue.publish(event);
    await eventually('the last one', async () => (await stateOf()) === 'delivered');
  });

  it('stores text that is syntax to PostgreSQL as it is, and with NUL or half a surrogate pair so that it can be read', async () => {
    const message = messageAt(t0, { content: { kind: 'text', text: '{"NULL",\\\'} a\u0000b\ud83d' } });
    await queue.publish({ type: 'message.submitted', at: t0, message });
    expect((await ask.get('acme', message.id))?.message?.content).toEqual({ kind: 'text', text: '{"NULL",\\\'} a\ufffdb\ufffd' });
  });

  it('puts an event it cannot store into the dead letters and goes on with the others', async () => {
    const bad = messageAt(t0, { segments: 1e9 });
    const good = messageAt(t0);
    await queue.publish({
      type: 'message.routed',
      at: t0,
      message: { class: 'normal' },
      connector: 'x',
      route: 'x',
    } as unknown as HeliographEvent);
    await Promise.all([bad, good].map((message) => queue.publish({ type: 'message.submitted', at: t0, message })));
    expect((await ask.get('acme', good.id))?.message?.id).toBe(good.id);
    expect(await ask.get('acme', bad.id)).toEqual({});
  });

  it('lists newest first, a page at a time, one tenant only', async () => {
    const messages = Array.from({ length: 5 }, (_, i) => messageAt(t0 + i, { tenant: 'lister' }));
    const ids = messages
      .map((message) => message.id)
      .sort()
      .reverse();
    for (const message of [...messages, messageAt(t0)])
      await queue.publish({ type: 'message.submitted', at: message.acceptedAtMs, message });
    for (const id of ids) await ask.get('lister', id);
    const first = await ask.list({ tenant: 'lister', limit: 3 });
    expect([first?.messages.map((one) => one.id), first?.next]).toEqual([ids.slice(0, 3), ids[2]]);
    const second = await ask.list({ tenant: 'lister', limit: 3, before: first?.next });
    expect([second?.messages.map((one) => one.id), second?.next]).toEqual([ids.slice(3), undefined]);
  });

  it('goes on after a restart with what came while it was away', async () => {
    await service.stop();
    const message = messageAt();
    await queue.publish({ type: 'message.submitted', at: t0, message });
    service = await startService();
    expect((await ask.get('acme', message.id))?.message?.id).toBe(message.id);
  });
});

describe('the history', () => {
  it('ends with the same row in whatever order and portions it is written', async () => {
    const seed = 20261120;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e9 }),
        fc.array(fc.nat({ max: 7 }), { minLength: 4, maxLength: 16 }),
        async (shuffle, portions) => {
          const message = messageAt(t0, { tenant: 'shuffled' });
          const all = eventsOf(message.id);
          const expected = await stored([fold(all)], message.id);
          const other = newId();
          const order = [...portions.map((i) => i % all.length), ...rotate(all.length, shuffle)];
          for (let i = 0; i < order.length; i += 3) {
            const portion = order.slice(i, i + 3).map((n) => eventsOf(other)[n] as LoggedEvent);
            await history.write([fold(portion)]);
          }
          const read = await history.read({ tenant: 'shuffled', id: other });
          expect({ ...read, message: { ...read?.message, id: message.id } }).toEqual(expected);
        },
      ),
      { seed, numRuns: 25 },
    );

    function eventsOf(id: string): LoggedEvent[] {
      const message = messageAt(t0, { tenant: 'shuffled', id });
      const late: LoggedEvent = {
        type: 'message.sent',
        at: t0 + 220,
        message: headOf(message),
        connector: 'south',
        group: 'south',
        providerIds: ['c3'],
        cause: cause('ROUTED', 9),
      };
      const replaced = (text: string, at: number): LoggedEvent => ({
        type: 'message.replaced',
        at,
        message: { ...headOf(message), sendAtMs: at + 5 },
        content: { kind: 'text', text },
      });
      return [
        ...deliveredWay(message),
        replaced('new', t0 + 70),
        replaced('newest', t0 + 80),
        late,
        failedAt(message, t0 + 300, 'expired'),
        failedAt(message, t0 + 120, 'undelivered'),
      ];
    }
  });

  it('tells poison from a server that is away', async () => {
    const row = { ...fold(deliveredWay(messageAt())), id: 'not a uuid' };
    const poison = await history.write([row]).catch((error: unknown) => error);
    expect(isDataError(poison)).toBe(true);
    const nowhere = openHistory('postgres://nobody:x@127.0.0.1:1/postgres');
    const away = await nowhere.write([fold(deliveredWay(messageAt()))]).catch((error: unknown) => error);
    expect([(away as { code?: string }).code, isDataError(away), nowhere.reachable]).toEqual(['ECONNREFUSED', false, false]);
    await nowhere.close();
  });
});

async function stored(rows: readonly Row[], id: string) {
  await history.write(rows);
  return history.read({ tenant: 'shuffled', id });
}

function rotate(length: number, by: number): number[] {
  return Array.from({ length }, (_, i) => (i * 3 + by) % length);
}

function fold(events: readonly LoggedEvent[]): Row {
  let row: Row | undefined;
  for (const event of events) row = addEvent(row, event);
  return row as Row;
}
