import { describe, expect, test } from '@jest/globals';
import {
  headOf,
  type FinalState,
  type HeliographEvent,
  type MessageFailed,
  type MessageSent,
  type ReceiptReceived,
} from '@heliograph/message';
import { testMessage } from '@heliograph/testbed';
import fc from 'fast-check';
import { endingOf, keepReceipt, receiptOf, type SegmentReceipt } from './report.ts';
import { createMatching, type MatchingOptions, type Step } from './matching.ts';

type Delivery = { readonly event: HeliographEvent; readonly n: number };
const options: MatchingOptions = { earlyMs: 150, rememberMs: 60_000, eventsMax: 1_000, octetsMax: 10 ** 9, seed: 1 };
const holdMs = 3_000;
let deliveries = 0;

const idOf = (message: number): string => message.toString(16).padStart(32, '0');
function sent(message: number, providerIds: string[]): { event: MessageSent; n: number } {
  const head = { ...headOf(testMessage({})), id: idOf(message) };
  return { n: deliveries++, event: { type: 'message.sent', at: 0, message: head, connector: 'c', group: 'g', providerIds } };
}
function failed(message: number): { event: MessageFailed; n: number } {
  const head = { ...headOf(testMessage({})), id: idOf(message) };
  return { n: deliveries++, event: { type: 'message.failed', at: 0, message: head, by: 'c', state: 'failed', reason: 'undelivered' } };
}
function receipt(providerId: string, state: FinalState | 'sent' = 'delivered', at = 0): { event: ReceiptReceived; n: number } {
  const id = idOf(deliveries);
  return { n: deliveries++, event: { type: 'receipt.received', at, id, connector: 'c', group: 'g', providerId, state, errorCode: '' } };
}
/** A machine with its clock, and its steps in short: `report 1 delivered`, `book message.sent`. */
function machine(changes: Partial<MatchingOptions> = {}) {
  const matching = createMatching<Delivery>({ ...options, ...changes });
  const clock = { nowMs: 0, holdMs };
  const first = new Map<number, MessageSent>();
  const short = (steps: readonly Step<Delivery>[]): string[] =>
    steps.map((step) =>
      step.kind === 'report'
        ? `report ${Number.parseInt(step.delivery.event.message.id, 16)} ${step.ending.state}`
        : `${step.kind} ${step.delivery.event.type}`,
    );
  return {
    matching,
    clock,
    sent: (message: number, ids: string[], toBook = false) => {
      const delivery = sent(message, ids);
      if (!first.has(message)) first.set(message, delivery.event);
      return short(matching.sent(delivery, toBook, clock));
    },
    failed: (message: number) => short(matching.failed(failed(message), clock)),
    receipt: (id: string, state?: FinalState | 'sent', toBook = false) => short(matching.receipt(receipt(id, state), toBook, clock)),
    due: (afterMs: number) => {
      clock.nowMs += afterMs;
      return short(matching.due(clock));
    },
    stored: (message: number) => matching.stored(first.get(message) as MessageSent, clock.nowMs).length,
  };
}

