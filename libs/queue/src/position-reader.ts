import { DeliverPolicy } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import {
  flow,
  isNewer,
  streamOf,
  subjectsOf,
  type HeliographEvent,
  type StageName,
  type StreamName,
  type TakenBy,
} from '@heliograph/message';
import { positionOf, type Delivery } from './held-record.ts';
import type { ReaderContext } from './reader-context.ts';
import { parseRecord } from './record.ts';

export interface PositionReaderOptions<S extends StageName> {
  readonly stage: S;
  readonly stream: StreamName;
  /** The last sequence that is dealt with; 0 at the very beginning. Asked at the start and after every interruption. */
  readonly position: () => Promise<number>;
  /**
   * Deals with whole records, in order, each exactly once when it stores `upTo` in the same transaction as their effect. When it
   * throws, it is called again with the same until it does not.
   */
  readonly handle: (deliveries: readonly Delivery<TakenBy<S>>[], upTo: number) => Promise<void>;
  readonly gatherMs: number;
  readonly eventsMax: number;
}

export interface PositionReader {
  stop(): Promise<void>;
  /** The last sequence dealt with. */
  readonly position: number;
  /** Resolves when everything stored up to now is dealt with, or false after the time given. */
  caughtUp(timeoutMs: number): Promise<boolean>;
}

export interface PositionReaderContext extends ReaderContext {
  readonly cursors: KV;
}

/** How often the cursor is shown to the trimmer. It may lag: a cursor behind only keeps records longer. */
const cursorEveryMs = 2_000;
const retryDelayMsMax = 10_000;

/**
 * Reads a stream in order from a position its owner keeps. JetStream's own durable consumers redeliver out of order, so exactly-once by
 * position needs an ordered one; its cursor is kept in a key-value bucket for the trimmer alone.
 */
export function readFromPosition<S extends StageName>(context: PositionReaderContext, options: PositionReaderOptions<S>): PositionReader {
  const { js, jsm, cursors, log } = context;
  const { stage, stream } = options;
  const subjects = (flow[stage].takes as readonly TakenBy<S>['type'][]).filter((type) => streamOf(type) === stream).map(subjectsOf);
  const waiting = new Set<{ seq: number; resolve: () => void }>();
  let position = 0;
  let shownAtMs = 0;
  let stopped = false;
  let closeMessages = (): void => {};
  // a server that was away has forgotten the ordered consumer: reading ends, and begins again from the position
  const onReconnect = (): void => closeMessages();
  context.connected.again.add(onReconnect);
  const reading = readOn();

  async function readOn(): Promise<void> {
    for (let failures = 0; !stopped; failures++) {
      try {
        await read();
        failures = 0;
      } catch (error) {
        if (stopped) return;
        log.warn({ stage, stream, err: error }, 'reading interrupted, starting again from the position');
        await pause(Math.min(200 * 2 ** failures, retryDelayMsMax));
      }
    }
  }

  async function read(): Promise<void> {
    position = await options.position();
    const consumer = await js.consumers.get(stream, {
      filter_subjects: subjects,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: position + 1,
    });
    const messages = await consumer.consume({ max_messages: 256, expires: 10_000, idle_heartbeat: 2_000 });
    closeMessages = () => void messages.close();
    if (stopped) return closeMessages();
    const gatherer = createGatherer(position);
    try {
      for await (const message of messages) {
        const at = positionOf(message);
        if (at.seq <= gatherer.upTo) continue;
        const deliveries = eventsOf(message.data, at);
        if (deliveries.some(({ event }) => isNewer(event))) {
          // nothing behind it may be done before it: here it stops until a newer version reads on
          await gatherer.flush();
          throw new Error(`record ${at.seq} is of a newer version`);
        }
        await gatherer.add(deliveries, at.seq);
      }
    } finally {
      await gatherer.end();
    }
  }

  /** Whole records, gathered for `gatherMs` or up to `eventsMax` events; one batch is handled at a time, in order. */
  function createGatherer(from: number) {
    let batch: Delivery<TakenBy<S>>[] = [];
    let upTo = from;
    let timer: NodeJS.Timeout | undefined;
    let handling: Promise<void> = Promise.resolve();

    function flush(): Promise<void> {
      clearTimeout(timer);
      timer = undefined;
      handling = handling.then(() => {
        const [full, end] = [batch, upTo];
        batch = [];
        return end > position ? handleUntilDone(full, end) : undefined;
      });
      return handling;
    }

    return {
      get upTo() {
        return upTo;
      },
      async add(deliveries: readonly Delivery<TakenBy<S>>[], seq: number): Promise<void> {
        batch.push(...deliveries);
        upTo = seq;
        if (batch.length >= options.eventsMax) await flush();
        else timer ??= setTimeout(() => void flush(), options.gatherMs);
      },
      flush,
      async end(): Promise<void> {
        clearTimeout(timer);
        await handling;
      },
    };
  }

  function eventsOf(data: Uint8Array, record: Delivery['record']): Delivery<TakenBy<S>>[] {
    const events = parseRecord(data);
    if (!events) log.error({ stage, stream, seq: record.seq }, 'record cannot be read, left out');
    return (events ?? []).map((event: HeliographEvent) => ({ event: event as TakenBy<S>, record }));
  }

  async function handleUntilDone(batch: readonly Delivery<TakenBy<S>>[], upTo: number): Promise<void> {
    for (let failures = 0; !stopped; failures++) {
      try {
        await options.handle(batch, upTo);
        break;
      } catch (error) {
        log.error({ stage, stream, upTo, failures: failures + 1, err: error }, 'batch failed, trying again');
        await pause(Math.min(200 * 2 ** failures, retryDelayMsMax));
      }
    }
    if (stopped) return;
    position = upTo;
    for (const one of waiting) if (position >= one.seq) one.resolve();
    if (performance.now() - shownAtMs > cursorEveryMs) await showCursor();
  }

  /** The last record with a subject of ours: others in the stream are never read here. */
  async function lastSeqOf(): Promise<number> {
    const last = await Promise.all(subjects.map((subject) => jsm.streams.getMessage(stream, { last_by_subj: subject })));
    return Math.max(0, ...last.map((message) => message?.seq ?? 0));
  }

  async function showCursor(): Promise<void> {
    shownAtMs = performance.now();
    await cursors
      .put(cursorKey(stream, stage), String(position))
      .catch((error: unknown) => log.debug({ stage, err: error }, 'cursor not shown'));
  }

  const reader: PositionReader = {
    get position() {
      return position;
    },
    async caughtUp(timeoutMs) {
      const lastSeq = await lastSeqOf();
      if (position >= lastSeq) return true;
      let timer: NodeJS.Timeout | undefined;
      const one = { seq: lastSeq, resolve: () => {} };
      const reached = await new Promise<boolean>((resolve) => {
        one.resolve = () => resolve(true);
        timer = setTimeout(() => resolve(false), timeoutMs);
        waiting.add(one);
      });
      clearTimeout(timer);
      waiting.delete(one);
      return reached;
    },
    async stop() {
      if (!context.reading.delete(reader)) return;
      context.connected.again.delete(onReconnect);
      stopped = true;
      closeMessages();
      await Promise.race([reading, pause(2_000)]);
      await showCursor();
    },
  };
  context.reading.add(reader);
  return reader;
}

export function cursorKey(stream: StreamName, stage: StageName): string {
  return `${stream}.${stage}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
