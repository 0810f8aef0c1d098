import { isAllowedFrom, verifyNothing, verifyPassword, type Lockout, type PasswordCheck } from '@heliograph/credential';
import { isUsable, type Credential, type Snapshot } from '@heliograph/registry';

export interface Guess {
  readonly login: string;
  readonly password: string;
  /** Where it comes from. */
  readonly address: string;
}

export interface LoginFacts {
  readonly snapshot: Pick<Snapshot, 'credentialByLogin' | 'tenants'>;
  readonly lockout: Lockout;
  readonly nowMs: number;
}

/** `busy`: too many passwords are being checked, this one was not. */
export type LoginOutcome = { readonly kind: 'proven'; readonly credential: Credential } | { readonly kind: 'wrong' | 'locked' | 'busy' };

/**
 * Proves who logs in. Unknown login, wrong password, disabled credential, disabled tenant and an address that is not allowed get the same
 * answer after the same time, so that nobody learns which logins exist. Only the network that guessed is shut out: the person gets in from
 * anywhere else. A reset ends a person's sessions whatever its grace, so the password before it begins none.
 */
export async function proveLogin({ login, password, address }: Guess, { snapshot, lockout, nowMs }: LoginFacts): Promise<LoginOutcome> {
  if (lockout.isLocked(login, address, nowMs)) return { kind: 'locked' };
  const credential = snapshot.credentialByLogin('person', login);
  const proven: PasswordCheck = credential ? await verifyPassword(credential.verifier, password) : await verifyNothing(password);
  if (proven === undefined) return { kind: 'busy' };
  if (proven && credential && isUsable(credential, snapshot, nowMs) && isAllowedFrom(credential.allowIps, address))
    return { kind: 'proven', credential };
  lockout.failed(login, address, nowMs);
  return { kind: 'wrong' };
}
