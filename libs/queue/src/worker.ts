import { AckPolicy, JetStreamApiError, type Consumer, type JsMsg } from '@nats-io/jetstream';
import {
  flow,
  isAside,
  isDelayed,
  isNewer,
  streamOf,
  subjectIdOf,
  subjectsOf,
  type Cause,
  type EventType,
  type HeliographEvent,
  type Outcome,
  type StageName,
  type StreamName,
  type TakenBy,
} from '@heliograph/message';
import { ackWaitMs, createHeldRecords, releaseDelayMs, type Delivery, type HeldRecord, type HeldRecords } from './held-record.ts';
import { bury } from './dead-letter.ts';
import { patiently } from './patient.ts';
import type { Publisher } from './publisher.ts';
import type { ReaderContext } from './reader-context.ts';
import { parseRecord } from './record.ts';
import { createSettledLookup, type GivenEvents, type SettledLookup } from './settled.ts';

export interface WorkerOptions<S extends StageName> {
  readonly stage: S;
  /** Which of the streams the stage takes events from. */
  readonly stream: StreamName;
  /** Distinguishes several readers of one stage, such as a connector and class: part of the durable's name. */
  readonly share?: string;
  /** Narrows what is read: subjects; without it, all events the stage takes from the stream. */
  readonly subjects?: readonly string[];
  /** No more records are pulled while this many events are unsettled. */
  readonly eventsInFlightMax: number;
  /**
   * After a crash, leave out what the stage had published already, as its own events of these subjects say. For stages whose doing
   * cannot be repeated; the others are idempotent. Looked through in this order: where it sets aside before where that comes to in the end.
   */
  readonly skipSettled?: readonly GivenEvents[];
  /** The server forgets the reader, not what is there to read, when nobody has read for so long. Absent: never. */
  readonly forgottenAfterMs?: number;
  /**
   * Events that are not stored any more when what they come of is somebody else's by then: he gives them, and given twice they would be done twice. All
   * others are stored all the same, as they say what was done (a provider has it) or do no harm twice, and whoever gives them may have moved on.
   */
  readonly onlyWhileOurs?: readonly EventType[];
}

/** Decides on events one at a time; each settles when its own promise does. */
export interface EachWorkerOptions<S extends StageName> extends WorkerOptions<S> {
  readonly handle: (delivery: Delivery<TakenBy<S>>) => Promise<Outcome>;
  /** What came of it is on disk, so that no crash makes it come again; or it is not ours any more. Not called when the worker stops before. */
  readonly onStored?: (delivery: Delivery<TakenBy<S>>) => void;
}

/** Decides on many events at once: one statement per batch. Outcomes in the order of the deliveries. */
export interface BatchWorkerOptions<S extends StageName> extends WorkerOptions<S> {
  /** How long to gather after the first event of a batch, ms; 0 = what is there. */
  readonly gatherMs: number;
  readonly handle: (deliveries: readonly Delivery<TakenBy<S>>[]) => Promise<readonly Outcome[]> | readonly Outcome[];
  /** Says that an error lies in the event, not in a server that is away: then the event goes to the dead letters. */
  readonly isPoison?: (error: unknown) => boolean;
}

export interface Worker {
  /** Takes no more records, waits up to `graceMs` for what is in work, gives the rest back. */
  stop(graceMs: number): Promise<void>;
  readonly unsettled: number;
  /** What no reader of this name has been handed yet; asks the server. Rejects when it does not answer. */
  backlog(): Promise<Backlog>;
  /**
   * Unix ms, of the server's clock, at which the oldest record was stored that is not acknowledged, whoever has it; undefined: all are, or more than
   * one subject is read. Asks the server.
   */
  oldestUnsettledAtMs(): Promise<number | undefined>;
}

export interface Backlog {
  readonly records: number;
  /** About: `records` times what the last ones had. */
  readonly events: number;
  /** Unix ms, of the server's clock, at which the oldest of them was stored; absent: there is none, or more than one subject is read. */
  readonly oldestAtMs?: number;
}

export interface WorkerContext extends ReaderContext {
  readonly publisher: Publisher;
}

const recordsPerPull = 32;
/** Mean of what records have: over about so many of the last. */
const recordsRemembered = 32;
const pullExpiresMs = 5_000;
const retryDelayMsMax = 10_000;
const consumerExists = 10148;
/** How soon a record of a newer version is handed out again, perhaps to a process of that version. */
const newerDelayMs = 1_000;

