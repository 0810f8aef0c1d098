const firstMs = 1_000;
const maxMs = 30_000;
/** Who ran this long did not fail because of how it was started. */
export const stableAfterMs = 60_000;

/** Wait before the next start: 1 s, 2, 4, … 30 s. `failures`: how often in a row it has ended before it was stable, this time included. */
export function restartDelayMs(failures: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.max(0, failures - 1));
}
