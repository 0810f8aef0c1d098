import type { Submission } from '@heliograph/accept';
import type { Content, MessageClass } from '@heliograph/message';
import { decodeShortMessage, type DefaultAlphabet } from '@heliograph/segment';
import { commandStatus, esmClass, getTlv, parseTime, type PduOf } from '@heliograph/smpp';
import { passedTlvs } from './passed-tlvs.ts';

/** What a PDU asks for, or the command_status that says what is wrong with it. */
export type Read<T> = { readonly ok: true; readonly submission: T } | { readonly ok: false; readonly status: number };

export interface ReadFacts {
  readonly credential: string;
  /** What data_coding 0 means to this client. */
  readonly defaultAlphabet: DefaultAlphabet;
  readonly now: Date;
}

/** All of a submission but for whom it is. */
export type SubmissionToAnyone = Omit<Submission, 'to'>;

/** What submit_sm (SMPP 3.4 §4.4.1), submit_multi (§4.5.1) and data_sm (§4.7.1) have in common, once data_sm has the fields it lacks. */
export type SubmittedPdu = Omit<PduOf<'submit_sm'>, 'command' | 'dest_addr_ton' | 'dest_addr_npi' | 'destination_addr'>;

/** What a content is read from. */
export type ContentPdu = Pick<SubmittedPdu, 'esm_class' | 'short_message' | 'tlvs'>;

/** What a submit_sm asks for (SMPP 3.4 §4.4.1). Pure. */
export function readSubmit(pdu: PduOf<'submit_sm'>, facts: ReadFacts): Read<Submission> {
  const read = readSubmission(pdu, facts);
  return read.ok ? { ok: true, submission: { ...read.submission, to: destinationOf(pdu) } } : read;
}

/** What a data_sm asks for (SMPP 3.4 §4.7.1): its message is always a message_payload, its validity a qos_time_to_live. Pure. */
export function readData(pdu: PduOf<'data_sm'>, facts: ReadFacts): Read<Submission> {
  if (getTlv(pdu.tlvs, 'message_payload') === undefined) return { ok: false, status: commandStatus.ESME_RMISSINGOPTPARAM };
  const read = readSubmission({ ...pdu, ...notInData }, facts);
  return read.ok ? { ok: true, submission: { ...read.submission, to: destinationOf(pdu) } } : read;
}

const notInData = {
  protocol_id: 0,
  priority_flag: 0,
  schedule_delivery_time: '',
  validity_period: '',
  replace_if_present_flag: 0,
  sm_default_msg_id: 0,
  short_message: Buffer.alloc(0),
} as const;

export function readSubmission(pdu: SubmittedPdu, { credential, defaultAlphabet, now }: ReadFacts): Read<SubmissionToAnyone> {
  const refused = refusalOf(pdu);
  if (refused !== undefined) return { ok: false, status: refused };
  const sendAtMs = sendAtMsOf(pdu, now);
  if (sendAtMs === 'illegible') return { ok: false, status: commandStatus.ESME_RINVSCHED };
  const validUntilMs = validUntilMsOf(pdu, new Date(Math.max(now.getTime(), sendAtMs ?? 0)));
  if (validUntilMs === 'illegible') return { ok: false, status: commandStatus.ESME_RINVEXPIRY };
  const coding = codingOf(pdu.data_coding);
  const content = contentOf(pdu, coding.dataCoding, defaultAlphabet);
  // UDHI promises a header: without a legible one the message cannot be what the tenant meant
  if (!content) return { ok: false, status: commandStatus.ESME_RINVESMCLASS };
  const passed = passedTlvs(pdu.tlvs);
  if (!passed) return { ok: false, status: commandStatus.ESME_RINVPARLEN };
  const reference = getTlv(pdu.tlvs, 'user_message_reference');
  return {
    ok: true,
    submission: {
      credential,
      door: 'smpp',
      from: { addr: pdu.source_addr, ton: pdu.source_addr_ton, npi: pdu.source_addr_npi },
      content,
      class: classOf(pdu.priority_flag),
      registeredDelivery: pdu.registered_delivery,
      ...(pdu.replace_if_present_flag === 1 ? { replaceIfPresent: true } : {}),
      ...(sendAtMs === undefined ? {} : { dataCoding: pdu.data_coding, ...(isHeaded(pdu) ? { udhi: true } : {}) }),
      ...(coding.flash ? { flash: true } : {}),
      ...(sendAtMs === undefined ? {} : { sendAtMs }),
      ...(validUntilMs === undefined ? {} : { validUntilMs }),
      ...(reference === undefined ? {} : { reference: String(reference) }),
      ...(passed.length === 0 ? {} : { tlvs: passed }),
    },
  };
}

function destinationOf(pdu: Pick<PduOf<'submit_sm'>, 'destination_addr' | 'dest_addr_ton' | 'dest_addr_npi'>): Submission['to'] {
  return { addr: pdu.destination_addr, ton: pdu.dest_addr_ton, npi: pdu.dest_addr_npi };
}

