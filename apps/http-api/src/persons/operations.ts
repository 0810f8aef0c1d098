import { verifyPassword, type Lockout } from '@heliograph/credential';
import { mayDo, scopes, type Credential, type RegistryWatch } from '@heliograph/registry';
import { counter, type Log } from '@heliograph/service';
import type { z } from 'zod';
import type { PersonSession } from '../caller/session.ts';
import type { ApiAnswer, Operations } from '../http/endpoint.ts';
import { problem } from '../http/problem.ts';
import type { personEndpoints } from './endpoints.ts';
import { proveLogin, type LoginOutcome } from './login.ts';
import { passwordFault, type Passwords } from './password.ts';
import type { person } from './schema.ts';

export interface PersonOperationsOptions {
  readonly registry: Pick<RegistryWatch, 'current'>;
  /** Of logins. */
  readonly lockout: Lockout;
  /** The longest that a network is locked out, ms. */
  readonly lockedMs: number;
  readonly passwords: Passwords;
  readonly log: Pick<Log, 'debug'>;
}

const loginsTotal = counter('heliograph_http_api_logins_total', 'Logins of persons, by outcome');

export function createPersonOperations(options: PersonOperationsOptions): Operations<typeof personEndpoints> {
  const { registry, lockout, lockedMs, passwords, log } = options;
  const refusals: Readonly<Record<Exclude<LoginOutcome['kind'], 'proven'>, ApiAnswer>> = {
    wrong: { ok: false, problem: problem('not_authenticated', 'the login or the password is wrong') },
    locked: { ok: false, problem: problem('throttled', 'too many wrong passwords from your network'), retryAfterMs: lockedMs },
    busy,
  };

  return {
    async logIn({ body: { login, password }, address, session, requestId }) {
      const outcome = await proveLogin({ login, password, address }, { snapshot: registry.current, lockout, nowMs: Date.now() });
      loginsTotal.add(1, { outcome: outcome.kind });
      log.debug({ requestId, outcome: outcome.kind, ...('credential' in outcome ? { credential: outcome.credential.id } : {}) }, 'login');
      if (outcome.kind !== 'proven') return refusals[outcome.kind];
      const { credential } = outcome;
      await passwords.upgrade(credential, password, { credential: credential.id, address, requestId });
      return begin(session, credential);
    },
    async whoAmI({ session }) {
      return { ok: true, body: showPerson(session.credential as Credential, session) };
    },
    async logOut({ session }) {
      return (await session.end()) ? { ok: true } : storeAway;
    },
    async changePassword({ body, address, session, requestId }) {
      const credential = session.credential as Credential;
      const { login, verifier } = credential;
      const fault = passwordFault(body.new, credential);
      if (fault !== undefined) return invalid('/new', fault);
      if (lockout.isLocked(login, address, Date.now())) return refusals.locked;
      const proven = await verifyPassword(verifier, body.old);
      if (proven === undefined) return busy;
      if (!proven) {
        lockout.failed(login, address, Date.now());
        return invalid('/old', 'is not your password');
      }
      const outcome = await passwords.change(credential, body.new, { credential: credential.id, address, requestId });
      if (outcome.kind === 'changed') return begin(session, outcome.credential);
      if (outcome.kind === 'taken') return invalid('/old', 'is not your password any more');
      return { ok: false, problem: problem('unavailable', 'the password cannot be changed at the moment') };
    },
  };
}

async function begin(session: PersonSession, credential: Credential): Promise<ApiAnswer> {
  return (await session.begin(credential)) ? { ok: true, body: showPerson(credential, session) } : storeAway;
}

function showPerson(credential: Credential, session: PersonSession): z.infer<typeof person> {
  const { id, name, role, tenantId } = credential;
  return {
    credential: id,
    name,
    role,
    scopes: scopes.filter((scope) => mayDo(credential, scope)),
    tenant: tenantId === '' ? null : tenantId,
    csrfToken: session.csrfToken(),
  };
}

const busy: ApiAnswer = { ok: false, problem: problem('unavailable', 'too many passwords are being checked') };
const storeAway: ApiAnswer = { ok: false, problem: problem('unavailable', 'the session cannot be stored') };

function invalid(field: string, message: string): ApiAnswer {
  return { ok: false, problem: problem('invalid', 'the password was not changed', [{ field, message }]) };
}
