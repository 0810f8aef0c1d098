import type { Log } from '@heliograph/queue';

export interface Rounds {
  /** Resolves when the round under way is done. */
  stop(): Promise<void>;
}

export interface RoundsOptions {
  /** For the log. */
  readonly what: string;
  readonly everyMs: number;
  readonly round: (nowMs: number) => Promise<unknown>;
  readonly log: Log;
}

/** Does something again and again, one round at a time. */
export function startRounds({ what, everyMs, round, log }: RoundsOptions): Rounds {
  let underWay: Promise<void> | undefined;
  const timer = setInterval(() => (underWay ??= once().finally(() => (underWay = undefined))), everyMs);

  async function once(): Promise<void> {
    try {
      await round(Date.now());
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
