import { done, type MessageClass } from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import type { ConnectorMetrics } from '../metrics.ts';
import type { Asides } from './asides.ts';
import type { ToDeliver } from './backlog.ts';
import { isBegun, isExpired } from './deliver.ts';
import type { Job } from './job.ts';
import type { Lanes } from './lanes.ts';
import type { Neighbours } from './neighbours.ts';
import { createShares, patienceMs } from './shares.ts';

export interface FairnessOptions {
  /** Its id. */
  readonly connector: string;
  readonly lanes: Pick<Lanes<Job>, 'takeBeyond'>;
  readonly asides: Pick<Asides, 'has' | 'add' | 'moving'>;
  readonly neighbours: Pick<Neighbours, 'mayWait'>;
  /** Messages of a class in the queue that all share from which on no more of it is read. */
  readonly heldMax: number;
  readonly metrics: Pick<ConnectorMetrics, 'setAside'>;
}

/** Sets aside what a tenant has beyond its share of what is read of the queue that all share, so that who waits behind is seen. */
export interface Fairness {
  /** It was read: counts until what came of it is on disk. */
  held(delivery: Delivery<ToDeliver>, at: number): void;
  stored(delivery: Delivery<ToDeliver>): void;
  /** It is to go to its tenant's own queue. One whose tenant has none yet may get it one. */
  stepsAside(job: Job, at: number): boolean;
  setAside(job: Job): void;
  /** Where no more is read, tenants with more than their share are set aside. */
  share(at: number): void;
}

export function createFairness({ connector, lanes, asides, neighbours, heldMax, metrics }: FairnessOptions): Fairness {
  const shares = createShares(heldMax);
  /** By what is held of the queue that all share: true while it is on its way to its tenant's own. */
  const held = new Map<Delivery, boolean>();

  /** Those of a tenant that has a queue go there; and the queue that all share is so long that this one gets one. */
  function stepsAside(job: Job, at: number): boolean {
    const { class: lane, tenant } = job.event.message;
    if (!maySetAside(job) || isExpired(job.event.message, at)) return false;
    if (asides.has(lane, tenant)) return true;
    if (at - job.delivery.record.atMs <= patienceMs || !shares.isOver(lane, tenant) || isAlone(lane, tenant, at)) return false;
    asides.add(lane, tenant);
    return asides.has(lane, tenant);
  }

  /** Nobody else is there, and nobody may wait behind: setting it aside would be a hop for nothing. */
  function isAlone(lane: MessageClass, tenant: string, at: number): boolean {
    return shares.tenants(lane) === 1 && !neighbours.mayWait(connector, lane, tenant, shares.routedAtMs(lane), at);
  }

  function setAside(job: Job): void {
    const { class: lane, tenant } = job.event.message;
    held.set(job.delivery, true);
    asides.moving(lane, tenant, 1);
    metrics.setAside.add();
    job.resolve(done({ ...job.event, type: 'message.backlogged' }));
  }

  return {
    held(delivery, at) {
      const { event } = delivery;
      if (event.type !== 'message.routed' || held.has(delivery)) return;
      held.set(delivery, false);
      shares.add(event.message.class, event.message.tenant, at, event.at);
    },
    stored(delivery) {
      const moving = held.get(delivery);
      if (moving === undefined) return;
      const { class: lane, tenant } = delivery.event.message;
      held.delete(delivery);
      shares.remove(lane, tenant);
      if (moving) asides.moving(lane, tenant, -1);
    },
    stepsAside,
    setAside,
    share(at) {
      for (const lane of shares.stuck(at)) {
        for (const tenant of shares.over(lane)) {
          if (!asides.has(lane, tenant) && isAlone(lane, tenant, at)) continue;
          asides.add(lane, tenant);
          if (!asides.has(lane, tenant)) continue;
          for (const job of lanes.takeBeyond(lane, tenant, shares.shareOf(lane), maySetAside)) setAside(job);
        }
      }
    },
  };
}

/** What the provider may have some of stays where that is known. */
function maySetAside({ event, answers, goesOn }: Job): boolean {
  return event.type === 'message.routed' && !goesOn && !isBegun(answers);
}
