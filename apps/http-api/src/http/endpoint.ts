import type { Scope } from '@heliograph/registry';
import type { z } from 'zod';
import type { Caller } from '../caller/caller.ts';
import type { PersonSession } from '../caller/session.ts';
import type { Streamed } from './stream.ts';
import type { Problem, ProblemReason } from './problem.ts';

/** One operation of the API, as data: its route, its part of the document, its checks and its tests are made from it. */
export interface Endpoint {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As OpenAPI writes it. */
  readonly path: string;
  /** What its caller must be allowed, or who else may call it. */
  readonly scope: Scope | OpenScope;
  /** Whether it is about one tenant: the caller's own, or the one an operator names in `Heliograph-Tenant`. */
  readonly ofTenant: boolean;
  /** Whether an `Idempotency-Key` makes it one that is done once; its operation takes heed of `attempt`. Needs a body and a tenant. */
  readonly idempotent?: true;
  /** Whether its answer is to be had as CSV as well: by `?format=csv` or by `Accept: text/csv`. */
  readonly csv?: true;
  readonly summary: string;
  readonly description: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** Where its body may be larger than others'. */
  readonly bodyOctetsMax?: number;
  /** Whether it takes text/csv as well: as the field `csv` of its body. */
  readonly csvBody?: true;
  /** Bodies to show, by name; each fits the schema. */
  readonly examples?: Readonly<Record<string, object>>;
  /** What the id in the path is of. */
  readonly idOf?: string;
  /** 204 has no schemas: it has no body. */
  readonly answer: {
    readonly status: 200 | 201 | 202 | 204;
    readonly description: string;
    readonly schemas: readonly z.ZodType[];
    /** Of a PUT, which may make a new thing: then it is 201, with its Location. */
    readonly created?: string;
  };
  /** Beside those of every endpoint. */
  readonly problems: readonly ProblemReason[];
}

/** Whether a request without a body is one whose body is `{}`: nothing in it has to be said. */
export function mayHaveNoBody({ body }: Pick<Endpoint, 'body'>): boolean {
  return body?.safeParse({}).success === true;
}

/** `anybody`: without a credential; `person`: whoever is logged in, whatever else they may do, and by no API key. */
export type OpenScope = 'anybody' | 'person';

export function isOpen(scope: Endpoint['scope']): scope is OpenScope {
  return scope === 'anybody' || scope === 'person';
}

/** Every authenticated endpoint can answer these. */
export const commonProblems: readonly ProblemReason[] = [
  'bad_request',
  'not_authenticated',
  'not_permitted',
  'csrf',
  'throttled',
  'internal',
];

/** Those of an endpoint with a body. */
export const bodyProblems = ['malformed_json', 'too_large', 'unsupported_media_type', 'invalid'] as const satisfies ProblemReason[];

/** Those of an endpoint that takes an Idempotency-Key, beside `unavailable`. */
export const idempotencyProblems = ['idempotency_in_flight', 'idempotency_key_reused'] as const satisfies ProblemReason[];

/** A request that is authenticated and permitted, and whose body and query fit their schemas. */
export interface ApiRequest<Query = unknown, Body = unknown> {
  readonly caller: Caller;
  /** Whom it is about; empty where the endpoint is of no tenant and an operator names none. */
  readonly tenant: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Query;
  readonly body: Body;
  /** For the audit log. */
  readonly requestId: string;
  /** Where it comes from. */
  readonly address: string;
  /** Of a request with an Idempotency-Key. */
  readonly attempt?: Attempt;
  /** CSV is wanted; only where the endpoint offers it. */
  readonly csv?: boolean;
}

/** What makes the work on a request one that can be found again: what it makes is called `derivedId(base, i)`. */
export interface Attempt {
  /** An id. */
  readonly base: string;
  /** Somebody began it before, and it is not known how far that went: what is there already must not be made again. */
  readonly again: boolean;
  /** Unix ms after which nothing may be begun any more, as the next attempt may be. */
  readonly beginBeforeMs: number;
}

export type ApiAnswer = (
  | { readonly ok: true; readonly body?: object; readonly location?: string; readonly streamed?: Streamed }
  | { readonly ok: false; readonly problem: Problem; readonly retryAfterMs?: number }
) & {
  /** It is not known whether all of it was done: the same request with its Idempotency-Key is another attempt. */
  readonly unsettled?: true;
  /** Of this answer alone: not given again with a kept one. */
  readonly headers?: Readonly<Record<string, string>>;
};

type Given<E, Part extends 'query' | 'body'> =
  E extends Readonly<Record<Part, infer Schema extends z.ZodType>> ? z.output<Schema> : undefined;

/** What each endpoint of a table does. */
export type Operations<Endpoints extends Readonly<Record<string, Endpoint>>> = {
  readonly [Name in keyof Endpoints]: (
    request: ApiRequest<Given<Endpoints[Name], 'query'>, Given<Endpoints[Name], 'body'>> & OfSession<Endpoints[Name]>,
  ) => Promise<ApiAnswer>;
};

/** Requests of endpoints that are about the session itself have it. */
type OfSession<E> = E extends { readonly scope: OpenScope } ? { readonly session: PersonSession } : unknown;
