import type { Submission } from '@heliograph/accept';
import type { Content, MessageClass } from '@heliograph/message';
import { decodeShortMessage } from '@heliograph/segment';
import { commandStatus, esmClass, getTlv, parseTime, type PduOf } from '@heliograph/smpp';

/** A submission, or the command_status that says what is wrong with the PDU. */
export type Read = { readonly ok: true; readonly submission: Submission } | { readonly ok: false; readonly status: number };

/** What a submit_sm asks for (SMPP 3.4 §4.4.1). Pure. */
export function readSubmit(pdu: PduOf<'submit_sm'>, credential: string, now: Date): Read {
  const payload = getTlv(pdu.tlvs, 'message_payload');
  // SMPP 3.4 §4.4.1: with message_payload, sm_length is 0
  if (payload && pdu.short_message.length > 0) return { ok: false, status: commandStatus.ESME_ROPTPARNOTALLWD };
  // scheduled delivery is not offered: better refused than sent now
  if (pdu.schedule_delivery_time !== '') return { ok: false, status: commandStatus.ESME_RINVSCHED };
  const validUntil = pdu.validity_period === '' ? undefined : parseTime(pdu.validity_period, now);
  if (pdu.validity_period !== '' && !validUntil) return { ok: false, status: commandStatus.ESME_RINVEXPIRY };

  const octets = payload ?? pdu.short_message;
  const coding = codingOf(pdu.data_coding);
  const content = contentOf(pdu, octets, coding.dataCoding);
  if (!content) return { ok: false, status: commandStatus.ESME_RINVESMCLASS };
  const reference = getTlv(pdu.tlvs, 'user_message_reference');
  return {
    ok: true,
    submission: {
      credential,
      door: 'smpp',
      from: { addr: pdu.source_addr, ton: pdu.source_addr_ton, npi: pdu.source_addr_npi },
      to: { addr: pdu.destination_addr, ton: pdu.dest_addr_ton, npi: pdu.dest_addr_npi },
      content,
      class: classOf(pdu.priority_flag),
      registeredDelivery: pdu.registered_delivery,
      ...(coding.flash ? { flash: true } : {}),
      ...(validUntil ? { validUntilMs: validUntil.getTime() } : {}),
      ...(reference === undefined ? {} : { reference: String(reference) }),
    },
  };
}

/** SMPP 3.4 §5.2.14: 0 is the lowest, 3 the highest. */
function classOf(priority: number): MessageClass {
  return priority >= 2 ? 'otp' : 'normal';
}

/**
 * data_coding values with a message class (3GPP TS 23.038 §4: 0001xxxx and 1111xxxx) as the plain value of their alphabet.
 * Class 0 is a flash message.
 */
function codingOf(dataCoding: number): { dataCoding: number; flash: boolean } {
  const group = dataCoding & 0xf0;
  if (group !== 0x10 && group !== 0xf0) return { dataCoding, flash: false };
  const alphabets = [0, 4, 8, 4];
  const alphabet = group === 0xf0 ? (dataCoding >> 2) & 1 : (dataCoding >> 2) & 3;
  return { dataCoding: alphabets[alphabet] ?? 4, flash: (dataCoding & 3) === 0 };
}

function contentOf(pdu: PduOf<'submit_sm'>, octets: Buffer, dataCoding: number): Content | undefined {
  const udhi = (pdu.esm_class & esmClass.UDHI) !== 0;
  const decoded = decodeShortMessage({ dataCoding, octets, udhi });
  // UDHI promises a header: without a legible one the message cannot be what the tenant meant
  if (udhi && !decoded.udh) return undefined;
  const udh = decoded.udh?.octets.toString('hex') ?? sarHeader(pdu);
  const header = udh === undefined ? {} : { udh };
  return decoded.kind === 'text'
    ? { kind: 'text', text: decoded.text, ...header }
    : { kind: 'binary', octets: decoded.octets.toString('base64'), ...header };
}

/** A part that is marked by SAR parameters (SMPP 3.4 §5.3.2.22 to 24) as the 16-bit concatenation header that goes on the air (3GPP TS 23.040 §9.2.3.24.8). */
function sarHeader({ tlvs }: PduOf<'submit_sm'>): string | undefined {
  const reference = getTlv(tlvs, 'sar_msg_ref_num');
  const total = getTlv(tlvs, 'sar_total_segments');
  const sequence = getTlv(tlvs, 'sar_segment_seqnum');
  if (reference === undefined || total === undefined || sequence === undefined || total < 2) return undefined;
  return Buffer.from([6, 8, 4, (reference >> 8) & 0xff, reference & 0xff, total, sequence]).toString('hex');
}
