import {
  readSessionKey,
  sessionKey,
  sessionPresence,
  sessionSubjects,
  type LiveSession,
  type SessionCloseAnswer,
  type SessionCloseQuestion,
  type SessionListAnswer,
  type SessionListQuestion,
} from '@heliograph/message';
import type { Presence, Queue } from '@heliograph/queue';
import type { Credential } from '@heliograph/registry';
import type { BoundSession, BoundSessions } from './bound-sessions.ts';

/** The sessions of this process as the others see them, and the others' as this one does. */
export interface LiveSessions {
  /** Sessions of the credential in other processes. When nobody can tell, none: a bind is not refused for that. */
  elsewhere(credential: Credential): Promise<number>;
  /** Resolves when the others can see it. */
  show(bound: BoundSession): Promise<void>;
  hide(bound: BoundSession): void;
}

export interface LiveSessionsOptions {
  readonly queue: Queue;
  readonly sessions: BoundSessions;
  /** This process and no other, also after a restart: a subject token. */
  readonly ingress: string;
  readonly submitWindowMax: number;
  readonly deliverWindowMax: number;
}

/** An answer must fit NATS's megabyte; a session takes 500 octets of it. */
const listMax = 1_500;
/** An ingress that lives answers in a millisecond; of one that is gone the server says at once that nobody answers. */
const askTimeoutMs = 1_000;

export async function createLiveSessions(options: LiveSessionsOptions): Promise<LiveSessions> {
  const { queue, sessions, ingress } = options;
  const presence: Presence = await queue.presence(sessionPresence);
  const keyOf = ({ credential, session }: BoundSession): string => sessionKey(credential.id, ingress, session.id);

  await queue.answer<SessionListQuestion>(sessionSubjects.list(ingress), ingress, ({ tenant }): SessionListAnswer => {
    const own = [...sessions.all()].filter(({ credential }) => credential.tenantId === tenant);
    return { sessions: own.slice(0, listMax).map((bound) => describe(bound, options)) };
  });
  await queue.answer<SessionCloseQuestion>(sessionSubjects.close(ingress), ingress, ({ tenant, id }): SessionCloseAnswer => {
    const bound = [...sessions.all()].find(({ session, credential }) => session.id === id && credential.tenantId === tenant);
    void bound?.leave();
    return { found: bound !== undefined };
  });

  /** Keys of a process that died stay for a while; who would be over the cap because of them is worth a question. */
  async function stillThere(others: readonly { ingress: string }[], { id, tenantId }: Credential): Promise<number> {
    const asked = [...new Set(others.map((one) => one.ingress))].map(async (one) => {
      const question: SessionListQuestion = { tenant: tenantId };
      const answer = await queue.ask<SessionListAnswer>(sessionSubjects.list(one), question, askTimeoutMs);
      return answer?.sessions.filter(({ credential }) => credential === id).length ?? 0;
    });
    return (await Promise.all(asked)).reduce((sum, count) => sum + count, 0);
  }

  return {
    async elsewhere(credential) {
      if (!queue.connected) return 0;
      const keys = (await presence.list(credential.id)) ?? [];
      const others = keys.map(readSessionKey).filter((one) => one.ingress !== ingress);
      if (others.length === 0 || sessions.count(credential.id) + others.length < credential.sessions) return others.length;
      return stillThere(others, credential);
    },
    show: async (bound) => {
      if (queue.connected) await presence.add(keyOf(bound));
      else void presence.add(keyOf(bound));
    },
    hide: (bound) => void presence.remove(keyOf(bound)),
  };
}

function describe({ session, credential, bindType, tls, sinceMs }: BoundSession, options: LiveSessionsOptions): LiveSession {
  const { pdusIn, pdusOut, octetsIn, octetsOut } = session.counters;
  return {
    id: session.id,
    credential: credential.id,
    systemId: credential.login,
    bindType,
    interfaceVersion: session.interfaceVersion ?? 0,
    address: session.peer.address,
    port: session.peer.port,
    tls,
    sinceMs,
    submitWindow: { open: session.held, max: options.submitWindowMax },
    deliverWindow: { open: session.outstanding, max: options.deliverWindowMax },
    pdusIn,
    pdusOut,
    octetsIn,
    octetsOut,
  };
}
