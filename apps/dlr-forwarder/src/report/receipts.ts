import type { Outcome, ReceiptReceived, TakenBy } from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import { counter } from '@heliograph/service';
import { keyOf, textOf, type KeyedReceipt } from './receipt-book.ts';
import { keepReceipt, receiptOf } from './report.ts';
import { endComplete, settle, type ReportContext } from './settle.ts';
import { createTries } from './tries.ts';

const receipts = counter(
  'heliograph_dlr_forwarder_receipts_total',
  'receipts by what they met: matched, early (waits for its message) or intermediate',
);
const matchedReceipts = receipts.with({ outcome: 'matched' });
const earlyReceipts = receipts.with({ outcome: 'early' });
const intermediateReceipts = receipts.with({ outcome: 'intermediate' });

/** Handles RECEIPTS: each is matched to its message, or kept until that is known. */
export function createReceiptsHandler({
  book,
  log,
}: ReportContext): (deliveries: readonly Delivery<TakenBy<'report'>>[]) => Promise<Outcome[]> {
  const tries = createTries();
  return (deliveries) =>
    tries.during(deliveries, async (triedBefore) => {
      const events = deliveries.map(({ event }) => event as ReceiptReceived);
      const matched = await book.putReceipts(foldReceipts(events));
      const endedNow = await endComplete(book, matched);
      const messageOf = new Map(matched.map((segment) => [textOf(segment), segment.messageId]));
      const messageIds = events.map((event) => messageOf.get(textOf(keyOf(event))));
      count(events, messageIds);
      return settle({ book, log }, { deliveries, messageIds, matched, endedNow, triedBefore });
    });
}

/** One receipt for each segment: what a statement may not meet twice, a batch may. */
export function foldReceipts(events: readonly ReceiptReceived[]): KeyedReceipt[] {
  const folded = new Map<string, KeyedReceipt>();
  for (const event of events) {
    if (event.providerId === '') continue;
    const key = keyOf(event);
    const text = textOf(key);
    folded.set(text, { ...key, receipt: keepReceipt(folded.get(text)?.receipt, receiptOf(event)) });
  }
  return [...folded.values()];
}

/** A receipt met its message in memory. */
export function countMatched(): void {
  matchedReceipts.add();
}

function count(events: readonly ReceiptReceived[], messageIds: readonly (string | undefined)[]): void {
  events.forEach((event, i) => {
    if (event.state === 'sent') intermediateReceipts.add();
    else if (messageIds[i] === undefined) earlyReceipts.add();
    else matchedReceipts.add();
  });
}
