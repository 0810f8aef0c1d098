import type { ReportDelivered, ReportDue } from '@heliograph/message';
import { esmClass, formatReceipt, receiptTlvs, tlvs, type MessageState, type PduOf, type Tlv } from '@heliograph/smpp';

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

export function reportDelivered({ message, state }: ReportDue, attempt: number, nowMs: number): ReportDelivered {
  return { type: 'report.delivered', at: nowMs, messageId: message.id, tenant: message.tenant, via: 'smpp', state, attempt };
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
