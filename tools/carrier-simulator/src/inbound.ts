import { encodeShortMessage, packSeptets } from '@heliograph/segment';
import { esmClass, tlvs, type PduOf, type RequestOutcome, type Tlv } from '@heliograph/smpp';
import { z } from 'zod';
import type { InboxAlphabet } from './inbox.ts';

export const partKinds = ['udh', 'udh16', 'sar', 'payload'] as const;

const address = z.string().regex(/^\+?[\x20-\x7e]{1,20}$/, 'must have 1 to 20 characters of ASCII');
const partNumbers = z.array(z.int().min(1).max(255)).max(1_000);

/** A message of a handset. */
export const inboundRequest = z.strictObject({
  /** With a plus sign, or more than 8 digits: international. With letters: alphanumeric. Else as it stands, type of number unknown. */
  from: address,
  to: address,
  text: z.string().optional(),
  /** In the place of a text: hex. */
  octets: z
    .string()
    .regex(/^([0-9a-fA-F]{2})*$/, 'must be hex')
    .optional(),
  /** Default: 0 for a text in what that means here, 8 for another, 4 for octets. */
  dataCoding: z.int().min(0).max(255).optional(),
  /** How a long one is sent: in parts told by 8- or 16-bit headers, or by SAR TLVs; whole in message_payload. Default `udh`. */
  parts: z.enum(partKinds).optional(),
  /** Of the parts; default one that was not used lately. */
  reference: z.int().min(0).max(0xffff).optional(),
  /** The parts that are sent, in this order, from 1; one may come again. Default: all, in theirs. */
  order: partNumbers.optional(),
  /** Parts that are not sent. */
  drop: partNumbers.optional(),
  /** Goes to its sessions; default: to anybody's who is bound to receive. */
  systemId: z.string().max(15).optional(),
});

export type InboundRequest = Readonly<z.input<typeof inboundRequest>>;

/** `refused`: it cannot be made; `nobody`: none is bound to receive it. */
export type InboundSent =
  | {
      readonly ok: true;
      readonly reference: number;
      /** Of the whole message. */
      readonly parts: number;
      /** In the order they were sent: the command_status, or that there was none. */
      readonly answers: readonly { readonly part: number; readonly status: number | 'timeout' | 'closed' }[];
    }
  | { readonly ok: false; readonly reason: 'refused' | 'nobody'; readonly detail: string };

export type DeliverSm = Partial<Omit<PduOf<'deliver_sm'>, 'command' | 'sequence'>> & { readonly command: 'deliver_sm' };

const partsMax = 255;
/** The length of a TLV has 16 bits. */
const payloadMax = 0xffff;

/** The deliver_sm of each part, in the order of the text; a text: why there are none. */
export function inboundPdus(
  request: InboundRequest,
  { reference, alphabet }: { reference: number; alphabet: InboxAlphabet },
): DeliverSm[] | string {
  const body = bodyOf(request, alphabet);
  if (typeof body === 'string') return body;
  const addresses = { ...addressed('source', request.from), ...addressed('dest', request.to) };
  const { dataCoding, octets } = body;
  const common = { command: 'deliver_sm', ...addresses, data_coding: dataCoding } as const;
  const septets = dataCoding === 0 && alphabet !== 'latin1';
  const packed = septets && alphabet === 'packed';
  const whole = packed ? packSeptets(octets) : octets;
  const { parts: kind = 'udh' } = request;
  if (kind === 'payload' && whole.length > payloadMax) return `${whole.length} octets, more than ${payloadMax}`;
  if (kind === 'payload') return [{ ...common, tlvs: tlvs({ message_payload: whole }) }];
  if (octets.length <= (septets ? 160 : 140)) return [{ ...common, short_message: whole }];

  const bodies = cut(octets, sizeOf(kind, septets));
  const total = bodies.length;
  if (total > partsMax) return `${total} parts, more than ${partsMax}`;
  return bodies.map((part, i) => {
    const { header, beside } = tellingPart[kind]({ reference, total, sequence: i + 1 });
    const shortMessage = Buffer.concat([header, packed ? packSeptets(part, header.length) : part]);
    return { ...common, short_message: shortMessage, esm_class: header.length > 0 ? esmClass.UDHI : 0, tlvs: beside };
  });
}

function bodyOf({ text, octets, dataCoding }: InboundRequest, alphabet: InboxAlphabet): { dataCoding: number; octets: Buffer } | string {
  if ((text === undefined) === (octets === undefined)) return 'either text or octets';
  if (octets !== undefined) return { dataCoding: dataCoding ?? 4, octets: Buffer.from(octets, 'hex') };
  const encoded = encodeShortMessage({ text: text as string, dataCoding, defaultAlphabet: alphabet === 'packed' ? 'gsm' : alphabet });
  return encoded.ok ? encoded : 'the text is not in that data_coding';
}

function addressed(side: 'source' | 'dest', address: string): Record<string, string | number> {
  const digits = address.replace(/^\+/, '');
  const [ton, npi] = !/^\d+$/.test(digits) ? [5, 0] : digits !== address || digits.length > 8 ? [1, 1] : [0, 1];
  const name = side === 'source' ? 'source_addr' : 'destination_addr';
  return { [name]: digits, [`${side}_addr_ton`]: ton, [`${side}_addr_npi`]: npi };
}

interface Concat {
  readonly reference: number;
  readonly total: number;
  readonly sequence: number;
}

type PartKind = Exclude<(typeof partKinds)[number], 'payload'>;

/** 3GPP TS 23.040 §9.2.3.24.1 and .8; SMPP 3.4 §5.3.2.22 to 24. */
const tellingPart: Record<PartKind, (concat: Concat) => { header: Buffer; beside: Tlv[] }> = {
  udh: ({ reference, total, sequence }) => ({ header: Buffer.from([5, 0x00, 3, reference & 0xff, total, sequence]), beside: [] }),
  udh16: ({ reference, total, sequence }) => ({
    header: Buffer.from([6, 0x08, 4, reference >> 8, reference & 0xff, total, sequence]),
    beside: [],
  }),
  sar: ({ reference, total, sequence }) => ({
    header: Buffer.alloc(0),
    beside: tlvs({ sar_msg_ref_num: reference, sar_total_segments: total, sar_segment_seqnum: sequence }),
  }),
};

/** What is left of 140 octets, as segmentText of libs/segment counts it; an odd octet of UCS-2 is not used. */
function sizeOf(kind: PartKind, septets: boolean): number {
  if (kind === 'udh16') return septets ? 152 : 132;
  return septets ? 153 : 134;
}

/** Where it comes: an escape and its septet, or a surrogate pair, may be in two parts, as those of handsets are. */
function cut(octets: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(octets.length / size) }, (_, i) => octets.subarray(i * size, (i + 1) * size));
}

/** Which parts are sent, in which order. Undefined: there is no such part. */
export function partsSent({ order, drop = [] }: InboundRequest, total: number): number[] | undefined {
  const wanted = order ?? Array.from({ length: total }, (_, i) => i + 1);
  if ([...wanted, ...drop].some((part) => part > total)) return undefined;
  return wanted.filter((part) => !drop.includes(part));
}

export function statusOf(answer: RequestOutcome<'deliver_sm'>): number | 'timeout' | 'closed' {
  if (answer.kind === 'response') return answer.pdu.status;
  return answer.kind === 'malformed' ? answer.status : answer.kind;
}
