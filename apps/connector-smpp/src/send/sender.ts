import type { Session } from '@heliograph/smpp';
import type { Outcome } from '@heliograph/message';
import type { Delivery, Marks } from '@heliograph/queue';
import { isOptedOut, type OptOuts } from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import { openGate, type Gate } from '../health/gate.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import type { WantedConnector } from '../plan.ts';
import type { Asides } from './asides.ts';
import type { ToDeliver } from './backlog.ts';
import { expire, fail, giveBack, isBegun, isExpired } from './deliver.ts';
import { createFairness } from './fairness.ts';
import { createHandover } from './handover.ts';
import { forgetExpired, jobKey, newJob, type Job, type PutOff } from './job.ts';
import { createLanes } from './lanes.ts';
import type { Neighbours } from './neighbours.ts';
import { createOutcomes } from './outcomes.ts';
import { createSlots, unnotedMax } from './slots.ts';

export interface SenderOptions {
  readonly connector: WantedConnector;
  /** The bound sessions that may submit, at this moment. */
  readonly sessions: () => Iterable<Session>;
  /** Messages put off, kept while the process lives: segments the provider has taken are not sent again. Survives a change of settings. */
  readonly putOff: PutOff;
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Pick<Marks, 'has'>;
  /** Who wants no more messages. */
  readonly optOuts: Pick<OptOuts, 'has'>;
  /** Open unless something else is given. */
  readonly gate?: Gate;
  /** Who has a queue of its own; nobody unless given. */
  readonly asides?: Pick<Asides, 'has' | 'add' | 'moving'>;
  /** Who else may wait in the queue that all share; anybody unless given. */
  readonly neighbours?: Pick<Neighbours, 'mayWait'>;
  /** Messages of a class in the queue that all share from which on no more of it is read. */
  readonly heldMax: number;
  readonly metrics: ConnectorMetrics;
  readonly log: Log;
  readonly now?: () => number;
}

/** Puts messages into the sessions' windows: most urgent first, not faster than the pace, all segments of one on one bind. */
export interface Sender {
  /** Settles when every segment has. */
  handle(delivery: Delivery<ToDeliver>): Promise<Outcome>;
  /** What came of it is on disk. */
  stored(delivery: Delivery<ToDeliver>): void;
  /** Where no more is read, tenants with more than their share are set aside. To be called a few times a second. */
  share(): void;
  /**
   * A message is to be cancelled: ends it at once where it waits. False when it is here and begun, so that it goes on. One that is not here
   * yet, or put off, ends when it comes.
   */
  cancel(id: string): boolean;
  /** A session is bound, or has room: goes on. */
  pump(): void;
  /** Messages whose time is over while they wait are expired. */
  sweep(): void;
  /** Begins no more; resolves when nothing is in the windows any more. */
  drain(): Promise<void>;
  /** Messages held and not begun, or put off. */
  readonly parked: number;
  readonly inFlight: number;
  readonly segmentsPerSecond: number;
}

export function createSender(options: SenderOptions): Sender {
  const { connector, sessions, putOff, cancelled, optOuts, heldMax, metrics, log } = options;
  const { gate = openGate, asides = nobody, neighbours = anybody, now = Date.now } = options;
  const { id, settings } = connector;
  const lanes = createLanes<Job>(({ event }) => event.message);
  const slots = createSlots(unnotedMax(settings));
  const outcomes = createOutcomes({ connector, putOff, metrics, log, now });
  const { conclude } = outcomes;
  const fairness = createFairness({ connector: id, lanes, asides, neighbours, heldMax, metrics });
  const handover = createHandover({ settings, sessions, lanes, slots, gate, endOf, conclude, onSettled, metrics, log, now });
  const { pump } = handover;

  function handle(delivery: Delivery<ToDeliver>): Promise<Outcome> {
    return new Promise((resolve) => {
      const { event } = delivery;
      const at = now();
      fairness.held(delivery, at);
      const job = outcomes.resume(jobKey(delivery)) ?? newJob(delivery, at, resolve);
      job.resolve = resolve;
      job.delivery = delivery;
      if (cancelled.has(event.message.id) && !job.goesOn && !isBegun(job.answers)) return concludeCancelled(job);
      const back = giveBack(event, job.answers, gate.isShut(at), at);
      if (back) return conclude(job, back);
      if (!handover.draining && fairness.stepsAside(job, at)) return fairness.setAside(job);
      lanes.add(job);
      pump();
    });
  }

  /** What ends a message whose turn has come. */
  function endOf({ event, answers }: Job, at: number): Outcome | undefined {
    if (isExpired(event.message, at)) return expire(event, answers, at);
    if (!isBegun(answers) && isOptedOut(optOuts, event)) return fail(event, at, 'opted_out');
    return undefined;
  }

  function onSettled(job: Job): void {
    const at = now();
    const outcome = outcomes.of(job, at);
    if (outcome.kind === 'later' && outcome.atMs <= at && !isExpired(job.event.message, at)) {
      slots.free(job.delivery);
      lanes.putBack(job);
      return pump();
    }
    conclude(job, outcome);
    // its places are free, and who looked for one when its answer came found none
    if (outcome.kind === 'later' && slots.free(job.delivery)) pump();
  }

  function stored(delivery: Delivery<ToDeliver>): void {
    fairness.stored(delivery);
    if (slots.free(delivery)) pump();
  }

  function cancel(id: string): boolean {
    const is = ({ event }: Job): boolean => event.message.id === id;
    const begun = [...handover.inFlight].filter(is);
    for (const job of lanes.takeIf(is)) {
      if (!isBegun(job.answers)) concludeCancelled(job);
      else {
        lanes.putBack(job);
        begun.push(job);
      }
    }
    for (const job of putOff.values()) {
      if (!is(job)) continue;
      if (isBegun(job.answers)) begun.push(job);
      else job.goesOn = false;
    }
    for (const job of begun) job.goesOn = true;
    return begun.length === 0;
  }

  function concludeCancelled(job: Job): void {
    conclude(job, fail(job.event, now(), 'cancelled'));
  }

  function sweep(): void {
    const at = now();
    for (const job of lanes.takeIf(({ event }) => isExpired(event.message, at))) conclude(job, expire(job.event, job.answers, at));
    if (gate.isShut(at)) giveAllBack(at);
    // What was put off here and then went to another process is never asked for again.
    forgetExpired(putOff, at);
  }

  /** Those whose rule lets them go to another connector than this one, which has been unable to send for long. */
  function giveAllBack(at: number): void {
    const back = (job: Job): Outcome | undefined => giveBack(job.event, job.answers, true, at);
    for (const job of lanes.takeIf((job) => back(job) !== undefined)) conclude(job, back(job) as Outcome);
  }

  return {
    handle,
    stored,
    share() {
      if (!handover.draining) fairness.share(now());
    },
    cancel,
    pump,
    sweep,
    drain: handover.drain,
    get parked() {
      return lanes.size + outcomes.delayed;
    },
    get inFlight() {
      return handover.inFlight.size;
    },
    get segmentsPerSecond() {
      return handover.segmentsPerSecond;
    },
  };
}

const nobody: NonNullable<SenderOptions['asides']> = { has: () => false, add: () => {}, moving: () => {} };
const anybody: NonNullable<SenderOptions['neighbours']> = { mayWait: () => true };
