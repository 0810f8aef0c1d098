import type { JsMsg } from '@nats-io/jetstream';
import type { HeliographEvent } from '@heliograph/message';

/** An event handed to a stage, and where it came from. */
export interface Delivery<E extends HeliographEvent = HeliographEvent> {
  readonly event: E;
  readonly record: RecordPosition;
  /**
   * False when this process stood still for so long that somebody else may do it by now: then it must not be done here. To be asked just before what cannot
   * be undone. Absent: it is ours.
   */
  readonly isOurs?: () => boolean;
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
  /** False from the moment at which somebody else may have been handed it. */
  readonly isOurs: () => boolean;
  /** What of it is in work, for who wants to hear what becomes of it. */
  readonly deliveries: Delivery[];
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
  /**
   * How often this process has stood still for too long. What was pulled before the last time, or is still on its way from then, may be somebody else's: it is
   * neither done nor acknowledged here, and comes again to whoever is there.
   */
  lapses(): number;
  /** Resolves when fewer than this many events are unsettled. */
  below(events: number): Promise<void>;
  /** Gives every record that is not settled back to the server, for another reader to take. */
  release(): void;
}

/** Longer than any stall of an event loop, short enough that a dead reader's records soon go to another. */
export const ackWaitMs = 10_000;
const heartbeatMs = 3_000;
/** Without a heartbeat for so long, a record may be on its way to somebody else before the next one is heard. */
const lapseMs = 7_000;
/** A stopping reader's records are handed out again after this long. */
export const releaseDelayMs = 100;

/** `now`: ms of a clock that goes on while the process is stopped. `onLapse`: what was held is somebody else's. */
export function createHeldRecords(
  onLapse: (records: readonly HeldRecord[]) => void = () => {},
  now = () => performance.now(),
): HeldRecords {
  const held = new Map<number, HeldRecord>();
  const waiting: { events: number; resolve: () => void }[] = [];
  let unsettled = 0;
  let lapses = 0;
  let beatAtMs = now();
  const heartbeat = setInterval(() => {
    look();
    for (const record of held.values()) record.message.working();
    beatAtMs = now();
  }, heartbeatMs).unref();

  /** Whatever is done first after standing still finds out: a timer, an answer, a message. */
  function look(): number {
    if (now() - beatAtMs <= lapseMs) return lapses;
    beatAtMs = now();
    lapses++;
    const records = [...held.values()];
    held.clear();
    unsettled = 0;
    wake();
    onLapse(records);
    return lapses;
  }

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
    lapses: look,
    renew(message) {
      look();
      const record = held.get(message.info.streamSequence);
      if (record) record.message = message;
      return record !== undefined;
    },
    hold(message, events) {
      const heldAt = look();
      const record: HeldRecord = {
        position: positionOf(message),
        events,
        message,
        unsettled: events,
        isOurs: () => look() === heldAt,
        deliveries: [],
      };
      held.set(record.position.seq, record);
      unsettled += events;
      return record;
    },
    settle(record) {
      if (!record.isOurs()) return;
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
      look();
      for (const record of held.values()) record.message.nak(releaseDelayMs);
      held.clear();
    },
  };
}
