import { randomUUID } from 'node:crypto';
import { JetStreamApiError, type JetStreamClient, type JetStreamPublishOptions } from '@nats-io/jetstream';
import { isReturnedOnce, subjectOf, type HeliographEvent, type MessageDue, type MessageReturned } from '@heliograph/message';
import { joinRecord, recordEventsMax, recordOctetsMax } from './record.ts';
import type { Log } from './log.ts';
import { waitingFilter, waitingSubject } from './streams.ts';

/** The stream did not take the record. `stored: 'unknown'`: no answer came in time, so it may have been kept. */
export class QueueUnavailableError extends Error {
  readonly stored: 'no' | 'unknown';
  constructor(stored: 'no' | 'unknown', options?: ErrorOptions) {
    super(stored === 'no' ? 'the stream refuses records' : 'the stream does not answer', options);
    this.stored = stored;
  }
}

export interface Publisher {
  /**
   * Resolves when the event is on disk, rejects with QueueUnavailableError. `message.due` waits in its stream until its time; again, it changes
   * nothing, whatever waits or came due meanwhile. `message.returned` that is to be stored once is: again, it changes nothing. `isOurs`: asked when its
   * record goes out; one that is somebody else's by then is left out.
   */
  publish(event: HeliographEvent, isOurs?: () => boolean): Promise<void>;
  /** The same on a subject of the caller's. */
  publishTo(subject: string, body: object): Promise<void>;
  /**
   * Puts the event in the place of what waits, if that is the record `seq` still. Gives the sequence it is stored at (undefined: it is not)
   * and how often it was tried. Rejects with QueueUnavailableError.
   */
  reschedule(event: MessageDue, seq: number): Promise<{ readonly seq: number | undefined; readonly tries: number }>;
  /** Events not acknowledged yet. */
  readonly pending: number;
  drain(): Promise<void>;
}

/** How long to wait for more events of a subject while it is busy. Measured: 3 ms costs 15 ms over five hops and makes records of 30 and more at 10,000/s. */
const lingerMs = 3;
const attemptTimeoutMs = 5_000;
/** Inside the server's duplicate window (120 s), so that publishing again with the same id can never store a record twice. */
export const giveUpMs = 30_000;
/** Server says that a limit is reached: messages, bytes or storage (JetStream error codes). */
const fullCodes = new Set([10023, 10047, 10077, 10122]);
/** The last record about the message is not the one that was expected. */
export const notExpectedCode = 10071;

interface Batch {
  readonly events: string[];
  /** By the place of the event; undefined where nobody asks. */
  readonly ours: ((() => boolean) | undefined)[];
  octets: number;
  readonly stored: Promise<void>;
  settle(error?: Error): void;
}

interface Lane {
  batch: Batch | undefined;
  timer: NodeJS.Immediate | NodeJS.Timeout | undefined;
  /** Events in the record before: a lane that carried one event at a time is idle, and the next need not wait. */
  lastEvents: number;
}

