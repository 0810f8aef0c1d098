import { readFileSync } from 'node:fs';
import { createAccept, openCancel } from '@heliograph/accept';
import { createVault, newWebhookSecret } from '@heliograph/credential';
import { sessionPresence } from '@heliograph/message';
import { openQueue } from '@heliograph/queue';
import { openRegistry, watchRegistry } from '@heliograph/registry';
import { gauge, type Config, type Running, type ServiceContext } from '@heliograph/service';
import { createApi } from './api.ts';
import { createApp } from './app.ts';
import { authenticate } from './authenticate.ts';
import type { config as configSchema } from './config.ts';
import { listen } from './listen.ts';
import { createSessions } from './sessions.ts';
import { createWebhooks } from './webhooks.ts';

const name = 'http-api';
/** Of the time to drain, what is kept for giving leases back and closing. */
const closingMs = 3_000;
/** Connections to Postgres for changes of the registry; reading it has one of its own. */
const writersMax = 2;

export async function start({ config, instance, log }: ServiceContext<typeof configSchema>): Promise<Running> {
  const tls = readTls(config);
  const queue = await openQueue({ url: config.NATS_URL, name, log });
  const registry = await watchRegistry({ databaseUrl: config.DATABASE_URL, listen: queue.listen, log });
  const accept = createAccept({ queue, registry, instance: ingressName(instance) });
  const { cancel } = await openCancel(queue);
  const database = openRegistry(config.DATABASE_URL, writersMax);
  const webhooks = createWebhooks({
    database,
    registry,
    broadcast: queue.broadcast,
    vault: createVault(Buffer.from(config.MASTER_KEY, 'hex')),
    newSecret: newWebhookSecret,
    log,
  });
  const sessions = createSessions({ presence: await queue.presence(sessionPresence), asking: queue, registry });
  const app = createApp({
    api: createApi({ accept, cancel, asking: queue, webhooks, sessions, privateWebhooks: config.ALLOW_PRIVATE_WEBHOOKS }),
    authenticate: authenticate(registry),
    bodyOctetsMax: config.HTTP_BODY_OCTETS_MAX,
    tls: tls !== undefined,
    log,
  });
  const server = await listen({ app, host: config.HTTP_HOST, port: config.HTTP_PORT, ...(tls ? { tls } : {}) });
  gauge('heliograph_registry_stale_seconds', 'time since the registry was last seen', () => registry.staleMs / 1000);

  return {
    ports: { http: server.port },
    checks: { queue: () => queue.connected || 'disconnected' },
    async stop() {
      await server.stop(Math.max(0, config.DRAIN_MS - closingMs));
      await accept.close();
      await registry.stop();
      await database.$disconnect();
      await queue.close();
    },
  };
}

/** Leases are recalled from an ingress by its name, which must fit a NATS subject token; the end of an instance's name tells it from its equals. */
export function ingressName(instance: string): string {
  const token = instance.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return `http-${token.slice(-35)}`;
}

function readTls({
  HTTP_TLS_CERT_FILE: certFile,
  HTTP_TLS_KEY_FILE: keyFile,
}: Config<typeof configSchema>): { cert: string; key: string } | undefined {
  if (certFile === undefined || keyFile === undefined) return undefined;
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}
