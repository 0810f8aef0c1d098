/** How many segments may go out now: a token bucket, slowed down while the provider says that we are too fast. Times in ms of one clock. */
export interface Pace {
  /** 0: now; otherwise how long to wait. */
  waitMs(now: number): number;
  /** A message's segments are spent together, into debt if need be: they belong on one bind without a gap. */
  spend(segments: number, now: number): void;
  /** The provider took so many segments. */
  accepted(segments: number, now: number): void;
  /** The provider answered that it is too much. */
  throttled(now: number): void;
  /** At present; Infinity without a limit. */
  readonly segmentsPerSecond: number;
}

/** 50 ms worth of segments may go at once: timers are a few ms late, and no provider counts finer than that. */
const burstSeconds = 0.05;
/** A tenth below what the provider was seen to take; what it took of a first trickle says little, so not below 10 a second at once. */
const slowDown = 0.9;
const observedMin = 10;
/** Back up by 0.5 + 2 % of the rate in each second: from 45 to 50 in three seconds, from 900 to 1,000 in five; then the limit is felt again. */
const speedUp = { each: 0.5, share: 0.02 };
/** Answers to what was in the window already say nothing new. */
const slowDownEveryMs = 1_000;
/** Faster than any provider: from here on there is no limit again. */
const unlimitedAbove = 100_000;

/** `limit`: segments per second, 0 = as fast as the provider answers. */
export function createPace(limit: number): Pace {
  const fastest = limit > 0 ? limit : Infinity;
  let rate = fastest;
  let tokens = burst(rate);
  let refilledAt = -Infinity;
  let slowedAt = -Infinity;
  let second = 0;
  let takenThisSecond = 0;
  let takenLastSecond = 0;

  function refill(now: number): void {
    const seconds = Math.max(0, now - refilledAt) / 1000;
    refilledAt = now;
    if (rate === Infinity) return;
    tokens = Math.min(burst(rate), tokens + rate * seconds);
    if (rate < fastest) rate = Math.min(fastest, rate + seconds * (speedUp.each + speedUp.share * rate));
    if (rate > unlimitedAbove && fastest === Infinity) rate = Infinity;
  }

  function turn(now: number): void {
    const current = Math.floor(now / 1000);
    if (current === second) return;
    takenLastSecond = current === second + 1 ? takenThisSecond : 0;
    takenThisSecond = 0;
    second = current;
  }

  return {
    waitMs(now) {
      refill(now);
      return rate === Infinity || tokens > 0 ? 0 : Math.max(1, Math.ceil((-tokens / rate) * 1000));
    },
    spend(segments, now) {
      refill(now);
      if (rate !== Infinity) tokens -= segments;
    },
    accepted(segments, now) {
      turn(now);
      takenThisSecond += segments;
    },
    throttled(now) {
      if (now - slowedAt < slowDownEveryMs) return;
      refill(now);
      turn(now);
      slowedAt = now;
      rate = Math.max(1, Math.min(rate, Math.max(observedMin, takenThisSecond, takenLastSecond)) * slowDown);
      tokens = Math.min(0, tokens);
    },
    get segmentsPerSecond() {
      return rate;
    },
  };
}

function burst(rate: number): number {
  return rate === Infinity ? 0 : Math.max(1, rate * burstSeconds);
}
