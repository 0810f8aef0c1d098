/** Requests that wait for events: bounded, and told when there may be some. */
export interface Waiting {
  /**
   * Looks until there is something or the time is over, and resolves with the last look. `full`: too many wait already, of this tenant or of all. Looks
   * when it is told to, and now and then besides, as what it is told may be lost.
   */
  until<Found>(
    tenant: string,
    waitMs: number,
    look: () => Promise<{ readonly found: Found; readonly enough: boolean }>,
  ): Promise<Found | 'full'>;
  /** There may be something for these. */
  hint(tenants: readonly string[]): void;
  /** Lets go whoever waits; from now on nobody does. */
  stop(): void;
}

export interface WaitingOptions {
  readonly waitersMax?: number;
  readonly waitersOfTenantMax?: number;
  readonly soonMs?: number;
  readonly lookEveryMsMax?: number;
  readonly now?: () => number;
}

/** A request that waits costs a socket and a few kilobytes. */
const defaultWaitersMax = 1_000;
/** More than one reader of the same events is a client's mistake or a few processes of it. */
const defaultWaitersOfTenantMax = 20;
/** After a hint a writer that began before may not have committed yet: look again soon, then less and less often. */
const defaultSoonMs = 20;
const defaultLookEveryMsMax = 2_000;

export function createWaiting(options: WaitingOptions = {}): Waiting {
  const { waitersMax = defaultWaitersMax, waitersOfTenantMax = defaultWaitersOfTenantMax } = options;
  const { soonMs = defaultSoonMs, lookEveryMsMax = defaultLookEveryMsMax, now = Date.now } = options;
  const waiters = new Map<string, Set<() => void>>();
  let count = 0;
  let stopped = false;

  function enter(tenant: string, wake: () => void): () => void {
    const ofTenant = waiters.get(tenant) ?? new Set();
    waiters.set(tenant, ofTenant.add(wake));
    count++;
    return () => {
      count--;
      ofTenant.delete(wake);
      if (ofTenant.size === 0) waiters.delete(tenant);
    };
  }

  return {
    async until(tenant, waitMs, look) {
      if (waitMs <= 0 || stopped) return (await look()).found;
      const untilMs = now() + waitMs;
      let [hinted, pauseMs] = [false, soonMs];
      let wake = (): void => {};
      const leave = enter(tenant, () => {
        [hinted, pauseMs] = [true, soonMs];
        wake();
      });
      const full = count > waitersMax || (waiters.get(tenant)?.size ?? 0) > waitersOfTenantMax;
      try {
        for (;;) {
          hinted = false;
          const { found, enough } = await look();
          const leftMs = untilMs - now();
          if (enough || stopped || leftMs <= 0) return found;
          if (full) return 'full';
          if (hinted) continue;
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, Math.min(pauseMs, leftMs));
            wake = () => (clearTimeout(timer), resolve());
          });
          if (!hinted) pauseMs = Math.min(pauseMs * 2, lookEveryMsMax);
        }
      } finally {
        leave();
      }
    },
    hint(tenants) {
      for (const tenant of tenants) for (const wake of waiters.get(tenant) ?? []) wake();
    },
    stop() {
      stopped = true;
      for (const ofTenant of waiters.values()) for (const wake of ofTenant) wake();
    },
  };
}
