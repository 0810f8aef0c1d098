import type { Content, InboundDelivered, InboundDue } from '@heliograph/message';
import { encodeGsm, encodeLatin1, encodeUcs2, type DefaultAlphabet } from '@heliograph/segment';
import { esmClass, tlvs } from '@heliograph/smpp';
import type { DeliverSm } from './notify.ts';

/**
 * A handset's message as the deliver_sm that carry it (SMPP 3.4 §4.6): one, or, above the 140 octets of a short message, one for each part, in
 * order, with an 8-bit reference (3GPP TS 23.040 §9.2.3.24.1). `defaultAlphabet`: what data_coding 0 is to the client.
 */
export function deliverSmsOf({ inbound }: InboundDue, defaultAlphabet: DefaultAlphabet): DeliverSm[] {
  const { dataCoding, octets, sizeAfter, tied } = bodyOf(inbound.content, defaultAlphabet);
  const header = Buffer.from(inbound.content.udh ?? '', 'hex');
  const addresses = { ...addressed('source', inbound.from), ...addressed('dest', inbound.to) };
  const common = { command: 'deliver_sm', ...addresses, data_coding: dataCoding } as const;
  const whole = { ...common, esm_class: header.length > 0 ? esmClass.UDHI : esmClass.TYPE_DEFAULT };
  if (octets.length <= sizeAfter(header.length)) return [{ ...whole, short_message: Buffer.concat([header, octets]), tlvs: [] }];

  const size = sizeAfter(Math.max(1, header.length) + concatOctets);
  const bodies = size < sizeMin ? [] : cut(octets, size, tied);
  const total = bodies.length;
  if (total === 0 || total > partsMax) return [{ ...whole, tlvs: tlvs({ message_payload: Buffer.concat([header, octets]) }) }];
  // the same each time it is handed over: who has some of its parts already can use them
  const reference = Number.parseInt(inbound.id.slice(-2), 16);
  return bodies.map((body, i) => ({
    ...common,
    esm_class: esmClass.UDHI,
    short_message: Buffer.concat([headerWith(header, [0x00, 3, reference, total, i + 1]), body]),
    tlvs: [],
  }));
}

export function inboundDelivered({ inbound, tenant }: InboundDue, attempt: number, nowMs: number): InboundDelivered {
  return { type: 'inbound.delivered', at: nowMs, inboundId: inbound.id, tenant, via: 'smpp', attempt };
}

/** Of a part's header: the element that tells which it is. */
const concatOctets = 5;
const partsMax = 255;
/** What a foreign header leaves of a part must be worth sending; else all goes in message_payload. */
const sizeMin = 20;

interface Body {
  readonly dataCoding: number;
  /** Septets one in each octet, as SMPP has them. */
  readonly octets: Buffer;
  /** Octets that fit behind a header of so many. */
  readonly sizeAfter: (headerOctets: number) => number;
  /** How many octets before `at` belong with what follows. */
  readonly tied: (octets: Buffer, at: number) => number;
}

const nothing = (): number => 0;
const escapeSeptet = 0x1b;

/** In the client's default alphabet where it is of it, else in UCS-2. */
function bodyOf(content: Content, defaultAlphabet: DefaultAlphabet): Body {
  if (content.kind === 'binary') {
    return { dataCoding: 4, octets: Buffer.from(content.octets, 'base64'), sizeAfter: (header) => 140 - header, tied: nothing };
  }
  const { text } = content;
  if (defaultAlphabet === 'gsm') {
    const octets = encodeGsm(text);
    const sizeAfter = (header: number): number => Math.floor(((140 - header) * 8) / 7);
    if (octets) return { dataCoding: 0, octets, sizeAfter, tied: (septets, at) => (septets[at - 1] === escapeSeptet ? 1 : 0) };
  } else {
    const octets = encodeLatin1(text);
    if (octets) return { dataCoding: 0, octets, sizeAfter: (header) => 140 - header, tied: nothing };
  }
  const highSurrogate = (octets: Buffer, at: number): boolean => ((octets[at] as number) & 0xfc) === 0xd8;
  return {
    dataCoding: 8,
    octets: encodeUcs2(text),
    sizeAfter: (header) => (140 - header) & ~1,
    tied: (octets, at) => (highSurrogate(octets, at - 2) ? 2 : 0),
  };
}

/** As full as they can be without splitting an escape from its septet, or a surrogate pair. */
function cut(octets: Buffer, size: number, tied: Body['tied']): Buffer[] {
  const bodies: Buffer[] = [];
  for (let at = 0; at < octets.length;) {
    const full = at + size;
    const end = full < octets.length ? full - tied(octets, full) : octets.length;
    bodies.push(octets.subarray(at, end));
    at = end;
  }
  return bodies;
}

function headerWith(header: Buffer, element: readonly number[]): Buffer {
  const others = header.subarray(1);
  return Buffer.concat([Buffer.from([element.length + others.length, ...element]), others]);
}

/** §5.2.5: international, alphanumeric, or, of a number as the provider had it, unknown. */
function addressed(side: 'source' | 'dest', address: string): Partial<DeliverSm> {
  const digits = address.replace(/^\+(?=\d+$)/, '');
  const [ton, npi] = digits !== address ? [1, 1] : /^[\d*#]*$/.test(address) ? [0, 1] : [5, 0];
  // what a C-octet string of 21 can carry (§4.6.1)
  const addr = digits.replaceAll(/[^\x01-\xff]/g, '?').slice(0, 20);
  return side === 'source'
    ? { source_addr: addr, source_addr_ton: ton, source_addr_npi: npi }
    : { destination_addr: addr, dest_addr_ton: ton, dest_addr_npi: npi };
}
