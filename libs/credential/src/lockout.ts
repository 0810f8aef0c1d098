import { networkOf } from './network.ts';

export interface LockoutOptions {
  /** So many failures ... */
  readonly failuresMax: number;
  /** ... within this time ... */
  readonly windowMs: number;
  /** ... shut the network out for this long. */
  readonly lockedMs: number;
  /** Pairs of login and network remembered; then the one heard of longest ago is forgotten. */
  readonly entriesMax: number;
}

/**
 * Guesses that failed, by login and network: a guesser locks out itself and its neighbours, not the tenant whose login it tries. Logins that
 * nobody has count as well, so that they are told from others by nothing. Pure but for its memory.
 */
export interface Lockout {
  isLocked(login: string, address: string, nowMs: number): boolean;
  failed(login: string, address: string, nowMs: number): void;
}

interface Failures {
  count: number;
  readonly sinceMs: number;
  lockedUntilMs: number;
}

export function createLockout({ failuresMax, windowMs, lockedMs, entriesMax }: LockoutOptions): Lockout {
  // in the order in which they were heard of: a Map keeps it
  const byPair = new Map<string, Failures>();
  const pairOf = (login: string, address: string): string => `${networkOf(address)} ${login}`;

  return {
    isLocked: (login, address, nowMs) => (byPair.get(pairOf(login, address))?.lockedUntilMs ?? 0) > nowMs,
    failed(login, address, nowMs) {
      const pair = pairOf(login, address);
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
