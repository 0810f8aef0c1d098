import { counter, type Log } from '@heliograph/service';
import type { History } from './history.ts';

const purgedTotal = counter('heliograph_message_log_purged_total', 'Messages and reports removed because of their age');

export interface PurgingOptions {
  readonly history: Pick<History, 'purge'>;
  /** How long messages and reports are kept. */
  readonly keepMs: number;
  readonly everyMs: number;
  readonly log: Pick<Log, 'warn'>;
  readonly now?: () => number;
}

/** Removes what is too old, again and again, batch by batch; a time that fails is made up for by the next. */
export function startPurging({ history, keepMs, everyMs, log, now = Date.now }: PurgingOptions): { stop(): Promise<void> } {
  let purging: Promise<void> | undefined;
  let stopped = false;

  async function purge(): Promise<void> {
    const beforeMs = now() - keepMs;
    try {
      for (let purged = 1; purged > 0 && !stopped; purgedTotal.add(purged)) purged = await history.purge(beforeMs);
    } catch (error) {
      log.warn({ err: error }, 'old history not removed');
    }
    purging = undefined;
  }

  const timer = setInterval(() => (purging ??= purge()), everyMs);
  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await purging;
    },
  };
}
