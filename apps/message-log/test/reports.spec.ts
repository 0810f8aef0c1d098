import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { headOf, rankOf, type EventsAnswer, type FinalState, type Message } from '@heliograph/message';
import { startServers, type TestServers } from '@heliograph/testbed';
import { openHistory, type History } from '../src/history.ts';
import { addEvent, type LoggedEvent, type Row } from '../src/log.ts';
import { statementsOf } from '../src/statement.ts';
import { cause, deliveredWay, failedAt, messageAt, t0 } from './events.ts';

let servers: TestServers;
let history: History;

beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'] });
  history = openHistory(servers.databaseUrl);
  // autovacuum's transactions hold reports back for a moment, as any other's do: here each is looked for at once
  for (const statement of ['ALTER SYSTEM SET autovacuum = off', 'SELECT pg_reload_conf()']) await query(statement);
}, 60_000);

afterAll(async () => {
  await history?.close();
  await servers?.stop();
}, 30_000);

function reported(message: Message, state: FinalState, at = t0 + 300): LoggedEvent {
  return { type: 'message.reported', at, message: headOf(message), state, cause: cause('RECEIPTS', at) };
}

function fold(events: readonly LoggedEvent[]): Row {
  let row: Row | undefined;
  for (const event of events) row = addEvent(row, event);
  return row as Row;
}

async function pulled(tenant: string, after?: string): Promise<string[]> {
  const { events } = await history.events({ tenant, limit: 1_000, ...(after === undefined ? {} : { after }) });
  return events.map(({ report }) => report.state);
}

