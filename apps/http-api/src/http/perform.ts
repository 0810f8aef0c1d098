import type { Request, RequestHandler } from 'express';
import type { Caller } from '../caller/caller.ts';
import type { Answered, Idempotency } from '../idempotency/idempotency.ts';
import { fingerprintOf, readKey } from '../idempotency/key.ts';
import { isOpen, type ApiAnswer, type ApiRequest, type Endpoint } from './endpoint.ts';
import { problem, ProblemError } from './problem.ts';
import { sendStreamed, wantsCsv } from './stream.ts';
import { jsonPointer, queryField, validate } from './validate.ts';

/** An endpoint's operation without the types that its table gives it: `perform` has checked the body and the query, and who let it in left the session. */
export type Operation = (request: ApiRequest<never, never> & { readonly session: never }) => Promise<ApiAnswer>;

const tenantForm = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Before the body is read: whether the caller may, and whom it is about. */
export function permit({ scope, ofTenant }: Pick<Endpoint, 'scope' | 'ofTenant'>): RequestHandler {
  return (request, response, next) => {
    const caller = response.locals.caller as Caller;
    if (!isOpen(scope) && !caller.may(scope)) return next(new ProblemError(problem('not_permitted', `it needs the scope ${scope}`)));
    const tenant = caller.tenant || String(request.headers['heliograph-tenant'] ?? '');
    if (tenant !== '' && !tenantForm.test(tenant))
      return next(new ProblemError(problem('bad_request', 'Heliograph-Tenant is not an id of a tenant')));
    if (ofTenant && tenant === '') return next(new ProblemError(problem('tenant_needed', 'name the tenant in Heliograph-Tenant')));
    response.locals.tenant = tenant;
    next();
  };
}

/** Checks query and body, does it, once if it is asked to, and answers. */
export function perform(
  { query, body, answer, idempotent, csv }: Endpoint,
  operation: Operation,
  idempotency: Pick<Idempotency, 'once'>,
): RequestHandler {
  return async (request, response) => {
    const key = idempotent ? keyOf(request) : undefined;
    const checkedQuery = query ? validate(query, { ...request.query }, queryField) : { ok: true as const, value: undefined };
    if (!checkedQuery.ok) throw new ProblemError(problem('invalid', 'the query does not fit', checkedQuery.errors));
    const checkedBody = body ? validate(body, response.locals.body, jsonPointer) : { ok: true as const, value: undefined };
    if (!checkedBody.ok) throw new ProblemError(problem('invalid', 'the body does not fit', checkedBody.errors));
    const asked = {
      caller: response.locals.caller as Caller,
      tenant: response.locals.tenant as string,
      params: request.params as Record<string, string>,
      query: checkedQuery.value as never,
      body: checkedBody.value as never,
      requestId: response.locals.requestId as string,
      address: request.socket.remoteAddress ?? '',
      session: response.locals.session as never,
      ...(csv ? { csv: wantsCsv(request) } : {}),
    };
    const given: Answered =
      key === undefined
        ? await operation(asked)
        : await idempotency.once(
            { tenant: asked.tenant, key, fingerprint: fingerprintOf(request.method, request.path, request.body as Buffer) },
            (attempt) => operation({ ...asked, attempt }),
          );
    if (given.replayed) response.set('Idempotent-Replayed', 'true');
    if (given.headers) response.set(given.headers);
    if (!given.ok) throw new ProblemError(given.problem, retryAfterHeader(given.retryAfterMs));
    if (given.location !== undefined) response.location(given.location);
    response.status(answer.created !== undefined && given.location !== undefined ? 201 : answer.status);
    if (given.streamed !== undefined) return sendStreamed(given.streamed, request, response);
    // not by Express, which answers If-None-Match: * with 304: nothing of these answers is ever kept
    if (given.body === undefined) response.end();
    else response.setHeader('Content-Type', 'application/json; charset=utf-8').end(JSON.stringify(given.body));
  };
}

/** undefined: it has none. Nothing else is read of the headers then. */
function keyOf(request: Request): string | undefined {
  if (request.headers['idempotency-key'] === undefined) return undefined;
  const read = readKey(request.headersDistinct['idempotency-key'] ?? []);
  if (!read.ok) throw new ProblemError(problem('bad_request', read.detail));
  return read.key;
}

/** Whole seconds (RFC 9110 §10.2.3), rounded up: sooner is too soon. */
function retryAfterHeader(ms: number | undefined): Record<string, string> {
  return ms === undefined ? {} : { 'Retry-After': String(Math.ceil(ms / 1000)) };
}
