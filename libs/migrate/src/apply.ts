import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { checksumOf, planMigrations, readMigrations } from './plan.ts';
import type { AppliedMigration, Migration } from './plan.ts';

export interface Applied {
  /** Names of the migrations that this call ran, in order; empty when all were recorded already. */
  applied: string[];
}

/** Prisma's schema engine takes the advisory lock of this number while it migrates: so ours and a `prisma migrate deploy` wait for each other. */
const prismaLock = 72_707_369;
const lockWaitMs = 60_000;

/** Prisma's own table (schema engine, sql_schema_connector/flavour/postgres, `create_migrations_table`), column by column. */
const migrationsTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                  VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum            VARCHAR(64) NOT NULL,
  finished_at         TIMESTAMPTZ,
  migration_name      VARCHAR(255) NOT NULL,
  logs                TEXT,
  rolled_back_at      TIMESTAMPTZ,
  started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

/**
 * Runs the migrations of one owner (`<dir>/<timestamp_name>/migration.sql`, plain SQL) that its Postgres schema has not had yet, in
 * the order of their names, and records them as `prisma migrate deploy` would. Schema and table are made when missing.
 * Safe to call from several processes at once.
 *
 * Each migration is one transaction, together with its record: it happened or it did not. (So none may hold what cannot run in one,
 * such as CREATE INDEX CONCURRENTLY.) Rejects naming the migration when one fails (it and the rest are not applied, those before it
 * stay), when an applied one was edited, or when Prisma left one unfinished.
 */
export async function applyMigrations(databaseUrl: string, dir: string, schema: string): Promise<Applied> {
  const migrations = readMigrations(dir);
  const client = new pg.Client({ connectionString: databaseUrl, application_name: `migrate ${schema}` });
  // A lost connection also fails the query under way, which reports it; without a listener the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${lockWaitMs}`);
    await client.query('SELECT pg_advisory_lock($1)', [prismaLock]); // let go when the connection ends
    await client.query('SET lock_timeout = 0; SET client_min_messages = warning');
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${client.escapeIdentifier(schema)}`);
    await client.query(`SET search_path TO ${client.escapeIdentifier(schema)}`);
    await client.query(migrationsTable);
    return { applied: await applyPending(client, { migrations, schema }) };
  } finally {
    await client.end();
  }
}

async function applyPending(client: pg.Client, { migrations, schema }: { migrations: Migration[]; schema: string }): Promise<string[]> {
  const plan = planMigrations(migrations, await recorded(client));
  if (!plan.ok) throw new Error(refusals[plan.reason](`${schema}/${plan.migration}`));
  for (const migration of plan.pending) await applyOne(client, { migration, schema });
  return plan.pending.map(({ name }) => name);
}

const refusals = {
  edited: (name: string) =>
    `Migration ${name} was changed after it was applied to this database. Restore the file as it was, and put the change into a new migration.`,
  unfinished: (name: string) => `Migration ${name} was started by Prisma and never finished. See "prisma migrate resolve".`,
};

async function recorded(client: pg.Client): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  return rows;
}

async function applyOne(client: pg.Client, { migration, schema }: { migration: Migration; schema: string }): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    // The migration may have moved it, with SET or with what pg_dump writes: set_config('search_path', '', false).
    await client.query(`SET search_path TO ${client.escapeIdentifier(schema)}`);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksumOf(migration.sql), migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // the connection may be what failed
    throw new Error(`Migration ${schema}/${migration.name} failed and was rolled back: ${describeFailure(error, migration.sql)}`, {
      cause: error,
    });
  }
}

/** PostgreSQL names the place as a character position in the text it was sent. */
function describeFailure(error: unknown, sql: string): string {
  const { message, position } = error as pg.DatabaseError;
  return position === undefined ? message : `${message} (line ${sql.slice(0, Number(position)).split('\n').length})`;
}
