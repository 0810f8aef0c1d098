import type { Queue } from '@heliograph/queue';

/** Whether other processes of this service read the same streams: each hears of some events of a message only. */
export interface Neighbours {
  readonly alone: boolean;
  stop(): void;
}

export interface NeighboursOptions {
  readonly queue: Pick<Queue, 'broadcast' | 'listen'>;
  /** Of this process, no other's. */
  readonly id: string;
  readonly now?: () => number;
}

const subject = 'messages.log-neighbours';
const tellEveryMs = 1_000;
/** Four broadcasts may get lost. */
const rememberedMs = 5_000;

export function createNeighbours({ queue, id, now = () => performance.now() }: NeighboursOptions): Neighbours {
  let heardAtMs = -Infinity;
  const tell = (): void => queue.broadcast(subject, { id });

  queue.listen<{ id: string }>(subject, (other) => {
    if (other.id === id) return;
    const isNews = now() - heardAtMs > rememberedMs;
    heardAtMs = now();
    // one that has just begun is answered at once
    if (isNews) tell();
  });
  tell();
  const timer = setInterval(tell, tellEveryMs);
  return {
    get alone() {
      return now() - heardAtMs > rememberedMs;
    },
    stop: () => clearInterval(timer),
  };
}