export function durableName(stage: StageName, share?: string): string {
  return share === undefined ? stage : `${stage}-${share}`;
}

export async function workEach<S extends StageName>(context: WorkerContext, options: EachWorkerOptions<S>): Promise<Worker> {
  const deliver = (all: readonly Unsettled[]): void => {
    for (const one of all) void attempt(one);
  };
  async function attempt(one: Unsettled): Promise<void> {
    one.settle(await options.handle(one.delivery as Delivery<TakenBy<S>>), () => void attempt(one));
  }
  return run(context, options, deliver, options.onStored as ((delivery: Delivery) => void) | undefined);
}

export async function workInBatches<S extends StageName>(context: WorkerContext, options: BatchWorkerOptions<S>): Promise<Worker> {
  let gathered: Unsettled[] = [];
  let working = false;
  let timer: NodeJS.Timeout | undefined;

  function add(deliver: readonly Unsettled[]): void {
    for (const one of deliver) gathered.push(one);
    if (!working && gathered.length >= options.eventsInFlightMax) void work();
    else if (!working) timer ??= setTimeout(() => void work(), options.gatherMs);
  }

  async function work(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    working = true;
    while (gathered.length > 0) {
      const batch = gathered;
      gathered = [];
      await handleBatch(batch);
    }
    working = false;
  }

  async function handleBatch(batch: readonly Unsettled[]): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        const outcomes = await options.handle(batch.map((one) => one.delivery as Delivery<TakenBy<S>>));
        batch.forEach((one, i) => one.settle(outcomes[i] as Outcome, () => add([one])));
        return;
      } catch (error) {
        if (options.isPoison?.(error)) return isolate(batch, error);
        context.log.error({ stage: options.stage, events: batch.length, failures: failures + 1, err: error }, 'batch failed, trying again');
        await new Promise((resolve) => setTimeout(resolve, Math.min(200 * 2 ** failures, retryDelayMsMax)));
        if (batch.every((one) => one.released())) return;
      }
    }
  }

  /** One bad event must not hold up the others: each half again by itself, down to the one that is poison. */
  async function isolate(batch: readonly Unsettled[], error: unknown): Promise<void> {
    const [only] = batch;
    if (batch.length === 1 && only) return only.settle({ kind: 'never', reason: `poison: ${String(error)}` }, () => {});
    const half = Math.ceil(batch.length / 2);
    await handleBatch(batch.slice(0, half));
    await handleBatch(batch.slice(half));
  }

  return run(context, options, add);
}

/** An event in work: settling it publishes what came of it and, with the last event of its record, acknowledges the record. */
interface Unsettled {
  readonly delivery: Delivery;
  settle(outcome: Outcome, again: () => void): void;
  released(): boolean;
}

/** Events made of one, on their way to the stream. */
interface Publishing {
  readonly events: readonly HeliographEvent[];
  readonly delivery: Delivery;
  readonly record: HeldRecord;
  /** So many of them are not answered yet. */
  left: number;
  error: unknown;
}

