import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { removePostgres, startPostgres, type PostgresServer } from '@heliograph/embedded';
import { eventually } from '@heliograph/testbed';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { commits, type Commit } from '../src/power/commits.ts';
import { familyOf, sayCommits } from '../src/power/postgres.ts';
import { noStrace, traced } from '../src/power/traced.ts';

const timeoutMs = 120_000;
/** A connection each. */
const sessions = 4;
const insertsEach = 10;
/** Several pages of the log. */
const text = 'heliograph '.repeat(2_000);

let folder: string;
let server: PostgresServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-commits-'));
  server = await startPostgres({ dataDir: join(folder, 'postgres') });
}, timeoutMs);

afterAll(async () => {
  await server.stop();
  removePostgres(join(folder, 'postgres'));
  rmSync(folder, { recursive: true, force: true });
}, timeoutMs);

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  return client;
}

/** Settings are read again when PostgreSQL gets to it. */
async function level(client: pg.Client, wanted: string): Promise<void> {
  const shown = async () => (await client.query<{ log_min_messages: string }>('SHOW log_min_messages')).rows[0]?.log_min_messages;
  await eventually(`log_min_messages is ${wanted}`, async () => (await shown()) === wanted);
}

describe('PostgreSQL', () => {
  test('that is told to says which process of which client commits what, and then no longer', async () => {
    const client = await connect();
    await client.query('CREATE TABLE said (id int)');
    const insert = async (): Promise<string> => {
      const { rows } = await client.query<{ pid: number; xid: string }>(
        'INSERT INTO said VALUES (1) RETURNING pg_backend_pid() AS pid, pg_current_xact_id()::text AS xid',
      );
      pid = rows[0]?.pid as number;
      return `xid/subid/cid: ${rows[0]?.xid}/`;
    };
    const log = () => readFileSync(join(folder, 'postgres', 'postgres.log'), 'utf8').split('\n');
    let pid = 0;
    const postgres = await sayCommits(server.url);
    await level(client, 'debug5');
    const said = await insert();
    expect((await postgres.clients({ 'this test': process.pid })).get(pid)).toBe('this test');
    expect(log().filter((line) => line.includes(`[${pid}] DEBUG:  CommitTransaction(1)`) && line.includes(said))).toHaveLength(1);
    await postgres.end();
    await level(client, 'warning');
    const unsaid = await insert();
    expect(log().filter((line) => line.includes(unsaid))).toEqual([]);
    await client.end();
  });

  if (noStrace() === undefined)
    test(
      'with many commits at once has synced each before it answers, but not those of connections that do not wait for it',
      async () => {
        const waiting = await Promise.all(Array.from({ length: sessions }, connect));
        const hasty = await connect();
        await hasty.query('CREATE TABLE kept (text text); ALTER TABLE kept ALTER text SET STORAGE EXTERNAL');
        await hasty.query('SET synchronous_commit = off');
        const pidOf = async (client: pg.Client) => (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
        const hastyPid = await pidOf(hasty);
        const insertAll = async (client: pg.Client) => {
          for (let i = 0; i < insertsEach; i++) await client.query('INSERT INTO kept VALUES ($1)', [i % 3 === 0 ? text : 'short']);
        };
        const lines = await traced(
          () => familyOf(server.pid),
          async () => {
            const postgres = await sayCommits(server.url);
            await Promise.all([...waiting, hasty].map((client) => level(client, 'debug5')));
            await Promise.all([...waiting, hasty].map(insertAll));
            await postgres.end();
          },
        );
        await Promise.all([...waiting, hasty].map((client) => client.end()));
        const { careful = [], careless = [] } = Object.groupBy(commits(lines), ({ process }) =>
          process === hastyPid ? 'careless' : 'careful',
        );
        expect(careful).toHaveLength(sessions * insertsEach);
        expect(careful.filter(({ synced }) => !synced)).toEqual([]);
        // a sync for one of the others may come in between, but hardly each time
        expect(careless).toHaveLength(insertsEach);
        expect(careless.filter(({ synced }: Commit) => !synced).length).toBeGreaterThan(insertsEach / 2);
      },
      timeoutMs,
    );
});
