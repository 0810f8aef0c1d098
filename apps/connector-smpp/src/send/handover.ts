import { freest, INTERFACE_VERSION_3_4, type Session } from '@heliograph/smpp';
import type { Outcome } from '@heliograph/message';
import type { SmppConnectorSettings } from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import type { Gate } from '../health/gate.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import { answerAfter, classify, refusalsOf, type Answer } from './answer.ts';
import { isLost, type Job } from './job.ts';
import type { Lanes } from './lanes.ts';
import { createPace } from './pace.ts';
import type { Slots } from './slots.ts';
import { buildSubmits, type Submit } from './submit.ts';

export interface HandoverOptions {
  readonly settings: SmppConnectorSettings;
  /** The bound sessions that may submit, at this moment. */
  readonly sessions: () => Iterable<Session>;
  readonly lanes: Pick<Lanes<Job>, 'take' | 'size'>;
  readonly slots: Slots;
  readonly gate: Gate;
  /** What ends a message whose turn has come; undefined: it goes out. */
  readonly endOf: (job: Job, at: number) => Outcome | undefined;
  readonly conclude: (job: Job, outcome: Outcome) => void;
  /** Every segment of it has settled. */
  readonly onSettled: (job: Job) => void;
  readonly metrics: Pick<ConnectorMetrics, 'segments' | 'resent' | 'withoutId'>;
  readonly log: Log;
  readonly now: () => number;
}

/** Hands over to the sessions what waits in the lanes, as windows, slots, gate and pace allow. */
export interface Handover {
  /** Goes on, as far as it may. */
  pump(): void;
  /** Begins no more; resolves when nothing is in the windows any more. */
  drain(): Promise<void>;
  readonly draining: boolean;
  readonly inFlight: ReadonlySet<Job>;
  readonly segmentsPerSecond: number;
}

export function createHandover(options: HandoverOptions): Handover {
  const { settings, sessions, lanes, slots, gate, endOf, conclude, onSettled, metrics, log, now } = options;
  const refusals = refusalsOf(settings.answers);
  const pace = createPace(settings.segmentsPerSecond);
  const watched = new WeakSet<Session>();
  const inFlight = new Set<Job>();
  const { promise: drained, resolve: resolveDrained } = Promise.withResolvers<void>();
  // Often one octet on the air: two long messages to one handset within 256 of a connector would have to be under way at once to be mixed up.
  let reference = Math.floor(Math.random() * 0x10000);
  let draining = false;
  let paceTimer: NodeJS.Timeout | undefined;
  let wakeAtMs = 0;

  function pump(): void {
    while (!draining && lanes.size > 0 && slots.left > 0) {
      const session = freest(sessions());
      if (!session) return watch();
      const at = now();
      const waitMs = Math.max(gate.waitMs(at), pace.waitMs(at));
      if (waitMs === Infinity) return;
      if (waitMs > 0) return wakeIn(waitMs);
      const job = lanes.take() as Job;
      if (isLost(job)) continue;
      const end = endOf(job, at);
      if (end) conclude(job, end);
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
    job.firstTriedAtMs ??= at;
    if (job.submits.length === 0 && !prepare(job, session)) return onSettled(job);
    inFlight.add(job);
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

  /** False: it cannot be made into segments. */
  function prepare(job: Job, { interfaceVersion = INTERFACE_VERSION_3_4 }: Session): boolean {
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
    job.answers = [{ kind: 'unsendable' }];
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
    onSettled(job);
    if (draining && inFlight.size === 0) resolveDrained();
  }

  return {
    pump,
    drain() {
      draining = true;
      clearTimeout(paceTimer);
      if (inFlight.size === 0) resolveDrained();
      return drained;
    },
    get draining() {
      return draining;
    },
    inFlight,
    get segmentsPerSecond() {
      return pace.segmentsPerSecond;
    },
  };
}
