import {
  dataCoding as dataCodings,
  esmClass,
  isIntermediateNotification,
  isReceipt,
  parseReceipt,
  type MessageState as ProviderState,
  type PduOf,
} from '@heliograph/smpp';
import type { FinalState, InboundReceived, ReceiptReceived } from '@heliograph/message';
import { decodeShortMessage } from '@heliograph/segment';
import { inboundOf, userDataOf } from './receive-inbound.ts';
import type { SmppConnectorSettings } from '@heliograph/registry';
import { comparableId, type ProviderIds } from '../provider-id.ts';

/** What a provider's deliver_sm or data_sm turned out to be. */
export type Received =
  | { readonly kind: 'receipt'; readonly event: ReceiptReceived }
  /** A receipt that names no message or no state that we know: nobody can do anything with it, and sending it again would not help. */
  | { readonly kind: 'unreadable'; readonly missing: 'id' | 'state' }
  /** From a handset. */
  | { readonly kind: 'inbound'; readonly event: InboundReceived };

export interface ReceiveFacts {
  readonly connector: string;
  readonly group: string;
  readonly ids: ProviderIds;
  readonly text: Pick<SmppConnectorSettings, 'defaultAlphabet' | 'gsmPacking'>;
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
  if (!intermediate && !isReceipt(pdu.esm_class)) return { kind: 'inbound', event: inboundOf(pdu, facts, now, newId) };
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
      providerId: comparableId(receipt.id, 'receiptIdForm', facts.ids),
      state,
      errorCode: receipt.err ?? '',
    },
  };
}

/** Latin-1 unless data_coding says UCS-2: labels, digits and ids are the same in every other alphabet. A header in front is skipped. */
function textOf(pdu: PduOf<'deliver_sm'> | PduOf<'data_sm'>): string {
  const octets = userDataOf(pdu);
  const udhi = (pdu.esm_class & esmClass.UDHI) !== 0;
  const dataCoding = pdu.data_coding === dataCodings.UCS2 ? dataCodings.UCS2 : dataCodings.LATIN_1;
  const decoded = decodeShortMessage({ dataCoding, octets, udhi });
  return decoded.kind === 'text' ? decoded.text : octets.toString('latin1');
}
