import {
  getTlv,
  isIntermediateNotification,
  isReceipt,
  normalizeProviderId,
  parseReceipt,
  type MessageState as ProviderState,
  type PduOf,
  type ProviderIdBase,
} from '@heliograph/smpp';
import type { FinalState, ReceiptReceived } from '@heliograph/message';

/** What a provider's deliver_sm or data_sm turned out to be. */
export type Received =
  | { readonly kind: 'receipt'; readonly event: ReceiptReceived }
  /** A receipt that names no message or no state that we know: nobody can do anything with it, and sending it again would not help. */
  | { readonly kind: 'unreadable'; readonly missing: 'id' | 'state' }
  /** From a handset: an inbound message. */
  | { readonly kind: 'inbound' };

export interface ReceiveFacts {
  readonly connector: string;
  readonly group: string;
  readonly receiptIdForm: ProviderIdBase;
}

/** message_state and stat (SMPP 3.4 §5.2.28, appendix B) in our words. ACCEPTD is no end: providers send it when the network has taken the message. */
const states: Record<ProviderState, FinalState | 'sent'> = {
  SCHEDULED: 'sent',
  ENROUTE: 'sent',
  ACCEPTED: 'sent',
  DELIVERED: 'delivered',
  EXPIRED: 'expired',
  DELETED: 'cancelled',
  UNDELIVERABLE: 'undelivered',
  UNKNOWN: 'no_report',
  REJECTED: 'rejected',
  SKIPPED: 'undelivered',
};

export function receive(pdu: PduOf<'deliver_sm'> | PduOf<'data_sm'>, facts: ReceiveFacts, now: number, newId: () => string): Received {
  const intermediate = isIntermediateNotification(pdu.esm_class);
  if (!intermediate && !isReceipt(pdu.esm_class)) return { kind: 'inbound' };
  const receipt = parseReceipt(textOf(pdu), pdu.tlvs);
  if (!receipt?.id) return { kind: 'unreadable', missing: 'id' };
  const state = intermediate ? 'sent' : receipt.state && states[receipt.state];
  if (state === undefined) return { kind: 'unreadable', missing: 'state' };
  return {
    kind: 'receipt',
    event: {
      type: 'receipt.received',
      at: now,
      id: newId(),
      connector: facts.connector,
      group: facts.group,
      providerId: normalizeProviderId(receipt.id, facts.receiptIdForm),
      state,
      errorCode: receipt.err ?? '',
    },
  };
}

function textOf(pdu: PduOf<'deliver_sm'> | PduOf<'data_sm'>): string {
  const inline = pdu.command === 'deliver_sm' && pdu.short_message.length > 0 ? pdu.short_message : undefined;
  return (inline ?? getTlv(pdu.tlvs, 'message_payload'))?.toString('latin1') ?? '';
}
