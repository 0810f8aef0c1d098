import { MINUTE, HOUR, SECOND } from './duration.ts';

/** How long after the try before each try is made: Standard Webhooks' schedule. Ten tries over 75 hours. */
export const webhookDelaysMs: readonly number[] = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** What came of one try. `failed`: no answer in time, no connection, an address that is refused. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter?: string | undefined }
  | { readonly kind: 'failed'; readonly reason: string };

/** What to do now. `slowDown`: the host asks for fewer requests. */
export type NextStep =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly atMs: number; readonly slowDown: boolean }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'gone' };

export interface Try {
  /** 1 = the first. */
  readonly attempt: number;
  readonly answer: Answer;
  readonly nowMs: number;
  /** 0..1, not included: spreads what failed together. */
  readonly random: number;
  readonly delaysMs?: readonly number[];
}

/** Up to a fifth is added to each delay. */
const jitter = 0.2;
const retryAfterMsMax = 24 * HOUR;

/** Only 2xx is success, so a redirect is a failure; 410 means never again. A longer `retry-after` than the schedule's delay is honoured, up to a day. */
export function afterTry({ attempt, answer, nowMs, random, delaysMs = webhookDelaysMs }: Try): NextStep {
  const status = answer.kind === 'answered' ? answer.status : undefined;
  if (status !== undefined && status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  const delayMs = delaysMs[attempt];
  if (delayMs === undefined) return { kind: 'exhausted' };
  const askedMs = answer.kind === 'answered' ? (retryAfterMs(answer.retryAfter, nowMs) ?? 0) : 0;
  const waitMs = Math.max(delayMs * (1 + jitter * random), Math.min(askedMs, retryAfterMsMax));
  return { kind: 'retry', atMs: Math.ceil(nowMs + waitMs), slowDown: status !== undefined && slowDownStatuses.has(status) };
}

const slowDownStatuses: ReadonlySet<number> = new Set([429, 502, 504]);

/** RFC 9110 §10.2.3: seconds, or a date. Undefined when it is neither. */
export function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * SECOND;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
