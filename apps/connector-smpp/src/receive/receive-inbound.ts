import { esmClass, getTlv, type PduOf } from '@heliograph/smpp';
import type { InboundPart, InboundReceived } from '@heliograph/message';
import type { SmppConnectorSettings } from '@heliograph/registry';
import { decodeShortMessage, parseUdh, unpackSeptets, type Udh } from '@heliograph/segment';

type Pdu = PduOf<'deliver_sm'> | PduOf<'data_sm'>;

export interface InboundFacts {
  readonly connector: string;
  readonly group: string;
  readonly text: Pick<SmppConnectorSettings, 'defaultAlphabet' | 'gsmPacking'>;
}

/** 8-bit data (SMPP 3.4 §5.2.19). */
const eightBit = 4;

/** A handset's message as an event: whatever is wrong with it, it is one. */
export function inboundOf(pdu: Pdu, facts: InboundFacts, now: number, newId: () => string): InboundReceived {
  const { defaultAlphabet: alphabet } = facts.text;
  const from = { addr: pdu.source_addr, ton: pdu.source_addr_ton, npi: pdu.source_addr_npi };
  const to = { addr: pdu.destination_addr, ton: pdu.dest_addr_ton, npi: pdu.dest_addr_npi };
  const { connector, group } = facts;
  return { type: 'inbound.received', at: now, id: newId(), connector, group, from, to, alphabet, ...userDataIn(pdu, facts.text) };
}

/** short_message, or message_payload where that is empty (SMPP 3.4 §4.6.1). */
export function userDataOf(pdu: Pdu): Buffer {
  const inline = pdu.command === 'deliver_sm' && pdu.short_message.length > 0 ? pdu.short_message : undefined;
  return inline ?? getTlv(pdu.tlvs, 'message_payload') ?? Buffer.alloc(0);
}

function userDataIn(pdu: Pdu, text: InboundFacts['text']): Pick<InboundPart, 'dataCoding' | 'octets' | 'udh' | 'part'> {
  const octets = userDataOf(pdu);
  const headed = (pdu.esm_class & esmClass.UDHI) !== 0;
  const header = headed ? parseUdh(octets) : undefined;
  // a header that claims more than there is: where the text begins is not known, so all of it is kept as octets
  if (headed && header === undefined) return { dataCoding: eightBit, octets: octets.toString('base64') };
  const body = octets.subarray(header?.length ?? 0);
  const udh = header && otherElements(header);
  const part = partOf(header?.concat) ?? partOf(sarOf(pdu));
  return {
    dataCoding: pdu.data_coding,
    octets: (isPacked(pdu.data_coding, text) ? unpacked(body, header?.length ?? 0) : body).toString('base64'),
    ...(udh === undefined ? {} : { udh }),
    ...(part === undefined ? {} : { part }),
  };
}

/** Concatenated short messages, 8-bit and 16-bit reference (3GPP TS 23.040 §9.2.3.24.1, .8). */
const concatenation: ReadonlySet<number> = new Set([0x00, 0x08]);

/** A header that cannot be read (then it has no elements) stays as it is: somebody may know better. */
function otherElements({ octets, elements }: Udh): string | undefined {
  if (elements.length === 0) return octets.length > 1 ? octets.toString('hex') : undefined;
  const others = elements.filter(({ id }) => !concatenation.has(id));
  if (others.length === 0) return undefined;
  const rest = Buffer.concat(others.flatMap(({ id, data }) => [Buffer.from([id, data.length]), data]));
  return Buffer.concat([Buffer.from([rest.length]), rest]).toString('hex');
}

/** Undefined for what is no part: one of one, or none that there can be. */
function partOf(told: { readonly reference: number; readonly total: number; readonly sequence: number } | undefined): InboundPart['part'] {
  return told !== undefined && told.total >= 2 && told.sequence >= 1 && told.sequence <= told.total ? told : undefined;
}

/** SMPP 3.4 §5.3.2.22 to .24: all three, or they mean nothing. */
function sarOf({ tlvs }: Pdu): InboundPart['part'] {
  const [reference, total, sequence] = [
    getTlv(tlvs, 'sar_msg_ref_num'),
    getTlv(tlvs, 'sar_total_segments'),
    getTlv(tlvs, 'sar_segment_seqnum'),
  ];
  return reference === undefined || total === undefined || sequence === undefined ? undefined : { reference, total, sequence };
}

/** Whether the octets hold septets in seven eighths of them. */
function isPacked(dataCoding: number, { defaultAlphabet, gsmPacking }: InboundFacts['text']): boolean {
  if (gsmPacking !== 'packed') return false;
  const decoded = decodeShortMessage({
    dataCoding,
    octets: Buffer.alloc(0),
    udhi: false,
    defaultAlphabet: defaultAlphabet === 'gsm' ? 'gsm' : 'latin1',
  });
  return decoded.kind === 'text' && decoded.alphabet === 'gsm';
}

/** 3GPP TS 23.038 §6.1.2.3.1: where seven bits are left over they are a carriage return, or, of who does not heed that, zero. */
const filling: ReadonlySet<number> = new Set([0x0d, 0x00]);

/** sm_length counts octets, so how many septets there are is not told: as many as there is room for, but for one that may fill the last octet. */
function unpacked(octets: Buffer, headerOctets: number): Buffer {
  const septets = unpackSeptets(octets, octets.length * 2, headerOctets);
  const bits = (headerOctets + octets.length) * 8;
  return bits % 7 === 0 && filling.has(septets.at(-1) ?? -1) ? septets.subarray(0, -1) : septets;
}
