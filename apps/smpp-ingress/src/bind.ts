import { verifyNothing, verifyPassword } from '@heliograph/credential';
import type { Credential, Snapshot } from '@heliograph/registry';
import { commandStatus, type BindPdu } from '@heliograph/smpp';

export type BindAnswer = { readonly ok: true; readonly credential: Credential } | { readonly ok: false; readonly status: number };

/**
 * Proves who binds. Unknown system id, wrong password, disabled credential and disabled tenant get the same answer (ESME_RBINDFAIL, 0x0D)
 * after the same time, so that nobody learns which system ids exist.
 */
export async function authenticate(pdu: BindPdu, snapshot: Snapshot): Promise<BindAnswer> {
  const credential = snapshot.credentialByLogin('smpp', pdu.system_id);
  const proven = credential ? await verifyPassword(credential.verifier, pdu.password) : await verifyNothing(pdu.password);
  if (proven === undefined) return { ok: false, status: commandStatus.ESME_RSYSERR };
  if (!proven || !credential?.enabled || !snapshot.tenants.get(credential.tenantId)?.enabled)
    return { ok: false, status: commandStatus.ESME_RBINDFAIL };
  return { ok: true, credential };
}
