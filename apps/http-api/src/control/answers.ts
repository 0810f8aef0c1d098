import { isDeepStrictEqual } from 'node:util';
import type { Audited } from '@heliograph/registry';
import type { ApiAnswer } from '../http/endpoint.ts';
import { problem, type FieldError } from '../http/problem.ts';
import { id, idRule } from './schema.ts';

/** What the control plane is made of, and where each kind is. */
export const collections = {
  tenant: '/v1/tenants',
  connector: '/v1/connectors',
  route: '/v1/routes',
  route_version: '/v1/route-versions',
  route_draft: '/v1/route-drafts',
  price_plan: '/v1/price-plans',
  inbound_route: '/v1/inbound-routes',
} as const;
export type Noun = keyof typeof collections;

/** Undefined: nothing can have this id. */
export function readId(given: string | undefined): string | undefined {
  return id.safeParse(given).data;
}

/** The field that is the parameter of the path, as OpenAPI writes it. */
export const idField = '{id}';

export const badId: ApiAnswer = badIdOf(idField);

/** Of another parameter of the path. */
export function badIdOf(field: `{${string}}`): ApiAnswer {
  return wrong([{ field, message: idRule }]);
}

export function wrong(errors: readonly FieldError[]): ApiAnswer {
  const part = errors.some(({ field }) => field.startsWith('{')) ? 'id' : 'body';
  return { ok: false, problem: problem('invalid', `the ${part} does not fit`, errors) };
}

export function unknownReference(field: string, detail: string): ApiAnswer {
  return { ok: false, problem: problem('unknown_reference', detail, [{ field, message: detail }]) };
}

export function inUse(detail: string, field?: string): ApiAnswer {
  return { ok: false, problem: problem('in_use', detail, field === undefined ? [] : [{ field, message: detail }]) };
}

export function notFound(noun: Noun): ApiAnswer {
  return { ok: false, problem: problem('not_found', `there is no ${noun.replace('_', ' ')} with this id`) };
}

/** A change that is not made. */
export function unchanged(result: ApiAnswer): Audited<ApiAnswer> {
  return { result, changes: [] };
}

export interface Put {
  readonly noun: Noun;
  readonly id: string;
  /** Of a tenant alone: its own. Absent: the platform's. */
  readonly tenantId?: string;
  /** As the API shows it, or null: there was none. */
  readonly before: object | null;
  readonly after: object;
  /** What is not shown was given, too: a secret. */
  readonly secretsGiven?: readonly string[];
}

/** The answer and the record of a PUT; one that says again what is there is no change. */
export function put({ noun, id: subject, tenantId = '', before, after, secretsGiven = [] }: Put): Audited<ApiAnswer> {
  const created = before === null;
  const result: ApiAnswer = {
    ok: true,
    body: after,
    ...(created ? { location: `${collections[noun]}/${subject}` } : {}),
  };
  if (secretsGiven.length === 0 && isDeepStrictEqual(before, after)) return unchanged(result);
  const noted = secretsGiven.length > 0 ? { ...after, secretsGiven } : after;
  return {
    result,
    changes: [{ tenantId, action: `${noun}.${created ? 'created' : 'changed'}`, subject, before: before ?? undefined, after: noted }],
  };
}

/** The answer and the record of a DELETE. */
export function removed(noun: Noun, subject: string, before: object): Audited<ApiAnswer> {
  return { result: { ok: true }, changes: [{ tenantId: '', action: `${noun}.deleted`, subject, before }] };
}
