import { readFileSync } from 'node:fs';
import type { RequestHandler } from 'express';
import { createAccept, createReview, openCancel } from '@heliograph/accept';
import { createVault, newWebhookSecret } from '@heliograph/credential';
import { reportsWritten, sessionPresence, type ReportsWritten } from '@heliograph/message';
import { openQueue } from '@heliograph/queue';
import {
  createCredentialUses,
  credentialSubjects,
  openRegistry,
  watchRegistry,
  type CredentialsUsed,
  type CredentialUpgrade,
} from '@heliograph/registry';
import { gauge, type Config, type Running, type ServiceContext } from '@heliograph/service';
import { createApi, endpoints } from './api.ts';
import { createApp } from './http/app.ts';
import { authenticate } from './caller/authenticate.ts';
import { noteCallers } from './caller/note.ts';
import { authenticateEither } from './caller/session.ts';
import type { config as configSchema } from './config.ts';
import { createHealths } from './control/connectors/healths.ts';
import { createRegistryChanges } from './control/registry-changes.ts';
import { createCredentials } from './credentials/credentials.ts';
import { startRotationNotice } from './credentials/rotation.ts';
import { createForeignDoors } from './doors/doors.ts';
import { createWaiting } from './events/waiting.ts';
import { createHistory } from './history/history.ts';
import { classesOf } from './http/classes.ts';
import { listen } from './http/listen.ts';
import { createIdempotency, leaseMs } from './idempotency/idempotency.ts';
import { openIdempotencyTable } from './idempotency/table.ts';
import { createPersons } from './persons/persons.ts';
import { createSessions } from './sessions/sessions.ts';
import { createWebhooks } from './webhook/webhooks.ts';

const name = 'http-api';
/** Of the time to drain, what is kept for giving leases back and closing. */
const closingMs = 3_000;
/** Connections to Postgres for changes of the registry; reading it has one of its own. */
const writersMax = 2;

export async function start({ config, instance, log }: ServiceContext<typeof configSchema>): Promise<Running> {
  const tls = readTls(config);
  const queue = await openQueue({ url: config.NATS_URL, name, log });
  const registry = await watchRegistry({ databaseUrl: config.DATABASE_URL, listen: queue.listen, log });
  const accept = createAccept({ queue, registry, instance: ingressName(instance), inWorkMax: config.SUBMISSIONS_IN_WORK_MAX });
  const { cancel } = await openCancel(queue);
  const database = openRegistry(config.DATABASE_URL, writersMax);
  const vault = createVault(Buffer.from(config.MASTER_KEY, 'hex'));
  const webhooks = createWebhooks({
    database,
    registry,
    broadcast: queue.broadcast,
    vault,
    newSecret: newWebhookSecret,
    log,
  });
  const changes = createRegistryChanges({ database, registry, broadcast: queue.broadcast, log });
  const credentials = createCredentials({ database, registry, broadcast: queue.broadcast, log });
  await queue.answer<CredentialsUsed>(credentialSubjects.used, name, credentials.used);
  await queue.answer<CredentialUpgrade>(credentialSubjects.upgrade, name, (asked) => credentials.upgrade('smpp-ingress', asked));
  const history = createHistory({ asking: queue, changes });
  const uses = createCredentialUses({ ask: queue.ask });
  const rotation = startRotationNotice({ registry, log });
  const sessions = createSessions({ presence: await queue.presence(sessionPresence), asking: queue, registry });
  const waiting = createWaiting();
  queue.listen<ReportsWritten>(reportsWritten, ({ tenants }) => waiting.hint(tenants));
  const persons = createPersons({
    databaseUrl: config.DATABASE_URL,
    masterKey: Buffer.from(config.MASTER_KEY, 'hex'),
    tls: tls !== undefined,
    registry,
    database,
    broadcast: queue.broadcast,
    log,
  });
  const byKey = authenticate({ registry, failuresMax: config.HTTP_KEY_FAILURES, operatorDigest: config.OPERATOR_KEY_DIGEST });
  const either = authenticateEither(byKey, persons);
  const noted = (handler: RequestHandler): RequestHandler => noteCallers(handler, { registry, uses });
  const authenticated = noted(either);
  const idempotency = createIdempotency({ table: openIdempotencyTable(config.DATABASE_URL, leaseMs, log), log });
  const app = createApp({
    endpoints,
    api: createApi({
      accept,
      cancel,
      review: createReview({ queue, cancel }),
      asking: queue,
      waiting,
      history,
      webhooks,
      sessions,
      credentials,
      changes,
      healths: createHealths({ queue }),
      vault,
      privateWebhooks: config.ALLOW_PRIVATE_WEBHOOKS,
      egressIps: config.WEBHOOK_EGRESS_IPS,
      registry,
      broadcast: queue.broadcast,
      log,
      ...persons,
    }),
    authenticate: authenticated,
    persons: { ...persons, person: noted(persons.person) },
    doors: createForeignDoors({ authenticate: authenticated, noted, accept, asking: queue, history, registry, log }),
    idempotency,
    bodyOctetsMax: config.HTTP_BODY_OCTETS_MAX,
    tls: tls !== undefined,
    log,
  });
  const server = await listen({ app, classes: classesOf(app), host: config.HTTP_HOST, port: config.HTTP_PORT, ...(tls ? { tls } : {}) });
  gauge('heliograph_registry_stale_seconds', 'time since the registry was last seen', () => registry.staleMs / 1000);

  return {
    ports: { http: server.port },
    checks: { queue: () => queue.connected || 'disconnected' },
    async stop() {
      waiting.stop();
      await server.stop(Math.max(0, config.DRAIN_MS - closingMs));
      await idempotency.close();
      await accept.close();
      rotation.stop();
      await uses.stop();
      await registry.stop();
      await persons.close();
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
