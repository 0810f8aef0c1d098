/** SMPP sessions over all ingress processes: who has which, and what is asked of an ingress about its own. Times are unix ms. */

/** Keys `<credential>.<ingress>.<session>`, there while the session is bound; those of an ingress that died go within the time to live. */
export const sessionPresence = { bucket: 'sessions', ttlMs: 30_000 } as const;

export const sessionKey = (credential: string, ingress: string, session: string): string => `${credential}.${ingress}.${session}`;

export function readSessionKey(key: string): { credential: string; ingress: string; session: string } {
  const [credential = '', ingress = '', session = ''] = key.split('.');
  return { credential, ingress, session };
}

/** Followed by the ingress process: only it knows its sessions. */
export const sessionSubjects = {
  list: (ingress: string): string => `sessions.list.${ingress}`,
  close: (ingress: string): string => `sessions.close.${ingress}`,
} as const;

export interface LiveSession {
  readonly id: string;
  readonly credential: string;
  readonly systemId: string;
  readonly bindType: 'transmitter' | 'receiver' | 'transceiver';
  /** SMPP 3.4 §5.2.4 */
  readonly interfaceVersion: number;
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  readonly sinceMs: number;
  /** Its requests in work here, of at most `max`; then reading from it stops. */
  readonly submitWindow: { readonly open: number; readonly max: number };
  /** Ours that it has not answered, of at most `max` at once. */
  readonly deliverWindow: { readonly open: number; readonly max: number };
  readonly pdusIn: number;
  readonly pdusOut: number;
  readonly octetsIn: number;
  readonly octetsOut: number;
}

/** Another tenant's sessions are not found. */
export interface SessionListQuestion {
  readonly tenant: string;
}

export interface SessionListAnswer {
  readonly sessions: readonly LiveSession[];
}

export interface SessionCloseQuestion {
  readonly tenant: string;
  readonly id: string;
}

/** `found`: it is being ended, with an unbind. */
export interface SessionCloseAnswer {
  readonly found: boolean;
}
