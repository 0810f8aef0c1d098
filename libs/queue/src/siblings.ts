import { randomUUID } from 'node:crypto';
import type { Queue } from './queue.ts';

/** Whether other processes of the same app read the same streams: each hears of some events of a message only. */
export interface Siblings {
  /**
   * None is known of. A hint, late by a moment, or by 5 s when one was killed; false until others have had time to answer. Whoever relies on it may lose
   * time by that, never an event.
   */
  readonly alone: boolean;
  stop(): void;
}

export interface SiblingsOptions {
  readonly queue: Pick<Queue, 'broadcast' | 'listen'>;
  /** Its name: a subject token. */
  readonly app: string;
  /** ms. */
  readonly now?: () => number;
}

const tellEveryMs = 1_000;
/** Four broadcasts may get lost. */
const rememberedMs = 5_000;
/** Others tell of themselves within that time, whether they hear a new one or not. */
const strangerMs = 1_500;

export function createSiblings({ queue, app, now = () => performance.now() }: SiblingsOptions): Siblings {
  const own = randomUUID();
  const subject = `siblings.${app}`;
  const beganAtMs = now();
  let heardAtMs = -Infinity;
  const tell = (): void => queue.broadcast(subject, { process: own });

  queue.listen<{ process: string }>(subject, ({ process }) => {
    if (process === own) return;
    const isNews = now() - heardAtMs > rememberedMs;
    heardAtMs = now();
    // one that has just begun is answered at once
    if (isNews) tell();
  });
  tell();
  const timer = setInterval(tell, tellEveryMs);
  timer.unref();
  return {
    get alone() {
      return now() - beganAtMs > strangerMs && now() - heardAtMs > rememberedMs;
    },
    stop: () => clearInterval(timer),
  };
}
