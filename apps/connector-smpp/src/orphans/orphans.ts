import type { Outcome } from '@heliograph/message';
import type { Delivery, Marks, Queue, Worker } from '@heliograph/queue';
import type { RegistryWatch } from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import type { Answer } from '../send/answer.ts';
import { asideOf, backlogOf, type ToDeliver } from '../send/backlog.ts';
import { metricsOf, type ConnectorMetrics } from '../metrics.ts';
import { orphan, orphanages, type Orphanage } from './orphan.ts';

export interface OrphansOptions {
  readonly queue: Pick<Queue, 'subjects' | 'workEach'>;
  readonly registry: Pick<RegistryWatch, 'current' | 'staleMs'>;
  /** What the provider has said of a message that was put off in this process. */
  readonly answersTo: (connector: string, delivery: Delivery<ToDeliver>) => readonly (Answer | undefined)[];
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Pick<Marks, 'has'>;
  readonly log: Log;
  readonly now?: () => number;
}

/** Ends the messages that wait for a connector which is removed or disabled: nobody else reads them. */
export interface Orphans {
  /** Looks which connectors have messages and are not to be run. Resolves when those, and only those, are read. */
  follow(): Promise<void>;
  /** Messages that wait for their time to be over, or for a connector to be enabled. */
  readonly held: number;
  stop(): Promise<void>;
}

/** By class of a connector: those beyond are looked at when these have ended. About 1 kB each. */
const eventsInFlightMax = 1_000;
/** A process that cannot read the registry may be the only one that thinks a connector disabled: it must not hold what another could send. */
const registryStaleMsMax = 5_000;

export function createOrphans({ queue, registry, answersTo, cancelled, log, now = Date.now }: OrphansOptions): Orphans {
  const workers = new Map<string, Orphanage & { readonly worker: Worker }>();
  let following: Promise<void> | undefined;
  let followAgain = false;
  let stopped = false;

  /** One at a time: two would open the same reader twice. */
  function follow(): Promise<void> {
    followAgain = true;
    following ??= (async () => {
      while (followAgain && !stopped) {
        followAgain = false;
        await look().catch((err: unknown) => log.warn({ err }, 'messages of removed and disabled connectors not looked for'));
      }
      following = undefined;
    })();
    return following;
  }

  async function look(): Promise<void> {
    // first, and without asking nats-server: who runs a connector that was enabled again waits for these
    await giveBack(
      ({ connector }) => registry.staleMs > registryStaleMsMax || registry.current.connectors.get(connector)?.enabled === true,
    );
    if (registry.staleMs > registryStaleMsMax) return;
    const subjects = [...(await queue.subjects('ROUTED')), ...(await queue.subjects('BACKLOG'))];
    const wanted = new Map(orphanages(subjects, registry.current.connectors).map((one) => [keyOf(one), one]));
    await giveBack((one) => !wanted.has(keyOf(one)));
    for (const [key, one] of wanted) if (!stopped && !workers.has(key)) workers.set(key, { ...one, worker: await open(one) });
  }

  async function giveBack(is: (one: Orphanage) => boolean): Promise<void> {
    const gone = [...workers].filter(([, one]) => is(one));
    for (const [key] of gone) workers.delete(key);
    await Promise.all(gone.map(([, { worker }]) => worker.stop(0)));
  }

  async function open({ connector, class: name, tenant }: Orphanage): Promise<Worker> {
    const metrics = metricsOf(connector);
    log.info({ connector, class: name, tenant }, 'connector is removed or disabled, its messages end by themselves');
    return queue.workEach({
      ...(tenant === undefined ? backlogOf(connector, name) : asideOf(connector, name, tenant)),
      eventsInFlightMax,
      handle: async (delivery) => decide(connector, delivery, metrics),
    });
  }

  function decide(connector: string, delivery: Delivery<ToDeliver>, metrics: ConnectorMetrics): Outcome {
    const { event, record } = delivery;
    const at = now();
    const facts = {
      registered: registry.current.connectors.get(connector),
      registrySeenAtMs: at - registry.staleMs,
      storedAtMs: record.atMs,
      cancelled: cancelled.has(event.message.id),
    };
    const outcome = orphan(event, answersTo(connector, delivery), facts, at);
    const [made] = outcome.kind === 'done' ? outcome.events : [];
    if (made?.type === 'message.failed') {
      metrics.messages[made.state].add();
      log.debug({ connector, messageId: event.message.id, outcome: made.state, reason: made.reason }, 'deliver');
    }
    if (made?.type === 'message.returned') {
      metrics.messages.returned.add();
      log.debug({ connector, messageId: event.message.id, outcome: 'returned', reason: made.why }, 'deliver');
    }
    return outcome;
  }

  return {
    follow,
    get held() {
      return [...workers.values()].reduce((sum, { worker }) => sum + worker.unsettled, 0);
    },
    async stop() {
      stopped = true;
      await following;
      await giveBack(() => true);
    },
  };
}

function keyOf({ connector, class: name, tenant = '' }: Orphanage): string {
  return `${connector} ${name} ${tenant}`;
}
