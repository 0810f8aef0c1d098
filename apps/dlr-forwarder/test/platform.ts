import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVault } from '@heliograph/credential';
import { removePostgres, startNats, startPostgres } from '@heliograph/embedded';
import {
  done,
  newId,
  type HeliographEvent,
  type MessageHead,
  type MessageReported,
  type ReportDelivered,
  type ReportDue,
} from '@heliograph/message';
import { applyMigrations } from '@heliograph/migrate';
import { openQueue, type Queue } from '@heliograph/queue';
import { openRegistry, putPricePlan, putTenant, putWebhook, type RegistryDatabase } from '@heliograph/registry';
import { readConfig } from '@heliograph/service';
import pg from 'pg';
import { config } from '../src/config.ts';
import { start, type StartOptions } from '../src/start.ts';

export const masterKey = '11'.repeat(32);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Events as they are stored, with waiting for one that is not there yet. */
export interface Heard<E extends HeliographEvent> {
  readonly all: readonly E[];
  /** Resolves with the events that fit when there are as many. */
  until(fits: (event: E) => boolean, count?: number): Promise<E[]>;
}

export interface Platform {
  readonly queue: Queue;
  readonly registry: RegistryDatabase;
  readonly databaseUrl: string;
  readonly natsUrl: string;
  readonly reported: Heard<MessageReported | ReportDelivered>;
  readonly due: Heard<ReportDue>;
  rows<R>(sql: string, values?: unknown[]): Promise<R[]>;
  forwarder(env?: Record<string, string>, options?: StartOptions): Promise<{ stop(): Promise<void> }>;
  tenant(webhook: { id: string; url: string; secrets: readonly string[]; enabled?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** The real Postgres and nats-server, migrated, with somebody listening to what dlr-forwarder gives. */
export async function startPlatform(): Promise<Platform> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-dlr-'));
  const [postgres, nats] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres') }),
    startNats({ dataDir: join(folder, 'nats'), syncAlways: false }),
  ]);
  await applyMigrations(postgres.url, join(import.meta.dirname, '../../../libs/registry/prisma/migrations'), 'registry');
  await applyMigrations(postgres.url, join(import.meta.dirname, '../prisma/migrations'), 'dlr');
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  pool.on('error', () => {}); // the server goes before its last idle connection is closed
  const registry = openRegistry(postgres.url);
  await putPricePlan(registry, { id: 'plan', name: 'plan', refunds: [], prices: [] });
  const queue = await openQueue({ url: nats.url, name: 'test', log: silent });
  const reported = createHeard<MessageReported | ReportDelivered>();
  const due = createHeard<ReportDue>();
  const reader = queue.readFromPosition({
    stage: 'log',
    stream: 'REPORTED',
    position: async () => 0,
    gatherMs: 0,
    eventsMax: 100,
    handle: async (deliveries) => reported.hear(deliveries.map(({ event }) => event as MessageReported | ReportDelivered)),
  });
  const notifier = await queue.workEach({
    stage: 'notify',
    stream: 'NOTIFY',
    eventsInFlightMax: 1_000,
    handle: async ({ event }) => {
      due.hear([event]);
      return done();
    },
  });

  return {
    queue,
    registry,
    databaseUrl: postgres.url,
    natsUrl: nats.url,
    reported,
    due,
    rows: async <R>(sql: string, values: unknown[] = []) => (await pool.query(sql, values)).rows as R[],
    async forwarder(env = {}, options = {}) {
      const read = readConfig(config, {
        DATABASE_URL: postgres.url,
        NATS_URL: nats.url,
        MASTER_KEY: masterKey,
        LOG_LEVEL: 'silent',
        ...env,
      });
      return start({ name: 'dlr-forwarder', instance: 'test', config: read, log: silent as never }, options);
    },
    async tenant({ id, url, secrets, enabled = true }) {
      await putTenant(registry, { id, name: id, enabled: true, pricePlanId: 'plan', defaultCountry: '' });
      const vault = createVault(Buffer.from(masterKey, 'hex'));
      await putWebhook(registry, { tenantId: id, url, enabled, secrets: secrets.map((secret) => vault.seal(secret, `webhook:${id}`)) });
    },
    async stop() {
      await reader.stop();
      await notifier.stop(1_000);
      await queue.close();
      await registry.$disconnect();
      await pool.end();
      await Promise.all([postgres.stop(), nats.stop()]);
      removePostgres(join(folder, 'postgres'));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function createHeard<E extends HeliographEvent>(): Heard<E> & { hear(events: readonly E[]): void } {
  const all: E[] = [];
  const waiting = new Set<() => void>();
  return {
    all,
    hear(events) {
      all.push(...events);
      for (const look of waiting) look();
    },
    until(fits, count = 1) {
      return new Promise((resolve) => {
        const look = (): void => {
          const found = all.filter(fits);
          if (found.length < count) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
  };
}

export function messageHead(changes: Partial<MessageHead> = {}): MessageHead {
  return {
    id: newId(),
    tenant: 'acme',
    credential: 'acme-smpp',
    door: 'smpp',
    from: { addr: 'ACME', ton: 5, npi: 0 },
    to: '+15551234567',
    class: 'normal',
    segments: 1,
    acceptedAtMs: Date.parse('2026-11-20T10:00:00Z'),
    validUntilMs: Date.parse('2026-11-23T10:00:00Z'),
    registeredDelivery: 1,
    charge: { lease: 'l1', microCredits: '1000' },
    ...changes,
  };
}
