import { MINUTE, HOUR, SECOND } from '../duration.ts';

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

/** What came of one try. `failed`: no answer in time, no connection, an address that is refused. `bodySha256`: of the body's first 64 KiB, in hex. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter?: string | undefined; readonly bodySha256: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** What to do now with the report. */
export type NextStep =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly atMs: number }
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

/**
 * What is not delivered by then is given up, however often it was tried: an endpoint whose circuit is open gets few tries. The schedule's ten,
 * each delay with its jitter, take (5 s + 300 + 1,800 + 7,200 + 18,000 + 36,000 + 50,400 + 72,000 + 86,400) x 1.2 = 91 h at most.
 */
export const giveUpAfterMs = 96 * HOUR;

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
  return { kind: 'retry', atMs: Math.ceil(nowMs + waitMs) };
}

/** RFC 9110 §10.2.3: seconds, or a date. Undefined when it is neither. */
export function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * SECOND;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
