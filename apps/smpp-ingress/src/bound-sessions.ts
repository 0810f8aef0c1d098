import type { LiveSession } from '@heliograph/message';
import type { Credential } from '@heliograph/registry';
import type { Session } from '@heliograph/smpp';

export interface BoundSession {
  readonly session: Session;
  readonly credential: Credential;
  /** Of the password it was bound with: when the credential got it. */
  readonly secretSetAtMs: number;
  readonly bindType: LiveSession['bindType'];
  readonly tls: boolean;
  readonly sinceMs: number;
  /** The graceful end. */
  leave(): Promise<void>;
}

/** The sessions bound to this process, by credential. */
export interface BoundSessions {
  /** False when the credential has as many sessions as it may; `elsewhere`: those it has in other processes. */
  add(bound: BoundSession, elsewhere: number): boolean;
  remove(session: Session): void;
  /** Sessions that take deliver_sm (bound as receiver or transceiver), the least recently used first. */
  nextReceiver(credential: string): Session | undefined;
  hasReceiver(credential: string): boolean;
  count(credential: string): number;
  all(): Iterable<BoundSession>;
  readonly size: number;
}

export function createBoundSessions(): BoundSessions {
  const byCredential = new Map<string, BoundSession[]>();

  const sessionsOf = (credential: string): BoundSession[] => byCredential.get(credential) ?? [];

  return {
    add(bound, elsewhere) {
      const { id, sessions: sessionsMax } = bound.credential;
      const sessions = byCredential.get(id) ?? [];
      if (sessions.length + elsewhere >= sessionsMax) return false;
      byCredential.set(id, [...sessions, bound]);
      return true;
    },
    remove(session) {
      for (const [credential, sessions] of byCredential) {
        const left = sessions.filter((bound) => bound.session !== session);
        if (left.length === 0) byCredential.delete(credential);
        else byCredential.set(credential, left);
      }
    },
    nextReceiver(credential) {
      const sessions = sessionsOf(credential);
      const free = sessions.findIndex((bound) => isReceiver(bound) && bound.session.windowFree > 0);
      const [bound] = free < 0 ? [] : sessions.splice(free, 1);
      if (!bound) return undefined;
      sessions.push(bound);
      return bound.session;
    },
    hasReceiver: (credential) => sessionsOf(credential).some(isReceiver),
    count: (credential) => byCredential.get(credential)?.length ?? 0,
    all: () => [...byCredential.values()].flat(),
    get size() {
      let count = 0;
      for (const sessions of byCredential.values()) count += sessions.length;
      return count;
    },
  };
}

function isReceiver({ session: { state } }: BoundSession): boolean {
  return state === 'bound_rx' || state === 'bound_trx';
}
