import { describe, expect, test } from '@jest/globals';
import { advance, isFinal, type FinalState, type MessageFailed, type MessageHead, type ReceiptReceived } from '@heliograph/message';
import fc from 'fast-check';
import {
  asksForReport,
  endingOf,
  endingOfFailed,
  intermediateReportOf,
  keepReceipt,
  noReport,
  receiptOf,
  reportsOf,
  type Ending,
  type SegmentReceipt,
} from './report.ts';

const head: MessageHead = {
  id: '0190f3c2a1b27c3d8e4f5a6b7c8d9e0f',
  tenant: 'acme',
  credential: 'acme-smpp',
  door: 'smpp',
  from: { addr: 'ACME', ton: 5, npi: 0 },
  to: '+15551234567',
  class: 'normal',
  segments: 1,
  acceptedAtMs: 1_000,
  validUntilMs: 100_000,
  registeredDelivery: 1,
  charge: { lease: 'l1', microCredits: '1000' },
};

const said = (state: FinalState | 'sent', atMs: number, errorCode = ''): SegmentReceipt => ({ state, atMs, errorCode });

describe('the ending of a message', () => {
  const cases: [name: string, segments: number, receipts: SegmentReceipt[], ending: Partial<Ending> | undefined][] = [
    ['no receipt: not ended', 1, [], undefined],
    ['its one segment delivered: delivered', 1, [said('delivered', 5)], { state: 'delivered', atMs: 5, reason: undefined }],
    ['one of two segments delivered: not ended', 2, [said('delivered', 5)], undefined],
    ['both delivered: delivered when the last was', 2, [said('delivered', 7), said('delivered', 5)], { state: 'delivered', atMs: 7 }],
    [
      'one of three undelivered: undelivered at once',
      3,
      [said('undelivered', 5, '001')],
      { state: 'undelivered', errorCode: '001', reason: 'undelivered' },
    ],
    [
      'one delivered, one expired: expired',
      2,
      [said('delivered', 5), said('expired', 6)],
      { state: 'expired', atMs: 6, reason: 'expired' },
    ],
    ['two failures: the earlier decides', 2, [said('rejected', 9), said('expired', 6)], { state: 'expired', atMs: 6 }],
    ['a rejected segment: the provider rejected it', 1, [said('rejected', 5)], { state: 'rejected', reason: 'provider_rejected' }],
    ['a deleted message: cancelled', 1, [said('cancelled', 5)], { state: 'cancelled', reason: 'provider_rejected' }],
    ['a provider that does not know: no_report', 1, [said('no_report', 5)], { state: 'no_report', reason: 'no_report' }],
    ['one delivered, one not known: no_report', 2, [said('delivered', 9), said('no_report', 5)], { state: 'no_report' }],
    ['one not known, one outstanding: not ended', 2, [said('no_report', 5)], undefined],
    ['no segment has an id to wait for: not ended', 0, [], undefined],
    ['its one segment on its way: not ended', 1, [said('sent', 5)], undefined],
    ['one delivered, one on its way: not ended', 2, [said('delivered', 5), said('sent', 6)], undefined],
    ['one on its way, one failed: failed', 2, [said('sent', 5), said('expired', 6)], { state: 'expired', atMs: 6 }],
  ];
  test.each(cases)('%s', (_, segments, receipts, ending) => {
    const found = endingOf(segments, receipts);
    if (ending) expect(found).toMatchObject(ending);
    else expect(found).toBeUndefined();
  });

  test('message.failed says state, reason and code itself', () => {
    const failed: MessageFailed = {
      type: 'message.failed',
      at: 7,
      message: head,
      by: 'router',
      state: 'rejected',
      reason: 'unroutable',
      errorCode: '0x0b',
    };
    expect(endingOfFailed(failed)).toEqual({ state: 'rejected', reason: 'unroutable', errorCode: '0x0b', atMs: 7 });
  });

  test('a message that its tenant has cancelled is reported so, to an SMPP client as well', () => {
    const message = { ...head, registeredDelivery: 1 };
    const failed: MessageFailed = { type: 'message.failed', at: 7, message, by: 'north', state: 'cancelled', reason: 'cancelled' };
    expect(reportsOf(message, endingOfFailed(failed))).toMatchObject([
      { type: 'report.due', state: 'cancelled', doneAtMs: 7 },
      { type: 'message.reported', state: 'cancelled', reason: 'cancelled', at: 7 },
    ]);
  });
});

describe('the receipt kept of a segment', () => {
  const cases: [name: string, known: FinalState | 'sent' | undefined, next: FinalState | 'sent', kept: FinalState | 'sent'][] = [
    ['the first is kept', undefined, 'undelivered', 'undelivered'],
    ['a duplicate changes nothing', 'delivered', 'delivered', 'delivered'],
    ['the first final word stays', 'delivered', 'undelivered', 'delivered'],
    ['no_report is lifted', 'no_report', 'delivered', 'delivered'],
    ['nothing goes back to no_report', 'delivered', 'no_report', 'delivered'],
    ['an intermediate one is kept while there is no other', undefined, 'sent', 'sent'],
    ['an intermediate one is lifted, even by no_report', 'sent', 'no_report', 'no_report'],
    ['nothing goes back to an intermediate one', 'no_report', 'sent', 'no_report'],
  ];
  test.each(cases)('%s', (_, known, next, kept) => {
    expect(keepReceipt(known && said(known, 1), said(next, 2)).state).toBe(kept);
  });

  test('says what the provider said, with the time it was heard', () => {
    const received: ReceiptReceived = {
      type: 'receipt.received',
      at: 5,
      id: 'r',
      connector: 'c',
      group: 'g',
      providerId: '1',
      state: 'sent',
      errorCode: '',
    };
    expect(receiptOf(received)).toEqual({ state: 'sent', errorCode: '', atMs: 5 });
    expect(receiptOf({ ...received, state: 'expired', errorCode: '7' })).toEqual({ state: 'expired', errorCode: '7', atMs: 5 });
  });
});

