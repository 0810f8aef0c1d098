import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createAccept, openChanges } from '@heliograph/accept';
import { createLockout, readNetworks } from '@heliograph/credential';
import { openQueue } from '@heliograph/queue';
import { createCredentialUses, watchRegistry } from '@heliograph/registry';
import { gauge, type Config, type Running, type ServiceContext } from '@heliograph/service';
import { isTakenBack } from './bind.ts';
import { createBoundSessions } from './bound-sessions.ts';
import { loadOrMakeCertificate } from './certificate.ts';
import type { config } from './config.ts';
import { openDoors, type Doors, type DoorsOptions } from './doors.ts';
import { createLiveSessions } from './live-sessions.ts';
import { createHandover } from './handover.ts';
import { createRequests } from './requests.ts';
import { serveSession, type Connection, type ServedSession } from './serve-session.ts';
import { createUpgrade } from './upgrade.ts';

/** Some 150 octets each. */
const lockoutEntriesMax = 20_000;
/** Of the time to drain, what is kept for giving reports and leases back and closing. */
const closingMs = 4_000;
/** Nobody tells when a credential expires or a grace ends; sessions are to end within a second of it. */
const takenBackLookMs = 500;

export async function start({ name, instance, config: settings, log }: ServiceContext<typeof config>): Promise<Running> {
  const queue = await openQueue({ url: settings.NATS_URL, name, log });
  const registry = await watchRegistry({ databaseUrl: settings.DATABASE_URL, listen: queue.listen, log });
  const accept = createAccept({ queue, registry, instance: subjectToken(instance), inWorkMax: settings.SUBMISSIONS_IN_WORK_MAX });
  const { cancel, replace } = await openChanges(queue);
  const sessions = createBoundSessions();
  const handover = createHandover({ queue, registry, sessions, log });
  const live = await createLiveSessions({
    queue,
    sessions,
    ingress: `${subjectToken(instance)}-${randomBytes(4).toString('hex')}`,
    submitWindowMax: settings.SMPP_SUBMIT_WINDOW,
    deliverWindowMax: settings.SMPP_DELIVER_WINDOW,
  });
  const uses = createCredentialUses({
    ask: queue.ask,
    inUse: () => [...sessions.all()].map(({ credential, session }) => ({ credential: credential.id, address: session.peer.address })),
  });
  const lockout = createLockout({
    failuresMax: settings.SMPP_BIND_FAILURES,
    windowMs: settings.SMPP_BIND_FAILURES_WITHIN,
    lockedMs: settings.SMPP_BIND_LOCKED,
    entriesMax: lockoutEntriesMax,
  });
  const open = new Set<ServedSession>();
  const context = {
    requests: createRequests({ accept, cancel, replace, registry, asking: queue, noCreditStatus: settings.SMPP_NO_CREDIT_STATUS }),
    registry,
    sessions,
    live,
    lockout,
    handover,
    uses,
    upgrade: createUpgrade(queue),
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
  };

  const sockets = new Set<Socket>();
  function admits(socket: Socket): boolean {
    if (sockets.size >= settings.SMPP_CONNECTIONS_MAX) return false;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return true;
  }

  function serve(connection: Connection): void {
    const served = serveSession(connection, context);
    open.add(served);
    connection.socket.once('close', () => open.delete(served));
  }

  function closeTakenBack(): void {
    const nowMs = Date.now();
    for (const bound of sessions.all())
      if (isTakenBack(bound, registry.current, nowMs)) bound.session.close({ code: 'credential_taken_back' });
  }
  registry.onChange(closeTakenBack);
  const looking = setInterval(closeTakenBack, takenBackLookMs).unref();
  gauge('heliograph_registry_stale_seconds', 'time since the registry was last seen', () => registry.staleMs / 1000);
  gauge('heliograph_smpp_ingress_sessions', 'Sessions bound', () => sessions.size);
  gauge('heliograph_smpp_ingress_connections', 'Connections open', () => sockets.size);

  const doors = await openBothDoors(settings, { admits, serve });
  return {
    ports: { ...(doors.plain ? { smpp: doors.plain.port } : {}), smppTls: doors.tls.port },
    checks: { nats: () => queue.connected },
    async stop() {
      clearInterval(looking);
      await Promise.all([doors.plain?.close(), doors.tls.close()]);
      // waits for the answers of what is in work, both ways
      await endWithin(open, Math.max(0, settings.DRAIN_MS - closingMs));
      await handover.stop();
      await uses.stop();
      await accept.close();
      await queue.close();
      await registry.stop();
    },
  };
}

/** A peer that does not answer an unbind keeps nobody from giving back what is the others'. */
async function endWithin(sessions: ReadonlySet<ServedSession>, ms: number): Promise<void> {
  const deadline = setTimeout(() => {
    for (const { session } of sessions) session.close({ code: 'unbound', detail: 'unbind was not answered' });
  }, ms);
  await Promise.all([...sessions].map((one) => one.leave()));
  clearTimeout(deadline);
}

interface Way {
  readonly admits: DoorsOptions['admits'];
  readonly serve: (connection: Connection) => void;
}

async function openBothDoors(settings: Config<typeof config>, { admits, serve }: Way): Promise<{ plain?: Doors; tls: Doors }> {
  const { cert, key } = await loadOrMakeCertificate(settings.SMPP_TLS_DIR);
  const caFile = settings.SMPP_TLS_CLIENT_CA_FILE;
  const clientCa = caFile === undefined ? {} : { clientCa: await readFile(caFile, 'utf8') };
  const { networks: proxies } = readNetworks(settings.SMPP_PROXY_NETWORKS);
  const common = { admits, proxies, handshakeMs: settings.SMPP_SESSION_INIT };
  const tls = await openDoors({
    ...common,
    hosts: settings.SMPP_TLS_HOSTS,
    port: settings.SMPP_TLS_PORT,
    tls: { cert, key, ...clientCa },
    accept: (socket, peer) => serve({ socket, peer, tls: true }),
  });
  if (!settings.SMPP_PLAIN) return { tls };
  const plain = await openDoors({
    ...common,
    hosts: settings.SMPP_HOSTS,
    port: settings.SMPP_PORT,
    accept: (socket, peer) => serve({ socket, peer, tls: false }),
  });
  return { tls, plain };
}

function subjectToken(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9-]/g, '-');
}
