import { MINUTE, SECOND, HOUR } from '../duration.ts';
import { retryAfterMs, type Answer } from './retry.ts';

/** What a try says of the endpoint, whatever it says of the report. */
export interface Sign {
  /** `well`: it took the report; `alive`: it answered something else; `failing`: it answered nothing, or an error of its own. */
  readonly health: 'well' | 'alive' | 'failing';
  /** It asks for fewer requests. */
  readonly slowDown: boolean;
  /** It asks for none until then, unix ms. */
  readonly pausedUntilMs: number | undefined;
}

/** Standard Webhooks: these slow us down. */
const slowDownStatuses: ReadonlySet<number> = new Set([429, 502, 504]);
/** RFC 9110 §15.6.4, RFC 6585 §4: with these, retry-after speaks of the endpoint; with another it is about the one report. */
const pauseStatuses: ReadonlySet<number> = new Set([429, 503]);
/** A longer retry-after holds back its own report only: one answer must not silence an endpoint for a day. */
const pauseMsMax = HOUR;

export function signOf(answer: Answer, nowMs: number): Sign {
  if (answer.kind === 'failed') return { health: 'failing', slowDown: false, pausedUntilMs: undefined };
  const { status, retryAfter } = answer;
  const pauseMs = pauseStatuses.has(status) ? (retryAfterMs(retryAfter, nowMs) ?? 0) : 0;
  return {
    health: status >= 500 ? 'failing' : status >= 200 && status < 300 ? 'well' : 'alive',
    slowDown: slowDownStatuses.has(status),
    pausedUntilMs: pauseMs > 0 ? nowMs + Math.min(pauseMs, pauseMsMax) : undefined,
  };
}

/** Failing tries in a row that open a circuit: fewer than may run at once, so an endpoint that answers nothing holds its bound for one time-out. */
export const failuresMax = 5;

/** How long after the circuit opened, then after each probe that failed, the next is made. The last goes on for ever. */
export const probeDelaysMs: readonly number[] = [5 * SECOND, 10 * SECOND, 20 * SECOND, 40 * SECOND, 80 * SECOND, 160 * SECOND, 5 * MINUTE];

/** `probes`: those that have failed since the circuit opened. */
export function probeDelayMs(probes: number, delaysMs: readonly number[] = probeDelaysMs): number {
  return delaysMs[Math.min(probes, delaysMs.length - 1)] as number;
}

/** First pause between two posts to an endpoint that asked to slow down; doubled each time it asks again, halved by each success. */
const spacingMsMin = 250;
/** Two wait for an endpoint at its slowest, which with a whole try must fit a lease (90 s). */
const spacingMsMax = 20 * SECOND;

export function spacingAfter(spacingMs: number, { health, slowDown }: Sign): number {
  if (slowDown) return Math.min(spacingMsMax, Math.max(spacingMsMin, spacingMs * 2));
  if (health !== 'well') return spacingMs;
  return spacingMs <= spacingMsMin ? 0 : spacingMs / 2;
}
