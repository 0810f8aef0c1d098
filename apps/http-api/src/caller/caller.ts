import { mayDo, type Credential, type Role, type Scope } from '@heliograph/registry';

/** Who a request comes from, as its credential proves. */
export interface Caller {
  /** Id of the credential. */
  readonly credential: string;
  /** Empty: an operator's. */
  readonly tenant: string;
  readonly role: Role;
  /** What a `test` credential submits never reaches a provider. */
  readonly mode: Credential['mode'];
  may(scope: Scope): boolean;
}

export function callerOfCredential(credential: Credential): Caller {
  const { id, tenantId, role, mode } = credential;
  return { credential: id, tenant: tenantId, role, mode, may: (scope) => mayDo(credential, scope) };
}

/** Who has shown no credential, where none is asked for. */
export const nobody: Caller = { credential: '', tenant: '', role: 'device', mode: 'live', may: () => false };
