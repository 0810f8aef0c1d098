/** When the binds of one connector may connect. They share it: what one has learnt of the provider, the others need not find out. */
export interface Reconnect {
  /** How often in a row a link ended before it was stable, or was none. */
  readonly failures: number;
  /** No bind connects before. */
  readonly openAtMs: number;
  /** Whether it is a failure that is waited for, not only the one before. */
  readonly failed: boolean;
}

export const noReconnect: Reconnect = { failures: 0, openAtMs: 0, failed: false };

const delayMsMin = 1_000;
const delayMsMax = 60_000;
/** A bind that lasted this long was a good one: what ended it is news, not more of the same. */
const stableMs = 10_000;
/** Between the binds of a provider that takes them: 64, the most there may be, are up again in 5 s. */
const spacingMs = 100;

/**
 * A link is over, `boundMs` after it was bound, 0 if it never was: no bind connects for 1 s doubling to 60 s, each between half and the whole
 * of it (`random` 0..1), so that the connectors of many processes do not come back at one moment. Binds that are lost together are one failure.
 */
export function afterEnd(before: Reconnect, boundMs: number, now: number, random: number): Reconnect {
  const waiting = before.failed && before.openAtMs > now;
  const stable = boundMs >= stableMs;
  if (waiting && !stable) return before;
  const failures = stable ? 0 : before.failures;
  const openAtMs = now + jittered(Math.min(delayMsMin * 2 ** failures, delayMsMax), random);
  return { failures: failures + 1, openAtMs: waiting ? Math.min(before.openAtMs, openAtMs) : openAtMs, failed: true };
}

/** The provider took a bind: the next may follow. How often it failed before is forgotten when one has lasted. */
export function afterBound({ failures }: Reconnect, now: number, random: number): Reconnect {
  return { failures, openAtMs: now + jittered(spacingMs, random), failed: false };
}

function jittered(wholeMs: number, random: number): number {
  return Math.round(wholeMs * (0.5 + random / 2));
}
