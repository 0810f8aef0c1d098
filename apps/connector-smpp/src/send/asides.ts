import { messageClasses, type MessageClass } from '@heliograph/message';
import type { EachWorkerOptions, Queue, Worker } from '@heliograph/queue';
import type { Log } from '@heliograph/service';
import { asideOf } from './backlog.ts';

export interface AsidesOptions {
  readonly connector: string;
  readonly queue: Pick<Queue, 'subjects' | 'workEach'>;
  readonly eventsInFlightMax: number;
  readonly handle: EachWorkerOptions<'deliver'>['handle'];
  readonly onStored: NonNullable<EachWorkerOptions<'deliver'>['onStored']>;
  readonly log: Log;
}

/** The tenants that have a queue of their own on a connector, each with a reader here. A process that sees another's queue reads it too. */
export interface Asides {
  has(lane: MessageClass, tenant: string): boolean;
  /** From now on its messages go there. */
  add(lane: MessageClass, tenant: string): void;
  /** Looks who has a queue: reads what is there, and ends what is empty. Resolves when that is done. */
  look(): Promise<void>;
  /** So many of its messages more, or less, are on their way there. */
  moving(lane: MessageClass, tenant: string, change: 1 | -1): void;
  readonly unsettled: number;
  readonly size: number;
  stop(graceMs: number): Promise<void>;
}

interface Aside {
  readonly lane: MessageClass;
  readonly tenant: string;
  worker: Worker | undefined;
  moving: number;
  /** When a message was seen to go there, or to be there. */
  busyAtMs: number;
}

/** A tenant whose queue was empty for a moment, between two records of it, is not to come and go. */
const emptyMs = 1_000;
/** With nobody set aside, only another process may have set somebody aside. */
const idleLooks = 10;
const endMsMax = 60_000;

export function createAsides({ connector, queue, log, ...reading }: AsidesOptions): Asides {
  const asides = new Map<string, Aside>();
  const ending = new Set<Worker>();
  const all = `message.backlogged.${connector}.>`;
  let looking: Promise<void> | undefined;
  let looks = 0;
  let stopped = false;
  const keyOf = (lane: MessageClass, tenant: string): string => `${lane}.${tenant}`;

  function add(lane: MessageClass, tenant: string): void {
    const key = keyOf(lane, tenant);
    if (stopped || asides.has(key)) return;
    const aside: Aside = { lane, tenant, worker: undefined, moving: 0, busyAtMs: performance.now() };
    asides.set(key, aside);
    log.info({ class: lane, tenant }, 'tenant has more than its share, its messages wait in a queue of their own');
    void look();
  }

  function look(): Promise<void> {
    return (looking ??= lookNow()
      .catch((err: unknown) => log.warn({ err }, 'queues of tenants not looked for'))
      .finally(() => (looking = undefined)));
  }

  async function lookNow(): Promise<void> {
    if (asides.size === 0 && looks++ % idleLooks !== 0) return;
    const there = new Set((await queue.subjects('BACKLOG', all)).map((subject) => subject.split('.').slice(3).join('.')));
    for (const key of there) {
      const [lane = '', tenant = ''] = key.split('.');
      const known = messageClasses.find((one) => one === lane);
      if (known) add(known, tenant);
    }
    const now = performance.now();
    for (const [key, aside] of asides) {
      if (stopped) return;
      if (there.has(key) || aside.moving > 0 || (aside.worker?.unsettled ?? 0) > 0) aside.busyAtMs = now;
      aside.worker ??= await open(aside);
      if (now - aside.busyAtMs > emptyMs) end(key, aside);
    }
  }

  function open({ lane, tenant }: Aside): Promise<Worker> {
    return queue.workEach({ ...asideOf(connector, lane, tenant), ...reading });
  }

  /** Nothing is there, held or on its way: from now on its messages are sent as they come. */
  function end(key: string, { lane, tenant, worker }: Aside): void {
    asides.delete(key);
    log.info({ class: lane, tenant }, "the tenant's own queue is empty");
    if (!worker) return;
    // another process may have put something there just now, and it is being sent
    ending.add(worker);
    void worker.stop(endMsMax).finally(() => ending.delete(worker));
  }

  function workers(): Worker[] {
    return [...[...asides.values()].flatMap(({ worker }) => worker ?? []), ...ending];
  }

  return {
    has: (lane, tenant) => asides.size > 0 && asides.has(keyOf(lane, tenant)),
    add,
    look,
    moving(lane, tenant, change) {
      const aside = asides.get(keyOf(lane, tenant));
      if (!aside) return;
      aside.moving += change;
      aside.busyAtMs = performance.now();
    },
    get unsettled() {
      return workers().reduce((sum, { unsettled }) => sum + unsettled, 0);
    },
    get size() {
      return asides.size;
    },
    async stop(graceMs) {
      stopped = true;
      await looking;
      await Promise.all(workers().map((worker) => worker.stop(graceMs)));
    },
  };
}
