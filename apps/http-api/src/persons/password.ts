import { hashPassword, needsUpgrade } from '@heliograph/credential';
import type { Queue } from '@heliograph/queue';
import {
  changeCredential,
  registryChanged,
  upgradeVerifier,
  type Actor,
  type Credential,
  type CredentialDecision,
  type RegistryDatabase,
  type RegistryWatch,
} from '@heliograph/registry';
import type { Log } from '@heliograph/service';

/** Passwords of persons in the registry. */
export interface Passwords {
  /**
   * Puts another in the place of the one that `credential` has, and tells every service. Gives the credential as it is then. `taken`: it was
   * given another meanwhile, and nothing was changed; `away`: the registry's database does not answer.
   */
  change(
    credential: Credential,
    password: string,
    actor: Actor,
  ): Promise<{ readonly kind: 'changed'; readonly credential: Credential } | { readonly kind: 'taken' | 'away' }>;
  /** The same password, which was just proven, as it would be stored today; where that is not possible it stays as it is until the next login. */
  upgrade(credential: Credential, password: string, actor: Actor): Promise<void>;
}

export interface PasswordsOptions {
  readonly database: RegistryDatabase;
  readonly registry: Pick<RegistryWatch, 'refresh'>;
  readonly broadcast: Queue['broadcast'];
  readonly log: Pick<Log, 'error'>;
}

export function createPasswords({ database, registry, broadcast, log }: PasswordsOptions): Passwords {
  async function tellAll(): Promise<void> {
    broadcast(registryChanged, {});
    await registry.refresh();
  }

  return {
    async change(credential, password, actor) {
      const verifier = await hashPassword(password);
      try {
        const outcome = await changeCredential(database, actor, {
          id: credential.id,
          action: 'credential.password_changed',
          decide: (before) => withPassword(before, { from: credential.verifier, to: verifier }, Date.now()),
        });
        if (outcome.kind !== 'put') return { kind: 'taken' };
        await tellAll();
        return { kind: 'changed', credential: outcome.credential };
      } catch (err) {
        log.error({ credential: credential.id, err }, 'password not changed');
        return { kind: 'away' };
      }
    },
    async upgrade({ id, verifier }, password, actor) {
      if (!needsUpgrade(verifier)) return;
      try {
        if (await upgradeVerifier(database, actor, { credential: id, from: verifier, to: await hashPassword(password) })) await tellAll();
      } catch (err) {
        log.error({ credential: id, err }, 'verifier not upgraded');
      }
    },
  };
}

/** Its sessions are told from those of the password before by `secretSetAt`, so that is never the same, whatever the clocks say. */
export function withPassword(
  before: Credential | undefined,
  { from, to }: { readonly from: string; readonly to: string },
  nowMs: number,
): CredentialDecision<'taken'> {
  if (before?.verifier !== from) return { kind: 'refuse', refusal: 'taken' };
  const secretSetAt = new Date(Math.max(nowMs, before.secretSetAt.getTime() + 1));
  return { kind: 'put', credential: { ...before, verifier: to, secretSetAt, previousVerifier: '', previousUntil: null } };
}

/** What is wrong with a new password beside its length, for whoever wants to set it. */
export function passwordFault(password: string, { login }: Pick<Credential, 'login'>): string | undefined {
  return password.trim().toLowerCase() === login.trim().toLowerCase() ? 'must not be your login' : undefined;
}
