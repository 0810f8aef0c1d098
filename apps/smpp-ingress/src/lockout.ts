import { networkOf } from './network.ts';

export interface LockoutOptions {
  /** So many failed binds ... */
  readonly failuresMax: number;
  /** ... within this time ... */
  readonly windowMs: number;
  /** ... shut the network out for this long. */
  readonly lockedMs: number;
  /** Pairs of system id and network remembered; then the one heard of longest ago is forgotten. */
  readonly entriesMax: number;
}

/**
 * Binds that failed, by system id and network: a guesser locks out itself and its neighbours, not the tenant whose system id it tries. System ids that nobody has
 * count as well, so that they are told from others by nothing. Pure but for its memory.
 */
export interface Lockout {
  isLocked(systemId: string, address: string, nowMs: number): boolean;
  failed(systemId: string, address: string, nowMs: number): void;
}

interface Failures {
  count: number;
  readonly sinceMs: number;
  lockedUntilMs: number;
}

export function createLockout({ failuresMax, windowMs, lockedMs, entriesMax }: LockoutOptions): Lockout {
  // in the order in which they were heard of: a Map keeps it
  const byPair = new Map<string, Failures>();
  const pairOf = (systemId: string, address: string): string => `${networkOf(address)} ${systemId}`;

  return {
    isLocked: (systemId, address, nowMs) => (byPair.get(pairOf(systemId, address))?.lockedUntilMs ?? 0) > nowMs,
    failed(systemId, address, nowMs) {
      const pair = pairOf(systemId, address);
      const before = byPair.get(pair);
      const failures = before && nowMs - before.sinceMs < windowMs ? before : { count: 0, sinceMs: nowMs, lockedUntilMs: 0 };
      failures.count++;
      if (failures.count >= failuresMax) failures.lockedUntilMs = nowMs + lockedMs;
      byPair.delete(pair);
      byPair.set(pair, failures);
      if (byPair.size > entriesMax) byPair.delete(byPair.keys().next().value as string);
    },
  };
}
