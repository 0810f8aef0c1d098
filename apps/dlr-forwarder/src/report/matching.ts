import type { MessageFailed, MessageHead, MessageSent, ReceiptReceived } from '@heliograph/message';
import { storable } from '../database.ts';
import { countSegments, keyOf, textOf } from './receipt-book.ts';
import { endingOf, keepReceipt, receiptOf, type Ending, type SegmentReceipt } from './report.ts';
import { createRemembered } from './remembered.ts';

interface Of<E> {
  readonly event: E;
}

/** What is to be done now, in this order. */
export type Step<D extends Of<unknown>> =
  /** The message of this `message.sent` has ended: say so, then call `stored`. */
  | { readonly kind: 'report'; readonly delivery: D & Of<MessageSent>; readonly ending: Ending }
  /** The receipt book decides. */
  | { readonly kind: 'book'; readonly delivery: D }
  /** It changes nothing. */
  | { readonly kind: 'done'; readonly delivery: D };

export interface When {
  readonly nowMs: number;
  /** How long a message waits for its receipts; 0: everything goes to the book. */
  readonly holdMs: number;
}

/**
 * Messages and receipts that wait for each other in memory. Whatever is not usual goes to the receipt book, with all that has come of it, and stays
 * there: of a message the book knows nothing is decided here, and of one that is decided here the book hears nothing.
 */
export interface Matching<D extends Of<unknown>> {
  /** `toBook`: the book may know of it, or has more to do with it than to wait for receipts. */
  sent(delivery: D & Of<MessageSent>, toBook: boolean, when: When): Step<D>[];
  failed(delivery: D & Of<MessageFailed>, when: When): Step<D>[];
  /** `toBook`: it came before; the book may know of it. */
  receipt(delivery: D & Of<ReceiptReceived>, toBook: boolean, when: When): Step<D>[];
  /** What came of this event is on disk: gives the receipts that it was the end for, which are done with. */
  stored(event: MessageSent, nowMs: number): readonly (D & Of<ReceiptReceived>)[];
  /** What has waited long enough. */
  due(when: When): Step<D>[];
  /** Events that wait, or whose report is being stored. */
  readonly waiting: number;
}

export interface MatchingOptions {
  /** How long a receipt waits for its message. */
  readonly earlyMs: number;
  /** How long it is known at least what became of a message and its provider ids. */
  readonly rememberMs: number;
  /** Messages and receipts that wait at most; beyond, the oldest messages go to the book. */
  readonly eventsMax: number;
  readonly octetsMax: number;
  /** Of the hash: not known to providers, whose ids it is made of. */
  readonly seed: number;
}

interface HeldMessage<D> {
  readonly delivery: D & Of<MessageSent>;
  readonly id: string;
  readonly keys: readonly string[];
  /** To wait for. */
  readonly segments: number;
  readonly sinceMs: number;
  readonly octets: number;
  /** The receipts that have come, as they came. */
  readonly deliveries: (D & Of<ReceiptReceived>)[];
  /** What is said of each segment, when there are several. */
  readonly receipts: Map<string, SegmentReceipt> | undefined;
  state: 'waits' | 'ending' | 'inBook';
}

interface EarlyReceipts<D> {
  readonly sinceMs: number;
  readonly deliveries: (D & Of<ReceiptReceived>)[];
}

const ended = 1;
const inBook = 2;

