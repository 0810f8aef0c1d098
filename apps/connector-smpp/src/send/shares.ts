import { messageClasses, type MessageClass } from '@heliograph/message';

/** What a process holds of a connector's queues that all tenants share, and who has more of it than its share. */
export interface Shares {
  add(lane: MessageClass, tenant: string, now: number, routedAtMs: number): void;
  remove(lane: MessageClass, tenant: string): void;
  /** It holds more than its share: what is held at most, divided by the tenants that are there and one that may come. */
  isOver(lane: MessageClass, tenant: string): boolean;
  shareOf(lane: MessageClass): number;
  /** How many have something here. */
  tenants(lane: MessageClass): number;
  /** Unix ms at which the newest of the class was routed that was ever held. */
  routedAtMs(lane: MessageClass): number;
  /** Classes of which so much has been held for so long that no more is read, so that nobody knows who waits behind. */
  stuck(now: number): MessageClass[];
  /** Those with more than their share. */
  over(lane: MessageClass): string[];
}

/** So long a tenant waits behind what is another's before that one is set aside. Less costs a hop more for what is no queue, only a burst. */
export const patienceMs = 250;

interface Held {
  all: number;
  /** Unix ms since which no more is read; undefined: it is. */
  fullSinceMs: number | undefined;
  routedAtMs: number;
  readonly byTenant: Map<string, number>;
}

/** `heldMax`: messages of a class from which on no more is read. */
export function createShares(heldMax: number): Shares {
  const held = new Map<MessageClass, Held>(
    messageClasses.map((name) => [name, { all: 0, fullSinceMs: undefined, routedAtMs: -Infinity, byTenant: new Map() }]),
  );
  const of = (lane: MessageClass): Held => held.get(lane) as Held;
  const shareOf = (lane: MessageClass): number => Math.max(1, Math.floor(heldMax / (of(lane).byTenant.size + 1)));
  const isOver = (lane: MessageClass, tenant: string): boolean => (of(lane).byTenant.get(tenant) ?? 0) > shareOf(lane);

  return {
    add(lane, tenant, now, routedAtMs) {
      const one = of(lane);
      if (routedAtMs > one.routedAtMs) one.routedAtMs = routedAtMs;
      if (++one.all >= heldMax) one.fullSinceMs ??= now;
      one.byTenant.set(tenant, (one.byTenant.get(tenant) ?? 0) + 1);
    },
    remove(lane, tenant) {
      const one = of(lane);
      if (--one.all < heldMax) one.fullSinceMs = undefined;
      const left = (one.byTenant.get(tenant) ?? 1) - 1;
      if (left > 0) one.byTenant.set(tenant, left);
      else one.byTenant.delete(tenant);
    },
    isOver,
    shareOf,
    tenants: (lane) => of(lane).byTenant.size,
    routedAtMs: (lane) => of(lane).routedAtMs,
    stuck: (now) => messageClasses.filter((lane) => now - (of(lane).fullSinceMs ?? Infinity) >= patienceMs),
    over: (lane) => [...of(lane).byTenant.keys()].filter((tenant) => isOver(lane, tenant)),
  };
}
