import { connectorTenants, connectorTenantsTtlMs, neighbourMs, type ConnectorTenants, type MessageClass } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';

/** Who may wait behind what is read of the queues that all tenants share, by what routers tell. */
export interface Neighbours {
  /** Whether messages of another tenant than this one may be in the queue. `routedAtMs`: of a message that was read of it lately. */
  mayWait(connector: string, lane: MessageClass, tenant: string, routedAtMs: number, now: number): boolean;
}

interface Told {
  readonly tenant: string;
  readonly atMs: number;
}

/**
 * Of all that routers have told, the last two tenants of each queue, for as long as the process runs: a router may be gone, and what it routed waits
 * still. So they are forgotten by what is compared with them, not by time.
 */
export function createNeighbours({ listen, now: clock = Date.now }: Pick<Queue, 'listen'> & { now?: () => number }): Neighbours {
  const lastTwo = new Map<string, readonly Told[]>();
  let heardAtMs = -Infinity;
  /**
   * From then on nothing was missed, by the clock of a router: what was routed before may be in the queue without anybody who tells of it. Clocks of
   * routers may differ by less than `neighbourMs`, as each tells what it routed within that.
   */
  let sinceMs = Infinity;

  listen<ConnectorTenants>(connectorTenants, ({ atMs, lanes }) => {
    const now = clock();
    if (now - heardAtMs > connectorTenantsTtlMs) sinceMs = atMs;
    heardAtMs = now;
    for (const { connector, class: lane, tenants } of lanes) {
      const key = keyOf(connector, lane);
      lastTwo.set(key, joined([...(lastTwo.get(key) ?? []), ...tenants]));
    }
  });

  return {
    mayWait(connector, lane, tenant, routedAtMs, now) {
      if (now - heardAtMs > connectorTenantsTtlMs || routedAtMs < sinceMs) return true;
      const told = lastTwo.get(keyOf(connector, lane)) ?? [];
      return told.some((one) => one.tenant !== tenant && one.atMs >= routedAtMs - neighbourMs);
    },
  };
}

function keyOf(connector: string, lane: MessageClass): string {
  return `${lane}.${connector}`;
}

function joined(all: readonly Told[]): Told[] {
  const newest = new Map<string, Told>();
  for (const one of all) if (one.atMs > (newest.get(one.tenant)?.atMs ?? -Infinity)) newest.set(one.tenant, one);
  return [...newest.values()].sort((a, b) => b.atMs - a.atMs).slice(0, 2);
}
