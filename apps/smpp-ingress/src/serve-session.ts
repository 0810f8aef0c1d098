import type { Duplex } from 'node:stream';
import { createThrottle } from '@heliograph/accept';
import type { Lockout } from '@heliograph/credential';
import type { LiveSession } from '@heliograph/message';
import type { CredentialUses, RegistryWatch } from '@heliograph/registry';
import { counter } from '@heliograph/service';
import { commandStatus, createSession, type BindPdu, type Peer, type Reply, type Session, type SessionTimers } from '@heliograph/smpp';
import { authenticate, isTakenBack } from './bind.ts';
import type { BoundSession, BoundSessions } from './bound-sessions.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { Handover } from './handover.ts';
import type { Requests } from './requests.ts';
import type { createUpgrade } from './upgrade.ts';

export interface ServeContext {
  readonly requests: Requests;
  readonly registry: RegistryWatch;
  readonly sessions: BoundSessions;
  readonly live: LiveSessions;
  readonly lockout: Lockout;
  readonly handover: Handover;
  readonly uses: Pick<CredentialUses, 'saw'>;
  readonly upgrade: ReturnType<typeof createUpgrade>;
  readonly timers: SessionTimers;
  readonly deliverWindow: number;
  readonly submitWindow: number;
  readonly systemId: string;
  readonly log: { info(fields: object, text: string): void; error(fields: object, text: string): void };
}

const binds = counter('heliograph_smpp_ingress_binds_total', 'Binds by outcome');
const accepted = { outcome: 'accepted' };

export interface Connection {
  readonly socket: Duplex;
  /** Where it came from in the first place, before any balancer. */
  readonly peer: Peer;
  readonly tls: boolean;
}

const bindTypes: Readonly<Record<BindPdu['command'], LiveSession['bindType']>> = {
  bind_transmitter: 'transmitter',
  bind_receiver: 'receiver',
  bind_transceiver: 'transceiver',
};

export interface ServedSession {
  readonly session: Session;
  /**
   * The graceful end: all that comes is served until the client has answered our unbind, which is said as soon as nothing is in work, or when
   * something always is. A client that hears of it and waits for its answers knows of everything it sent. Resolves when the socket is gone.
   */
  leave(): Promise<void>;
}

/** Serves one connection from its first octet to its end. */
export function serveSession({ socket, peer, tls }: Connection, context: ServeContext): ServedSession {
  const { requests, registry, sessions, live, lockout, handover, log } = context;
  const throttle = createThrottle();
  let bound: BoundSession | undefined;
  let refused = false;

  const session: Session = createSession({
    socket,
    peer,
    role: 'smsc',
    timers: context.timers,
    windowMax: context.deliverWindow,
    receiveWindowMax: context.submitWindow,
    onRequest(request, reply) {
      switch (request.command) {
        case 'bind_transmitter':
        case 'bind_receiver':
        case 'bind_transceiver':
          return bind(request, reply);
        default:
          return requests.serve(request, reply, { credential: (bound as BoundSession).credential.id, session, throttle });
      }
    },
    onClose({ code, detail }) {
      if (!bound) return;
      const { id: credential } = bound.credential;
      sessions.remove(session);
      live.hide(bound);
      handover.changed(credential);
      log.info({ credential, peer: peer.address, code, detail, counters: session.counters }, 'session ended');
    },
    onEvent(event) {
      if (event.kind === 'handler_failed') log.error({ command: event.command, err: event.error }, 'bug: request not handled');
    },
  });

  const leave = (): Promise<void> => session.unbind();

  async function bind(request: BindPdu, reply: Reply): Promise<void> {
    // one guess per connection: a refused session is on its way out
    if (refused) return void reply.error(commandStatus.ESME_RBINDFAIL);
    const answer = await authenticate(request, { snapshot: registry.current, address: peer.address, lockout, nowMs: Date.now() });
    if (!answer.ok) return refuseBind(answer.status, reply);
    const { credential, secret } = answer;
    const elsewhere = await live.elsewhere(credential);
    const bindType = bindTypes[request.command];
    const made: BoundSession = { session, credential, secretSetAtMs: secret.setAtMs, bindType, tls, sinceMs: Date.now(), leave };
    if (!sessions.add(made, elsewhere)) return refuseBind(commandStatus.ESME_RALYBND, reply);
    await live.show(made);
    // a change of the registry from here on finds it among the sessions
    const mayBind = !isTakenBack(made, registry.current, Date.now());
    if (mayBind && reply.ok({ system_id: context.systemId })) {
      begin(made);
      return context.upgrade(credential, secret, request.password);
    }
    sessions.remove(session);
    live.hide(made);
    if (!mayBind) refuseBind(commandStatus.ESME_RBINDFAIL, reply);
  }

  function begin(made: BoundSession): void {
    bound = made;
    context.uses.saw(made.credential.id, peer.address);
    binds.add(1, accepted);
    log.info({ credential: made.credential.id, peer: peer.address, state: session.state }, 'session bound');
    handover.changed(made.credential.id);
  }

  function refuseBind(status: number, reply: Reply): void {
    refused = true;
    binds.add(1, { outcome: status });
    reply.error(status);
    session.close({ code: 'bind_refused' });
  }

  return { session, leave };
}
