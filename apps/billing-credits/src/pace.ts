/** How much to ask for at once: what takes long is asked for in smaller parts. */
export interface Pace {
  readonly size: number;
  /** How long the last took, ms. */
  took(ms: number): void;
}

const longMs = 3_000;
const shortMs = 500;

/** Begins with the most. */
export function createPace({ min, max }: { min: number; max: number }): Pace {
  let size = max;
  return {
    get size() {
      return size;
    },
    took(ms) {
      if (ms > longMs) size = Math.max(min, Math.floor(size / 2));
      else if (ms < shortMs) size = Math.min(max, size * 2);
    },
  };
}
