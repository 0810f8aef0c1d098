import { z } from 'zod';
import { sessionCookieOf } from '../caller/session.ts';
import { commonProblems, isOpen, mayHaveNoBody, type Endpoint, type OpenScope } from './endpoint.ts';
import { problems, typeOf, type ProblemReason } from './problem.ts';
import { named, problemDetails } from './schema.ts';

type Schema = Record<string, unknown>;

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  /** Where it is not the document's own. */
  readonly security?: OpenApi['security'];
  readonly parameters: readonly { name: string; in: 'path' | 'query' | 'header'; required: boolean; description: string; schema: Schema }[];
  readonly requestBody?: { required: boolean; content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }> };
  readonly responses: Record<
    string,
    { description: string; headers?: Record<string, unknown>; content?: Record<string, { schema: Schema }> }
  >;
}

export interface OpenApi {
  readonly openapi: string;
  readonly info: { title: string; version: string; description: string; license: { name: string; identifier: string } };
  readonly servers: readonly { url: string }[];
  readonly security: readonly Record<string, readonly string[]>[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, Schema>; securitySchemes: Record<string, Schema> };
}

/** The OpenAPI 3.1 document of the API: made from the list of endpoints and the schemas that check every request. */
export function createOpenApi(endpoints: Readonly<Record<string, Endpoint>>): OpenApi {
  const paths: OpenApi['paths'] = {};
  for (const [name, endpoint] of Object.entries(endpoints)) (paths[endpoint.path] ??= {})[endpoint.method] = operationOf(name, endpoint);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Heliograph',
      version: '1',
      description: `Send text messages and follow their way. Errors are problem details (RFC 9457); the type says the reason: ${Object.keys(problems).join(', ')}.`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { apiKey: [] }, { session: [] }],
    paths,
    components: {
      schemas: namedSchemas(),
      securitySchemes,
    },
  };
}

const securitySchemes: OpenApi['components']['securitySchemes'] = {
  bearer: { type: 'http', scheme: 'bearer' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookieOf(true),
    description: `For pages in a browser: POST /v1/session begins a session. Every request but GET and HEAD needs its csrfToken in X-CSRF-Token as well. Where the API has no TLS, the cookie is ${sessionCookieOf(false)}.`,
  },
};

/** Of endpoints that take no API key. */
const openSecurity: Readonly<Record<OpenScope, OpenApi['security']>> = { anybody: [], person: [{ session: [] }] };

function operationOf(name: string, endpoint: Endpoint): Operation {
  const { scope, idempotent, summary, description, query, body, examples = {}, answer, problems: own } = endpoint;
  return {
    operationId: name,
    summary,
    description,
    ...(isOpen(scope) ? { security: openSecurity[scope] } : {}),
    parameters: [...pathParameters(endpoint), ...(query ? queryParameters(query) : []), ...(idempotent ? [idempotencyKey] : [])],
    ...(body
      ? {
          requestBody: {
            required: !mayHaveNoBody(endpoint),
            content: {
              ...(endpoint.csvBody ? csvContent : {}),
              'application/json': { schema: reference(body), examples: shown(examples) },
            },
          },
        }
      : {}),
    responses: {
      [answer.status]: {
        description: answer.description,
        ...(answer.status === 202 ? { headers: { Location: location('the message, when there is one recipient') } } : {}),
        ...contentOf(answer, endpoint.csv),
      },
      ...(answer.created === undefined
        ? {}
        : { 201: { description: answer.created, headers: { Location: location('where it is') }, ...contentOf(answer) } }),
      ...problemAnswers([...commonProblems, ...own]),
    },
  };
}

const csvContent = { 'text/csv': { schema: { type: 'string' } } };

function location(description: string): object {
  return { description, schema: { type: 'string' } };
}

function contentOf({ schemas }: Endpoint['answer'], csv?: true): Pick<Operation['responses'][string], 'content'> {
  if (schemas.length === 0) return {};
  return { content: { 'application/json': { schema: oneOf(schemas) }, ...(csv ? { 'text/csv': { schema: { type: 'string' } } } : {}) } };
}

const idempotencyKey: Operation['parameters'][number] = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'makes it safe to send the request again: a word of your own for it, 1 to 255 printable ASCII characters, kept for 48 hours. The same request with it gets ' +
    'the first answer (with the header Idempotent-Replayed), and what is refused for a passing reason (402, 403, 429, 503) may be tried again with it',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

function shown(examples: Readonly<Record<string, object>>): Record<string, { value: unknown }> {
  return Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));
}

function pathParameters({ path, idOf }: Endpoint): Operation['parameters'] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    // of several the first is what the endpoint is of, and another says in its name whose it is
    description: name === 'id' ? `${idOf} id` : `${name.replace(/Id$/, '')} id`,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: z.ZodObject): Operation['parameters'] {
  const { properties = {} } = z.toJSONSchema(query, { io: 'input' }) as { properties?: Record<string, Schema> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: false,
    description: String(description),
    schema,
  }));
}

function problemAnswers(reasons: readonly ProblemReason[]): Operation['responses'] {
  const byStatus = Map.groupBy(reasons, (reason) => problems[reason].status);
  return Object.fromEntries(
    [...byStatus].map(([status, all]) => [
      String(status),
      {
        description: all.map((reason) => `${problems[reason].title} (${typeOf(reason)})`).join('; '),
        content: { 'application/problem+json': { schema: reference(problemDetails) } },
      },
    ]),
  );
}

function oneOf(schemas: readonly z.ZodType[]): Schema {
  const [only, ...more] = schemas.map(reference);
  return more.length === 0 && only ? only : { oneOf: schemas.map(reference) };
}

function reference(schema: z.ZodType): Schema {
  return { $ref: `#/components/schemas/${named.get(schema)?.id}` };
}

/** `$id` and `$schema` would make each schema a document of its own; here the base is the OpenAPI document (OpenAPI 3.1 §4.8.24.1). */
function namedSchemas(): Record<string, Schema> {
  const { schemas } = z.toJSONSchema(named, { io: 'input', uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(schemas).map(([name, { $id: _id, $schema: _schema, ...schema }]) => [name, schema]));
}