export function createPublisher({ js, log }: { js: JetStreamClient; log: Log }): Publisher {
  const lanes = new Map<string, Lane>();
  const inFlight = new Set<Promise<void>>();
  let pending = 0;

  function publishTo(subject: string, body: object, isOurs?: () => boolean): Promise<void> {
    const event = JSON.stringify(body);
    let lane = lanes.get(subject);
    if (!lane) lanes.set(subject, (lane = { batch: undefined, timer: undefined, lastEvents: 0 }));
    const batch = (lane.batch ??= openBatch(subject, lane));
    batch.events.push(event);
    batch.ours.push(isOurs);
    batch.octets += event.length;
    pending++;
    if (batch.events.length >= recordEventsMax || batch.octets >= recordOctetsMax) send(subject, lane);
    return batch.stored;
  }

  function openBatch(subject: string, lane: Lane): Batch {
    lane.timer = lane.lastEvents > 1 ? setTimeout(() => send(subject, lane), lingerMs) : setImmediate(() => send(subject, lane));
    let settle!: (error?: Error) => void;
    const stored = new Promise<void>((resolve, reject) => {
      settle = (error) => (error ? reject(error) : resolve());
    });
    stored.catch(() => {}); // whoever published sees the rejection; a publisher that stopped listening must not end the process
    return { events: [], ours: [], octets: 0, stored, settle };
  }

  function send(subject: string, lane: Lane): void {
    const { batch, timer } = lane;
    if (!batch) return;
    if (timer) {
      clearImmediate(timer as NodeJS.Immediate);
      clearTimeout(timer as NodeJS.Timeout);
    }
    lane.batch = undefined;
    lane.timer = undefined;
    lane.lastEvents = batch.events.length;
    const events = batch.events.filter((_, i) => batch.ours[i]?.() ?? true);
    const sent = (events.length === 0 ? Promise.resolve() : storeRecord(js, log, subject, joinRecord(events))).then(
      () => batch.settle(),
      (error: Error) => batch.settle(error),
    );
    track(sent, batch.events.length);
  }

  /** Nothing about the message may be there: what waits may be a replacement by now, and what came due must not come again. */
  async function schedule(event: MessageDue): Promise<void> {
    await reschedule(event, 0);
  }

  /** A record of its own, as each has its own time. `seq`: the last record about the message must be this one, waiting or come due; 0 = none. */
  function reschedule(event: MessageDue, seq: number): Promise<Stored> {
    return storeAlone(waitingSubject(event), event, {
      schedule: { specification: new Date(event.dueAtMs), target: subjectOf(event) },
      expect: { lastSubjectSequence: seq, lastSubjectSequenceSubject: waitingFilter(event.message.id, '*') },
    });
  }

  /** Refused because the subject has a record already: that is this one, as another try or another process stored it. */
  async function storeOnce(event: MessageReturned): Promise<void> {
    await storeAlone(subjectOf(event), event, { expect: { lastSubjectSequence: 0 } });
  }

  function storeAlone(subject: string, event: HeliographEvent, options: Partial<JetStreamPublishOptions>): Promise<Stored> {
    const stored = storeRecord(js, log, subject, joinRecord([JSON.stringify(event)]), options);
    pending++;
    track(
      stored.then(
        () => {},
        () => {}, // whoever published sees the rejection
      ),
      1,
    );
    return stored;
  }

  function track(sent: Promise<void>, events: number): void {
    inFlight.add(sent);
    void sent.finally(() => {
      inFlight.delete(sent);
      pending -= events;
    });
  }

  return {
    publish(event, isOurs) {
      if (event.type === 'message.due') return schedule(event);
      if (event.type === 'message.returned' && isReturnedOnce(event)) return storeOnce(event);
      return publishTo(subjectOf(event), event, isOurs);
    },
    publishTo,
    reschedule,
    get pending() {
      return pending;
    },
    async drain() {
      for (const [subject, lane] of lanes) send(subject, lane);
      await Promise.all(inFlight);
    },
  };
}

interface Stored {
  /** undefined: the server refused it, as the last record about the message is another one. */
  readonly seq: number | undefined;
  readonly tries: number;
}

/** Publishes until the server says what became of it. A try that timed out may have been stored: the same id again, and `duplicate` is success. */
async function storeRecord(
  js: JetStreamClient,
  log: Log,
  subject: string,
  record: string,
  options?: Partial<JetStreamPublishOptions>,
): Promise<Stored> {
  const msgID = randomUUID();
  const deadline = performance.now() + giveUpMs;
  for (let attempt = 1; ; attempt++) {
    try {
      const { seq } = await js.publish(subject, record, { ...options, msgID, timeout: attemptTimeoutMs });
      return { seq, tries: attempt };
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === notExpectedCode) return { seq: undefined, tries: attempt };
      if (error instanceof JetStreamApiError && fullCodes.has(error.code)) throw new QueueUnavailableError('no', { cause: error });
      if (performance.now() > deadline) throw new QueueUnavailableError('unknown', { cause: error });
      log.warn({ subject, attempt, err: error }, 'record not acknowledged yet, publishing it again');
      await new Promise((resolve) => setTimeout(resolve, Math.min(100 * attempt, 1000)));
    }
  }
}
