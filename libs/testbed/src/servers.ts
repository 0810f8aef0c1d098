import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePostgres, startNats, startPostgres } from '@heliograph/embedded';
import { applyMigrations } from '@heliograph/migrate';
import { chooseServers } from './choose-servers.ts';
import { startContainers } from './containers.ts';

export interface TestServers {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  /** A folder of this test's own. */
  readonly folder: string;
  stop(): Promise<void>;
}

export interface TestServersOptions {
  /** Owners whose tables are made (Postgres schemas), in this order. */
  readonly schemas?: readonly Schema[];
  /** False where a test is about something else than what survives: an acknowledgement then comes before the disk has it. */
  readonly syncAlways?: boolean;
}

const root = join(import.meta.dirname, '../../..');

/**
 * A real PostgreSQL and a real nats-server of this test's own: containers or the embedded ones, as `chooseServers` says. Rejects with a
 * readable message when they do not start; then nothing is left running.
 */
export async function startServers({ schemas = [], syncAlways = true }: TestServersOptions = {}): Promise<TestServers> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  try {
    const { use } = await chooseServers();
    const { stop, ...urls } = use === 'containers' ? await startContainers({ syncAlways }) : await startEmbedded(folder, syncAlways);
    try {
      for (const schema of schemas) await migrate(urls.databaseUrl, schema);
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      ...urls,
      folder,
      async stop() {
        await stop();
        removeFolder();
      },
    };
  } catch (error) {
    removeFolder();
    throw error;
  }
}

async function startEmbedded(folder: string, syncAlways: boolean): Promise<Omit<TestServers, 'folder'>> {
  const postgresFolder = join(folder, 'postgres');
  const [postgres, nats] = await Promise.allSettled([
    startPostgres({ dataDir: postgresFolder }),
    startNats({ dataDir: join(folder, 'nats'), syncAlways }),
  ]);
  const stop = async () => {
    await Promise.all([postgres, nats].map((one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)));
    removePostgres(postgresFolder);
  };
  if (postgres.status === 'fulfilled' && nats.status === 'fulfilled')
    return { databaseUrl: postgres.value.url, natsUrl: nats.value.url, stop };
  await stop();
  throw [postgres, nats].find((one) => one.status === 'rejected')?.reason;
}

export type Schema = 'registry' | 'billing' | 'message_log' | 'dlr' | 'inbound' | 'http_api';

const owners: Record<Schema, string> = {
  registry: 'libs/registry',
  billing: 'apps/billing-credits',
  message_log: 'apps/message-log',
  dlr: 'apps/dlr-forwarder',
  inbound: 'apps/router',
  http_api: 'apps/http-api',
};

/** Applies an owner's migrations. Rejects when it has none: a test would go on without its tables. */
export async function migrate(databaseUrl: string, schema: Schema): Promise<void> {
  const folder = join(root, owners[schema], 'prisma/migrations');
  if (!existsSync(folder) || readdirSync(folder).length === 0) throw new Error(`${owners[schema]} has no migrations`);
  await applyMigrations(databaseUrl, folder, schema);
}

export const prismaSchemaOf = (schema: Schema): string => join(root, owners[schema], 'prisma/schema.prisma');
