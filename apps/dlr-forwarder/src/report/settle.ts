import { done, type HeliographEvent, type MessageHead, type Outcome } from '@heliograph/message';
import type { Delivery, Log } from '@heliograph/queue';
import { counter, recordSpan } from '@heliograph/service';
import type { AttemptEnding, EndedMessage, MatchedSegment, ReceiptBook } from './receipt-book.ts';
import { endingOf, intermediateReportOf, reportsOf, returnedOf, type Ending, type SegmentReceipt } from './report.ts';

const endings = counter('heliograph_dlr_forwarder_ended_total', 'messages that got their final state, by state');

const returned = counter(
  'heliograph_dlr_forwarder_returned_total',
  'messages that went on to their next route, by how the attempt would have ended',
);

export interface ReportContext {
  readonly book: ReceiptBook;
  readonly log: Log;
}

/** Ends the messages that these segments complete, or lets them go on; gives those of which that was not said before. */
export async function endComplete(book: ReceiptBook, matched: readonly MatchedSegment[]): Promise<Map<string, EndedMessage>> {
  const several = new Set(matched.filter(({ segments }) => segments > 1).map(({ messageId }) => messageId));
  const known = Map.groupBy(await book.receiptsOf([...several]), attemptKey);
  const complete = new Map<string, AttemptEnding>();
  for (const one of matched) {
    const { messageId, attempt, segments } = one;
    const ending = endingOf(
      segments,
      several.has(messageId) ? (known.get(attemptKey(one)) ?? []).map(({ receipt }) => receipt) : [one.receipt],
    );
    if (ending && outdoes({ ...ending, attempt }, complete.get(messageId))) complete.set(messageId, { ...ending, attempt });
  }
  return book.end(complete);
}

function attemptKey({ messageId, attempt }: MatchedSegment): string {
  return `${messageId} ${attempt}`;
}

/** A handset that has the message has it, by whichever attempt; otherwise the last one counts. */
function outdoes(ending: AttemptEnding, other: AttemptEnding | undefined): boolean {
  if (!other || ending.state === 'delivered') return true;
  return other.state !== 'delivered' && ending.attempt >= other.attempt;
}

/**
 * The reports of a batch. A message's are given once, with the first delivery that is about it. Usually only what ended just now is
 * reported, or is on its way and its client asked to hear of that. A delivery that was tried before may have settled its message without the
 * report getting out: then it is given again, as stored.
 */
export interface Settling {
  readonly deliveries: readonly Delivery[];
  /** The message each delivery is about; undefined when it is not known. */
  readonly messageIds: readonly (string | undefined)[];
  readonly matched: readonly MatchedSegment[];
  readonly endedNow: ReadonlyMap<string, EndedMessage>;
  readonly triedBefore: (delivery: Delivery) => boolean;
}

export async function settle(
  { book, log }: ReportContext,
  { deliveries, messageIds, matched, endedNow, triedBefore }: Settling,
): Promise<Outcome[]> {
  const again = new Set<string>();
  deliveries.forEach((delivery, i) => {
    const id = messageIds[i];
    if (id !== undefined && !endedNow.has(id) && triedBefore(delivery)) again.add(id);
  });
  const endedBefore = await book.ended([...again]);
  const onTheWay = await takeOnTheWay(book, matched, again);
  const given = new Set<string>();
  for (const [messageId, { ending, again }] of endedNow) {
    if (!again) countEnding(log, messageId, ending);
    else {
      returned.add(1, stateLabels[ending.state]);
      log.debug({ messageId, state: 'returned', errorCode: ending.errorCode }, 'report');
    }
  }
  for (const [messageId, { receipt }] of onTheWay) log.debug({ messageId, state: 'sent', errorCode: receipt.errorCode }, 'report');
  return deliveries.map((delivery, i) => {
    const id = messageIds[i];
    if (id === undefined || given.has(id)) return nothing;
    const ended = endedNow.get(id) ?? (triedBefore(delivery) ? endedBefore.get(id) : undefined);
    const waiting = onTheWay.get(id);
    if (!ended && !waiting) return nothing;
    given.add(id);
    return done(...(ended ? reportsWithSpan(ended) : []), ...(waiting ? [intermediateReportWithSpan(waiting)] : []));
  });
}

/** A message that has not ended, with the word that it is on its way. */
interface MessageOnTheWay {
  readonly head: MessageHead;
  readonly receipt: SegmentReceipt;
}

/** Those of the messages that are owed an intermediate notification now. Endings go first: what has ended is owed none. */
async function takeOnTheWay(
  book: ReceiptBook,
  matched: readonly MatchedSegment[],
  again: ReadonlySet<string>,
): Promise<Map<string, MessageOnTheWay>> {
  const receipts = new Map<string, SegmentReceipt>();
  for (const { messageId, receipt } of matched) if (receipt.state === 'sent' && !receipts.has(messageId)) receipts.set(messageId, receipt);
  const heads = await book.takeIntermediate([...receipts.keys()], again);
  return new Map([...heads].map(([id, head]) => [id, { head, receipt: receipts.get(id) as SegmentReceipt }]));
}

/** The reports, carrying on the message's trace when it is sampled; or that it goes on to its next route. */
export function reportsWithSpan({ head, ending, again }: EndedMessage): HeliographEvent[] {
  if (again) return [returnedOf(again, ending)];
  return reportsOf(withSpan(head, ending), ending);
}

function intermediateReportWithSpan({ head, receipt }: MessageOnTheWay): HeliographEvent {
  return intermediateReportOf(withSpan(head, receipt), receipt);
}

function withSpan(head: MessageHead, { state, atMs }: Pick<SegmentReceipt, 'state' | 'atMs'>): MessageHead {
  const { traceparent } = head;
  if (traceparent === undefined) return head;
  return { ...head, traceparent: recordSpan('report', { traceparent, startMs: atMs, endMs: Date.now(), attributes: { state } }) };
}

export function countEnding(log: Log, messageId: string, { state, errorCode }: Ending): void {
  endings.add(1, stateLabels[state]);
  log.debug({ messageId, state, errorCode }, 'report');
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