/** What is asked for and not offered: better refused than taken for something else. */
function refusalOf(pdu: SubmittedPdu): number | undefined {
  const refused = refusalOfText(pdu);
  if (refused !== undefined) return refused;
  // SMPP 3.4 §5.2.18: 1 is the provider's to act on. One of ours that waits for its time is not replaced by it, as it was charged: replace_sm does that.
  if (pdu.replace_if_present_flag > 1) return commandStatus.ESME_RINVREPFLAG;
  return undefined;
}

/** Of the text of a submission or a replacement. */
export function refusalOfText(pdu: Pick<SubmittedPdu, 'short_message' | 'tlvs' | 'sm_default_msg_id'>): number | undefined {
  // SMPP 3.4 §4.4.1: with message_payload, sm_length is 0
  if (pdu.short_message.length > 0 && getTlv(pdu.tlvs, 'message_payload') !== undefined) return commandStatus.ESME_ROPTPARNOTALLWD;
  // SMPP 3.4 §5.2.20: a message kept at the SMSC, of which there are none here
  if (pdu.sm_default_msg_id !== 0) return commandStatus.ESME_RINVDFTMSGID;
  return undefined;
}

/** SMPP 3.4 §5.2.15; undefined: at once. */
export function sendAtMsOf(
  { schedule_delivery_time }: Pick<SubmittedPdu, 'schedule_delivery_time'>,
  now: Date,
): number | undefined | 'illegible' {
  return schedule_delivery_time === '' ? undefined : (parseTime(schedule_delivery_time, now)?.getTime() ?? 'illegible');
}

/** undefined: not said. A relative one (SMPP 3.4 §5.2.16) counts from when the message is to be sent: else it could end before. */
export function validUntilMsOf(
  { validity_period, tlvs }: Pick<SubmittedPdu, 'validity_period' | 'tlvs'>,
  start: Date,
): number | undefined | 'illegible' {
  if (validity_period !== '') return parseTime(validity_period, start)?.getTime() ?? 'illegible';
  // SMPP 3.4 §5.3.2.9: seconds
  const seconds = getTlv(tlvs, 'qos_time_to_live');
  return seconds === undefined ? undefined : start.getTime() + seconds * 1_000;
}

/** SMPP 3.4 §5.2.14: 0 is the lowest, 3 the highest. */
function classOf(priority: number): MessageClass {
  return priority >= 2 ? 'otp' : 'normal';
}

/**
 * data_coding values with a message class (3GPP TS 23.038 §4: 0001xxxx and 1111xxxx) as the plain value of their alphabet; the default alphabet
 * is GSM 03.38 there, whatever data_coding 0 means on this link. Class 0 is a flash message.
 */
export function codingOf(dataCoding: number): { dataCoding: number; flash: boolean } {
  const group = dataCoding & 0xf0;
  if (group !== 0x10 && group !== 0xf0) return { dataCoding, flash: false };
  const alphabets = [0xf0, 4, 8, 4];
  const alphabet = group === 0xf0 ? (dataCoding >> 2) & 1 : (dataCoding >> 2) & 3;
  return { dataCoding: alphabets[alphabet] ?? 4, flash: (dataCoding & 3) === 0 };
}

/** undefined: a user data header was promised and is none. */
export function contentOf(pdu: ContentPdu, dataCoding: number, defaultAlphabet: DefaultAlphabet): Content | undefined {
  const udhi = isHeaded(pdu);
  const octets = getTlv(pdu.tlvs, 'message_payload') ?? pdu.short_message;
  const decoded = decodeShortMessage({ dataCoding, octets, udhi, defaultAlphabet });
  if (udhi && !decoded.udh) return undefined;
  const udh = decoded.udh?.octets.toString('hex') ?? sarHeader(pdu);
  const header = udh === undefined ? {} : { udh };
  return decoded.kind === 'text'
    ? { kind: 'text', text: decoded.text, ...header }
    : { kind: 'binary', octets: decoded.octets.toString('base64'), ...header };
}

/** SMPP 3.4 §5.2.12 */
function isHeaded({ esm_class }: Pick<SubmittedPdu, 'esm_class'>): boolean {
  return (esm_class & esmClass.UDHI) !== 0;
}

/** A part that is marked by SAR parameters (SMPP 3.4 §5.3.2.22 to 24) as the 16-bit concatenation header that goes on the air (3GPP TS 23.040 §9.2.3.24.8). */
function sarHeader({ tlvs }: ContentPdu): string | undefined {
  const reference = getTlv(tlvs, 'sar_msg_ref_num');
  const total = getTlv(tlvs, 'sar_total_segments');
  const sequence = getTlv(tlvs, 'sar_segment_seqnum');
  if (reference === undefined || total === undefined || sequence === undefined || total < 2) return undefined;
  return Buffer.from([6, 8, 4, (reference >> 8) & 0xff, reference & 0xff, total, sequence]).toString('hex');
}
