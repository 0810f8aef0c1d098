import { isAllowedFrom, verifyNothing, verifyPassword, type Lockout } from '@heliograph/credential';
import { isUsable, secretsOf, type Credential, type GoodSecret, type Snapshot } from '@heliograph/registry';
import { commandStatus, type BindPdu } from '@heliograph/smpp';
import type { BoundSession } from './bound-sessions.ts';

export type BindAnswer =
  { readonly ok: true; readonly credential: Credential; readonly secret: GoodSecret } | { readonly ok: false; readonly status: number };

export interface BindFacts {
  readonly snapshot: Snapshot;
  /** Where it comes from. */
  readonly address: string;
  readonly lockout: Lockout;
  readonly nowMs: number;
}

const refused: BindAnswer = { ok: false, status: commandStatus.ESME_RBINDFAIL };

/**
 * Proves who binds. Unknown system id, wrong password, disabled or expired credential, disabled tenant and an address that is not allowed get the
 * same answer (ESME_RBINDFAIL, 0x0D) after the same time, so that nobody learns which system ids exist. Whoever is locked out gets it at once,
 * and costs no work.
 */
export async function authenticate(pdu: BindPdu, { snapshot, address, lockout, nowMs }: BindFacts): Promise<BindAnswer> {
  if (lockout.isLocked(pdu.system_id, address, nowMs)) return refused;
  const credential = snapshot.credentialByLogin('smpp', pdu.system_id);
  const mayBind = credential !== undefined && maySend(credential, snapshot, nowMs) && isAllowedFrom(credential.allowIps, address);
  const secrets = credential ? secretsOf(credential, nowMs) : [];
  for (let check = 0; check < checksOf(snapshot, nowMs); check++) {
    const secret = secrets[check];
    const proven = secret ? await verifyPassword(secret.verifier, pdu.password) : await verifyNothing(pdu.password);
    if (proven === undefined) return { ok: false, status: commandStatus.ESME_RSYSERR };
    if (proven && secret && mayBind) return { ok: true, credential, secret };
  }
  lockout.failed(pdu.system_id, address, nowMs);
  return refused;
}

/** When the last of the old SMPP passwords ends that are good still, by snapshot: these never change. */
const lastGraceMs = new WeakMap<Snapshot, number>();

/**
 * So many passwords are compared before a bind is refused: as many as any system id has at the moment, or the time would tell those that were reset
 * from others. Two while one was reset with a grace, one otherwise.
 */
function checksOf(snapshot: Snapshot, nowMs: number): number {
  let untilMs = lastGraceMs.get(snapshot);
  if (untilMs === undefined) {
    untilMs = 0;
    for (const { kind, previousUntil } of snapshot.credentials.values())
      if (kind === 'smpp' && previousUntil !== null) untilMs = Math.max(untilMs, previousUntil.getTime());
    lastGraceMs.set(snapshot, untilMs);
  }
  return untilMs > nowMs ? 2 : 1;
}

/** What of a bound session says whether it may stay. */
type Bound = Pick<BoundSession, 'credential' | 'secretSetAtMs'> & { readonly session: { readonly peer: { readonly address: string } } };

/**
 * A session ends when its credential is gone, disabled or has expired, when the password it was bound with is not good any more, or when it may not
 * come from there any more. A verifier that was only upgraded is of the same password, and known by its time.
 */
export function isTakenBack({ credential, secretSetAtMs, session }: Bound, snapshot: Snapshot, nowMs: number): boolean {
  const now = snapshot.credentials.get(credential.id);
  if (!now || !maySend(now, snapshot, nowMs) || !isAllowedFrom(now.allowIps, session.peer.address)) return true;
  return !secretsOf(now, nowMs).some(({ setAtMs }) => setAtMs === secretSetAtMs);
}

/** Whoever pays for what is sent must be there: an operator is of no tenant. */
function maySend(credential: Credential, snapshot: Snapshot, nowMs: number): boolean {
  return credential.tenantId !== '' && isUsable(credential, snapshot, nowMs);
}
