import type { Request, RequestHandler } from 'express';
import { isAllowedFrom, matchesDigest, networkOf, readApiKey } from '@heliograph/credential';
import { isUsable, verifiersOf, type Snapshot } from '@heliograph/registry';
import { Passport } from 'passport';
import headerApiKey from 'passport-headerapikey';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { problem, ProblemError } from '../http/problem.ts';
import { callerOfCredential, type Caller } from './caller.ts';
import { firstOperator } from './first-operator.ts';

/** Nobody's key has this digest; comparing with it makes an unknown key take as long as a known one. */
const nobodysDigest = '0'.repeat(64);

export interface KeyFacts {
  readonly snapshot: Pick<Snapshot, 'credentialByLogin' | 'tenants'>;
  /** Where the request comes from. */
  readonly address: string;
  readonly nowMs: number;
  /** SHA-256 of the first operator's key, hex; undefined: there is none. */
  readonly operatorDigest: string | undefined;
}

/** Whose API key it is; undefined: nobody's that may be used now and from there. */
export function callerOf(key: string, { snapshot, address, nowMs, operatorDigest }: KeyFacts): Caller | undefined {
  const given = readApiKey(key);
  if (!given) return undefined;
  if (operatorDigest !== undefined && matchesDigest(given.digest, operatorDigest)) return firstOperator;
  const credential = snapshot.credentialByLogin('api_key', given.lookupId);
  const verifiers = credential ? verifiersOf(credential, nowMs) : [nobodysDigest];
  const matches = verifiers.filter((verifier) => matchesDigest(given.digest, verifier)).length > 0;
  if (!matches || !credential || !isUsable(credential, snapshot, nowMs) || !isAllowedFrom(credential.allowIps, address)) return undefined;
  return callerOfCredential(credential);
}

export interface AuthenticateOptions {
  readonly registry: { readonly current: Snapshot };
  /** Wrong keys a minute from one network (/24, IPv6 /64) that are told so; any more are told to slow down. A good key always passes. */
  readonly failuresMax: number;
  /** SHA-256 of the first operator's key, hex; undefined: there is none. */
  readonly operatorDigest: string | undefined;
  readonly now?: () => number;
}

/** Lets a request pass that has an API key in `X-API-Key` or as a bearer token, and says who it is in `response.locals.caller`. */
export function authenticate({ registry, failuresMax, operatorDigest, now = Date.now }: AuthenticateOptions): RequestHandler {
  const failures = new RateLimiterMemory({ points: failuresMax, duration: 60 });
  const passport = new Passport();
  for (const { name, header, prefix } of ways) {
    const verify = (key: string, done: Done, request?: Request): void => {
      const address = request?.socket.remoteAddress ?? '';
      decide(() => callerOf(key, { snapshot: registry.current, address, nowMs: now(), operatorDigest }), done);
    };
    passport.use(name, new headerApiKey.HeaderAPIKeyStrategy({ header, prefix }, true, verify));
  }
  return (request, response, next) => {
    const { authorization } = request.headers;
    const hasOwn = request.headers['x-api-key'] !== undefined;
    if (authorization === undefined && !hasOwn) return next(noKey);
    // The scheme's name is case-insensitive (RFC 9110 §11.1); the strategy compares it letter by letter.
    if (authorization !== undefined) request.headers.authorization = authorization.replace(/^bearer +/i, 'Bearer ');
    const decided = (error: unknown, caller: unknown): void => {
      if (error) return next(error);
      if (!caller) return void refuse(request).then(next, next);
      response.locals.caller = caller;
      next();
    };
    // a way that fails makes an error with its stack, so none is gone for nothing
    passport.authenticate(hasOwn ? allWays : 'bearer', { session: false }, decided)(request, response, next);
  };

  async function refuse({ socket }: Request): Promise<ProblemError> {
    try {
      await failures.consume(networkOf(socket.remoteAddress ?? ''));
      return wrongKey;
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      return new ProblemError(tooManyWrong, { 'Retry-After': String(Math.ceil(error.msBeforeNext / 1000)) });
    }
  }
}

const ways = [
  { name: 'x-api-key', header: 'X-API-Key', prefix: '' },
  { name: 'bearer', header: 'Authorization', prefix: 'Bearer ' },
] as const;
const allWays = ways.map(({ name }) => name);

type Done = (error: Error | null, caller?: object) => void;

/** The strategy waits for `done` and catches nothing: this never throws, never rejects, and always calls it. */
function decide(callerOfKey: () => Caller | undefined, done: Done): void {
  let caller: Caller | undefined;
  try {
    caller = callerOfKey();
  } catch (error) {
    return done(error instanceof Error ? error : new Error('key not checked'));
  }
  done(null, caller);
}

/** RFC 6750 §3: a request with no key at all is told the scheme only. */
const noKey = new ProblemError(problem('not_authenticated', 'give an API key in X-API-Key or as Authorization: Bearer'), {
  'WWW-Authenticate': 'Bearer realm="heliograph"',
});
const wrongKey = new ProblemError(problem('not_authenticated', 'the API key is not valid'), {
  'WWW-Authenticate': 'Bearer realm="heliograph", error="invalid_token"',
});
const tooManyWrong = problem('throttled', 'too many wrong API keys from your network; a good one is let in all the same');
