import { isAllowedFrom } from '@heliograph/credential';
import { isUsable, type Credential, type Snapshot } from '@heliograph/registry';

/** What a session holds of the person who logged in. */
export interface Remembered {
  /** Id of the credential. */
  readonly credential: string;
  /** The secret it was proven with: a session ends with it. */
  readonly secretSetAtMs: number;
  /** Absolute, however busy it is. */
  readonly endsAtMs: number;
}

/** A working day and a half; OWASP's session management cheat sheet says 4 to 8 hours for an office day. */
export const sessionMsMax = 12 * 60 * 60_000;

export function remember(credential: Credential, nowMs: number): Remembered {
  return { credential: credential.id, secretSetAtMs: credential.secretSetAt.getTime(), endsAtMs: nowMs + sessionMsMax };
}

export interface SessionFacts {
  readonly snapshot: Pick<Snapshot, 'credentials' | 'tenants'>;
  /** Where the request comes from. */
  readonly address: string;
  readonly nowMs: number;
}

/** Whose session it is; undefined: nobody's any more. */
export function recall(remembered: Remembered, { snapshot, address, nowMs }: SessionFacts): Credential | undefined {
  const credential = snapshot.credentials.get(remembered.credential);
  if (credential?.kind !== 'person' || nowMs >= remembered.endsAtMs) return undefined;
  // not only newer ones: what counts is that it is another, and the clocks of who sets them differ
  if (credential.secretSetAt.getTime() !== remembered.secretSetAtMs) return undefined;
  return isUsable(credential, snapshot, nowMs) && isAllowedFrom(credential.allowIps, address) ? credential : undefined;
}