describe('a message that waits in memory', () => {
  test('ends with its receipt, which is done with when the report is stored', () => {
    const { sent, receipt, stored, due, matching } = machine();
    expect(sent(1, ['a'])).toEqual([]);
    expect(receipt('a')).toEqual(['report 1 delivered']);
    expect(matching.waiting).toBe(2);
    expect(stored(1)).toBe(1);
    expect(matching.waiting).toBe(0);
    expect(due(10 * holdMs)).toEqual([]);
  });

  test('ends when it comes, if its receipt came a moment before', () => {
    const { sent, receipt, due } = machine();
    expect(receipt('a', 'expired')).toEqual([]);
    expect(due(149)).toEqual([]);
    expect(sent(1, ['a'])).toEqual(['report 1 expired']);
  });

  test('of several segments ends with the last, or the first that fails', () => {
    const { sent, receipt } = machine();
    sent(1, ['a', 'b']);
    expect([receipt('b'), receipt('b'), receipt('a')]).toEqual([[], [], ['report 1 delivered']]);
    sent(2, ['c', 'd']);
    expect(receipt('d', 'undelivered')).toEqual(['report 2 undelivered']);
  });

  test('goes to the book with the receipts it has when none ends it in time, and what comes later follows at once', () => {
    const { sent, receipt, due } = machine();
    sent(1, ['a', 'b']);
    receipt('a');
    expect(due(holdMs - 1)).toEqual([]);
    expect(due(1)).toEqual(['book message.sent', 'book receipt.received']);
    expect(receipt('b')).toEqual(['book receipt.received']);
  });

  test('goes to the book with a receipt that may be lifted', () => {
    const { sent, receipt } = machine();
    sent(1, ['a']);
    expect(receipt('a', 'no_report')).toEqual(['book message.sent', 'book receipt.received']);
    expect(receipt('a')).toEqual(['book receipt.received']);
  });

  test('is not ended by an intermediate receipt', () => {
    const { sent, receipt } = machine();
    sent(1, ['a']);
    expect([receipt('a', 'sent'), receipt('a')]).toEqual([['done receipt.received'], ['report 1 delivered']]);
  });

  test('goes to the book before what says that it failed', () => {
    const { sent, failed } = machine();
    sent(1, ['a']);
    expect(failed(1)).toEqual(['book message.sent', 'book message.failed']);
  });

  test('goes to the book when another has its id, and before that', () => {
    const { sent, receipt } = machine();
    sent(1, ['a']);
    expect(sent(2, ['a'])).toEqual(['book message.sent', 'book message.sent']);
    expect(receipt('a')).toEqual(['book receipt.received']);
  });

  test('goes to the book when there are too many, or they are too large, the oldest first', () => {
    for (const changes of [{ eventsMax: 2 }, { octetsMax: 4_000 }]) {
      const { sent, receipt, matching } = machine(changes);
      expect([sent(1, ['a']), sent(2, ['b']), sent(3, ['c'])]).toEqual([[], [], ['book message.sent']]);
      expect([receipt('a'), matching.waiting]).toEqual([['book receipt.received'], 2]);
    }
  });

  test.each<[string, string[], boolean, number]>([
    ['it is not usual', ['a'], true, holdMs],
    ['no time is given', ['a'], false, 0],
    ['it has no ids', [''], false, holdMs],
  ])('does not wait when %s', (_, ids, toBook, hold) => {
    const { sent, clock } = machine();
    clock.holdMs = hold;
    expect(sent(1, ids, toBook)).toEqual(['book message.sent']);
  });
});

describe('a receipt', () => {
  test('without a message goes to the book, which that message then goes to as well', () => {
    const { sent, receipt, due } = machine();
    receipt('a');
    expect(due(150)).toEqual(['book receipt.received']);
    expect(sent(1, ['a'])).toEqual(['book message.sent']);
  });

  test('that came before goes to the book, unless its message is here', () => {
    const { sent, receipt } = machine();
    sent(1, ['a']);
    expect([receipt('a', 'delivered', true), receipt('b', 'delivered', true)]).toEqual([['report 1 delivered'], ['book receipt.received']]);
  });

  test('of a message that ended is done with: with it while its report is being stored, then at once', () => {
    const { sent, receipt, stored } = machine();
    sent(1, ['a']);
    receipt('a');
    expect([receipt('a', 'undelivered'), stored(1), receipt('a', 'expired')]).toEqual([[], 2, ['done receipt.received']]);
  });
});

describe('a message that ended in memory', () => {
  test('is not sent again, nor does it fail', () => {
    const { sent, failed, receipt, stored } = machine();
    sent(1, ['a']);
    receipt('a');
    for (const before of [true, false]) {
      expect([sent(1, ['a']), sent(1, [`b ${before}`]), failed(1)]).toEqual([
        ['done message.sent'],
        ['done message.sent'],
        ['done message.failed'],
      ]);
      if (before) stored(1);
    }
    expect(receipt('b false')).toEqual(['done receipt.received']);
  });

  test('is not taken for reported when another event that says it was sent is done with', () => {
    const { matching, clock, sent: sentFirst, receipt, stored } = machine();
    sentFirst(1, ['a']);
    receipt('a');
    const again = sent(1, ['a']);
    matching.sent(again, false, clock);
    expect([matching.stored(again.event, 0).length, stored(1)]).toEqual([0, 1]);
  });

  test('leaves its id to the next message that has it', () => {
    const { sent, receipt, stored } = machine();
    sent(1, ['a']);
    receipt('a');
    stored(1);
    expect([sent(2, ['a']), receipt('a', 'undelivered')]).toEqual([[], ['report 2 undelivered']]);
    // while the report of the one before is being stored
    expect([sent(3, ['a']), stored(2), receipt('a')]).toEqual([['book message.sent'], 1, ['book receipt.received']]);
  });
});

