import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { counter, histogram, type Log } from '@heliograph/service';
import type { Api, ApiRequest } from './api.ts';
import type { Caller } from './authenticate.ts';
import { readJson } from './body.ts';
import { endpoints, type Endpoint, type EndpointName } from './endpoint.ts';
import { createOpenApi } from './openapi.ts';
import { createPage, styleSource } from './page.ts';
import { problem, ProblemError, problems, reasonOf, type Problem } from './problem.ts';
import { jsonPointer, queryField, validate } from './validate.ts';

export interface AppOptions {
  readonly api: Api;
  readonly authenticate: RequestHandler;
  readonly bodyOctetsMax: number;
  /** Behind TLS browsers are told to stay there. */
  readonly tls: boolean;
  readonly log: Pick<Log, 'debug' | 'error'>;
}

const requestsTotal = counter('heliograph_http_api_requests_total', 'Requests answered, by endpoint and status');
const requestSeconds = histogram(
  'heliograph_http_api_request_seconds',
  'Time from a request to its answer, by endpoint',
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
);

/** The whole of Express: routes from the list of endpoints, and one place each for headers, problems and measures. */
export function createApp({ api, authenticate, bodyOctetsMax, tls, log }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(
    measure(log),
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          styleSrc: [styleSource],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: tls,
    }),
  );
  addPages(app);
  for (const [name, endpoint] of Object.entries(endpoints) as [EndpointName, Endpoint][]) {
    const steps: RequestHandler[] = [
      named(name),
      authenticate,
      ...(endpoint.body ? readJson(bodyOctetsMax) : []),
      perform(endpoint, api[name]),
    ];
    app[endpoint.method](expressPath(endpoint), ...steps);
  }
  for (const [path, methods] of Map.groupBy(Object.values(endpoints) as Endpoint[], expressPath)) app.all(path, refuseMethod(methods));
  app.use(() => {
    throw new ProblemError(problem('not_found', 'there is nothing at this address; see /docs'));
  });
  app.use(answerProblem(log));
  return app;
}

function expressPath({ path }: Endpoint): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function addPages(app: Express): void {
  const document = createOpenApi();
  const json = JSON.stringify(document);
  const page = createPage(document);
  app.get('/', (_request, response) => response.redirect('/docs'));
  app.get('/openapi.json', (_request, response) => void response.type('application/json').send(json));
  app.get('/docs', (_request, response) => void response.type('html').send(page));
  // the type of a problem is an address, and this is what is there
  app.get('/problems/:reason', (request, response, next) => {
    if (Object.hasOwn(problems, request.params.reason)) response.redirect(`/docs#${request.params.reason}`);
    else next();
  });
}

function named(name: EndpointName): RequestHandler {
  return (_request, response, next) => {
    response.locals.endpoint = name;
    response.set('Cache-Control', 'no-store');
    next();
  };
}

function perform({ query, body, answer }: Endpoint, operation: Api[EndpointName]): RequestHandler {
  return async (request, response) => {
    const checkedQuery = query ? validate(query, { ...request.query }, queryField) : { ok: true as const, value: {} };
    if (!checkedQuery.ok) throw new ProblemError(problem('invalid', 'the query does not fit', checkedQuery.errors));
    const checkedBody = body ? validate(body, response.locals.body, jsonPointer) : { ok: true as const, value: undefined };
    if (!checkedBody.ok) throw new ProblemError(problem('invalid', 'the body does not fit', checkedBody.errors));
    const asked: ApiRequest = {
      caller: response.locals.caller as Caller,
      params: request.params as Record<string, string>,
      query: checkedQuery.value,
      body: checkedBody.value,
    };
    const given = await operation(asked);
    if (!given.ok) throw new ProblemError(given.problem, retryAfterHeader(given.retryAfterMs));
    if (given.location !== undefined) response.location(given.location);
    response.status(answer.status);
    if (given.body === undefined) response.end();
    else response.json(given.body);
  };
}

/** Whole seconds (RFC 9110 §10.2.3), rounded up: sooner is too soon. */
function retryAfterHeader(ms: number | undefined): Record<string, string> {
  return ms === undefined ? {} : { 'Retry-After': String(Math.ceil(ms / 1000)) };
}

function refuseMethod(offered: readonly Endpoint[]): RequestHandler {
  const methods = offered.map(({ method }) => method.toUpperCase());
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (request, response) => {
    if (request.method !== 'OPTIONS')
      throw new ProblemError(problem('method_not_allowed', `this address takes ${allow}`), { Allow: allow });
    response.set('Allow', allow).status(204).end();
  };
}

/** Four parameters make it Express's error handler. */
function answerProblem(log: Pick<Log, 'error'>): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const { problem: answer, headers } = problemOf(error);
    if (answer.status === 500) log.error({ err: error, requestId: response.locals.requestId }, 'request failed');
    if (response.headersSent) return void response.destroy();
    const { retryAfter } = problems[reasonOf(answer)];
    response
      .status(answer.status)
      .set({ ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }), ...headers })
      .type('application/problem+json')
      .send(JSON.stringify(answer));
  };
}

/** Errors of Express's own parsers say their status; what says nothing is ours, and its words are not for outside. */
function problemOf(error: unknown): { problem: Problem; headers: Readonly<Record<string, string>> } {
  if (error instanceof ProblemError) return error;
  const { status } = error as { status?: unknown };
  if (status === 413) return { problem: problem('too_large', 'the body has more octets than this server takes'), headers: {} };
  if (status === 415) return { problem: problem('unsupported_media_type', 'the content encoding is not known'), headers: {} };
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { problem: problem('bad_request', 'the address or the body cannot be read'), headers: {} };
  return { problem: problem('internal', 'the request failed on our side; its id is in x-request-id'), headers: {} };
}

const requestIdForm = /^[\w.:-]{1,128}$/;

function measure(log: Pick<Log, 'debug'>): RequestHandler {
  return (request, response, next) => {
    const startMs = performance.now();
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && requestIdForm.test(given) ? given : randomUUID();
    response.locals.requestId = requestId;
    response.set('X-Request-Id', requestId);
    response.on('finish', () => {
      const endpoint = String(response.locals.endpoint ?? 'other');
      const ms = performance.now() - startMs;
      requestsTotal.add(1, seriesOf(endpoint, response.statusCode));
      requestSeconds.record(ms / 1000, endpointOf(endpoint));
      log.debug({ requestId, endpoint, method: request.method, status: response.statusCode, ms }, 'answered');
    });
    next();
  };
}

/** Attributes are remembered by identity: one object each, kept. */
const kept = new Map<string, { endpoint: string; status: number }>();
function seriesOf(endpoint: string, status: number): { endpoint: string; status: number } {
  const key = `${endpoint} ${status}`;
  let attributes = kept.get(key);
  if (!attributes) kept.set(key, (attributes = { endpoint, status }));
  return attributes;
}
const endpointOf = (endpoint: string): { endpoint: string } => keptEndpoints[endpoint] ?? other;
const keptEndpoints: Readonly<Record<string, { endpoint: string }>> = Object.fromEntries(
  Object.keys(endpoints).map((endpoint) => [endpoint, { endpoint }]),
);
const other = { endpoint: 'other' };
