import { Router, type ErrorRequestHandler, type RequestHandler } from 'express';
import type { Log } from '@heliograph/service';
import type { z } from 'zod';
import type { Caller } from '../caller/caller.ts';
import { problemOf } from '../http/answer-problem.ts';
import type { ApiAnswer } from '../http/endpoint.ts';
import { named } from '../http/measure.ts';
import { problem, ProblemError, problems, reasonOf, type Problem, type ProblemReason } from '../http/problem.ts';
import { jsonPointer, validate } from '../http/validate.ts';

/** An interface of another product that its clients speak to us as well. Under all of them is the one submit path. */
export interface Door {
  readonly endpoints: readonly DoorEndpoint[];
  /** How the product says that a request is refused, in words for anybody: details are for the log. */
  refuse(reason: ProblemReason): { readonly status: number; readonly body: object };
}

export interface DoorEndpoint {
  /** For the measures. */
  readonly name: string;
  readonly method: 'get' | 'post';
  readonly path: string;
  /** In their order; they leave the caller, the tenant and the fields in `response.locals`. */
  readonly steps: readonly RequestHandler[];
  readonly perform: (request: DoorRequest) => Promise<ApiAnswer>;
}

/** Proven, permitted and with fields that fit the schema of the endpoint. */
export interface DoorRequest<Given = unknown> {
  readonly caller: Caller;
  readonly tenant: string;
  readonly given: Given;
  readonly requestId: string;
  readonly address: string;
}

/** An endpoint whose fields fit this schema, of a product that ignores the names it does not know. */
export function doorEndpoint<Schema extends z.ZodObject>(
  endpoint: Omit<DoorEndpoint, 'perform'> & {
    readonly fields: Schema;
    readonly perform: (request: DoorRequest<z.output<Schema>>) => Promise<ApiAnswer>;
  },
): DoorEndpoint {
  const { fields, perform, steps, ...rest } = endpoint;
  const check: RequestHandler = (_request, response, next) => {
    const checked = validate(fields, { ...(response.locals.fields as object) }, jsonPointer);
    if (!checked.ok) return next(new ProblemError(problem('invalid', 'some parameters do not fit', checked.errors)));
    response.locals.given = checked.value;
    next();
  };
  return { ...rest, steps: [...steps, check], perform: (request) => perform(request as DoorRequest<z.output<Schema>>) };
}

export interface Doors {
  /** For the measures. */
  readonly endpointNames: readonly string[];
  readonly router: Router;
}

export function createDoors(doors: readonly Door[], log: Pick<Log, 'debug' | 'error'>): Doors {
  const router = Router();
  for (const door of doors) {
    const answerRefusal = refuseAs(door, log);
    for (const { name, method, path, steps, perform } of door.endpoints) {
      router[method](path, named(name), itself(method), ...steps, answer(perform), answerRefusal);
    }
    for (const [path, endpoints] of Map.groupBy(door.endpoints, (one) => one.path))
      router.all(path, refuseMethod(endpoints), answerRefusal);
  }
  return { endpointNames: doors.flatMap(({ endpoints }) => endpoints.map(({ name }) => name)), router };
}

/** Express lets a GET endpoint answer HEAD, too: here a GET may send a message, which nobody means by HEAD (RFC 9110 §9.2.1). */
function itself(method: DoorEndpoint['method']): RequestHandler {
  return (request, _response, next) => next(request.method === method.toUpperCase() ? undefined : 'route');
}

function refuseMethod(offered: readonly DoorEndpoint[]): RequestHandler {
  const allow = offered.map(({ method }) => method.toUpperCase()).join(', ');
  return () => {
    throw new ProblemError(problem('method_not_allowed', `this address takes ${allow}`), { Allow: allow });
  };
}

function answer(perform: DoorEndpoint['perform']): RequestHandler {
  return async (request, response) => {
    const { caller, tenant, given, requestId } = response.locals;
    const done = await perform({ caller, tenant, given, requestId, address: request.socket.remoteAddress ?? '' } as DoorRequest);
    if (!done.ok) throw new ProblemError(done.problem, patience(done.retryAfterMs));
    send(response, 200, done.body ?? {});
  };
}

/** Whole seconds (RFC 9110 §10.2.3), rounded up: sooner is too soon. */
function patience(ms: number | undefined): Record<string, string> {
  return ms === undefined ? {} : { 'Retry-After': String(Math.ceil(ms / 1000)) };
}

/** The one place that answers refusals of a door. Four parameters make it Express's error handler. */
function refuseAs(door: Door, log: Pick<Log, 'debug' | 'error'>): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const { problem: said, headers } = problemOf(error);
    const { requestId, endpoint } = response.locals;
    if (said.status === 500) log.error({ err: error, requestId, endpoint }, 'request failed');
    else log.debug({ requestId, endpoint, reason: reasonOf(said), detail: detailOf(said) }, 'refused');
    if (response.headersSent) return void response.destroy();
    const { retryAfter } = problems[reasonOf(said)];
    response.set({ ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }), ...headers });
    const { status, body } = door.refuse(reasonOf(said));
    send(response, status, body);
  };
}

function detailOf({ detail, errors = [] }: Problem): string {
  return [detail, ...errors.map(({ field, message }) => `${field}: ${message}`)].join('; ');
}

/** As JSON without a charset parameter, which it has none of (RFC 8259 §11): the bodies of these products are known octet for octet. */
function send(response: Parameters<RequestHandler>[1], status: number, body: object): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Cache-Control', 'no-store');
  response.end(JSON.stringify(body));
}

/** The words for people, which the native API's table has for JSON bodies only. */
export function titleOf(reason: ProblemReason): string {
  return reason === 'unsupported_media_type' ? 'The body must be JSON or a form, in UTF-8' : problems[reason].title;
}
