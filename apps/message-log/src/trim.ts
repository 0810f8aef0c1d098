import type { Queue } from '@heliograph/queue';
import { counter, type Log } from '@heliograph/service';

const trimmedTotal = counter('heliograph_message_log_trimmed_total', 'Records removed from the streams, by stream');

/** Removes from the streams what every reader has dealt with, again and again; a time that fails is made up for by the next. */
export function startTrimming(options: { queue: Pick<Queue, 'trim'>; replayWindowMs: number; everyMs: number; log: Pick<Log, 'warn'> }): {
  stop(): Promise<void>;
} {
  const { queue, replayWindowMs, everyMs, log } = options;
  let trimming: Promise<void> | undefined;

  async function trim(): Promise<void> {
    try {
      for (const [stream, records] of Object.entries(await queue.trim(replayWindowMs))) trimmedTotal.add(records, { stream });
    } catch (error) {
      log.warn({ err: error }, 'streams not trimmed');
    }
    trimming = undefined;
  }

  const timer = setInterval(() => (trimming ??= trim()), everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await trimming;
    },
  };
}