describe('registered_delivery', () => {
  // SMPP 3.4 §5.2.17, SMPP 5.0 §4.7.21; bits 2 and 3 ask for other things
  const cases: [registeredDelivery: number, delivered: boolean, undelivered: boolean, noReport: boolean, onItsWay: boolean][] = [
    [0b00, false, false, false, false],
    [0b01, true, true, true, false],
    [0b10, false, true, true, false],
    [0b11, true, false, false, false],
    [0b10000, false, false, false, true],
    [0b10010, false, true, true, true],
    [0b01101, true, true, true, false],
    [0b11101, true, true, true, true],
  ];
  test.each(cases)('%i: delivered %s, undelivered %s, no_report %s, sent %s', (registeredDelivery, ...wanted) => {
    const states = ['delivered', 'undelivered', 'no_report', 'sent'] as const;
    expect(states.map((state) => asksForReport({ ...head, registeredDelivery }, state))).toEqual(wanted);
  });

  test('says nothing of messages that came by HTTP', () => {
    expect(asksForReport({ ...head, door: 'http', registeredDelivery: 1 }, 'delivered')).toBe(false);
    expect(asksForReport({ ...head, door: 'http', registeredDelivery: 0x11 }, 'sent')).toBe(false);
  });
});

describe('what is told of an ending', () => {
  test('the report that was asked for first, message.reported last, with the same word and time', () => {
    const ending: Ending = { state: 'undelivered', reason: 'undelivered', errorCode: '034', atMs: 9 };
    expect(reportsOf(head, ending)).toEqual([
      { type: 'report.due', at: 9, message: head, state: 'undelivered', errorCode: '034', doneAtMs: 9 },
      { type: 'message.reported', at: 9, message: head, state: 'undelivered', reason: 'undelivered', errorCode: '034' },
    ]);
  });

  test('message.reported alone when no report was asked for; without reason and code when there is none', () => {
    const message = { ...head, registeredDelivery: 0 };
    expect(reportsOf(message, { state: 'delivered', reason: undefined, errorCode: '', atMs: 9 })).toEqual([
      { type: 'message.reported', at: 9, message, state: 'delivered' },
    ]);
    expect(reportsOf(message, noReport(4))).toEqual([
      { type: 'message.reported', at: 4, message, state: 'no_report', reason: 'no_report' },
    ]);
  });
});

describe('what is told of a message on its way', () => {
  test('the intermediate notification, and no message.reported', () => {
    const due = { type: 'report.due', at: 5, message: head, state: 'sent', doneAtMs: 5 };
    expect(intermediateReportOf(head, said('sent', 5))).toEqual(due);
    expect(intermediateReportOf(head, said('sent', 5, '000'))).toEqual({ ...due, errorCode: '000' });
  });
});

describe('any order of message.sent, receipts, intermediate ones and duplicates', () => {
  type Step = { kind: 'sent' } | { kind: 'receipt'; segment: number; receipt: SegmentReceipt };

  /** What the book does, in memory: a row for each segment, the message's state only forward. */
  function reportsIn(order: readonly Step[], segments: number): Ending[] {
    const kept = new Map<number, SegmentReceipt>();
    const reports: Ending[] = [];
    let state: FinalState | 'sent' = 'sent';
    let isSent = false;
    for (const step of order) {
      if (step.kind === 'sent') isSent = true;
      else kept.set(step.segment, keepReceipt(kept.get(step.segment), step.receipt));
      const ending = isSent ? endingOf(segments, [...kept.values()]) : undefined;
      if (!ending || advance(state, ending.state) === state) continue;
      state = ending.state;
      reports.push(ending);
    }
    return reports;
  }

  const outcome = fc.record({
    segments: fc.integer({ min: 1, max: 6 }),
    failing: fc.option(
      fc.record({ segment: fc.nat(5), state: fc.constantFrom<FinalState>('undelivered', 'expired', 'rejected', 'failed') }),
    ),
    duplicates: fc.array(fc.nat(6), { maxLength: 6 }),
  });

  test('gives the same single final report', () => {
    const seed = Number(process.env.FUZZ_SEED ?? Date.now());
    fc.assert(
      fc.property(outcome, fc.infiniteStream(fc.nat()), ({ segments, failing, duplicates }, random) => {
        const all: Step[] = [{ kind: 'sent' }];
        for (let segment = 0; segment < segments; segment++) {
          const fails = failing && failing.segment % segments === segment;
          all.push({ kind: 'receipt', segment, receipt: said(fails ? failing.state : 'delivered', 100 + segment) });
          all.push({ kind: 'receipt', segment, receipt: said('sent', 50 + segment) });
        }
        for (const i of duplicates) all.push(all[i % all.length] as Step);
        const shuffled = all.map((step) => ({ step, key: random.next().value as number })).sort((a, b) => a.key - b.key);
        const reports = reportsIn(
          shuffled.map(({ step }) => step),
          segments,
        );
        expect(reports).toEqual(reportsIn(all, segments));
        expect(reports.map(({ state }) => state)).toEqual([failing?.state ?? 'delivered']);
        expect(reports.every(({ state }) => isFinal(state))).toBe(true);
      }),
      { seed, numRuns: 300 },
    );
  });
});
