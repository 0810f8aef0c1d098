import { verifyNothing, verifyPassword } from '@heliograph/credential';
import type { Credential, Snapshot } from '@heliograph/registry';
import { commandStatus, type BindPdu } from '@heliograph/smpp';
import type { BoundSession } from './bound-sessions.ts';
import type { Lockout } from './lockout.ts';
import { readNetworks, type Networks } from './network.ts';

export type BindAnswer = { readonly ok: true; readonly credential: Credential } | { readonly ok: false; readonly status: number };

export interface BindFacts {
  readonly snapshot: Snapshot;
  /** Where it comes from. */
  readonly address: string;
  readonly lockout: Lockout;
  readonly nowMs: number;
}

const refused: BindAnswer = { ok: false, status: commandStatus.ESME_RBINDFAIL };

/**
 * Proves who binds. Unknown system id, wrong password, disabled credential, disabled tenant and an address that is not allowed get the same
 * answer (ESME_RBINDFAIL, 0x0D) after the same time, so that nobody learns which system ids exist. Whoever is locked out gets it at once, and
 * costs no work.
 */
export async function authenticate(pdu: BindPdu, { snapshot, address, lockout, nowMs }: BindFacts): Promise<BindAnswer> {
  if (lockout.isLocked(pdu.system_id, address, nowMs)) return refused;
  const credential = snapshot.credentialByLogin('smpp', pdu.system_id);
  const proven = credential ? await verifyPassword(credential.verifier, pdu.password) : await verifyNothing(pdu.password);
  if (proven === undefined) return { ok: false, status: commandStatus.ESME_RSYSERR };
  if (proven && credential && maySend(credential, snapshot) && mayComeFrom(credential, address)) return { ok: true, credential };
  lockout.failed(pdu.system_id, address, nowMs);
  return refused;
}

/** A session ends when its credential is gone, disabled, has another password, or may not come from there any more. */
export function isTakenBack({ credential, session }: BoundSession, snapshot: Snapshot): boolean {
  const now = snapshot.credentials.get(credential.id);
  return !now || !maySend(now, snapshot) || now.verifier !== credential.verifier || !mayComeFrom(now, session.peer.address);
}

/** Neither it nor its tenant is disabled. */
function maySend(credential: Credential, snapshot: Snapshot): boolean {
  return credential.enabled && (snapshot.tenants.get(credential.tenantId)?.enabled ?? false);
}

/** Credentials are objects of a snapshot, which never changes: their lists are read once. */
const allowed = new WeakMap<Credential, Networks>();

/** A list whose entries cannot be read lets nobody in; one without entries lets in everybody. */
function mayComeFrom(credential: Credential, address: string): boolean {
  if (credential.allowIps.length === 0) return true;
  let networks = allowed.get(credential);
  if (!networks) allowed.set(credential, (networks = readNetworks(credential.allowIps).networks));
  return networks.has(address);
}
