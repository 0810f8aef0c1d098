import type { Log } from '@heliograph/queue';
import type { SharedClock } from '@heliograph/service';

export interface Rounds {
  /** Resolves when the round under way is done. */
  stop(): Promise<void>;
}

export interface RoundsOptions {
  /** For the log. */
  readonly what: string;
  readonly everyMs: number;
  readonly round: (nowMs: number) => Promise<unknown>;
  readonly clock: Pick<SharedClock, 'now'>;
  readonly log: Log;
}

/** Does something again and again, one round at a time. Rounds look for what is due in the database, so their time is the database's. */
export function startRounds({ what, everyMs, round, clock, log }: RoundsOptions): Rounds {
  let underWay: Promise<void> | undefined;
  const timer = setInterval(() => (underWay ??= once().finally(() => (underWay = undefined))), everyMs);

  async function once(): Promise<void> {
    try {
      await round(clock.now());
    } catch (error) {
      log.warn({ err: error }, `${what} not finished, the next goes on`);
    }
  }

  return {
    async stop() {
      clearInterval(timer);
      await underWay;
    },
  };
}
