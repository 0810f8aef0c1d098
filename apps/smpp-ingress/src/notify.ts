import { type Outcome, done, later, never, type ReportDue } from '@heliograph/message';
import {
  commandStatus,
  esmClass,
  formatReceipt,
  receiptTlvs,
  tlvs,
  type MessageState,
  type PduOf,
  type RequestOutcome,
  type Tlv,
} from '@heliograph/smpp';

export type DeliverSm = Partial<Omit<PduOf<'deliver_sm'>, 'command' | 'sequence' | 'tlvs'>> & {
  command: 'deliver_sm';
  tlvs: readonly Tlv[];
};

const smppStates: Record<ReportDue['state'], MessageState> = {
  sent: 'ENROUTE',
  delivered: 'DELIVERED',
  undelivered: 'UNDELIVERABLE',
  failed: 'UNDELIVERABLE',
  rejected: 'REJECTED',
  expired: 'EXPIRED',
  no_report: 'UNKNOWN',
  cancelled: 'DELETED',
};

/**
 * The report as a delivery receipt (SMPP 3.4 appendix B): source and destination swapped from the submit, text left empty: it would leak the
 * message. An intermediate notification has the same form, and its own message type (§5.2.12).
 */
export function deliverSmOf({ message, state, errorCode, doneAtMs }: ReportDue): DeliverSm {
  const smppState = smppStates[state];
  const id = message.receiptId ?? message.id;
  const text = formatReceipt({
    id,
    state: smppState,
    submitDate: new Date(message.acceptedAtMs),
    doneDate: new Date(doneAtMs),
    err: threeDigits(errorCode),
    dlvrd: state === 'delivered' ? 1 : 0,
  });
  return {
    command: 'deliver_sm',
    esm_class: state === 'sent' ? esmClass.TYPE_INTERMEDIATE_NOTIFICATION : esmClass.TYPE_DELIVERY_RECEIPT,
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: message.to.slice(1),
    dest_addr_ton: message.from.ton,
    dest_addr_npi: message.from.npi,
    destination_addr: message.from.addr,
    data_coding: 0,
    short_message: Buffer.from(text, 'latin1'),
    tlvs: [...receiptTlvs({ id, state: smppState }), ...referenceTlv(message.reference)],
  };
}

/** `err:` has three characters (SMPP 3.4 appendix B). */
function threeDigits(errorCode = '000'): string {
  return /^[0-9a-zA-Z]{1,3}$/.test(errorCode) ? errorCode.padStart(3, '0') : errorCode.slice(-3);
}

function referenceTlv(reference: string | undefined): Tlv[] {
  return reference !== undefined && /^\d{1,5}$/.test(reference) && Number(reference) <= 0xffff
    ? tlvs({ user_message_reference: Number(reference) })
    : [];
}

/** A client that refuses a report for good is not asked for ever. */
export const attemptsMax = 20;
const retryDelayMs = 5_000;
const retryDelayMsMax = 300_000;

const refusedForGood: ReadonlySet<number> = new Set([commandStatus.ESME_RX_P_APPN, commandStatus.ESME_RX_R_APPN]);

/** What came of handing over a report. A timeout or a lost session leaves it unknown whether the client has it: again, reports are at-least-once. */
export function afterDelivery(report: ReportDue, answer: RequestOutcome<'deliver_sm'>, attempt: number, nowMs: number): Outcome {
  if (answer.kind === 'closed') return later(nowMs, 'session ended');
  if (answer.kind === 'response' && answer.pdu.status === commandStatus.ESME_ROK) {
    return done({
      type: 'report.delivered',
      at: nowMs,
      messageId: report.message.id,
      tenant: report.message.tenant,
      via: 'smpp',
      state: report.state,
      attempt,
    });
  }
  if (answer.kind === 'response' && refusedForGood.has(answer.pdu.status))
    return never(`the client refuses the report: ${answer.pdu.status}`);
  if (attempt >= attemptsMax) return never(`the client did not take the report in ${attemptsMax} tries`);
  return later(nowMs + Math.min(retryDelayMs * 2 ** (attempt - 1), retryDelayMsMax), 'report not taken');
}
