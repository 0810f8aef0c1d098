import type { RequestHandler } from 'express';
import { matchesApiKey } from '@heliograph/credential';
import { scopesOfRole } from '@heliograph/registry';
import type { Caller } from '../caller/caller.ts';

const role = 'operator-admin';

/** Who makes the first operators: known by the configuration alone, so that an empty registry can be filled over the API. */
export const firstOperator: Caller = {
  credential: 'operator',
  tenant: '',
  role,
  mode: 'live',
  may: (scope) => scopesOfRole[role].has(scope),
};

/** Lets the first operator pass, and leaves everybody else to `authenticate`. `digest`: SHA-256 in hex of the key; undefined: there is none. */
export function orFirstOperator(digest: string | undefined, authenticate: RequestHandler): RequestHandler {
  if (digest === undefined) return authenticate;
  return (request, response, next) => {
    const { authorization, 'x-api-key': key } = request.headers;
    // the scheme's name is case-insensitive (RFC 9110 §11.1)
    const given = [key, authorization?.replace(/^bearer +/i, '')];
    const known = given.some((one) => typeof one === 'string' && matchesApiKey(one, digest));
    if (!known) return void authenticate(request, response, next);
    response.locals.caller = firstOperator;
    next();
  };
}