describe('whatever comes in whatever order', () => {
  const events = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('sent' as const), message: fc.nat(7), toBook: fc.boolean() }) },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('receipt' as const),
        message: fc.nat(7),
        segment: fc.nat(2),
        state: fc.constantFrom('delivered', 'undelivered', 'sent', 'no_report', 'expired'),
        toBook: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('failed' as const), message: fc.nat(7) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('due' as const), afterMs: fc.constantFrom(10, 151, 3_000, 70_000) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('stored' as const), message: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('hold' as const), holdMs: fc.constantFrom(0, holdMs) }) },
  );

  test('each event leaves once, none stays, a message ends in one place', () => {
    const seed = Date.now();
    fc.assert(
      fc.property(fc.array(events, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), fc.nat(5), (list, eventsMax, shared) => {
        const matching = createMatching<Delivery>({ ...options, eventsMax });
        const clock = { nowMs: 0, holdMs };
        const segmentsOf = (message: number): string[] =>
          Array.from({ length: 1 + (message % 3) }, (_, i) => (i === 0 && message <= shared ? 'shared' : `${message}.${i}`));
        const given: number[] = [];
        const left: number[] = [];
        const reporting = new Map<string, Delivery & { event: MessageSent }>();
        const endedInMemory = new Set<string>();
        const inBook = new Set<string>();
        const leave = (steps: readonly Step<Delivery>[]): void => {
          for (const step of steps) {
            const { event, n } = step.delivery;
            if (step.kind === 'report') {
              const { id } = step.delivery.event.message;
              expect(endedInMemory.has(id) || inBook.has(id)).toBe(false);
              endedInMemory.add(id);
              reporting.set(id, step.delivery);
              continue;
            }
            left.push(n);
            if (step.kind === 'book' && event.type !== 'receipt.received') {
              const { id } = (event as MessageSent).message;
              expect(endedInMemory.has(id)).toBe(false);
              inBook.add(id);
            }
          }
        };
        const store = (id: string): void => {
          const delivery = reporting.get(id);
          if (!delivery) return;
          reporting.delete(id);
          left.push(delivery.n, ...matching.stored(delivery.event, clock.nowMs).map((one) => one.n));
        };
        for (const one of list) {
          if (one.kind === 'sent') {
            const delivery = sent(one.message, segmentsOf(one.message));
            given.push(delivery.n);
            // what is remembered for a minute is forgotten here too: a message sent again after that is the book's to know
            if (clock.nowMs >= 60_000 && (endedInMemory.has(idOf(one.message)) || inBook.has(idOf(one.message)))) left.push(delivery.n);
            else leave(matching.sent(delivery, one.toBook, clock));
          } else if (one.kind === 'receipt') {
            const ids = segmentsOf(one.message);
            const delivery = receipt(ids[one.segment % ids.length] as string, one.state as FinalState, clock.nowMs);
            given.push(delivery.n);
            leave(matching.receipt(delivery, one.toBook, clock));
          } else if (one.kind === 'failed') {
            const delivery = failed(one.message);
            given.push(delivery.n);
            if (clock.nowMs >= 60_000 && endedInMemory.has(idOf(one.message))) left.push(delivery.n);
            else leave(matching.failed(delivery, clock));
          } else if (one.kind === 'due') {
            clock.nowMs += one.afterMs;
            leave(matching.due(clock));
          } else if (one.kind === 'stored') store(idOf(one.message));
          else clock.holdMs = one.holdMs;
        }
        clock.holdMs = 0;
        leave(matching.due(clock));
        for (const id of [...reporting.keys()]) store(id);
        expect(left.sort((a, b) => a - b)).toEqual(given);
        expect(matching.waiting).toBe(0);
      }),
      { seed, numRuns: 2_000 },
    );
  });

  test('messages are reported as the receipt book alone would report them', () => {
    const seed = Date.now();
    fc.assert(
      fc.property(fc.array(events, { maxLength: 60 }), fc.integer({ min: 2, max: 20 }), (list, eventsMax) => {
        const alone = bookModel();
        const behind = bookModel();
        const matching = createMatching<Delivery>({ ...options, eventsMax });
        const clock = { nowMs: 0, holdMs };
        const idsOf = (message: number): string[] => Array.from({ length: 1 + (message % 3) }, (_, i) => `${message}.${i}`);
        const ending = new Map<string, MessageSent>();
        const store = (message: number): void => {
          const event = ending.get(idOf(message));
          if (event) matching.stored(event, clock.nowMs);
        };
        const take = (steps: readonly Step<Delivery>[]): void => {
          for (const step of steps) {
            if (step.kind === 'report') {
              const { event } = step.delivery;
              ending.set(event.message.id, event);
              behind.report(event.message.id, step.ending.state);
            } else if (step.kind === 'book') behind.put(step.delivery.event);
          }
        };
        let at = 0;
        for (const one of list) {
          clock.nowMs++;
          if (one.kind === 'due') {
            // all within the time that is remembered
            clock.nowMs += clock.nowMs < 50_000 ? Math.min(one.afterMs, 3_000) : 1;
            take(matching.due(clock));
          } else if (one.kind === 'stored') store(one.message);
          else if (one.kind === 'hold') clock.holdMs = one.holdMs;
          else if (one.kind === 'failed') {
            const delivery = failed(one.message);
            alone.put(delivery.event);
            take(matching.failed(delivery, clock));
          } else if (one.kind === 'sent') {
            const delivery = sent(one.message, idsOf(one.message));
            alone.put(delivery.event);
            take(matching.sent(delivery, one.toBook, clock));
          } else {
            const ids = idsOf(one.message);
            const delivery = receipt(ids[one.segment % ids.length] as string, one.state as FinalState, at++);
            alone.put(delivery.event);
            take(matching.receipt(delivery, one.toBook, clock));
          }
        }
        clock.holdMs = 0;
        take(matching.due(clock));
        expect(behind.reported).toEqual(alone.reported);
      }),
      { seed, numRuns: 3_000 },
    );
  });
});

