import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  headOf,
  messageStates,
  newId,
  type Message,
  type MessageListQuestion,
  type MessageState,
  type UsageRecord,
} from '@heliograph/message';
import { startServers, type TestServers } from '@heliograph/testbed';
import { openDatabase, openHistory, type Database, type History } from '../src/history.ts';
import { addEvent, type LoggedEvent, type Row } from '../src/log.ts';
import { idAt, search, type SearchLimits } from '../src/search.ts';
import { deliveredWay, failedAt, messageAt } from './events.ts';

const hourMs = 3_600_000;
const day0 = Date.UTC(2026, 10, 20);

let servers: TestServers;
let history: History;
let database: Database;
/** Three days of messages, one each ten minutes; every third is delivered, every fiftieth failed, the others are sent. */
const messages: { message: Message; state: MessageState }[] = [];

beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'] });
  history = openHistory(servers.databaseUrl);
  database = openDatabase(servers.databaseUrl);
  for (let i = 0; i < 432; i++) {
    const acceptedAtMs = day0 + i * 600_000;
    const message = messageAt(acceptedAtMs, {
      id: idOf(acceptedAtMs),
      tenant: 'seeker',
      to: `+3161234${String(i % 100).padStart(4, '0')}`,
      from: { addr: i % 2 === 0 ? 'Acme' : 'Shop', ton: 5, npi: 0 },
      class: (['otp', 'normal', 'bulk'] as const)[i % 3] ?? 'normal',
      reference: `order ${i % 10}`,
    });
    const state = i % 50 === 0 ? 'rejected' : i % 3 === 0 ? 'delivered' : 'sent';
    messages.push({ message, state });
  }
  await history.write(messages.map(({ message, state }) => fold(wayTo(message, state))));
  await history.write([fold(deliveredWay(messageAt(day0, { tenant: 'other', to: '+31612340001' })))]);
}, 60_000);

afterAll(async () => {
  await history?.close();
  await database?.$disconnect();
  await servers?.stop();
}, 30_000);

/** An id as one of that time is. */
function idOf(ms: number): string {
  return idAt(ms).slice(0, 12) + newId().slice(12);
}

function wayTo(message: Message, state: MessageState): LoggedEvent[] {
  const way = deliveredWay(message);
  if (state === 'delivered') return way;
  return state === 'sent' ? way.slice(0, 3) : [...way.slice(0, 2), failedAt(message, message.acceptedAtMs + 150, 'provider_rejected')];
}

function fold(events: readonly LoggedEvent[]): Row {
  let row: Row | undefined;
  for (const event of events) row = addEvent(row, event);
  return row as Row;
}

async function allUsage(sinceMs: number, untilMs: number, limit: number) {
  const records: UsageRecord[] = [];
  let after: string | undefined;
  do {
    const page = await history.usage({ tenant: 'seeker', sinceMs, untilMs, limit, ...(after === undefined ? {} : { after }) });
    records.push(...page.records);
    after = page.next;
  } while (after !== undefined);
  return records;
}

describe('usage records', () => {
  it.each([
    ['a day', day0 + 24 * hourMs, day0 + 48 * hourMs, 500],
    ['everything, in small pages', 0, day0 + 100 * hourMs, 7],
    ['one message, by the ms of its acceptance', day0 + 600_000, day0 + 600_001, 1],
    ['nothing', day0 + 1, day0 + 600_000, 10],
    ['no time at all', day0 + hourMs, day0, 10],
  ])('of %s are each message once, in order', async (_, sinceMs, untilMs, limit) => {
    const expected = messages.filter(({ message: { acceptedAtMs } }) => acceptedAtMs >= sinceMs && acceptedAtMs < untilMs);
    const records = await allUsage(sinceMs, untilMs, limit);
    expect(records).toEqual(
      expected.map(({ message, state }) => ({
        id: message.id,
        acceptedAtMs: message.acceptedAtMs,
        to: message.to,
        from: message.from.addr,
        segments: message.segments,
        microCredits: message.charge.microCredits,
        state,
        connector: 'north',
        reference: message.reference,
      })),
    );
  });

  it('have a message whose id is older than its acceptance', async () => {
    const acceptedAtMs = day0 + 90 * hourMs;
    const message = messageAt(acceptedAtMs, { id: idOf(acceptedAtMs - 47 * hourMs), tenant: 'late' });
    await history.write([fold(deliveredWay(message))]);
    const question = { tenant: 'late', sinceMs: acceptedAtMs, untilMs: acceptedAtMs + 1, limit: 10 };
    expect((await history.usage(question)).records.map(({ id }) => id)).toEqual([message.id]);
    expect((await history.usage({ ...question, tenant: 'seeker' })).records).toEqual([]);
  });
});

async function allPages(question: Omit<MessageListQuestion, 'tenant'>, limits?: SearchLimits): Promise<string[][]> {
  const pages: string[][] = [];
  let before: string | undefined;
  do {
    const page = await search(database, { tenant: 'seeker', ...question, ...(before === undefined ? {} : { before }) }, limits);
    pages.push(page.messages.map(({ id }) => id));
    before = page.next;
  } while (before !== undefined);
  return pages;
}

