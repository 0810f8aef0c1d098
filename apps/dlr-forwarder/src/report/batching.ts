import type { Outcome } from '@heliograph/message';
import type { Log } from '@heliograph/queue';

export interface Batching<D> {
  add(deliveries: D): void;
  /** No batch is tried again from now on. */
  stop(): void;
}

export interface BatchingOptions<D> {
  /** For the log. */
  readonly what: string;
  /** How long to gather after the first of a batch, ms. */
  readonly gatherMs: number;
  readonly batchMax: number;
  readonly handle: (deliveries: readonly D[]) => Promise<readonly Outcome[]>;
  readonly settle: (delivery: D, outcome: Outcome) => void;
  readonly isPoison: (error: unknown) => boolean;
  readonly log: Log;
}

const retryDelayMsMax = 10_000;

/**
 * One batch after the other, as the queue's own worker makes them of what it reads, of what comes from several sides: tried again until it
 * succeeds, the poisonous parted from the others.
 */
export function createBatching<D>({ what, gatherMs, batchMax, handle, settle, isPoison, log }: BatchingOptions<D>): Batching<D> {
  const gathered: D[] = [];
  let working = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function work(): Promise<void> {
    timer = undefined;
    working = true;
    while (gathered.length > 0 && !stopped) await handleBatch(gathered.splice(0, batchMax));
    working = false;
  }

  async function handleBatch(batch: readonly D[]): Promise<void> {
    for (let failures = 0; !stopped; failures++) {
      try {
        const outcomes = await handle(batch);
        return batch.forEach((one, i) => settle(one, outcomes[i] as Outcome));
      } catch (error) {
        if (isPoison(error)) return isolate(batch, error);
        log.error({ what, events: batch.length, failures: failures + 1, err: error }, 'batch failed, trying again');
        await new Promise((resolve) => setTimeout(resolve, Math.min(200 * 2 ** failures, retryDelayMsMax)));
      }
    }
  }

  async function isolate(batch: readonly D[], error: unknown): Promise<void> {
    const [only] = batch;
    if (batch.length === 1 && only) return settle(only, { kind: 'never', reason: `poison: ${String(error)}` });
    const half = Math.ceil(batch.length / 2);
    await handleBatch(batch.slice(0, half));
    await handleBatch(batch.slice(half));
  }

  return {
    add(delivery) {
      gathered.push(delivery);
      if (!working) timer ??= setTimeout(() => void work(), gatherMs);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
