import type { JsMsg } from '@nats-io/jetstream';
import type { HeliographEvent } from '@heliograph/message';

/** An event handed to a stage, and where it came from. */
export interface Delivery<E extends HeliographEvent = HeliographEvent> {
  readonly event: E;
  readonly record: RecordPosition;
}

export interface RecordPosition {
  readonly stream: string;
  readonly seq: number;
  /** Unix ms at which the stream stored it. */
  readonly atMs: number;
  /** Handed out before: what is in it may have been done in part. */
  readonly redelivered: boolean;
}

/** Whoever reads a stream: known to the queue, so that closing it stops them all. */
export interface Reading {
  stop(graceMs: number): Promise<void>;
}

/** A record this process holds: told to the server to be in work until each of its events has settled, then acknowledged. */
export interface HeldRecord {
  readonly position: RecordPosition;
  readonly events: number;
  /** The newest delivery of it: a connection that was lost for long hands the record out again. */
  message: JsMsg;
  unsettled: number;
}

export function positionOf(message: JsMsg): RecordPosition {
  const { stream, streamSequence, timestampNanos, deliveryCount } = message.info;
  return { stream, seq: streamSequence, atMs: Math.floor(timestampNanos / 1e6), redelivered: deliveryCount > 1 };
}

export interface HeldRecords {
  /** Events not settled yet. */
  readonly unsettled: number;
  /** True when the record was held already: then only its handle is renewed. */
  renew(message: JsMsg): boolean;
  hold(message: JsMsg, events: number): HeldRecord;
  settle(record: HeldRecord): void;
  /** Resolves when fewer than this many events are unsettled. */
  below(events: number): Promise<void>;
  /** Gives every record that is not settled back to the server, for another reader to take. */
  release(): void;
}

/** Longer than any stall of an event loop, short enough that a dead reader's records soon go to another. */
export const ackWaitMs = 10_000;
const heartbeatMs = 3_000;
/** A stopping reader's records are handed out again after this long. */
export const releaseDelayMs = 100;

export function createHeldRecords(): HeldRecords {
  const held = new Map<number, HeldRecord>();
  const waiting: { events: number; resolve: () => void }[] = [];
  let unsettled = 0;
  const heartbeat = setInterval(() => {
    for (const record of held.values()) record.message.working();
  }, heartbeatMs).unref();

  function wake(): void {
    for (let i = waiting.length - 1; i >= 0; i--) {
      const one = waiting[i];
      if (one && unsettled < one.events) {
        waiting.splice(i, 1);
        one.resolve();
      }
    }
  }

  return {
    get unsettled() {
      return unsettled;
    },
    renew(message) {
      const record = held.get(message.info.streamSequence);
      if (record) record.message = message;
      return record !== undefined;
    },
    hold(message, events) {
      const record: HeldRecord = { position: positionOf(message), events, message, unsettled: events };
      held.set(record.position.seq, record);
      unsettled += events;
      return record;
    },
    settle(record) {
      record.unsettled--;
      unsettled--;
      if (record.unsettled === 0) {
        record.message.ack();
        held.delete(record.position.seq);
      }
      wake();
    },
    below(events) {
      if (unsettled < events) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ events, resolve }));
    },
    release() {
      clearInterval(heartbeat);
      for (const record of held.values()) record.message.nak(releaseDelayMs);
      held.clear();
    },
  };
}
