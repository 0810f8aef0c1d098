import { INTERFACE_VERSION_3_4, type Session } from '@heliograph/smpp';
import type { HeliographEvent, MessageRouted, Outcome } from '@heliograph/message';
import type { Delivery, Marks } from '@heliograph/queue';
import { recordSpan, type Log } from '@heliograph/service';
import { classify, refusalsOf, type Answer } from './answer.ts';
import { deliver, expire, fail, isBegun, isExpired, type DeliveryFacts } from './deliver.ts';
import { createLanes } from './lanes.ts';
import type { ConnectorMetrics, MessageOutcome } from './metrics.ts';
import { createPace } from './pace.ts';
import type { WantedConnector } from './plan.ts';
import { buildSubmits, type Submit } from './submit.ts';

export interface SenderOptions {
  readonly connector: WantedConnector;
  /** The bound sessions that may submit, at this moment. */
  readonly sessions: () => Iterable<Session>;
  /** Messages put off, kept while the process lives: segments the provider has taken are not sent again. Survives a change of settings. */
  readonly putOff: PutOff;
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Pick<Marks, 'has'>;
  readonly metrics: ConnectorMetrics;
  readonly log: Log;
  readonly now?: () => number;
}

export type PutOff = Map<string, Job>;

/** A message that was routed twice is two jobs. */
export function jobKey({ event, record }: Delivery<MessageRouted>): string {
  return `${record.seq} ${event.message.id}`;
}

/** One message on its way to the provider. */
interface Job {
  readonly key: string;
  readonly event: MessageRouted;
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
  resolve: (outcome: Outcome) => void;
}

/** Puts messages into the sessions' windows: most urgent first, not faster than the pace, all segments of one on one bind. */
export interface Sender {
  /** Settles when every segment has. */
  handle(delivery: Delivery<MessageRouted>): Promise<Outcome>;
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

export function createSender({ connector, sessions, putOff, cancelled, metrics, log, now = Date.now }: SenderOptions): Sender {
  const { settings } = connector;
  const facts = {
    connector: connector.id,
    group: connector.group,
    ids: settings,
    unknownOutcome: settings.unknownOutcome,
  };
  const refusals = refusalsOf(settings.answers);
  const lanes = createLanes<Job>();
  const pace = createPace(settings.segmentsPerSecond);
  const watched = new WeakSet<Session>();
  const { promise: drained, resolve: resolveDrained } = Promise.withResolvers<void>();
  // Often one octet on the air: two long messages to one handset within 256 of a connector would have to be under way at once to be mixed up.
  let reference = Math.floor(Math.random() * 0x10000);
  const delayed = new Set<string>();
  const inFlight = new Set<Job>();
  let draining = false;
  let paceTimer: NodeJS.Timeout | undefined;

  function handle(delivery: Delivery<MessageRouted>): Promise<Outcome> {
    return new Promise((resolve) => {
      const { event } = delivery;
      const key = jobKey(delivery);
      const before = putOff.get(key);
      putOff.delete(key);
      delayed.delete(key);
      const job = before ?? {
        key,
        event,
        beganAtMs: now(),
        submits: [],
        segmentsEach: 1,
        answers: [],
        unanswered: 0,
        goesOn: false,
        tries: 0,
        resolve,
      };
      job.resolve = resolve;
      if (cancelled.has(event.message.id) && !job.goesOn && !isBegun(job.answers)) return concludeCancelled(job);
      lanes.add(event.message.class, job);
      pump();
    });
  }

  function pump(): void {
    while (!draining && lanes.size > 0) {
      const session = freest(sessions());
      if (!session) return watch();
      const at = now();
      const waitMs = pace.waitMs(at);
      if (waitMs > 0) return wakeIn(waitMs);
      const job = lanes.take() as Job;
      if (isExpired(job.event.message, at)) conclude(job, expire(job.event.message, job.answers, facts, at));
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
    paceTimer ??= setTimeout(() => {
      paceTimer = undefined;
      pump();
    }, ms);
  }

  function send(job: Job, session: Session, at: number): void {
    if (job.submits.length === 0 && !prepare(job, session, at)) return;
    inFlight.add(job);
    const { submits, answers } = job;
    const unsent = answers.flatMap((answer, i) => (answer?.kind === 'accepted' ? [] : [i]));
    job.unanswered = unsent.length;
    pace.spend(unsent.length * job.segmentsEach, at);
    for (const i of unsent) {
      if (answers[i]?.kind === 'unknown') metrics.resent.add();
      session.request(submits[i] as Submit).then(
        (outcome) => settle(job, i, classify(outcome, refusals)),
        (error: unknown) => unsendable(job, i, error),
      );
    }
  }

  function prepare(job: Job, { interfaceVersion = INTERFACE_VERSION_3_4 }: Session, at: number): boolean {
    const { message } = job.event;
    reference = (reference + 1) & 0xffff;
    const made = buildSubmits(message, reference, settings, interfaceVersion >= INTERFACE_VERSION_3_4);
    if (made.ok) {
      job.submits = made.submits;
      job.segmentsEach = made.segmentsEach;
      job.answers = made.submits.map(() => undefined);
      return true;
    }
    log.error({ messageId: message.id, reason: made.reason, interfaceVersion }, 'accepted message cannot be made into segments');
    conclude(job, deliver(message, [{ kind: 'unsendable' }], { ...facts, tries: 1 }, at));
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
    job.answers[i] = answer;
    if (--job.unanswered > 0) return;
    inFlight.delete(job);
    decide(job);
    if (draining && inFlight.size === 0) resolveDrained();
  }

  function decide(job: Job): void {
    const { message } = job.event;
    const at = now();
    const deciding: DeliveryFacts = { ...facts, tries: job.tries + 1 };
    const outcome = deliver(message, job.answers as Answer[], deciding, at);
    if (outcome.kind === 'later' && outcome.atMs <= at && !isExpired(message, at)) {
      lanes.putBack(message.class, job);
      return pump();
    }
    conclude(job, outcome);
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
        lanes.putBack(job.event.message.class, job);
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
    conclude(job, fail(job.event.message, facts, now(), 'cancelled'));
  }

  return {
    handle,
    cancel,
    pump,
    sweep() {
      const at = now();
      for (const job of lanes.takeIf(({ event }) => isExpired(event.message, at)))
        conclude(job, expire(job.event.message, job.answers, facts, at));
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
  if (event.type !== 'message.sent' && event.type !== 'message.failed') return event;
  return { ...event, message: { ...event.message, traceparent } };
}

function nameOf(outcome: Outcome): MessageOutcome {
  if (outcome.kind !== 'done') return 'later';
  const [event] = outcome.events;
  return event?.type === 'message.failed' ? event.state : 'sent';
}
