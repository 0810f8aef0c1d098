import type { Log } from '@heliograph/queue';
import { sweep, type SweepOptions } from './sweep.ts';

export interface Sweeping {
  /** Resolves when the round under way is done. */
  stop(): Promise<void>;
}

/** Sweeps again and again. `also`: what else is to be done as often. */
export function startSweeping(options: SweepOptions & { everyMs: number; also: () => Promise<void>; log: Log }): Sweeping {
  let round: Promise<void> | undefined;
  const timer = setInterval(() => (round ??= once().finally(() => (round = undefined))), options.everyMs);

  async function once(): Promise<void> {
    try {
      const swept = await sweep(options, Date.now());
      options.log.debug(swept, 'swept');
      await options.also();
    } catch (error) {
      options.log.warn({ err: error }, 'sweep not finished, the next goes on');
    }
  }

  return {
    async stop() {
      clearInterval(timer);
      await round;
    },
  };
}