export function createMatching<D extends Of<unknown>>({ earlyMs, rememberMs, eventsMax, octetsMax, seed }: MatchingOptions): Matching<D> {
  /** By id, in the order of their coming. */
  const held = new Map<string, HeldMessage<D>>();
  /** Their report is being stored. */
  const ending = new Map<string, HeldMessage<D>>();
  /** Both, by the ids that are theirs. */
  const byKey = new Map<string, HeldMessage<D>>();
  /** By key, in the order of their coming. */
  const early = new Map<string, EarlyReceipts<D>>();
  // told apart as texts, too: a key has U+0000 in it
  const remembered = createRemembered(rememberMs, seed);
  let waiting = 0;
  let octets = 0;

  /** Its ids mean what it became, those that are its own still. */
  function leave(message: HeldMessage<D>, what: number, nowMs: number): void {
    waiting -= 1 + message.deliveries.length;
    octets -= message.octets;
    remembered.set(message.id, what, nowMs);
    for (const key of message.keys) {
      if (byKey.get(key) !== message) continue;
      byKey.delete(key);
      remembered.set(key, what, nowMs);
    }
  }

  function spill(message: HeldMessage<D>, nowMs: number, steps: Step<D>[]): void {
    held.delete(message.id);
    message.state = 'inBook';
    leave(message, inBook, nowMs);
    steps.push({ kind: 'book', delivery: message.delivery });
    for (const delivery of message.deliveries) steps.push({ kind: 'book', delivery });
  }

  /** The receipts that waited for this key. */
  function takeEarly(key: string): readonly (D & Of<ReceiptReceived>)[] {
    const waited = early.get(key)?.deliveries;
    if (!waited) return none;
    early.delete(key);
    waiting -= waited.length;
    return waited;
  }

  function sentToBook(delivery: D & Of<MessageSent>, keys: readonly string[], nowMs: number): Step<D>[] {
    const steps: Step<D>[] = [];
    // what is about the same message or id first, so that the newer has the last word in the book as well
    const { id } = delivery.event.message;
    for (const other of [held.get(id), ...keys.map((key) => byKey.get(key))]) if (other?.state === 'waits') spill(other, nowMs, steps);
    remembered.set(id, inBook, nowMs);
    for (const key of keys) {
      // of one that is ending: used again by its provider, it means this message from now on
      byKey.delete(key);
      remembered.set(key, inBook, nowMs);
      for (const receipt of takeEarly(key)) steps.push({ kind: 'book', delivery: receipt });
    }
    steps.push({ kind: 'book', delivery });
    return steps;
  }

  /** It is, or was, another message's, or what is said of it may be lifted. */
  function isForBook(key: string): boolean {
    if (byKey.has(key) || remembered.get(key) === inBook) return true;
    return early.get(key)?.deliveries.some(({ event }) => event.state === 'no_report') ?? false;
  }

  /** A message that has ended is sent once more: its other ids mean nothing, unless they are others'. */
  function sentAgain(delivery: D & Of<MessageSent>, keys: readonly string[], nowMs: number): Step<D>[] {
    const steps: Step<D>[] = [{ kind: 'done', delivery }];
    for (const key of keys) {
      if (byKey.has(key) || remembered.get(key) === inBook) continue;
      remembered.set(key, ended, nowMs);
      for (const receipt of takeEarly(key)) steps.push({ kind: 'done', delivery: receipt });
    }
    return steps;
  }

  function hold(delivery: D & Of<MessageSent>, keys: readonly string[], nowMs: number): Step<D>[] {
    const { message, providerIds } = delivery.event;
    const segments = countSegments(providerIds);
    const one: HeldMessage<D> = {
      delivery,
      id: message.id,
      keys,
      segments,
      sinceMs: nowMs,
      octets: octetsOf(message, keys.length),
      deliveries: [],
      receipts: segments > 1 ? new Map() : undefined,
      state: 'waits',
    };
    held.set(one.id, one);
    for (const key of keys) byKey.set(key, one);
    waiting++;
    octets += one.octets;
    const steps: Step<D>[] = [];
    const came = keys.flatMap((key) => takeEarly(key).map((receipt) => ({ key, receipt })));
    // of several that end it, the earliest decides
    if (came.length > 1) came.sort((a, b) => a.receipt.event.at - b.receipt.event.at);
    for (const { key, receipt } of came) take(one, key, receipt, nowMs, steps);
    shed(nowMs, steps);
    return steps;
  }

  /** A receipt meets its message. */
  function take(message: HeldMessage<D>, key: string, delivery: D & Of<ReceiptReceived>, nowMs: number, steps: Step<D>[]): void {
    const { event } = delivery;
    if (message.state === 'waits' && event.state === 'sent') return void steps.push({ kind: 'done', delivery });
    message.deliveries.push(delivery);
    waiting++;
    // one that comes after the end is done with when that is: after a crash both come again, in their order
    if (message.state === 'ending') return;
    // it may be lifted, now or in days
    if (event.state === 'no_report') return spill(message, nowMs, steps);
    const end = endingOf(message.segments, receiptsWith(message, key, receiptOf(event)));
    if (!end) return;
    message.state = 'ending';
    held.delete(message.id);
    ending.set(message.id, message);
    steps.push({ kind: 'report', delivery: message.delivery, ending: storableEnding(end) });
  }

  function receiptsWith({ receipts }: HeldMessage<D>, key: string, receipt: SegmentReceipt): readonly SegmentReceipt[] {
    if (!receipts) return [receipt];
    receipts.set(key, keepReceipt(receipts.get(key), receipt));
    return [...receipts.values()];
  }

  function shed(nowMs: number, steps: Step<D>[]): void {
    for (const oldest of held.values()) {
      if (waiting <= eventsMax && octets <= octetsMax) return;
      spill(oldest, nowMs, steps);
    }
  }

  return {
    get waiting() {
      return waiting;
    },

    sent(delivery, toBook, when) {
      const { message, group, providerIds } = delivery.event;
      const keys = keysOf(group, providerIds);
      const was = remembered.get(message.id);
      if (was === ended || ending.has(message.id)) return sentAgain(delivery, keys, when.nowMs);
      const plain = !toBook && when.holdMs > 0 && was === 0 && !held.has(message.id) && keys.length > 0;
      if (!plain || keys.some(isForBook)) return sentToBook(delivery, keys, when.nowMs);
      return hold(delivery, keys, when.nowMs);
    },

    failed(delivery, { nowMs }) {
      const { id } = delivery.event.message;
      if (ending.has(id) || remembered.get(id) === ended) return [{ kind: 'done', delivery }];
      const steps: Step<D>[] = [];
      const message = held.get(id);
      if (message) spill(message, nowMs, steps);
      remembered.set(id, inBook, nowMs);
      steps.push({ kind: 'book', delivery });
      return steps;
    },

    receipt(delivery, toBook, { nowMs, holdMs }) {
      const { event } = delivery;
      // it matches no message, ever
      if (event.providerId === '') return [{ kind: 'book', delivery }];
      const key = textOf(keyOf(event));
      const message = byKey.get(key);
      const steps: Step<D>[] = [];
      if (message) {
        take(message, key, delivery, nowMs, steps);
        shed(nowMs, steps);
        return steps;
      }
      const was = remembered.get(key);
      if (was === ended) return [{ kind: 'done', delivery }];
      if (toBook || was === inBook || holdMs === 0) {
        remembered.set(key, inBook, nowMs);
        for (const before of takeEarly(key)) steps.push({ kind: 'book', delivery: before });
        steps.push({ kind: 'book', delivery });
        return steps;
      }
      const others = early.get(key);
      if (others) others.deliveries.push(delivery);
      else early.set(key, { sinceMs: nowMs, deliveries: [delivery] });
      waiting++;
      return steps;
    },

    stored(event, nowMs) {
      const message = ending.get(event.message.id);
      // not another event of the same message, which is done with at once
      if (message?.delivery.event !== event) return none;
      ending.delete(message.id);
      leave(message, ended, nowMs);
      return message.deliveries;
    },

    due({ nowMs, holdMs }) {
      const steps: Step<D>[] = [];
      for (const message of held.values()) {
        if (nowMs - message.sinceMs < holdMs) break;
        spill(message, nowMs, steps);
      }
      for (const [key, { sinceMs }] of early) {
        if (holdMs > 0 && nowMs - sinceMs < earlyMs) break;
        remembered.set(key, inBook, nowMs);
        for (const delivery of takeEarly(key)) steps.push({ kind: 'book', delivery });
      }
      return steps;
    },
  };
}

const none: readonly never[] = [];

/** As the book would give it back. */
function storableEnding(ending: Ending): Ending {
  return { ...ending, errorCode: storable(ending.errorCode) };
}

function keysOf(group: string, providerIds: readonly string[]): string[] {
  const [only] = providerIds;
  if (providerIds.length === 1) return only ? [textOf(keyOf({ group, providerId: only }))] : [];
  return [...new Set(providerIds.flatMap((providerId) => (providerId === '' ? [] : [textOf(keyOf({ group, providerId }))])))];
}

/** About: the parsed event, the entries about it; a head of the usual size has some 600 octets of JSON. */
function octetsOf({ reference = '', webhook = '' }: MessageHead, keys: number): number {
  return 1_500 + 200 * keys + 2 * (reference.length + webhook.length);
}
