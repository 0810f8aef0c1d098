/** How fast segments may pass. */
export interface Pace {
  /** 0: without limit. */
  readonly segmentsPerSecond: number;
  /** What may pass at once after a pause. 0: one second's worth, and at least one segment. */
  readonly burstSegments: number;
}

/** A token bucket in segments. The pace is given anew each time, as the registry may have changed it. */
export interface Throttle {
  /** Time until so many segments may pass, ms; 0: now. */
  waitMs(pace: Pace, segments: number, nowMs: number): number;
  /** So many have passed; only after a `waitMs` of the same moment said 0. */
  take(segments: number): void;
}

/**
 * A message of more segments than the burst passes when the bucket is full and leaves it in debt: it must be able to pass at some time,
 * and in the long run the pace holds.
 */
export function createThrottle(): Throttle {
  let tokens = Number.POSITIVE_INFINITY;
  let filledAtMs = 0;
  return {
    waitMs({ segmentsPerSecond, burstSegments }, segments, nowMs) {
      if (segmentsPerSecond === 0) {
        // a limit that is set later begins with a full bucket
        tokens = Number.POSITIVE_INFINITY;
        return 0;
      }
      const capacity = burstSegments > 0 ? burstSegments : Math.max(1, segmentsPerSecond);
      // a clock that goes back fills nothing and takes nothing
      const filled = (Math.max(0, nowMs - filledAtMs) * segmentsPerSecond) / 1000;
      tokens = Math.min(capacity, tokens + filled);
      filledAtMs = nowMs;
      const missing = Math.min(segments, capacity) - tokens;
      // floating point is not exact to the microsecond, nor need it be
      const waitMs = (missing / segmentsPerSecond) * 1000;
      return waitMs <= 2e-3 ? 0 : Math.ceil(waitMs - 1e-3);
    },
    take(segments) {
      tokens -= segments;
    },
  };
}

/** Takes from each throttle, or from none when one of them is not ready; gives the time to wait, ms, 0 when all have been taken from. */
export function takeFromAll(throttles: readonly (readonly [Throttle, Pace])[], segments: number, nowMs: number): number {
  const waitMs = Math.max(0, ...throttles.map(([throttle, pace]) => throttle.waitMs(pace, segments, nowMs)));
  if (waitMs === 0) for (const [throttle] of throttles) throttle.take(segments);
  return waitMs;
}
