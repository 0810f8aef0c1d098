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

  function receivers(credential: string): BoundSession[] {
    return (byCredential.get(credential) ?? []).filter(({ session }) => session.state === 'bound_rx' || session.state === 'bound_trx');
  }

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
      const free = receivers(credential).find(({ session }) => session.windowFree > 0);
      if (!free) return undefined;
      const sessions = byCredential.get(credential) ?? [];
      byCredential.set(credential, [...sessions.filter((bound) => bound !== free), free]);
      return free.session;
    },
    hasReceiver: (credential) => receivers(credential).length > 0,
    count: (credential) => byCredential.get(credential)?.length ?? 0,
    all: () => [...byCredential.values()].flat(),
    get size() {
      let count = 0;
      for (const sessions of byCredential.values()) count += sessions.length;
      return count;
    },
  };
}
