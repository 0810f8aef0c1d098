import { planMigrations, readMigrations, type AppliedMigration } from '@heliograph/migrate';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { isLoopback, urlsOf } from './checks.ts';
import type { DatabaseFacts } from './facts.ts';

export interface Owner {
  readonly schema: string;
  /** Below the project's root. */
  readonly migrations: string;
}

const connectMsMax = 5_000;

export async function lookAtDatabase(url: string | undefined, root: string, owners: readonly Owner[]): Promise<DatabaseFacts | undefined> {
  const [server] = urlsOf(url);
  if (url === undefined || !server) return undefined;
  const { host, hostname } = server;
  const unknown = {
    host,
    loopback: isLoopback(hostname),
    tls: false,
    takesAnyPassword: false,
    pendingMigrations: [],
    brokenMigrations: [],
  };
  try {
    return { ...unknown, error: undefined, ...(await connected(url, root, owners)), takesAnyPassword: await takesAnyPassword(url) };
  } catch (error) {
    return { ...unknown, error: (error as Error).message };
  }
}

async function connected(url: string, root: string, owners: readonly Owner[]) {
  const client = clientOf(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    const pendingMigrations: string[] = [];
    const brokenMigrations: string[] = [];
    for (const { schema, migrations } of owners) {
      const plan = planMigrations(readMigrations(join(root, migrations)), await appliedIn(client, schema));
      if (plan.ok) pendingMigrations.push(...plan.pending.map(({ name }) => `${schema}/${name}`));
      else brokenMigrations.push(`${schema}/${plan.migration}`);
    }
    return { tls: rows[0]?.ssl ?? false, pendingMigrations, brokenMigrations };
  } finally {
    await client.end();
  }
}

async function appliedIn(client: pg.Client, schema: string): Promise<AppliedMigration[]> {
  const table = `${client.escapeIdentifier(schema)}._prisma_migrations`;
  const { rows: found } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
  if (!found[0]?.there) return [];
  const { rows } = await client.query<AppliedMigration>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished FROM ${table} WHERE rolled_back_at IS NULL`,
  );
  return rows;
}

/** Any refusal will do: this one has a password that nobody has. */
async function takesAnyPassword(url: string): Promise<boolean> {
  const wrong = new URL(url);
  wrong.password = randomBytes(16).toString('hex');
  const client = clientOf(wrong.href);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function clientOf(connectionString: string): pg.Client {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: connectMsMax, application_name: 'setup-verifier' });
  // a lost connection also fails the query under way, which reports it
  client.on('error', () => undefined);
  return client;
}
