import type { Duplex } from 'node:stream';
import type { Accept } from '@heliograph/accept';
import type { RegistryWatch } from '@heliograph/registry';
import { counter } from '@heliograph/service';
import { commandStatus, createSession, type PduOf, type BindPdu, type Reply, type Session, type SessionTimers } from '@heliograph/smpp';
import { authenticate } from './bind.ts';
import type { BoundSessions } from './bound-sessions.ts';
import { statusOf } from './refusal.ts';
import type { Reports } from './reports.ts';
import { readSubmit } from './submit.ts';

export interface ServeContext {
  readonly accept: Accept;
  readonly registry: RegistryWatch;
  readonly sessions: BoundSessions;
  readonly reports: Reports;
  readonly timers: SessionTimers;
  readonly deliverWindow: number;
  readonly submitWindow: number;
  readonly systemId: string;
  readonly noCreditStatus: number;
  readonly log: { info(fields: object, text: string): void; error(fields: object, text: string): void };
}

const binds = counter('heliograph_smpp_ingress_binds_total', 'Binds by outcome');
const submits = counter('heliograph_smpp_ingress_submits_total', 'submit_sm by outcome');
const accepted = { outcome: 'accepted' };

/** Serves one connection from its first octet to its end. */
export function serveSession(socket: Duplex, context: ServeContext): Session {
  const { accept, registry, sessions, reports, log } = context;
  let credential: string | undefined;
  let refused = false;

  const session: Session = createSession({
    socket,
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
        case 'submit_sm':
          return submit(request, reply);
        default:
          reply.error(commandStatus.ESME_RINVCMDID);
      }
    },
    onClose({ code, detail }) {
      if (credential === undefined) return;
      sessions.remove(session);
      reports.changed(credential);
      log.info({ credential, peer: session.peer.address, code, detail, counters: session.counters }, 'session ended');
    },
    onEvent(event) {
      if (event.kind === 'handler_failed') log.error({ command: event.command, err: event.error }, 'bug: request not handled');
    },
  });

  async function bind(request: BindPdu, reply: Reply): Promise<void> {
    // one guess per connection: a refused session is on its way out
    if (refused) return void reply.error(commandStatus.ESME_RBINDFAIL);
    const answer = await authenticate(request, registry.current);
    if (!answer.ok) return refuseBind(answer.status, reply);
    if (!sessions.add({ session, credential: answer.credential })) return refuseBind(commandStatus.ESME_RALYBND, reply);
    if (!reply.ok({ system_id: context.systemId })) return sessions.remove(session);
    credential = answer.credential.id;
    binds.add(1, accepted);
    log.info({ credential, peer: session.peer.address, state: session.state }, 'session bound');
    reports.changed(credential);
  }

  function refuseBind(status: number, reply: Reply): void {
    refused = true;
    binds.add(1, { outcome: status });
    reply.error(status);
    session.close({ code: 'bind_refused' });
  }

  async function submit(request: PduOf<'submit_sm'>, reply: Reply): Promise<void> {
    const read = readSubmit(request, credential as string, new Date());
    if (!read.ok) return refuseSubmit(read.status, reply);
    const acceptance = await accept.submit(read.submission);
    if (!acceptance.ok) return refuseSubmit(statusOf(acceptance.reason, context.noCreditStatus), reply);
    submits.add(1, accepted);
    reply.ok({ message_id: acceptance.id });
  }

  function refuseSubmit(status: number, reply: Reply): void {
    submits.add(1, { outcome: status });
    reply.error(status);
  }

  return session;
}
