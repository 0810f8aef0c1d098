import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Log } from '@heliograph/service';
import { answerProblem } from './answer-problem.ts';
import { readCsvOrJson, readJson, readJsonOrNothing } from './body.ts';
import { isOpen, mayHaveNoBody, type Endpoint, type OpenScope } from './endpoint.ts';
import type { Idempotency } from '../idempotency/idempotency.ts';
import { measure, named } from './measure.ts';
import { createOpenApi } from './openapi.ts';
import { createPage, styleSource } from './page.ts';
import { perform, permit, type Operation } from './perform.ts';
import { problem, ProblemError, problems } from './problem.ts';

export interface AppOptions {
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  /** What each of them does. */
  readonly api: Readonly<Record<string, Operation>>;
  /** Leaves who it is in `response.locals.caller`, or refuses. */
  readonly authenticate: RequestHandler;
  /** The same for endpoints that are about the session itself; they leave that in `response.locals.session`, too. */
  readonly persons: Readonly<Record<OpenScope, RequestHandler>>;
  readonly idempotency: Pick<Idempotency, 'once'>;
  readonly bodyOctetsMax: number;
  /** Addresses that are not of the API and answer in their own form. */
  readonly doors?: { readonly endpointNames: readonly string[]; readonly router: RequestHandler };
  /** Behind TLS browsers are told to stay there. */
  readonly tls: boolean;
  readonly log: Pick<Log, 'debug' | 'error'>;
}

/** The whole of Express: routes from the list of endpoints, and one place each for headers, problems and measures. */
export function createApp({ endpoints, api, authenticate, persons, idempotency, bodyOctetsMax, doors, tls, log }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(measure(log, [...Object.keys(endpoints), ...(doors?.endpointNames ?? [])]), helmet(headers(tls)));
  addPages(app, endpoints);
  for (const [name, endpoint] of Object.entries(endpoints)) {
    const steps: RequestHandler[] = [
      named(name),
      isOpen(endpoint.scope) ? persons[endpoint.scope] : authenticate,
      permit(endpoint),
      ...(endpoint.body ? bodyReader(endpoint)(Math.max(bodyOctetsMax, endpoint.bodyOctetsMax ?? 0)) : []),
      perform(endpoint, api[name] as Operation, idempotency),
    ];
    app[endpoint.method](expressPath(endpoint), ...steps);
  }
  for (const [path, methods] of Map.groupBy(Object.values(endpoints), expressPath)) app.all(path, refuseMethod(methods));
  if (doors) app.use(doors.router);
  app.use(() => {
    throw new ProblemError(problem('not_found', 'there is nothing at this address; see /docs'));
  });
  app.use(answerProblem(log));
  return app;
}

function bodyReader(endpoint: Endpoint): typeof readJson {
  if (endpoint.csvBody) return readCsvOrJson;
  return mayHaveNoBody(endpoint) ? readJsonOrNothing : readJson;
}

function headers(tls: boolean): Parameters<typeof helmet>[0] {
  return {
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
  };
}

function expressPath({ path }: Endpoint): string {
  // OpenAPI knows no `:` at the end of a path but as itself; for Express it begins a parameter
  return path.replaceAll(':', '\\:').replaceAll(/\{(\w+)\}/g, ':$1');
}

function addPages(app: Express, endpoints: AppOptions['endpoints']): void {
  const document = createOpenApi(endpoints);
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

function refuseMethod(offered: readonly Endpoint[]): RequestHandler {
  const methods = offered.map(({ method }) => method.toUpperCase());
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (request, response) => {
    if (request.method !== 'OPTIONS')
      throw new ProblemError(problem('method_not_allowed', `this address takes ${allow}`), { Allow: allow });
    response.set('Allow', allow).status(204).end();
  };
}
