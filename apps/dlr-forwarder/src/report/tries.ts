import type { Delivery } from '@heliograph/queue';

/**
 * Knows which deliveries were in work before: handed out again by the server after a crash, or part of a batch that failed in this process.
 * A statement may have been committed although its answer was lost, so the second try must not take the database's "has ended" for "was reported".
 */
export interface Tries {
  during<T>(deliveries: readonly Delivery[], work: (triedBefore: (delivery: Delivery) => boolean) => Promise<T>): Promise<T>;
}

export function createTries(): Tries {
  const failed = new WeakSet<Delivery>();
  return {
    async during(deliveries, work) {
      try {
        return await work((delivery) => delivery.record.redelivered || failed.has(delivery));
      } catch (error) {
        for (const delivery of deliveries) failed.add(delivery);
        throw error;
      }
    },
  };
}
