import { INTERFACE_VERSION_3_4, type Session } from '@heliograph/smpp';
import { done, type HeliographEvent, type MessageClass, type Outcome } from '@heliograph/message';
import type { Delivery, Marks } from '@heliograph/queue';
import { isOptedOut, type OptOuts, type SmppConnectorSettings } from '@heliograph/registry';
import { recordSpan, type Log } from '@heliograph/service';
import type { Asides } from './asides.ts';
import { answerAfter, classify, refusalsOf, type Answer } from './answer.ts';
import type { ToDeliver } from './backlog.ts';
import { deliver, expire, fail, giveBack, isBegun, isExpired, type DeliveryFacts } from './deliver.ts';
import { openGate, type Gate } from '../health/gate.ts';
import { createLanes } from './lanes.ts';
import type { ConnectorMetrics, MessageOutcome } from '../metrics.ts';
import type { Neighbours } from './neighbours.ts';
import { createPace } from './pace.ts';
import type { WantedConnector } from '../plan.ts';
import { retriesOf } from './retry.ts';
import { createShares, patienceMs } from './shares.ts';
import { buildSubmits, type Submit } from './submit.ts';

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

export type PutOff = Map<string, Job>;

/** A message that was routed twice is two jobs. */
export function jobKey({ event, record }: Delivery<ToDeliver>): string {
  return `${record.stream} ${record.seq} ${event.message.id}`;
}

