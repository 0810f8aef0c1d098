import { z } from 'zod';
import { commonProblems, endpoints, type Endpoint } from './endpoint.ts';
import { problems, typeOf, type ProblemReason } from './problem.ts';
import { named, problemDetails } from './schema.ts';

type Schema = Record<string, unknown>;

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly { name: string; in: 'path' | 'query'; required: boolean; description: string; schema: Schema }[];
  readonly requestBody?: { required: true; content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }> };
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
export function createOpenApi(): OpenApi {
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
    security: [{ bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      schemas: namedSchemas(),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' } },
    },
  };
}

function operationOf(name: string, endpoint: Endpoint): Operation {
  const { summary, description, query, body, examples = {}, answer, problems: own } = endpoint;
  return {
    operationId: name,
    summary,
    description,
    parameters: [...pathParameters(endpoint), ...(query ? queryParameters(query) : [])],
    ...(body
      ? { requestBody: { required: true, content: { 'application/json': { schema: reference(body), examples: shown(examples) } } } }
      : {}),
    responses: {
      [answer.status]: {
        description: answer.description,
        ...(answer.status === 202
          ? { headers: { Location: { description: 'the message, when there is one recipient', schema: { type: 'string' } } } }
          : {}),
        ...(answer.schemas.length > 0 ? { content: { 'application/json': { schema: oneOf(answer.schemas) } } } : {}),
      },
      ...problemAnswers([...commonProblems, ...own]),
    },
  };
}

function shown(examples: Readonly<Record<string, object>>): Record<string, { value: unknown }> {
  return Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));
}

function pathParameters({ path, idOf }: Endpoint): Operation['parameters'] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: `${idOf} id`,
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
