import type { RefusalReason } from '@heliograph/message';

/** Why a request is not answered with what it asked for: every refusal of a submission, and what is HTTP's own. */
export type ProblemReason =
  | RefusalReason
  | 'bad_request'
  | 'malformed_json'
  | 'invalid'
  | 'not_authenticated'
  | 'csrf'
  | 'tenant_needed'
  | 'not_found'
  | 'not_cancellable'
  | 'not_held'
  | 'webhook_closed'
  | 'login_taken'
  | 'unknown_reference'
  | 'in_use'
  | 'conflict'
  | 'key_reused'
  | 'below_limit'
  | 'idempotency_in_flight'
  | 'idempotency_key_reused'
  | 'method_not_allowed'
  | 'too_large'
  | 'unsupported_media_type'
  | 'internal';

interface Kind {
  readonly status: number;
  readonly title: string;
  /** Seconds after which it is worth another try. */
  readonly retryAfter?: number;
}

/** `reason` is the last part of the problem's type and never changes its meaning; titles are for people. */
export const problems: Readonly<Record<ProblemReason, Kind>> = {
  bad_request: { status: 400, title: 'The request is malformed' },
  malformed_json: { status: 400, title: 'The body is not JSON' },
  invalid: { status: 422, title: 'Some fields are wrong' },
  not_authenticated: { status: 401, title: 'A valid credential is needed' },
  not_permitted: { status: 403, title: 'This credential may not do that' },
  csrf: { status: 403, title: 'The request does not prove that a page of ours made it' },
  tenant_needed: { status: 400, title: 'Say which tenant it is about' },
  not_found: { status: 404, title: 'There is no such thing' },
  login_taken: { status: 409, title: 'Another credential has this login' },
  webhook_closed: { status: 409, title: 'The webhook is not set, is switched off, or answered 410' },
  not_cancellable: { status: 409, title: 'The message is on its way or has ended' },
  not_held: { status: 409, title: 'The message does not wait for a review' },
  unknown_reference: { status: 422, title: 'It refers to something that is not there' },
  conflict: { status: 409, title: 'Somebody else has changed it meanwhile' },
  in_use: { status: 409, title: 'Something else uses it' },
  below_limit: { status: 409, title: 'There is not enough credit to take' },
  key_reused: { status: 409, title: 'The key has been used for something else' },
  idempotency_in_flight: { status: 409, title: 'The same request is being worked on', retryAfter: 1 },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  method_not_allowed: { status: 405, title: 'This address does not take that method' },
  too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json in UTF-8' },
  internal: { status: 500, title: 'We made a mistake' },
  bad_number: { status: 422, title: 'The recipient is not a phone number' },
  bad_sender: { status: 422, title: 'The sender is not possible' },
  empty_text: { status: 422, title: 'The text is empty' },
  text_too_long: { status: 422, title: 'The text is too long' },
  bad_encoding: { status: 422, title: 'The text cannot be encoded' },
  bad_validity: { status: 422, title: 'The validity is not possible' },
  bad_schedule: { status: 422, title: 'The time to send it is not possible' },
  bad_webhook: { status: 422, title: 'The webhook is not possible' },
  unroutable: { status: 422, title: 'No provider serves this number' },
  no_price: { status: 422, title: 'There is no price for this number' },
  at_loss: { status: 422, title: 'No provider serves this number at your price' },
  destination_denied: { status: 422, title: 'You may not send to this number' },
  too_many_segments: { status: 422, title: 'The message takes more segments than you may send' },
  spending_cap: { status: 402, title: 'A spending cap of the day is reached' },
  no_credit: { status: 402, title: 'Not enough credit' },
  throttled: { status: 429, title: 'Too fast', retryAfter: 1 },
  queue_full: { status: 503, title: 'The queue is full', retryAfter: 10 },
  unavailable: { status: 503, title: 'Not possible at the moment', retryAfter: 2 },
};

/** The field of the request that a refusal is about, as a JSON pointer (RFC 6901). */
export const fieldOf: Readonly<Partial<Record<ProblemReason, string>>> = {
  bad_number: '/to',
  unroutable: '/to',
  no_price: '/to',
  at_loss: '/to',
  destination_denied: '/to',
  bad_sender: '/from',
  empty_text: '/text',
  text_too_long: '/text',
  too_many_segments: '/text',
  bad_encoding: '/text',
  bad_validity: '/validity',
  bad_schedule: '/send_at',
  bad_webhook: '/webhook',
};

export interface FieldError {
  /** JSON pointer into the body, or `?name` for a query parameter. Empty: the whole. */
  readonly field: string;
  readonly message: string;
}

/** Problem details (RFC 9457 §3). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
}

export function problem(reason: ProblemReason, detail: string, errors?: readonly FieldError[]): Problem {
  const { status, title } = problems[reason];
  return { type: typeOf(reason), title, status, detail, ...(errors && errors.length > 0 ? { errors } : {}) };
}

/** The problem of a refused submission, naming the field. */
export function refusal(reason: RefusalReason, detail: string): Problem {
  const field = fieldOf[reason];
  return problem(reason, detail, field === undefined ? undefined : [{ field, message: detail }]);
}

export function typeOf(reason: ProblemReason): string {
  return `/problems/${reason}`;
}

export function reasonOf({ type }: Problem): ProblemReason {
  return type.slice('/problems/'.length) as ProblemReason;
}

/** Thrown inside a request, answered by the one place that answers problems: Express has no other way out of its parsers. */
export class ProblemError extends Error {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  constructor(given: Problem, headers: Readonly<Record<string, string>> = {}) {
    super(given.detail);
    this.problem = given;
    this.headers = headers;
  }
}