/** One message on its way to the provider. */
interface Job {
  readonly key: string;
  readonly event: ToDeliver;
  /** The newest. */
  delivery: Delivery<ToDeliver>;
  readonly beganAtMs: number;
  /** Made at the first try and kept: every try has the same concatenation reference. */
  submits: readonly Submit[];
  /** SMS that the provider makes of each. */
  segmentsEach: number;
  /** By segment; an accepted one is not sent again. */
  answers: (Answer | undefined)[];
  unanswered: number;
  /** It was in a window when it was to be cancelled, and its tenant was told that it is not. */
  goesOn: boolean;
  /** Tries that came to nothing. */
  tries: number;
  /** Unix ms; undefined: it was not tried yet. */
  firstTriedAtMs: number | undefined;
  resolve: (outcome: Outcome) => void;
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

const forgottenAfterMs = 60_000;

export function forgetExpired(putOff: PutOff, now: number): void {
  for (const [key, { event }] of putOff) if (isExpired(event.message, now - forgottenAfterMs)) putOff.delete(key);
}

export function createSender(options: SenderOptions): Sender {
  const {
    connector,
    sessions,
    putOff,
    cancelled,
    optOuts,
    gate = openGate,
    asides = nobody,
    neighbours = anybody,
    heldMax,
    metrics,
    log,
    now = Date.now,
  } = options;
  const { settings } = connector;
  const facts = {
    connector: connector.id,
    group: connector.group,
    ids: settings,
    unknownOutcome: settings.unknownOutcome,
    retries: retriesOf(settings.retries),
  };
  const refusals = refusalsOf(settings.answers);
  const lanes = createLanes<Job>(({ event }) => event.message);
  const shares = createShares(heldMax);
  /** By what is held of the queue that all share: true while it is on its way to its tenant's own. */
  const held = new Map<Delivery, boolean>();
  const slots = createSlots(unnotedMax(settings));
  const pace = createPace(settings.segmentsPerSecond);
  const watched = new WeakSet<Session>();
  const { promise: drained, resolve: resolveDrained } = Promise.withResolvers<void>();
  // Often one octet on the air: two long messages to one handset within 256 of a connector would have to be under way at once to be mixed up.
  let reference = Math.floor(Math.random() * 0x10000);
  const delayed = new Set<string>();
  const inFlight = new Set<Job>();
  let draining = false;
  let paceTimer: NodeJS.Timeout | undefined;
  let wakeAtMs = 0;

  function handle(delivery: Delivery<ToDeliver>): Promise<Outcome> {
    return new Promise((resolve) => {
      const { event } = delivery;
      const key = jobKey(delivery);
      const at = now();
      if (event.type === 'message.routed' && !held.has(delivery)) {
        held.set(delivery, false);
        shares.add(event.message.class, event.message.tenant, at, event.at);
      }
      const before = putOff.get(key);
      putOff.delete(key);
      delayed.delete(key);
      const job = before ?? {
        key,
        event,
        delivery,
        beganAtMs: at,
        submits: [],
        segmentsEach: 1,
        answers: [],
        unanswered: 0,
        goesOn: false,
        tries: 0,
        firstTriedAtMs: undefined,
        resolve,
      };
      job.resolve = resolve;
      job.delivery = delivery;
      if (cancelled.has(event.message.id) && !job.goesOn && !isBegun(job.answers)) return concludeCancelled(job);
      const back = giveBack(event, job.answers, gate.isShut(at), at);
      if (back) return conclude(job, back);
      if (stepsAside(job, at)) return setAside(job);
      lanes.add(job);
      pump();
    });
  }

  /** Those of a tenant that has a queue go there; and the queue that all share is so long that this one gets one. */
  function stepsAside(job: Job, at: number): boolean {
    const { class: lane, tenant } = job.event.message;
    if (draining || !maySetAside(job) || isExpired(job.event.message, at)) return false;
    if (asides.has(lane, tenant)) return true;
    if (at - job.delivery.record.atMs <= patienceMs || !shares.isOver(lane, tenant) || isAlone(lane, tenant, at)) return false;
    asides.add(lane, tenant);
    return asides.has(lane, tenant);
  }

  /** Nobody else is there, and nobody may wait behind: setting it aside would be a hop for nothing. */
  function isAlone(lane: MessageClass, tenant: string, at: number): boolean {
    return shares.tenants(lane) === 1 && !neighbours.mayWait(connector.id, lane, tenant, shares.routedAtMs(lane), at);
  }

  /** What the provider may have some of stays where that is known. */
  function maySetAside({ event, answers, goesOn }: Job): boolean {
    return event.type === 'message.routed' && !goesOn && !isBegun(answers);
  }

  function setAside(job: Job): void {
    const { class: lane, tenant } = job.event.message;
    held.set(job.delivery, true);
    asides.moving(lane, tenant, 1);
    metrics.setAside.add();
    job.resolve(done({ ...job.event, type: 'message.backlogged' }));
  }

  function stored(delivery: Delivery<ToDeliver>): void {
    const moving = held.get(delivery);
    if (moving !== undefined) {
      const { class: lane, tenant } = delivery.event.message;
      held.delete(delivery);
      shares.remove(lane, tenant);
      if (moving) asides.moving(lane, tenant, -1);
    }
    if (slots.free(delivery)) pump();
  }

  function share(): void {
    if (draining) return;
    const at = now();
    for (const lane of shares.stuck(at)) {
      for (const tenant of shares.over(lane)) {
        if (!asides.has(lane, tenant) && isAlone(lane, tenant, at)) continue;
        asides.add(lane, tenant);
        if (!asides.has(lane, tenant)) continue;
        for (const job of lanes.takeBeyond(lane, tenant, shares.shareOf(lane), maySetAside)) setAside(job);
      }
    }
  }

  function pump(): void {
    while (!draining && lanes.size > 0 && slots.left > 0) {
      const session = freest(sessions());
      if (!session) return watch();
      const at = now();
      const waitMs = Math.max(gate.waitMs(at), pace.waitMs(at));
      if (waitMs === Infinity) return;
      if (waitMs > 0) return wakeIn(waitMs);
      const job = lanes.take() as Job;
      if (isExpired(job.event.message, at)) conclude(job, expire(job.event, job.answers, at));
      else if (!isBegun(job.answers) && isOptedOut(optOuts, job.event)) conclude(job, fail(job.event, at, 'opted_out'));
      else send(job, session, at);
    }
  }

  /** Goes on once a window has room. A session that is ending has none any more: who is bound next pumps. */
  function watch(): void {
    for (const session of sessions()) {
      if (watched.has(session)) continue;
      const waits = session.whenWindowFree((takesRequests) => {
        watched.delete(session);
        if (takesRequests) pump();
      });
      if (waits) watched.add(session);
    }
  }

  function wakeIn(ms: number): void {
    const at = now() + ms;
    if (paceTimer && wakeAtMs <= at) return;
    clearTimeout(paceTimer);
    wakeAtMs = at;
    paceTimer = setTimeout(() => {
      paceTimer = undefined;
      pump();
    }, ms);
  }

  function send(job: Job, session: Session, at: number): void {
    if (job.submits.length === 0 && !prepare(job, session, at)) return;
    inFlight.add(job);
    job.firstTriedAtMs ??= at;
    const { submits, answers } = job;
    const unsent = answers.flatMap((answer, i) => (answer?.kind === 'accepted' ? [] : [i]));
    job.unanswered = unsent.length;
    slots.take(job.delivery, unsent.length);
    gate.sent(at);
    pace.spend(unsent.length * job.segmentsEach, at);
    for (const i of unsent) {
      if (answers[i]?.kind === 'unknown') metrics.resent.add();
      session.request(submits[i] as Submit).then(
        (outcome) => {
          const answer = classify(outcome, refusals);
          gate.settled(outcome.kind === 'closed' && outcome.written ? 'cut' : answer.kind, at, now());
          settle(job, i, answer);
        },
        (error: unknown) => {
          gate.settled('unsendable', at, now());
          unsendable(job, i, error);
        },
      );
    }
  }

  function prepare(job: Job, { interfaceVersion = INTERFACE_VERSION_3_4 }: Session, at: number): boolean {
    const { message, sender } = job.event;
    reference = (reference + 1) & 0xffff;
    const made = buildSubmits(
      sender ? { ...message, from: sender } : message,
      reference,
      settings,
      interfaceVersion >= INTERFACE_VERSION_3_4,
    );
    if (made.ok) {
      job.submits = made.submits;
      job.segmentsEach = made.segmentsEach;
      job.answers = made.submits.map(() => undefined);
      return true;
    }
    log.error({ messageId: message.id, reason: made.reason, interfaceVersion }, 'accepted message cannot be made into segments');
    conclude(job, deliver(job.event, [{ kind: 'unsendable' }], { ...facts, tries: 1, firstTriedAtMs: at }, at));
    return false;
  }

  function unsendable(job: Job, i: number, error: unknown): void {
    log.error({ messageId: job.event.message.id, err: error }, 'segment cannot be written');
    settle(job, i, { kind: 'unsendable' });
  }

  function settle(job: Job, i: number, answer: Answer): void {
    metrics.segments[answer.kind].add();
    if (answer.kind === 'accepted') {
      pace.accepted(job.segmentsEach, now());
      if (!answer.providerId) metrics.withoutId.add();
    } else if (answer.kind === 'throttled') pace.throttled(now());
    job.answers[i] = answerAfter(job.answers[i], answer);
    if (--job.unanswered > 0) return;
    inFlight.delete(job);
    decide(job);
    if (draining && inFlight.size === 0) resolveDrained();
  }

  function decide(job: Job): void {
    const { message } = job.event;
    const at = now();
    const deciding: DeliveryFacts = { ...facts, tries: job.tries + 1, firstTriedAtMs: job.firstTriedAtMs ?? at };
    const outcome = deliver(job.event, job.answers as Answer[], deciding, at);
    if (outcome.kind === 'later' && outcome.atMs <= at && !isExpired(message, at)) {
      slots.free(job.delivery);
      lanes.putBack(job);
      return pump();
    }
    conclude(job, outcome);
    // its places are free, and who looked for one when its answer came found none
    if (outcome.kind === 'later' && slots.free(job.delivery)) pump();
  }

  function conclude(job: Job, outcome: Outcome): void {
    if (outcome.kind === 'later') {
      job.tries++;
      delayed.add(job.key);
      putOff.set(job.key, job);
    }
    const name = nameOf(outcome);
    metrics.messages[name].add();
    if (log.isLevelEnabled('debug')) log.debug({ messageId: job.event.message.id, outcome: name, tries: job.tries }, 'deliver');
    job.resolve(job.event.message.traceparent === undefined ? outcome : traced(job, outcome, name));
  }

  /** The events made of a sampled message carry this stage's span as their parent. */
  function traced({ event: { message }, beganAtMs }: Job, outcome: Outcome, name: MessageOutcome): Outcome {
    const traceparent = recordSpan('deliver', {
      traceparent: message.traceparent as string,
      startMs: beganAtMs,
      endMs: now(),
      attributes: { connector: connector.id, outcome: name, messageId: message.id },
      ...(name === 'sent' || name === 'later' ? {} : { failure: name }),
    });
    return outcome.kind === 'done' ? { kind: 'done', events: outcome.events.map((made) => withTraceparent(made, traceparent)) } : outcome;
  }

  function cancel(id: string): boolean {
    const is = ({ event }: Job): boolean => event.message.id === id;
    const begun = [...inFlight].filter(is);
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

  /** Those whose rule lets them go to another connector than this one, which has been unable to send for long. */
  function giveAllBack(at: number): void {
    const back = (job: Job): Outcome | undefined => giveBack(job.event, job.answers, true, at);
    for (const job of lanes.takeIf((job) => back(job) !== undefined)) conclude(job, back(job) as Outcome);
  }

  function concludeCancelled(job: Job): void {
    conclude(job, fail(job.event, now(), 'cancelled'));
  }

  return {
    handle,
    stored,
    share,
    cancel,
    pump,
    sweep() {
      const at = now();
      for (const job of lanes.takeIf(({ event }) => isExpired(event.message, at))) conclude(job, expire(job.event, job.answers, at));
      if (gate.isShut(at)) giveAllBack(at);
      // What was put off here and then went to another process is never asked for again.
      forgetExpired(putOff, at);
    },
    drain() {
      draining = true;
      clearTimeout(paceTimer);
      if (inFlight.size === 0) resolveDrained();
      return drained;
    },
    get parked() {
      return lanes.size + delayed.size;
    },
    get inFlight() {
      return inFlight.size;
    },
    get segmentsPerSecond() {
      return pace.segmentsPerSecond;
    },
  };
}

const nobody: NonNullable<SenderOptions['asides']> = { has: () => false, add: () => {}, moving: () => {} };
const anybody: NonNullable<SenderOptions['neighbours']> = { mayWait: () => true };

/** Beyond the windows; storing takes about 5 ms, a fraction of what a provider takes to answer. */
const unstoredMax = 64;

/**
 * Segments that the provider may have without anything on disk that says so: what a crash may send twice. Measured with a provider that answers at
 * once, window 100: with the windows alone 12,000 messages a second went out, with 64 more 21,000, without a limit 20,000.
 */
export function unnotedMax({ window, binds }: Pick<SmppConnectorSettings, 'window' | 'binds'>): number {
  return window * binds + Math.min(window * binds, unstoredMax);
}

/** Each is taken until what came of the segment is on disk. */
function createSlots(max: number) {
  const taken = new Map<Delivery, number>();
  let left = max;
  return {
    /** 0 or below: none, as all segments of a message go together. */
    get left() {
      return left;
    },
    take(delivery: Delivery, segments: number): void {
      taken.set(delivery, segments);
      left -= segments;
    },
    /** False: it had none. */
    free(delivery: Delivery): boolean {
      const segments = taken.get(delivery);
      if (segments === undefined) return false;
      taken.delete(delivery);
      left += segments;
      return true;
    },
  };
}

function freest(sessions: Iterable<Session>): Session | undefined {
  let best: Session | undefined;
  let bestFree = 0;
  for (const session of sessions) {
    const free = session.windowFree;
    if (free <= bestFree) continue;
    best = session;
    bestFree = free;
  }
  return best;
}

function withTraceparent(event: HeliographEvent, traceparent: string): HeliographEvent {
  if (event.type === 'message.returned') return { ...event, message: { ...event.message, traceparent } };
  if (event.type !== 'message.sent' && event.type !== 'message.failed') return event;
  return { ...event, message: { ...event.message, traceparent } };
}

function nameOf(outcome: Outcome): MessageOutcome {
  if (outcome.kind !== 'done') return 'later';
  const [event] = outcome.events;
  if (event?.type === 'message.returned') return 'returned';
  return event?.type === 'message.failed' ? event.state : 'sent';
}
