import { isFinal, subjectIdOf } from '@heliograph/message';
import { addEvent, type LoggedEvent, type Row } from './log.ts';

/** What is known of a message by the events that are not written yet. */
export interface Held {
  readonly row: Row;
  /** How many events it is made of; long ones count as several. */
  events: number;
  readonly sinceMs: number;
  /** Since when nothing more is expected for now; undefined: it is on its way. */
  restsSinceMs: number | undefined;
  /** It is among those to be written. */
  due: boolean;
  /** Settled when it is committed, with why it was refused, if it was. */
  readonly written: Promise<string | undefined>;
  readonly settle: (refused: string | undefined) => void;
}

/**
 * Which messages are held back for what is still to come of them, and which are to be written: those that rest, those that have been held for long
 * enough, the oldest when there are too many, and whatever is asked for. Times are those of any clock that only goes on, ms.
 */
export interface Holding {
  add(event: LoggedEvent, nowMs: number): Held;
  get(id: string): Held | undefined;
  /** What was first heard of, or came to rest, at that time or before is due. */
  release(until: { readonly heldSinceMs: number; readonly restsSinceMs: number }): void;
  /** It is the next that is taken. */
  releaseFirst(held: Held): void;
  /** They are due, and given. */
  releaseThose(which: (held: Held) => boolean): Held[];
  /** Takes away what is due, at most so many, in the order in which it became so. */
  take(rowsMax: number): Held[];
  /** How many are due. */
  readonly due: number;
  /** How many there are. */
  readonly size: number;
}

export interface HoldingOptions {
  /** More events than these are never held back. */
  readonly eventsMax: number;
}

export function createHolding({ eventsMax }: HoldingOptions): Holding {
  /** In the order in which they were first heard of. */
  const held = new Map<string, Held>();
  /** In the order in which they came to rest. */
  let resting: Held[] = [];
  let due: Held[] = [];
  let heldBack = 0;

  function makeDue(one: Held): void {
    if (one.due) return;
    one.due = true;
    heldBack -= one.events;
    due.push(one);
  }

  /** A quarter of what may be held, so that they make a batch. */
  function releaseOldest(): void {
    for (const one of held.values()) {
      if (heldBack <= (eventsMax * 3) / 4) return;
      makeDue(one);
    }
  }

  return {
    add(event, nowMs) {
      const id = subjectIdOf(event);
      let one = held.get(id);
      if (one) addEvent(one.row, event);
      else held.set(id, (one = newHeld(addEvent(undefined, event), nowMs)));
      const weight = weightOf(event);
      one.events += weight;
      if (!one.due) heldBack += weight;
      if (one.restsSinceMs === undefined && rests(one.row, event)) {
        one.restsSinceMs = nowMs;
        if (!one.due) resting.push(one);
      }
      if (heldBack > eventsMax) releaseOldest();
      return one;
    },
    get: (id) => held.get(id),
    release({ heldSinceMs, restsSinceMs }) {
      for (const one of held.values()) {
        if (one.sinceMs > heldSinceMs) break;
        makeDue(one);
      }
      const still = resting.findIndex((one) => (one.restsSinceMs as number) > restsSinceMs);
      const rested = still === -1 ? resting : resting.slice(0, still);
      resting = still === -1 ? [] : resting.slice(still);
      for (const one of rested) makeDue(one);
    },
    releaseFirst(one) {
      makeDue(one);
      due = [one, ...due.filter((other) => other !== one)];
    },
    releaseThose(which) {
      const those = [...held.values()].filter(which);
      for (const one of those) makeDue(one);
      return those;
    },
    take(rowsMax) {
      const taken = due.slice(0, rowsMax);
      due = due.slice(rowsMax);
      for (const { row } of taken) held.delete(row.id);
      return taken;
    },
    get due() {
      return due.length;
    },
    get size() {
      return held.size;
    },
  };
}

/** What an event counts for by its text, one for each kB of it, so that the bound is one of memory too: a message has 140 octets, or 36,000. */
function weightOf(event: LoggedEvent): number {
  const content = 'content' in event ? event.content : 'message' in event && 'content' in event.message ? event.message.content : undefined;
  const said = content?.kind === 'binary' ? content.octets : content?.text;
  return 1 + Math.floor((said?.length ?? 0) / 1_000);
}

function newHeld(row: Row, sinceMs: number): Held {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  return { row, events: 0, sinceMs, restsSinceMs: undefined, due: false, written: promise, settle: resolve };
}

/** It has ended, waits for its time or a review, or all that is heard of is that its tenant was told. */
function rests({ verdict }: Row, { type }: LoggedEvent): boolean {
  return isFinal(verdict.state) || verdict.state === 'scheduled' || type === 'report.delivered' || type === 'report.exhausted';
}
