import type { Delivery } from '@heliograph/queue';
import type { SmppConnectorSettings } from '@heliograph/registry';

/** Each is taken until what came of the segment is on disk. */
export interface Slots {
  /** 0 or below: none, as all segments of a message go together. */
  readonly left: number;
  take(delivery: Delivery, segments: number): void;
  /** False: it had none. */
  free(delivery: Delivery): boolean;
}

export function createSlots(max: number): Slots {
  const taken = new Map<Delivery, number>();
  let left = max;
  return {
    get left() {
      return left;
    },
    take(delivery, segments) {
      taken.set(delivery, segments);
      left -= segments;
    },
    free(delivery) {
      const segments = taken.get(delivery);
      if (segments === undefined) return false;
      taken.delete(delivery);
      left += segments;
      return true;
    },
  };
}

/** Beyond the windows; storing takes about 5 ms, a fraction of what a provider takes to answer. */
const unstoredMax = 64;

/**
 * Segments that the provider may have without anything on disk that says so: what a crash may send twice. Measured with a provider that answers at
 * once, window 100: with the windows alone 12,000 messages a second went out, with 64 more 21,000, without a limit 20,000.
 */
export function unnotedMax({ window, binds }: Pick<SmppConnectorSettings, 'window' | 'binds'>): number {
  return window * binds + Math.min(window * binds, unstoredMax);
}
