import { createVault } from '@heliograph/credential';
import {
  done,
  headOf,
  type MessageHead,
  type MessageReported,
  type ReportDelivered,
  type ReportDue,
  type ReportExhausted,
} from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { openRegistry, putPricePlan, putTenant, putWebhook, type RegistryDatabase } from '@heliograph/registry';
import { readConfig } from '@heliograph/service';
import { createHeard, quietLog, startServers, testMessage, type Heard } from '@heliograph/testbed';
import pg from 'pg';
import { config } from '../src/config.ts';
import { start, type StartOptions } from '../src/start.ts';

export const masterKey = '11'.repeat(32);

type OfReports = MessageReported | ReportDelivered | ReportExhausted;

export interface Platform {
  readonly queue: Queue;
  readonly registry: RegistryDatabase;
  readonly databaseUrl: string;
  readonly natsUrl: string;
  readonly reported: Heard<OfReports>;
  readonly due: Heard<ReportDue>;
  rows<R>(sql: string, values?: unknown[]): Promise<R[]>;
  forwarder(env?: Record<string, string>, options?: StartOptions): Promise<{ stop(): Promise<void> }>;
  tenant(webhook: { id: string; url: string; secrets: readonly string[]; oldUntil?: readonly Date[]; enabled?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** The real Postgres and nats-server, migrated, with somebody listening to what dlr-forwarder gives. */
export async function startPlatform(): Promise<Platform> {
  const servers = await startServers({ schemas: ['registry', 'dlr'], syncAlways: false });
  const { databaseUrl, natsUrl } = servers;
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  pool.on('error', () => {}); // the server goes before its last idle connection is closed
  const registry = openRegistry(databaseUrl);
  await putPricePlan(registry, { id: 'plan', name: 'plan', refunds: [], prices: [] });
  const queue = await openQueue({ url: natsUrl, name: 'test', log: quietLog });
  const reported = createHeard<OfReports>();
  const due = createHeard<ReportDue>();
  const reader = queue.readFromPosition({
    stage: 'log',
    stream: 'REPORTED',
    position: async () => 0,
    gatherMs: 0,
    eventsMax: 100,
    handle: async (deliveries) => reported.hear(...deliveries.map(({ event }) => event as OfReports)),
  });
  const notifier = await queue.workEach({
    stage: 'notify',
    stream: 'NOTIFY',
    eventsInFlightMax: 1_000,
    handle: async ({ event }) => {
      if (event.type === 'report.due') due.hear(event);
      return done();
    },
  });

  return {
    queue,
    registry,
    databaseUrl,
    natsUrl,
    reported,
    due,
    rows: async <R>(sql: string, values: unknown[] = []) => (await pool.query(sql, values)).rows as R[],
    async forwarder(env = {}, options = {}) {
      const read = readConfig(config, {
        DATABASE_URL: databaseUrl,
        NATS_URL: natsUrl,
        MASTER_KEY: masterKey,
        LOG_LEVEL: 'silent',
        ...env,
      });
      return start({ name: 'dlr-forwarder', instance: 'test', config: read, log: quietLog as never }, options);
    },
    async tenant({ id, url, secrets, oldUntil = [], enabled = true }) {
      await putTenant(registry, { id, name: id, enabled: true, pricePlanId: 'plan', defaultCountry: '', segmentsPerSecond: 0 });
      const vault = createVault(Buffer.from(masterKey, 'hex'));
      await putWebhook(registry, {
        tenantId: id,
        url,
        enabled,
        oldUntil,
        secrets: secrets.map((secret) => vault.seal(secret, `webhook:${id}`)),
      });
    },
    async stop() {
      await reader.stop();
      await notifier.stop(1_000);
      await queue.close();
      await registry.$disconnect();
      await pool.end();
      await servers.stop();
    },
  };
}

export const messageHead = (changes: Partial<MessageHead> = {}): MessageHead => headOf(testMessage(changes));
