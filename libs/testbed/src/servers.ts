import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePostgres, startNats, startPostgres } from '@heliograph/embedded';
import { applyMigrations } from '@heliograph/migrate';

export interface TestServers {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  /** A folder of this test's own. */
  readonly folder: string;
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '../../..');

/** A real PostgreSQL and a real nats-server of this test's own, with the tables of the owners named (Postgres schemas). */
export async function startServers({ schemas = [] }: { schemas?: readonly Schema[] } = {}): Promise<TestServers> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-'));
  const postgresFolder = join(folder, 'postgres');
  const [postgres, nats] = await Promise.all([startPostgres({ dataDir: postgresFolder }), startNats({ dataDir: join(folder, 'nats') })]);
  for (const schema of schemas) await applyMigrations(postgres.url, migrationsOf(schema), schema);
  return {
    databaseUrl: postgres.url,
    natsUrl: nats.url,
    folder,
    async stop() {
      await Promise.all([postgres.stop(), nats.stop()]);
      await removePostgres(postgresFolder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Schema = 'registry' | 'billing' | 'message_log' | 'dlr';

const owners: Record<Schema, string> = {
  registry: 'libs/registry',
  billing: 'apps/billing-credits',
  message_log: 'apps/message-log',
  dlr: 'apps/dlr-forwarder',
};

function migrationsOf(schema: Schema): string {
  const folder = join(root, owners[schema], 'prisma/migrations');
  if (!existsSync(folder) || readdirSync(folder).length === 0) throw new Error(`${owners[schema]} has no migrations`);
  return folder;
}
