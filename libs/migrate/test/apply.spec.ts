import { removePostgres, startPostgres } from '@heliograph/embedded';
import type { PostgresServer } from '@heliograph/embedded';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { applyMigrations } from '../src/index.ts';

let folder: string;
let server: PostgresServer;
let client: pg.Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-migrate-'));
  server = await startPostgres({ dataDir: join(folder, 'postgres') });
  client = new pg.Client({ connectionString: server.url });
  await client.connect();
}, 60_000);
afterAll(async () => {
  await client.end();
  await server.stop();
  removePostgres(join(folder, 'postgres'));
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

let dir: string;
beforeEach(async () => {
  dir = mkdtempSync(join(folder, 'migrations-'));
  await client.query('DROP SCHEMA IF EXISTS billing CASCADE; DROP SCHEMA IF EXISTS dlr CASCADE');
});

function migration(name: string, sql: string): void {
  mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, name, 'migration.sql'), sql);
}

const apply = (schema = 'billing') => applyMigrations(server.url, dir, schema);
const rows = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows;

describe('applying migrations', () => {
  test('runs them in the order of their names, in the schema of their owner, once', async () => {
    migration('20261120000002_fill', 'INSERT INTO ledger VALUES (7);');
    migration('20261120000001_create', 'CREATE TABLE ledger (amount bigint);\nCREATE INDEX ledger_amount ON ledger (amount);');
    writeFileSync(join(dir, 'migration_lock.toml'), 'provider = "postgresql"\n');
    expect(await apply()).toEqual({ applied: ['20261120000001_create', '20261120000002_fill'] });
    expect(await apply()).toEqual({ applied: [] });
    migration('20261120000003_more', 'INSERT INTO ledger VALUES (8);');
    expect(await apply()).toEqual({ applied: ['20261120000003_more'] });
    expect(await rows('SELECT amount FROM billing.ledger')).toEqual([{ amount: '7' }, { amount: '8' }]);
  });

  test("records them as Prisma does, in Prisma's table", async () => {
    migration('20261120000001_create', 'CREATE TABLE ledger (amount bigint);\n');
    await apply();
    expect(
      await rows(
        `SELECT length(id) id, checksum, migration_name, logs, rolled_back_at, applied_steps_count, finished_at >= started_at ordered FROM billing._prisma_migrations`,
      ),
    ).toEqual([
      {
        id: 36,
        // printf 'CREATE TABLE ledger (amount bigint);\n' | sha256sum
        checksum: '6c05b4f044b23b181a159b57cfa9b593260edc02533f8428cdcef37d62840810',
        migration_name: '20261120000001_create',
        logs: null,
        rolled_back_at: null,
        applied_steps_count: 1,
        ordered: true,
      },
    ]);
  });

  test('keeps the owners apart: the same name in two schemas is two migrations', async () => {
    migration('20261120000001_create', 'CREATE TABLE kept (id int);');
    await Promise.all([apply('billing'), apply('dlr')]);
    expect(await rows(`SELECT schemaname FROM pg_tables WHERE tablename = 'kept' ORDER BY 1`)).toEqual([
      { schemaname: 'billing' },
      { schemaname: 'dlr' },
    ]);
  });

  test('from several processes at once runs each once', async () => {
    migration('20261120000001_create', 'CREATE TABLE ledger (amount bigint);');
    migration('20261120000002_fill', 'INSERT INTO ledger VALUES (7);');
    const results = await Promise.all([apply(), apply(), apply(), apply()]);
    expect(results.flatMap(({ applied }) => applied)).toHaveLength(2);
    expect(await rows('SELECT count(*)::int FROM billing.ledger')).toEqual([{ count: 1 }]);
  });

  test('one that fails is rolled back whole and named with its line; those before it stay, and mended it runs', async () => {
    migration('20261120000001_create', 'CREATE TABLE ledger (amount bigint);');
    migration('20261120000002_broken', 'CREATE TABLE half (id int);\n\nINSERT INTO nowhere VALUES (1);');
    await expect(apply()).rejects.toThrow(
      'Migration billing/20261120000002_broken failed and was rolled back: relation "nowhere" does not exist (line 3)',
    );
    expect(await rows(`SELECT tablename FROM pg_tables WHERE schemaname = 'billing' ORDER BY 1`)).toEqual([
      { tablename: '_prisma_migrations' },
      { tablename: 'ledger' },
    ]);
    migration('20261120000002_broken', 'CREATE TABLE whole (id int);');
    expect(await apply()).toEqual({ applied: ['20261120000002_broken'] });
  });

  test('one that was edited after it was applied is refused by name, and nothing else is run', async () => {
    migration('20261120000001_create', 'CREATE TABLE ledger (amount bigint);');
    await apply();
    migration('20261120000001_create', 'CREATE TABLE ledger (amount numeric);');
    migration('20261120000002_more', 'CREATE TABLE more (id int);');
    await expect(apply()).rejects.toThrow(/billing\/20261120000001_create was changed after it was applied/);
    expect(await rows(`SELECT to_regclass('billing.more') AS more`)).toEqual([{ more: null }]);
  });

  test('one that Prisma marked as rolled back runs again; one it left unfinished is refused', async () => {
    migration('20261120000001_create', 'CREATE TABLE IF NOT EXISTS ledger (amount bigint);');
    await apply();
    await client.query('UPDATE billing._prisma_migrations SET finished_at = NULL');
    await expect(apply()).rejects.toThrow(/billing\/20261120000001_create was started by Prisma and never finished/);
    await client.query('UPDATE billing._prisma_migrations SET rolled_back_at = now()');
    expect(await apply()).toEqual({ applied: ['20261120000001_create'] });
  });

  test('one that leaves another search path behind does not move the record or the next one', async () => {
    migration('20261120000001_dumped', `SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE billing.a (id int);`);
    migration('20261120000002_plain', 'CREATE TABLE b (id int);');
    expect((await apply()).applied).toHaveLength(2);
    expect(await rows(`SELECT to_regclass('billing.b')::text AS b`)).toEqual([{ b: 'billing.b' }]);
  });

  test('a folder without its migration.sql is named', async () => {
    mkdirSync(join(dir, '20261120000001_empty'));
    await expect(apply()).rejects.toThrow(/20261120000001_empty\/migration\.sql is missing/);
  });
});
