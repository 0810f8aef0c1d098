import {
  advance,
  type Attempt,
  type FailureReason,
  type FinalState,
  type HeliographEvent,
  type MessageFailed,
  type MessageHead,
  type MessageReturned,
  type ReceiptReceived,
} from '@heliograph/message';

/** What a provider last said of one segment. `sent`: it is on its way still (an intermediate receipt). */
export interface SegmentReceipt {
  readonly state: FinalState | 'sent';
  readonly errorCode: string;
  readonly atMs: number;
}

/** How a message ended. `atMs`: when the deciding word came. */
export interface Ending {
  readonly state: FinalState;
  readonly reason: FailureReason | undefined;
  readonly errorCode: string;
  readonly atMs: number;
}

export function receiptOf({ state, errorCode, at }: ReceiptReceived): SegmentReceipt {
  return { state, errorCode, atMs: at };
}

/** The first final word on a segment stays, except that any lifts `no_report`; any lifts `sent`, which lifts none. */
export function keepReceipt(known: SegmentReceipt | undefined, next: SegmentReceipt): SegmentReceipt {
  return known && advance(known.state, next.state) === known.state ? known : next;
}

/**
 * How a message of so many segments ended, as far as its receipts tell; undefined while it has not. One failed segment fails it, since the
 * handset can never join it; of several failures the earliest decides. It is delivered when every segment is.
 */
export function endingOf(segments: number, receipts: readonly SegmentReceipt[]): Ending | undefined {
  const final = receipts.filter(isFinalReceipt);
  const failed = final.filter(({ state }) => state !== 'delivered' && state !== 'no_report');
  if (failed.length > 0) return ended(failed.reduce((first, next) => (next.atMs < first.atMs ? next : first)));
  if (segments === 0 || final.length < segments) return undefined;
  const unknown = final.filter(({ state }) => state === 'no_report');
  return ended((unknown.length > 0 ? unknown : final).reduce((last, next) => (next.atMs > last.atMs ? next : last)));
}

type FinalReceipt = SegmentReceipt & { readonly state: FinalState };

/** That a segment is on its way is known already. */
function isFinalReceipt(receipt: SegmentReceipt): receipt is FinalReceipt {
  return receipt.state !== 'sent';
}

/** `message.failed` says it all. */
export function endingOfFailed({ state, reason, errorCode = '', at }: MessageFailed): Ending {
  return { state, reason, errorCode, atMs: at };
}

/** Its receipt has not come. */
export function noReport(nowMs: number): Ending {
  return { state: 'no_report', reason: 'no_report', errorCode: '', atMs: nowMs };
}

/** What is told of an ending: the report an SMPP client asked for, and to everyone that the message has its final state. */
export function reportsOf(message: MessageHead, { state, reason, errorCode, atMs }: Ending): HeliographEvent[] {
  const code = errorCode === '' ? {} : { errorCode };
  const reported: HeliographEvent = { type: 'message.reported', at: atMs, message, state, ...(reason && { reason }), ...code };
  if (!asksForReport(message, state)) return [reported];
  return [{ type: 'report.due', at: atMs, message, state, doneAtMs: atMs, ...code }, reported];
}

/** What is told of a message that goes on: its receipt says, or nothing says after a while, how this attempt went. */
export function returnedOf(again: Attempt, { state, reason, errorCode, atMs }: Ending): MessageReturned {
  // what is delivered never goes on
  const ending = { state: state as MessageFailed['state'], reason: reason ?? 'no_report', ...(errorCode !== '' && { errorCode }) };
  const why = state === 'no_report' ? 'no_receipt' : 'undelivered';
  return { type: 'message.returned', at: atMs, by: 'dlr-forwarder', why, ...again, ending };
}

/** The intermediate notification that an SMPP client asked for. Nobody else is told: the message has not ended. */
export function intermediateReportOf(message: MessageHead, { errorCode, atMs }: SegmentReceipt): HeliographEvent {
  return { type: 'report.due', at: atMs, message, state: 'sent', doneAtMs: atMs, ...(errorCode !== '' && { errorCode }) };
}

/**
 * SMPP 3.4 §5.2.17, bits 0 and 1: 01 = on success and failure, 10 = on failure only; 11 = on success only (SMPP 5.0 §4.7.21). Who asked to
 * hear of failures only takes silence for success, so `no_report` counts as one. Bit 4, by itself: an intermediate notification.
 */
export function asksForReport({ door, registeredDelivery }: MessageHead, state: FinalState | 'sent'): boolean {
  if (door !== 'smpp') return false;
  if (state === 'sent') return (registeredDelivery & 0x10) !== 0;
  return asks[registeredDelivery & 0x03]?.(state === 'delivered') ?? false;
}

const asks: readonly ((delivered: boolean) => boolean)[] = [() => false, () => true, (delivered) => !delivered, (delivered) => delivered];

const reasons: Record<FinalState, FailureReason | undefined> = {
  delivered: undefined,
  undelivered: 'undelivered',
  rejected: 'provider_rejected',
  expired: 'expired',
  no_report: 'no_report',
  failed: 'undelivered',
  cancelled: 'provider_rejected',
};

function ended({ state, errorCode, atMs }: FinalReceipt): Ending {
  return { state, reason: reasons[state], errorCode, atMs };
}
