/** How fast segments may pass. */
export interface Pace {
  /** 0: without limit. */
  readonly segmentsPerSecond: number;
  /** What may pass at once after a pause. 0: one second's worth, and at least one segment. */
  readonly burstSegments: number;
}

/** What may pass of a pace at a moment. */
export interface PaceLeft {
  /** Whole segments, 0 or more. */
  readonly segments: number;
  /** At most so many at once, after a pause. */
  readonly burstSegments: number;
  /** Time until those may pass when nothing else does, ms. */
  readonly fullInMs: number;
  readonly segmentsPerSecond: number;
}

/** A token bucket in segments. The pace is given anew each time, as the registry may have changed it. */
export interface Throttle {
  /** Time until so many segments may pass, ms; 0: now. */
  waitMs(pace: Pace, segments: number, nowMs: number): number;
  /** Of a pace that has a limit. */
  left(pace: Pace, nowMs: number): PaceLeft;
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

  function fill({ segmentsPerSecond }: Pace, capacity: number, nowMs: number): void {
    // a clock that goes back fills nothing and takes nothing
    const filled = (Math.max(0, nowMs - filledAtMs) * segmentsPerSecond) / 1000;
    tokens = Math.min(capacity, tokens + filled);
    filledAtMs = nowMs;
  }

  return {
    waitMs(pace, segments, nowMs) {
      const { segmentsPerSecond } = pace;
      if (segmentsPerSecond === 0) {
        // a limit that is set later begins with a full bucket
        tokens = Number.POSITIVE_INFINITY;
        return 0;
      }
      const capacity = capacityOf(pace);
      fill(pace, capacity, nowMs);
      const missing = Math.min(segments, capacity) - tokens;
      // floating point is not exact to the microsecond, nor need it be
      const waitMs = (missing / segmentsPerSecond) * 1000;
      return waitMs <= 2e-3 ? 0 : Math.ceil(waitMs - 1e-3);
    },
    left(pace, nowMs) {
      const { segmentsPerSecond } = pace;
      const capacity = capacityOf(pace);
      fill(pace, capacity, nowMs);
      const fullInMs = Math.ceil(((capacity - tokens) / segmentsPerSecond) * 1000);
      return { segments: Math.max(0, Math.floor(tokens)), burstSegments: capacity, fullInMs, segmentsPerSecond };
    },
    take(segments) {
      tokens -= segments;
    },
  };
}

function capacityOf({ segmentsPerSecond, burstSegments }: Pace): number {
  return burstSegments > 0 ? burstSegments : Math.max(1, segmentsPerSecond);
}

/** Takes from each throttle, or from none when one of them is not ready; gives the time to wait, ms, 0 when all have been taken from. */
export function takeFromAll(throttles: readonly (readonly [Throttle, Pace])[], segments: number, nowMs: number): number {
  const waitMs = Math.max(0, ...throttles.map(([throttle, pace]) => throttle.waitMs(pace, segments, nowMs)));
  if (waitMs === 0) for (const [throttle] of throttles) throttle.take(segments);
  return waitMs;
}
