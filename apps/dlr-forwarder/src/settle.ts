import { done, type HeliographEvent, type Outcome } from '@heliograph/message';
import type { Delivery, Log } from '@heliograph/queue';
import { counter, recordSpan } from '@heliograph/service';
import type { EndedMessage, MatchedSegment, ReceiptBook } from './receipt-book.ts';
import { endingOf, reportsOf, type Ending } from './report.ts';

const endings = counter('heliograph_dlr_forwarder_ended_total', 'messages that got their final state, by state');

export interface ReportContext {
  readonly book: ReceiptBook;
  readonly log: Log;
}

/** Ends the messages that these segments complete; gives those that had not ended before. */
export async function endComplete(book: ReceiptBook, matched: readonly MatchedSegment[]): Promise<Map<string, EndedMessage>> {
  const several = new Set(matched.filter(({ segments }) => segments > 1).map(({ messageId }) => messageId));
  const receipts = await book.receiptsOf([...several]);
  const complete = new Map<string, Ending>();
  for (const { messageId, segments, receipt } of matched) {
    const ending = endingOf(segments, several.has(messageId) ? (receipts.get(messageId) ?? []) : [receipt]);
    if (ending) complete.set(messageId, ending);
  }
  return book.end(complete);
}

/**
 * The reports of a batch. A message's are given once, with the first delivery that is about it. Usually only what ended just now is
 * reported. A delivery that was tried before may have ended its message without the report getting out: then it is given again, as stored.
 */
export interface Settling {
  readonly deliveries: readonly Delivery[];
  /** The message each delivery is about; undefined when it is not known. */
  readonly messageIds: readonly (string | undefined)[];
  readonly endedNow: ReadonlyMap<string, EndedMessage>;
  readonly triedBefore: (delivery: Delivery) => boolean;
}

export async function settle(
  { book, log }: ReportContext,
  { deliveries, messageIds, endedNow, triedBefore }: Settling,
): Promise<Outcome[]> {
  const again = new Set<string>();
  deliveries.forEach((delivery, i) => {
    const id = messageIds[i];
    if (id !== undefined && !endedNow.has(id) && triedBefore(delivery)) again.add(id);
  });
  const endedBefore = await book.ended([...again]);
  const given = new Set<string>();
  for (const [messageId, { ending }] of endedNow) {
    endings.add(1, stateLabels[ending.state]);
    log.debug({ messageId, state: ending.state, errorCode: ending.errorCode }, 'report');
  }
  return deliveries.map((delivery, i) => {
    const id = messageIds[i];
    const message =
      id === undefined || given.has(id) ? undefined : (endedNow.get(id) ?? (triedBefore(delivery) ? endedBefore.get(id) : undefined));
    if (!message || id === undefined) return nothing;
    given.add(id);
    return done(...reportsWithSpan(message));
  });
}

/** The reports, carrying on the message's trace when it is sampled. */
export function reportsWithSpan({ head, ending }: EndedMessage): HeliographEvent[] {
  if (head.traceparent === undefined) return reportsOf(head, ending);
  const { atMs, state } = ending;
  const traceparent = recordSpan('report', { traceparent: head.traceparent, startMs: atMs, endMs: Date.now(), attributes: { state } });
  return reportsOf({ ...head, traceparent }, ending);
}

const nothing = done();

const stateLabels: Record<Ending['state'], { state: string }> = {
  delivered: { state: 'delivered' },
  undelivered: { state: 'undelivered' },
  rejected: { state: 'rejected' },
  expired: { state: 'expired' },
  no_report: { state: 'no_report' },
  failed: { state: 'failed' },
  cancelled: { state: 'cancelled' },
};