/** The receipt book's decisions, an event at a time, of messages that have ids of their own; `report`: what is decided without it. */
function bookModel() {
  const messages = new Map<string, { state: FinalState | 'sent'; keys: string[] }>();
  const segments = new Map<string, { of?: string; receipt?: SegmentReceipt }>();
  const reported: Record<string, string[]> = {};
  const report = (id: string, state: string): void => void (reported[id] ??= []).push(state);

  function end(id: string, state: FinalState): void {
    const message = messages.get(id) as { state: string };
    if (message.state !== 'sent' && (message.state !== 'no_report' || state === 'no_report')) return;
    message.state = state;
    report(id, state);
  }
  function settle(id: string): void {
    const { keys } = messages.get(id) as { keys: string[] };
    const ending = endingOf(
      keys.length,
      keys.flatMap((key) => segments.get(key)?.receipt ?? []),
    );
    if (ending) end(id, ending.state);
  }
  function put(event: HeliographEvent): void {
    if (event.type === 'message.sent') {
      const { id } = event.message;
      if (!messages.has(id)) messages.set(id, { state: 'sent', keys: [...event.providerIds] });
      for (const key of event.providerIds) segments.set(key, { ...segments.get(key), of: id });
      settle(id);
    } else if (event.type === 'message.failed') {
      const { id } = event.message;
      if (!messages.has(id)) messages.set(id, { state: 'sent', keys: [] });
      end(id, event.state);
    } else if (event.type === 'receipt.received') {
      const known = segments.get(event.providerId);
      const now = { ...known, receipt: keepReceipt(known?.receipt, receiptOf(event)) };
      segments.set(event.providerId, now);
      if (now.of !== undefined) settle(now.of);
    }
  }
  return { put, report, reported };
}
