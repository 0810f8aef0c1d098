import { AckPolicy, JetStreamApiError, type Consumer, type JsMsg } from '@nats-io/jetstream';
import {
  flow,
  isDelayed,
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
   * cannot be repeated; the others are idempotent.
   */
  readonly skipSettled?: readonly GivenEvents[];
}

/** Decides on events one at a time; each settles when its own promise does. */
export interface EachWorkerOptions<S extends StageName> extends WorkerOptions<S> {
  readonly handle: (delivery: Delivery<TakenBy<S>>) => Promise<Outcome>;
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
}

export interface WorkerContext extends ReaderContext {
  readonly publisher: Publisher;
}

const recordsPerPull = 32;
const pullExpiresMs = 5_000;
const retryDelayMsMax = 10_000;
const consumerExists = 10148;

export function durableName(stage: StageName, share?: string): string {
  return share === undefined ? stage : `${stage}-${share}`;
}

export async function workEach<S extends StageName>(context: WorkerContext, options: EachWorkerOptions<S>): Promise<Worker> {
  return run(context, options, (deliver) => {
    for (const one of deliver) void attempt(one);
    async function attempt(one: Unsettled): Promise<void> {
      one.settle(await options.handle(one.delivery as Delivery<TakenBy<S>>), () => void attempt(one));
    }
  });
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

async function run<S extends StageName>(
  context: WorkerContext,
  options: WorkerOptions<S>,
  deliver: (events: readonly Unsettled[]) => void,
): Promise<Worker> {
  const { js, jsm, publisher, log } = context;
  const { stage, stream } = options;
  const durable = durableName(stage, options.share);
  const held = createHeldRecords();
  const settledLookup = options.skipSettled && createSettledLookup({ js, source: stream, given: options.skipSettled });
  const taken = new Set<EventType>(flow[stage].takes);
  const onReconnect = (): void => {
    settledLookup?.reconnected();
    // the server has forgotten the pull
    stopPulling();
  };
  context.connected.again.add(onReconnect);
  let stopped = false;
  let released = false;
  let stopPulling = (): void => {};

  const consumer = await openConsumer();
  const pulling = pull(consumer);

  async function pull(first: Consumer): Promise<void> {
    let current = first;
    let failures = 0;
    while (!stopped) {
      await held.below(options.eventsInFlightMax);
      if (stopped) return;
      try {
        const messages = await current.fetch({ max_messages: roomFor(held, options), expires: pullExpiresMs });
        stopPulling = () => messages.stop();
        // stopped while the pull was on its way: what it brings goes back at once, not after the acknowledgement time
        if (stopped) messages.stop();
        for await (const message of messages) {
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
    if (!events || !events.every((event) => taken.has(event.type) || streamOf(event.type) === stream)) return buryRecord(message);
    const mine = events.filter((event) => taken.has(event.type));
    if (mine.length === 0) return message.ack();
    const record = held.hold(message, mine.length);
    const done = await settledBefore(settledLookup, record, context.connected.sinceMs);
    const todo: Unsettled[] = [];
    for (const event of mine) {
      if (done?.has(subjectIdOf(event))) held.settle(record);
      else todo.push(unsettled(event, record));
    }
    if (todo.length > 0) deliver(todo);
  }

  /**
   * A nats-server that is killed while it lets events come due does so again for the one it was at: the first record of its subject counts.
   * Looked up for each record, as a server may have died that this process was not connected to.
   */
  async function cameDueBefore(message: JsMsg): Promise<boolean> {
    try {
      const first = await jsm.direct.getMessage(stream, { seq: 1, next_by_subj: message.subject });
      if (first === null || first.seq >= message.seq) return false;
      message.ack();
    } catch (error) {
      log.warn({ stage, stream, seq: message.seq, err: error }, 'cannot look whether it came due before, trying again');
      message.nak(1_000);
    }
    return true;
  }

  function unsettled(event: HeliographEvent, record: HeldRecord): Unsettled {
    const one: Unsettled = { delivery: { event, record: record.position }, settle, released: () => released };
    function settle(outcome: Outcome, again: () => void): void {
      if (outcome.kind === 'done' && outcome.events.length === 0) held.settle(record);
      else if (outcome.kind === 'later') setTimeout(() => (released ? undefined : again()), Math.max(0, outcome.atMs - Date.now())).unref();
      else void publishOutcome(outcome, event, record);
    }
    return one;
  }

  async function publishOutcome(outcome: Outcome, event: HeliographEvent, record: HeldRecord): Promise<void> {
    const { stream: from, seq } = record.position;
    while (!released) {
      try {
        if (outcome.kind === 'done') await publishAll(publisher, outcome.events, { stream: from, seq });
        else if (outcome.kind === 'never') await bury(publisher, stage, outcome.reason, { from, seq, event });
        return held.settle(record);
      } catch (error) {
        log.error({ stage, from, seq, err: error }, 'outcome not stored, publishing it again');
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
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
    const { subjects, eventsInFlightMax } = options;
    const config = {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      ack_wait: ackWaitMs * 1e6,
      max_ack_pending: Math.max(1_000, eventsInFlightMax),
      filter_subjects: [...(subjects ?? subjectsTaken(stage, stream))],
    };
    try {
      await jsm.consumers.add(stream, config);
    } catch (error) {
      // it is there with another bound, say of a connector whose window was another
      if (!(error instanceof JetStreamApiError) || error.code !== consumerExists) throw error;
      await jsm.consumers.update(stream, durable, config);
    }
    return js.consumers.get(stream, durable);
  }
}

/** What waits for its time first: the other events say that it does, and after a crash they are what is looked for. */
async function publishAll(publisher: Publisher, events: readonly HeliographEvent[], cause: Cause): Promise<void> {
  for (const made of events) if (made.type === 'message.due') await publisher.publish({ ...made, cause });
  await Promise.all(events.flatMap((made) => (made.type === 'message.due' ? [] : [publisher.publish({ ...made, cause })])));
}

function subjectsTaken(stage: StageName, stream: StreamName): string[] {
  return flow[stage].takes.filter((type) => streamOf(type) === stream).map(subjectsOf);
}

/** A record holds up to 128 events: pull about as many as there is room for, at least one. */
function roomFor<S extends StageName>(held: HeldRecords, { eventsInFlightMax }: WorkerOptions<S>): number {
  return Math.max(1, Math.min(recordsPerPull, Math.floor((eventsInFlightMax - held.unsettled) / 8)));
}

/** Clocks of the server and this machine may differ by a little. */
const clockSlackMs = 2_000;

/** What the stage had done of a record that may have been handed out before. */
async function settledBefore(
  lookup: SettledLookup | undefined,
  { position }: HeldRecord,
  connectedSinceMs: number,
): Promise<ReadonlySet<string> | undefined> {
  if (!lookup) return undefined;
  if (position.redelivered) return lookup.now(position);
  return position.atMs < connectedSinceMs + clockSlackMs ? lookup.atConnect(position) : undefined;
}