describe('a search', () => {
  type Like = Omit<MessageListQuestion, 'tenant' | 'limit'>;
  const cases: [name: string, like: Like, fits: (one: Message, state: MessageState) => boolean][] = [
    ['of everything', {}, () => true],
    ['by state', { state: 'delivered' }, (_, state) => state === 'delivered'],
    ['by a state that few have', { state: 'rejected' }, (_, state) => state === 'rejected'],
    ['by a state that none has', { state: 'scheduled' }, () => false],
    ['by recipient', { to: '+31612340042' }, ({ to }) => to === '+31612340042'],
    ['by sender', { from: 'Shop' }, ({ from }) => from.addr === 'Shop'],
    ['by reference', { reference: 'order 7' }, ({ reference }) => reference === 'order 7'],
    ['by class', { class: 'otp' }, (one) => one.class === 'otp'],
    ['since', { sinceMs: day0 + 30 * hourMs }, ({ acceptedAtMs }) => acceptedAtMs >= day0 + 30 * hourMs],
    ['until', { untilMs: day0 + 30 * hourMs }, ({ acceptedAtMs }) => acceptedAtMs < day0 + 30 * hourMs],
    [
      'by all of them',
      {
        state: 'sent',
        to: '+31612340011',
        from: 'Shop',
        reference: 'order 1',
        class: 'normal',
        sinceMs: day0,
        untilMs: day0 + 48 * hourMs,
      },
      ({ to, class: messageClass, acceptedAtMs }, state) =>
        state === 'sent' && to === '+31612340011' && messageClass === 'normal' && acceptedAtMs < day0 + 48 * hourMs,
    ],
    [
      'by state within a time',
      { state: 'delivered', sinceMs: day0 + 5 * hourMs + 1, untilMs: day0 + 9 * hourMs + 1 },
      ({ acceptedAtMs }, state) => state === 'delivered' && acceptedAtMs > day0 + 5 * hourMs && acceptedAtMs <= day0 + 9 * hourMs,
    ],
    ['of a time in which there was nothing', { sinceMs: day0 + 100 * hourMs }, () => false],
    ['with what is no syntax here', { from: "' OR 1=1 --" }, () => false],
  ];
  it.each(cases)('%s finds those and no others, newest first, page by page', async (_, like, fits) => {
    const wanted = messages.filter(({ message, state }) => fits(message, state)).map(({ message }) => message.id);
    wanted.sort().reverse();
    const pages = await allPages({ ...like, limit: 7 });
    expect(pages.flat()).toEqual(wanted);
    expect(pages.every((page) => page.length <= 7)).toBe(true);
    // as if there were many more messages than it looks at in one statement, and in one page
    expect((await allPages({ ...like, limit: 7 }, { lookedAtOnce: 10, searchMsMax: 1_000 })).flat()).toEqual(wanted);
    expect((await allPages({ ...like, limit: 7 }, { lookedAtOnce: 10, searchMsMax: 0 })).flat()).toEqual(wanted);
  });

  it('ends a page before it is full when it has looked at many', async () => {
    const pages = await allPages({ from: 'Shop', limit: 100 }, { lookedAtOnce: 10, searchMsMax: 0 });
    expect(pages.slice(0, -1).every((page) => page.length === 5)).toBe(true);
  });

  it('finds a message that was accepted long after its id was made, as a retry is', async () => {
    const late = messageAt(day0 + 200 * hourMs, { id: idOf(day0 + 153 * hourMs), tenant: 'retrier' });
    await history.write([fold(deliveredWay(late))]);
    const find = async (like: Like): Promise<number> => (await history.list({ tenant: 'retrier', limit: 10, ...like })).messages.length;
    const atMs = late.acceptedAtMs;
    expect(
      await Promise.all([find({ sinceMs: atMs }), find({ sinceMs: atMs + 1 }), find({ untilMs: atMs }), find({ untilMs: atMs + 1 })]),
    ).toEqual([1, 0, 0, 1]);
    expect(await find({ sinceMs: atMs, state: 'delivered' })).toBe(1);
  });

  it('follows a message from state to state', async () => {
    const message = messageAt(Date.now(), { tenant: 'mover' });
    const way = deliveredWay(message);
    const found: (MessageState | undefined)[] = [];
    for (const event of way.slice(0, 4)) {
      await history.write([fold([event])]);
      for (const state of messageStates) {
        const { messages: those } = await history.list({ tenant: 'mover', limit: 1, state });
        found.push(...those.map((one) => one.state));
      }
    }
    expect(found).toEqual(['accepted', 'routed', 'sent', 'delivered']);
  });
});

describe('the counts by state', () => {
  it('are of the hour that is asked for, and of those after it', async () => {
    const at = async (sinceMs: number) => {
      const { byState } = await history.stats({ tenant: 'seeker', sinceMs });
      return Object.entries(byState).filter(([, count]) => count > 0);
    };
    const since = (ms: number, state: MessageState): number =>
      messages.filter(({ message, state: is }) => is === state && message.acceptedAtMs >= ms).length;
    for (const sinceMs of [0, day0 + 60 * hourMs])
      expect(await at(sinceMs)).toEqual((['sent', 'delivered', 'rejected'] as const).map((state) => [state, since(sinceMs, state)]));
    expect(await at(day0 + 60 * hourMs + 3_599_999)).toEqual(await at(day0 + 60 * hourMs));
    expect(await at(day0 + 1_000 * hourMs)).toEqual([]);
  });

  it('say every state, and count each message once, whatever came twice or in another order, and none that is not accepted', async () => {
    const message = messageAt(Date.now(), { tenant: 'counted' });
    const way = deliveredWay(message);
    const [, routed, sent, reported] = way as [LoggedEvent, LoggedEvent, LoggedEvent, LoggedEvent];
    const counts: Record<string, number>[] = [];
    for (const events of [
      [sent],
      [reported],
      way,
      [routed],
      way,
      [{ ...routed, message: { ...headOf(message), content: message.content } }],
    ]) {
      await history.write([fold(events as LoggedEvent[])]);
      counts.push((await history.stats({ tenant: 'counted', sinceMs: 0 })).byState);
    }
    const none = Object.fromEntries(messageStates.map((state) => [state, 0]));
    expect(counts).toEqual([none, none, ...Array.from({ length: 4 }, () => ({ ...none, delivered: 1 }))]);
  });
});
