import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { newId, type Message } from '@heliograph/message';
import { startServers, type TestServers } from '@heliograph/testbed';
import { openHistory, type History } from '../src/history.ts';
import { addEvent, type LoggedEvent, type Row } from '../src/log.ts';
import { idAt } from '../src/search.ts';
import { deliveredWay, messageAt } from './events.ts';

const dayMs = 24 * 3_600_000;

let servers: TestServers;
let history: History;
let database: pg.Client;

beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'] });
  history = openHistory(servers.databaseUrl);
  database = new pg.Client({ connectionString: servers.databaseUrl });
  await database.connect();
}, 60_000);

afterAll(async () => {
  await database?.end();
  await history?.close();
  await servers?.stop();
}, 30_000);

function messageOfDay(tenant: string, day: number): Message {
  const acceptedAtMs = Date.now() - day * dayMs;
  return messageAt(acceptedAtMs, { id: idAt(acceptedAtMs).slice(0, 12) + newId().slice(12), tenant });
}

function fold(events: readonly LoggedEvent[]): Row {
  let row: Row | undefined;
  for (const event of events) row = addEvent(row, event);
  return row as Row;
}

/** `delivered`: with its report; else it is on its way. */
function rowsOf(messages: readonly Message[], delivered: boolean): Row[] {
  return messages.map((message) => fold(deliveredWay(message).slice(0, delivered ? 5 : 3)));
}

async function left(tenant: string) {
  const { byState } = await history.stats({ tenant, sinceMs: 0 });
  const rows = async (table: string): Promise<number> =>
    (await database.query<{ rows: number }>(`SELECT count(*)::integer AS rows FROM message_log.${table} WHERE tenant = $1`, [tenant]))
      .rows[0]?.rows ?? 0;
  return { delivered: byState.delivered, sent: byState.sent, messages: await rows('message'), reports: await rows('report') };
}

it('erasing leaves what is on its way, and what is of others, and nothing of what has ended', async () => {
  const of = (tenant: string) => Array.from({ length: 30 }, (_, i) => messageOfDay(tenant, i));
  const erased = of('eraser');
  await history.write([...rowsOf(erased, true), ...rowsOf(of('eraser'), false), ...rowsOf(of('bystander'), true)]);
  const before = await left('bystander');
  expect(await history.erase({ tenant: 'eraser' }, 5_000)).toEqual({ erased: 30 });
  expect(await left('eraser')).toEqual({ delivered: 0, sent: 30, messages: 30, reports: 0 });
  expect(await left('bystander')).toEqual(before);
  expect(await history.read({ tenant: 'eraser', id: erased[0]?.id ?? '' })).toBeUndefined();
  expect(await history.erase({ tenant: 'eraser' }, 5_000)).toEqual({ erased: 0 });
});

it('erasing says that there is more when its time is over, and goes on when it is asked again, however many there are', async () => {
  const rows = rowsOf(
    Array.from({ length: 11_000 }, () => messageOfDay('hoarder', 1)),
    true,
  );
  for (let i = 0; i < rows.length; i += 2_000) await history.write(rows.slice(i, i + 2_000));
  for (let time = 0; time < 2; time++) expect(await history.erase({ tenant: 'hoarder' }, 0)).toEqual({ erased: 5_000, more: true });
  expect(await history.erase({ tenant: 'hoarder' }, 60_000)).toEqual({ erased: 1_000 });
  expect(await left('hoarder')).toEqual({ delivered: 0, sent: 0, messages: 0, reports: 0 });
}, 60_000);

it('what is too old goes, of every tenant, and what has not ended a month later', async () => {
  const tenants = ['old-a', 'old-b'];
  for (const tenant of tenants) {
    const [recent, older, unended, forgotten] = [5, 11, 39, 41].map((day) => [messageOfDay(tenant, day)]) as [
      Message[],
      Message[],
      Message[],
      Message[],
    ];
    await history.write([...rowsOf([...recent, ...older], true), ...rowsOf([...unended, ...forgotten], false)]);
  }
  const purge = async (): Promise<number> => history.purge(Date.now() - 10 * dayMs);
  // of each tenant two messages and one report; others of this file may be old, too
  expect(await purge()).toBeGreaterThanOrEqual(6);
  expect(await purge()).toBe(0);
  for (const tenant of tenants) expect(await left(tenant)).toEqual({ delivered: 1, sent: 1, messages: 2, reports: 1 });
});

it('erasing while messages are written leaves counts that are right', async () => {
  const rows = Array.from({ length: 40 }, () => Array.from({ length: 50 }, () => messageOfDay('busy', 0)));
  let writing = true;
  const erasing = (async () => {
    while (writing) await history.erase({ tenant: 'busy' }, 1_000);
  })();
  const other = openHistory(servers.databaseUrl);
  await Promise.all(
    [history, other].map(async (writer, i) => {
      for (const some of rows.filter((_, n) => n % 2 === i)) {
        await writer.write(rowsOf(some, false));
        await writer.write(rowsOf(some.slice(10), true));
      }
    }),
  );
  writing = false;
  await erasing;
  await history.erase({ tenant: 'busy' }, 5_000);
  await other.close();
  expect(await left('busy')).toEqual({ delivered: 0, sent: 400, messages: 400, reports: 0 });
}, 60_000);
