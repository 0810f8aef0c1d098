import type { Duplex } from 'node:stream';
import { createAccept } from '@heliograph/accept';
import { openQueue } from '@heliograph/queue';
import { watchRegistry, type Snapshot } from '@heliograph/registry';
import { gauge, type Config, type Running, type ServiceContext } from '@heliograph/service';
import type { Session } from '@heliograph/smpp';
import { createBoundSessions, type BoundSession } from './bound-sessions.ts';
import { loadOrMakeCertificate } from './certificate.ts';
import type { config } from './config.ts';
import { listenEverywhere, type Doors } from './doors.ts';
import { createReports } from './reports.ts';
import { serveSession } from './serve-session.ts';

export async function start({ name, instance, config: settings, log }: ServiceContext<typeof config>): Promise<Running> {
  const queue = await openQueue({ url: settings.NATS_URL, name, log });
  const registry = await watchRegistry({ databaseUrl: settings.DATABASE_URL, listen: queue.listen, log });
  const accept = createAccept({ queue, registry, instance: subjectToken(instance) });
  const sessions = createBoundSessions();
  const reports = createReports({ queue, sessions, log });
  const open = new Set<Session>();
  const context = {
    accept,
    registry,
    sessions,
    reports,
    log,
    timers: {
      sessionInitMs: settings.SMPP_SESSION_INIT,
      enquireLinkMs: settings.SMPP_ENQUIRE_LINK,
      inactivityMs: settings.SMPP_INACTIVITY,
      responseMs: settings.SMPP_RESPONSE,
    },
    deliverWindow: settings.SMPP_DELIVER_WINDOW,
    submitWindow: settings.SMPP_SUBMIT_WINDOW,
    systemId: settings.SMPP_SYSTEM_ID.slice(0, 15),
    noCreditStatus: settings.SMPP_NO_CREDIT_STATUS,
  };

  function take(socket: Duplex): void {
    if (open.size >= settings.SMPP_CONNECTIONS_MAX) return void socket.destroy();
    const session = serveSession(socket, context);
    open.add(session);
    socket.once('close', () => open.delete(session));
  }

  registry.onChange((snapshot) => {
    for (const bound of sessions.all()) if (isTakenBack(bound, snapshot)) bound.session.close({ code: 'credential_taken_back' });
  });
  gauge('heliograph_registry_stale_seconds', 'time since the registry was last seen', () => registry.staleMs / 1000);
  gauge('heliograph_smpp_ingress_sessions', 'Sessions bound', () => sessions.size);
  gauge('heliograph_smpp_ingress_connections', 'Connections open', () => open.size);

  const doors = await openDoors(settings, take);
  return {
    ports: { ...(doors.plain ? { smpp: doors.plain.port } : {}), smppTls: doors.tls.port },
    checks: { nats: () => queue.connected },
    async stop() {
      await Promise.all([doors.plain?.close(), doors.tls.close()]);
      // unbind waits for the answers of what is in work, both ways
      await Promise.all([...open].map((session) => session.unbind()));
      await reports.stop();
      await accept.close();
      await queue.close();
      await registry.stop();
    },
  };
}

async function openDoors(settings: Config<typeof config>, accept: (socket: Duplex) => void): Promise<{ plain?: Doors; tls: Doors }> {
  const certificate = await loadOrMakeCertificate(settings.SMPP_TLS_DIR);
  const tls = await listenEverywhere({
    hosts: settings.SMPP_TLS_HOSTS,
    port: settings.SMPP_TLS_PORT,
    tls: { ...certificate, minVersion: 'TLSv1.2' },
    accept,
  });
  if (!settings.SMPP_PLAIN) return { tls };
  return { tls, plain: await listenEverywhere({ hosts: settings.SMPP_HOSTS, port: settings.SMPP_PORT, accept }) };
}

/** A credential that is gone, disabled, or has another password ends its sessions. */
function isTakenBack({ credential }: BoundSession, snapshot: Snapshot): boolean {
  const now = snapshot.credentials.get(credential.id);
  return !now?.enabled || now.verifier !== credential.verifier || !snapshot.tenants.get(now.tenantId)?.enabled;
}

function subjectToken(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9-]/g, '-');
}
