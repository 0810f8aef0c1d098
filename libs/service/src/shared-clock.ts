import type { Log } from './log.ts';
import { createSeldom } from './seldom.ts';

/**
 * The clock of something that several processes share, such as PostgreSQL's, as this process knows it: times that are stored there and compared by
 * whichever process comes are of that clock, whatever the clocks of their machines say. Between two looks it goes on with a steady clock, which nobody
 * sets; a jump of its own is followed at the next look.
 */
export interface SharedClock {
  /** Unix ms, whole. */
  now(): number;
  /** Looks no more, and goes on from what was seen last. Resolves when the look under way has ended. */
  stop(): Promise<void>;
}

export interface SharedClockOptions {
  /** Unix ms of the shared clock, read while it is asked. */
  readonly look: () => Promise<number>;
  readonly log: Pick<Log, 'warn'>;
}

const lookEveryMs = 1_000;
const warnEveryMs = 60_000;

/** Looks at once, and then every second. Rejects when there is no answer: nothing may be stored by a time that is not known. */
export async function openSharedClock({ look, log }: SharedClockOptions): Promise<SharedClock> {
  const seldom = createSeldom(warnEveryMs);
  let offsetMs = offsetAfter(undefined, await lookOnce());
  let underWay: Promise<void> | undefined;
  const timer = setInterval(() => (underWay ??= refresh().finally(() => (underWay = undefined))), lookEveryMs).unref();

  async function lookOnce(): Promise<Look> {
    const askedMs = performance.now();
    const sharedMs = await look();
    return { askedMs, answeredMs: performance.now(), sharedMs };
  }

  async function refresh(): Promise<void> {
    try {
      const seen = await lookOnce();
      offsetMs = offsetAfter(offsetMs, seen);
    } catch (err) {
      // what was learned last goes on
      seldom(performance.now(), (looks) => log.warn({ err, looks }, 'shared clock not looked at'));
    }
  }

  return {
    now: () => Math.floor(performance.now() + offsetMs),
    async stop() {
      clearInterval(timer);
      await underWay;
    },
  };
}

/** One look at the shared clock, ms; `askedMs` and `answeredMs` are of the steady clock. */
export interface Look {
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly sharedMs: number;
}

/**
 * How far the shared clock is ahead of the steady one. It was read somewhere between question and answer, so what is known stays while it fits: a slow
 * answer does not make a good offset worse, and the time does not go back by a little under what was put to be due now. What does not fit is learned
 * anew, as read in the middle.
 */
export function offsetAfter(knownMs: number | undefined, { askedMs, answeredMs, sharedMs }: Look): number {
  const leastMs = sharedMs - answeredMs;
  const mostMs = sharedMs - askedMs;
  if (knownMs !== undefined && knownMs >= leastMs && knownMs <= mostMs) return knownMs;
  return (leastMs + mostMs) / 2;
}