async function run<S extends StageName>(
  context: WorkerContext,
  options: WorkerOptions<S>,
  deliver: (events: readonly Unsettled[]) => void,
  onStored: ((delivery: Delivery) => void) | undefined = undefined,
): Promise<Worker> {
  const { js, jsm, reads, publisher, log } = context;
  const { stage, stream, onlyWhileOurs = [] } = options;
  const durable = durableName(stage, options.share);
  const held = createHeldRecords((records) => {
    log.warn({ stage, durable, records: records.length }, 'stood still for too long: what it held is left to others, or comes again');
    stopPulling();
    for (const { deliveries } of records) for (const delivery of deliveries) onStored?.(delivery);
  });
  const settledLookup = options.skipSettled && createSettledLookup({ js, jsm, reads, source: stream, given: options.skipSettled });
  const taken = new Set<EventType>(flow[stage].takes);
  /** The last record there was when we connected, or a later one: what comes behind it nobody was handed before. */
  let lastSeqAtConnect: Promise<number> | undefined;
  const onReconnect = (): void => {
    settledLookup?.reconnected();
    lastSeqAtConnect = undefined;
    // the server has forgotten the pull
    stopPulling();
  };
  context.connected.again.add(onReconnect);
  let stopped = false;
  let released = false;
  /** By what tells that they are stored. */
  const publishings = new Map<Promise<void>, Publishing[]>();
  let eventsPerRecord = 0;
  let stopPulling = (): void => {};

  const consumer = await patiently(openConsumer);
  const pulling = pull(consumer);

  async function pull(first: Consumer): Promise<void> {
    let current = first;
    let failures = 0;
    while (!stopped) {
      await held.below(options.eventsInFlightMax);
      if (stopped) return;
      const lapses = held.lapses();
      try {
        const messages = await current.fetch({ max_messages: roomFor(held, options), expires: pullExpiresMs });
        stopPulling = () => messages.stop();
        // stopped while the pull was on its way: what it brings goes back at once, not after the acknowledgement time
        if (stopped) messages.stop();
        for await (const message of messages) {
          if (held.lapses() !== lapses) continue;
          if (stopped) message.nak(releaseDelayMs);
          else void take(message);
        }
        failures = 0;
      } catch (error) {
        if (stopped) return;
        failures++;
        log.warn({ stage, durable, err: error }, 'cannot pull records, trying again');
        await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** failures, retryDelayMsMax)));
        // the consumer may have been deleted under us: make sure that it is there
        current = await openConsumer().catch(() => current);
      }
    }
  }

  async function take(message: JsMsg): Promise<void> {
    if (isDelayed(stream) && (await cameDueBefore(message))) return;
    if (held.renew(message)) return;
    const events = parseRecord(message.data);
    if (events?.some(isNewer)) return leaveToNewer(message);
    if (!events || !events.every((event) => taken.has(event.type) || streamOf(event.type) === stream)) return buryRecord(message);
    const mine = events.filter((event) => taken.has(event.type));
    if (mine.length === 0) return message.ack();
    eventsPerRecord = eventsPerRecord === 0 ? mine.length : eventsPerRecord + (mine.length - eventsPerRecord) / recordsRemembered;
    const record = held.hold(message, mine.length);
    const done = await lookUp(record);
    if (released || !record.isOurs()) return;
    const todo: Unsettled[] = [];
    for (const event of mine) {
      if (done?.has(subjectIdOf(event))) held.settle(record);
      else todo.push(unsettled(event, record));
    }
    if (todo.length > 0) deliver(todo);
  }

  /**
   * Not poison: while versions are changed, processes of both share a reader. The record stays until one that knows it has it; told once by each
   * that does not.
   */
  function leaveToNewer(message: JsMsg): void {
    const { streamSequence: seq, deliveryCount } = message.info;
    if (deliveryCount === 1) log.warn({ stage, stream, seq }, 'record of a newer version, left to a process of that version');
    message.nak(newerDelayMs);
  }

  /** What the stage had done of a record that may have been handed out before. */
  async function settledBefore(lookup: SettledLookup, { position }: HeldRecord): Promise<ReadonlySet<string> | undefined> {
    if (position.redelivered) return lookup.now(position);
    // by the stream's own count, not by a time: its clock and ours may be minutes apart
    lastSeqAtConnect ??= jsm.streams.info(stream).then(({ state }) => state.last_seq);
    lastSeqAtConnect.catch(() => (lastSeqAtConnect = undefined));
    return position.seq <= (await lastSeqAtConnect) ? lookup.atConnect(position) : undefined;
  }

  /** Nothing of the record is done before it is known what was done already. */
  async function lookUp(record: HeldRecord): Promise<ReadonlySet<string> | undefined> {
    for (;;) {
      try {
        return settledLookup && (await settledBefore(settledLookup, record));
      } catch (error) {
        log.warn({ stage, stream, seq: record.position.seq, err: error }, 'cannot look what was done of a record, trying again');
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        if (released || !record.isOurs()) return undefined;
      }
    }
  }

  /**
   * A nats-server that is killed while it lets events come due does so again for the one it was at: the first record of its subject counts.
   * Looked up for each record, as a server may have died that this process was not connected to.
   */
  async function cameDueBefore(message: JsMsg): Promise<boolean> {
    try {
      const first = await reads.get(stream, { seq: 1, next_by_subj: message.subject });
      // who does not have this very record, as a leader that was just elected, cannot tell about those before it
      if (reads.replicated && (first === null || first.seq > message.seq)) throw new Error('the stream does not have the record yet');
      if (first === null || first.seq >= message.seq) return false;
      message.ack();
    } catch (error) {
      log.warn({ stage, stream, seq: message.seq, err: error }, 'cannot look whether it came due before, trying again');
      message.nak(1_000);
    }
    return true;
  }

  function unsettled(event: HeliographEvent, record: HeldRecord): Unsettled {
    const isGone = (): boolean => released || !record.isOurs();
    const one: Unsettled = { delivery: { event, record: record.position, isOurs: record.isOurs }, settle, released: isGone };
    if (onStored) record.deliveries.push(one.delivery);
    function settle(outcome: Outcome, again: () => void): void {
      if (isForOthersToSay(outcome, record)) return;
      if (outcome.kind === 'done' && outcome.events.length === 0) settled(one.delivery, record);
      else if (outcome.kind === 'later') setTimeout(() => (isGone() ? undefined : again()), Math.max(0, outcome.atMs - Date.now())).unref();
      else if (outcome.kind === 'never' || outcome.events.some(({ type }) => type === 'message.due'))
        void publishSlowly(outcome, one.delivery, record);
      else publishAtOnce(outcome.events, one.delivery, record);
    }
    return one;
  }

  function isForOthersToSay(outcome: Outcome, { isOurs }: HeldRecord): boolean {
    return outcome.kind === 'done' && outcome.events.some(({ type }) => onlyWhileOurs.includes(type)) && !isOurs();
  }

  function settled(delivery: Delivery, record: HeldRecord): void {
    held.settle(record);
    onStored?.(delivery);
  }

  /** What many events give goes into one record and is stored at one moment: waited for once, not by a promise for each. */
  function publishAtOnce(events: readonly HeliographEvent[], delivery: Delivery, record: HeldRecord): void {
    if (released) return;
    const publishing: Publishing = { events, delivery, record, left: events.length, error: undefined };
    const cause = causeOf(delivery);
    for (const made of events) {
      const stored = publish({ ...made, cause }, onlyWhileOurs.includes(made.type) ? record.isOurs : undefined);
      const others = publishings.get(stored);
      if (others) others.push(publishing);
      else {
        const all = [publishing];
        publishings.set(stored, all);
        stored.then(
          () => answered(stored, all),
          (error: unknown) => answered(stored, all, error),
        );
      }
    }
  }

  /** What cannot be written is a bug, told each second like a stream that refuses, and no reason to end the process. */
  function publish(event: HeliographEvent, isOurs: (() => boolean) | undefined): Promise<void> {
    try {
      return publisher.publish(event, isOurs);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  function answered(stored: Promise<void>, all: readonly Publishing[], error?: unknown): void {
    publishings.delete(stored);
    for (const one of all) {
      one.error ??= error;
      if (--one.left > 0) continue;
      if (one.error === undefined) settled(one.delivery, one.record);
      else publishLater(one);
    }
  }

  function publishLater({ events, delivery, record, error }: Publishing): void {
    const { stream: from, seq } = record.position;
    log.error({ stage, from, seq, err: error }, 'outcome not stored, publishing it again');
    setTimeout(() => publishAtOnce(events, delivery, record), 1000);
  }

  async function publishSlowly(outcome: Outcome, delivery: Delivery, record: HeldRecord): Promise<void> {
    const { event } = delivery;
    const { stream: from, seq } = record.position;
    while (!released) {
      try {
        if (outcome.kind === 'done') await publishAll(publisher, outcome.events, causeOf(delivery));
        else if (outcome.kind === 'never') await bury(publisher, stage, outcome.reason, { from, seq, event });
        return settled(delivery, record);
      } catch (error) {
        log.error({ stage, from, seq, err: error }, 'outcome not stored, publishing it again');
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  async function backlog(): Promise<Backlog> {
    const { num_pending: records, delivered } = await jsm.consumers.info(stream, durable);
    const events = Math.round(records * Math.max(1, eventsPerRecord));
    const oldestAtMs = records === 0 ? undefined : await storedAfterMs(delivered.stream_seq);
    return oldestAtMs === undefined ? { records, events } : { records, events, oldestAtMs };
  }

  async function oldestUnsettledAtMs(): Promise<number | undefined> {
    const { num_pending: left, num_ack_pending: inWork, ack_floor: floor } = await jsm.consumers.info(stream, durable);
    // the replica that the durable runs on may lag: the leader of the stream says whether there is one behind what is acknowledged
    return left + inWork === 0 && !reads.replicated ? undefined : storedAfterMs(floor.stream_seq);
  }

  /** When the first of our records behind this one was stored; undefined: there is none, or we read more than one subject. */
  async function storedAfterMs(seq: number): Promise<number | undefined> {
    const [subject, another] = options.subjects ?? subjectsTaken(stage, stream);
    if (subject === undefined || another !== undefined) return undefined;
    return (await reads.get(stream, { seq: seq + 1, next_by_subj: subject }))?.time.getTime();
  }

  async function buryRecord(message: JsMsg): Promise<void> {
    const record = held.hold(message, 1);
    const { seq } = record.position;
    log.error({ stage, stream, seq }, 'record cannot be read, to the dead letters');
    await bury(publisher, stage, 'unreadable record', { from: stream, seq, octets: Buffer.from(message.data).toString('base64') });
    held.settle(record);
  }

  const worker: Worker = {
    get unsettled() {
      return held.unsettled;
    },
    backlog,
    oldestUnsettledAtMs,
    async stop(graceMs) {
      if (!context.reading.delete(worker)) return;
      context.connected.again.delete(onReconnect);
      stopped = true;
      stopPulling();
      await Promise.race([held.below(1), new Promise((resolve) => setTimeout(resolve, graceMs).unref())]);
      released = true;
      held.release();
      await Promise.race([pulling, new Promise((resolve) => setTimeout(resolve, 100).unref())]);
    },
  };
  context.reading.add(worker);
  return worker;

  async function openConsumer(): Promise<Consumer> {
    const { subjects, eventsInFlightMax, forgottenAfterMs } = options;
    const config = {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      ack_wait: ackWaitMs * 1e6,
      max_ack_pending: Math.max(1_000, eventsInFlightMax),
      filter_subjects: [...(subjects ?? subjectsTaken(stage, stream))],
      ...(forgottenAfterMs === undefined ? {} : { inactive_threshold: forgottenAfterMs * 1e6 }),
    };
    try {
      await jsm.consumers.add(stream, config);
    } catch (error) {
      // it is there with another bound, say of a connector whose window was another, or with other subjects, of another version
      if (!(error instanceof JetStreamApiError) || error.code !== consumerExists) throw error;
      await jsm.consumers.update(stream, durable, subjects ? config : { ...config, filter_subjects: await alsoThose(config) });
    }
    return js.consumers.get(stream, durable);
  }

  /** What a newer version reads with it, it goes on to read: it would pass over what is stored until a process of that version starts again. */
  async function alsoThose(config: { readonly filter_subjects: readonly string[] }): Promise<string[]> {
    const { filter_subject: one, filter_subjects: several } = (await jsm.consumers.info(stream, durable)).config;
    return [...new Set([...config.filter_subjects, ...(several ?? (one === undefined ? [] : [one]))])];
  }
}

function causeOf({ event, record: { stream, seq } }: Delivery): Cause {
  return isAside(stream as StreamName) && event.cause
    ? { stream, seq, before: { stream: event.cause.stream, seq: event.cause.seq } }
    : { stream, seq };
}

/** What waits for its time first: the other events say that it does, and after a crash they are what is looked for. */
async function publishAll(publisher: Publisher, events: readonly HeliographEvent[], cause: Cause): Promise<void> {
  for (const made of events) if (made.type === 'message.due') await publisher.publish({ ...made, cause });
  await Promise.all(events.flatMap((made) => (made.type === 'message.due' ? [] : [publisher.publish({ ...made, cause })])));
}

export function subjectsTaken(stage: StageName, stream: StreamName): string[] {
  return flow[stage].takes.filter((type) => streamOf(type) === stream).map(subjectsOf);
}

/** A record holds up to 128 events: pull about as many as there is room for, at least one. */
function roomFor<S extends StageName>(held: HeldRecords, { eventsInFlightMax }: WorkerOptions<S>): number {
  return Math.max(1, Math.min(recordsPerPull, Math.floor((eventsInFlightMax - held.unsettled) / 8)));
}