describe('events', () => {
  it('say all that the report says, also of a message whose acceptance has not been heard of', async () => {
    const message = messageAt(t0, { tenant: 'alone' });
    await history.write([fold([{ ...reported(message, 'undelivered'), reason: 'undelivered', errorCode: '034' } as LoggedEvent])]);
    const answer = await history.events({ tenant: 'alone', limit: 10 });
    expect(answer).toEqual({
      events: [
        {
          cursor: answer.next,
          report: {
            id: message.id,
            to: message.to,
            from: 'Acme',
            state: 'undelivered',
            reason: 'undelivered',
            errorCode: '034',
            reference: 'order 7',
            segments: 2,
            acceptedAtMs: t0,
            doneAtMs: t0 + 300,
          },
        },
      ],
      next: expect.stringMatching(/^\d+-1$/),
      more: false,
    });
  });

  const message = (tenant: string): Message => messageAt(t0, { tenant });
  const cases: [name: string, writes: (one: Message) => LoggedEvent[][], states: FinalState[]][] = [
    ['a message that is delivered', (one) => deliveredWay(one).map((event) => [event]), ['delivered']],
    ['one that runs through within a moment', (one) => [deliveredWay(one)], ['delivered']],
    ['one whose report comes twice', (one) => [deliveredWay(one), deliveredWay(one)], ['delivered']],
    ['one whose report is stated twice', (one) => [[reported(one, 'expired', 1)], [reported(one, 'expired', 2)]], ['expired']],
    ['one that failed: when that is reported, not before', (one) => [[failedAt(one, t0, 'expired')]], []],
    [
      'one whose no_report is lifted',
      (one) => [[reported(one, 'no_report', 1)], [reported(one, 'delivered', 2)]],
      ['no_report', 'delivered'],
    ],
    ['the same, heard of together', (one) => [[reported(one, 'delivered', 2), reported(one, 'no_report', 1)]], ['no_report', 'delivered']],
    ['one whose no_report is heard of late', (one) => [[reported(one, 'delivered', 2)], [reported(one, 'no_report', 1)]], ['delivered']],
    ['one with two ends: the first stays', (one) => [[reported(one, 'delivered', 1)], [reported(one, 'failed', 2)]], ['delivered']],
    ['one that is on its way', (one) => [deliveredWay(one).slice(0, 3)], []],
  ];
  it.each(cases)('%s', async (name, writes, states) => {
    const tenant = name;
    for (const events of writes(message(tenant))) await history.write([fold(events)]);
    expect(await pulled(tenant)).toEqual(states);
  });

  it('are pulled page by page, one tenant only, and from now on', async () => {
    const { next: now } = await history.events({ tenant: 'pages', limit: 1, after: 'now' });
    const messages = Array.from({ length: 5 }, () => message('pages'));
    await history.write([...messages.map((one) => fold([reported(one, 'delivered')])), fold([reported(message('others'), 'failed')])]);
    const pages: EventsAnswer[] = [];
    for (let after: string | undefined; pages.length < 4; after = pages.at(-1)?.next)
      pages.push(await history.events({ tenant: 'pages', limit: 2, ...(after === undefined ? {} : { after }) }));
    expect(pages.map(({ events, more }) => [events.length, more])).toEqual([
      [2, true],
      [2, true],
      [1, false],
      [0, false],
    ]);
    expect(pages[3]?.next).toBe(pages[2]?.next);
    expect(pages.flatMap(({ events }) => events.map(({ report }) => report.id)).sort()).toEqual(messages.map(({ id }) => id).sort());
    expect(await pulled('pages', now)).toHaveLength(5);
    expect(await pulled('pages', pages[3]?.next)).toEqual([]);
  });

  it('that a slower writer began before are waited for: none comes before one that was answered', async () => {
    const slow = new pg.Client({ connectionString: servers.databaseUrl });
    await slow.connect();
    await slow.query('BEGIN');
    for (const { sql, parameters } of statementsOf([fold([reported(message('slow'), 'failed')])])) await slow.query(sql, [...parameters]);
    await history.write([fold([reported(message('slow'), 'delivered')])]);
    const held = await pulled('slow');
    const { next: now } = await history.events({ tenant: 'slow', limit: 1, after: 'now' });
    await slow.query('COMMIT');
    await slow.end();
    expect([held, await pulled('slow'), await pulled('slow', now)]).toEqual([[], ['failed', 'delivered'], ['failed', 'delivered']]);
  });

  it('of one message come in the order of its states, though the writer of the later one began first', async () => {
    const one = message('overtaken');
    const early = new pg.Client({ connectionString: servers.databaseUrl });
    await early.connect();
    await early.query('BEGIN');
    await early.query('SELECT pg_current_xact_id()');
    await history.write([fold([reported(one, 'no_report')]), fold([reported(message('overtaken'), 'failed')])]);
    for (const { sql, parameters } of statementsOf([fold([reported(one, 'delivered', t0 + 400)])])) await early.query(sql, [...parameters]);
    const held = await pulled('overtaken');
    await early.query('COMMIT');
    await early.end();
    const states = await pulled('overtaken');
    expect([held, states.at(-1), states.toSorted()]).toEqual([[], 'delivered', ['delivered', 'failed', 'no_report']]);
  });

  it('of a writer that gave up do not hold back others', async () => {
    const failing = new pg.Client({ connectionString: servers.databaseUrl });
    await failing.connect();
    await failing.query('BEGIN');
    for (const { sql, parameters } of statementsOf([fold([reported(message('undone'), 'failed')])]))
      await failing.query(sql, [...parameters]);
    await history.write([fold([reported(message('undone'), 'delivered')])]);
    await failing.end();
    let states: string[] = [];
    while (states.length === 0) states = await pulled('undone');
    expect(states).toEqual(['delivered']);
  });

  it('are missed by nobody who follows, whoever writes how much at a time, and no state comes twice or goes backwards', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
    console.log(`seed ${seed}`);
    const random = randomOf(seed);
    const writers = Array.from({ length: 3 }, () => openHistory(servers.databaseUrl));
    const messages = Array.from({ length: 1_500 }, () => message('raced'));
    const given = messages.flatMap((one, i) => [
      ...deliveredWay(one).slice(0, 3),
      ...(i % 3 === 0 ? [reported(one, 'no_report', t0 + 1)] : []),
      ...(i % 5 === 0 ? [] : [reported(one, 'delivered', t0 + 300), reported(one, 'delivered', t0 + 301)]),
    ]);
    const events = given.map((event) => ({ event, at: random() })).sort((a, b) => a.at - b.at).map(({ event }) => event); // prettier-ignore
    /** `before`: a transaction begun after all was written. */
    const written: { before?: bigint } = {};
    const seen: { id: string; state: FinalState }[] = [];
    async function follow(): Promise<void> {
      for (let after = '0-0', last = false; ;) {
        // what it asks for when nothing that was written is held back is the last: autovacuum's transactions may hold it for a moment
        last = written.before !== undefined && (await horizon()) > written.before;
        const answer = await history.events({ tenant: 'raced', limit: 1 + Math.floor(random() * 50), after });
        seen.push(...answer.events.map(({ report }) => report));
        after = answer.next;
        if (last && !answer.more) return;
      }
    }
    async function horizon(): Promise<bigint> {
      const { next } = await history.events({ tenant: 'raced', limit: 1, after: 'now' });
      return BigInt(next.split('-')[0] as string);
    }
    async function write(writer: History): Promise<void> {
      for (let portion = take(); portion.length > 0; portion = take()) {
        const rows = new Map<string, Row>();
        for (const event of portion) {
          const id = 'message' in event ? event.message.id : event.messageId;
          rows.set(id, addEvent(rows.get(id), event));
        }
        await writer.write([...rows.values()]);
      }
    }
    const take = (): LoggedEvent[] => events.splice(0, 1 + Math.floor(random() * 200));
    const following = follow();
    await Promise.all(writers.map(write));
    written.before = await newTransaction();
    await following;
    await Promise.all(writers.map((writer) => writer.close()));
    const states = new Map<string, FinalState[]>();
    for (const { id, state } of seen) states.set(id, [...(states.get(id) ?? []), state]);
    for (const [i, { id }] of messages.entries()) {
      const of = states.get(id) ?? [];
      const wanted = i % 5 !== 0 ? 'delivered' : i % 3 === 0 ? 'no_report' : undefined;
      expect([id, of.at(-1)]).toEqual([id, wanted]);
      expect(of.map(rankOf)).toEqual([...new Set(of.map(rankOf))].sort());
    }
  }, 60_000);
});

async function newTransaction(): Promise<bigint> {
  const [row] = await query<{ id: string }>('SELECT pg_current_xact_id()::text AS id');
  return BigInt(row?.id as string);
}

async function query<R extends pg.QueryResultRow>(sql: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: servers.databaseUrl });
  await client.connect();
  const { rows } = await client.query<R>(sql);
  await client.end();
  return rows;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
