import type { RequestHandler } from 'express';
import { lookupIdOf, matchesApiKey } from '@heliograph/credential';
import type { Snapshot } from '@heliograph/registry';
import { Passport } from 'passport';
import headerApiKey from 'passport-headerapikey';
import { problem, ProblemError } from './problem.ts';

/** Who a request comes from, as its API key proves. */
export interface Caller {
  readonly credential: string;
  readonly tenant: string;
}

/** Nobody's key has this digest; comparing with it makes an unknown key take as long as a known one. */
const nobodysDigest = '0'.repeat(64);

export function callerOf(key: string, { credentialByLogin, tenants }: Pick<Snapshot, 'credentialByLogin' | 'tenants'>): Caller | undefined {
  const lookupId = lookupIdOf(key);
  const credential = lookupId === undefined ? undefined : credentialByLogin('api_key', lookupId);
  const matches = matchesApiKey(key, credential?.verifier ?? nobodysDigest);
  if (!matches || !credential?.enabled || !tenants.get(credential.tenantId)?.enabled) return undefined;
  return { credential: credential.id, tenant: credential.tenantId };
}

/** Lets a request pass that has an API key in `X-API-Key` or as a bearer token, and says who it is in `response.locals.caller`. */
export function authenticate(registry: { readonly current: Snapshot }): RequestHandler {
  const passport = new Passport();
  for (const { name, header, prefix } of ways) {
    passport.use(name, new headerApiKey.HeaderAPIKeyStrategy({ header, prefix }, false, (key, done) => verify(key, registry, done)));
  }
  return (request, response, next) => {
    const { authorization } = request.headers;
    const tried = authorization !== undefined || request.headers['x-api-key'] !== undefined;
    // The scheme's name is case-insensitive (RFC 9110 §11.1); the strategy compares it letter by letter.
    if (authorization !== undefined) request.headers.authorization = authorization.replace(/^bearer +/i, 'Bearer ');
    const decided = (error: unknown, caller: unknown): void => {
      if (error) return next(error);
      if (!caller) return next(refused(tried));
      response.locals.caller = caller;
      next();
    };
    passport.authenticate(
      ways.map(({ name }) => name),
      { session: false },
      decided,
    )(request, response, next);
  };
}

const ways = [
  { name: 'x-api-key', header: 'X-API-Key', prefix: '' },
  { name: 'bearer', header: 'Authorization', prefix: 'Bearer ' },
] as const;

type Done = (error: Error | null, caller?: object) => void;

/** The strategy waits for `done` and catches nothing: this never throws, never rejects, and always calls it. */
function verify(key: string, registry: { readonly current: Snapshot }, done: Done): void {
  let caller: Caller | undefined;
  try {
    caller = callerOf(key, registry.current);
  } catch (error) {
    return done(error instanceof Error ? error : new Error('key not checked'));
  }
  done(null, caller);
}

/** RFC 6750 §3: a request with no key at all is told the scheme only. */
function refused(tried: boolean): ProblemError {
  const challenge = tried ? 'Bearer realm="heliograph", error="invalid_token"' : 'Bearer realm="heliograph"';
  const detail = tried ? 'the API key is not valid' : 'give an API key in X-API-Key or as Authorization: Bearer';
  return new ProblemError(problem('not_authenticated', detail), { 'WWW-Authenticate': challenge });
}
