import type { SmppConnectorSettings } from '@heliograph/registry';
import { decodeGsm, encodeGsm, encodeUcs2, isGsm, packSeptets, segmentText, type Segment } from '@heliograph/segment';
import type { Content } from '@heliograph/message';

/** How a provider wants its texts. */
export type TextForm = Pick<SmppConnectorSettings, 'defaultAlphabet' | 'gsmPacking' | 'longMessages'>;

/** Which part of which message this is, where TLVs say it: sar_msg_ref_num, sar_total_segments, sar_segment_seqnum (SMPP 3.4 §5.3.2.22 to 24). */
export interface Part {
  readonly reference: number;
  readonly total: number;
  readonly sequence: number;
}

/** What one submit_sm carries; `octets` begin with the user data header where `udhi`. */
export interface Body {
  readonly octets: Buffer;
  readonly udhi: boolean;
  readonly part?: Part;
}

/** `default` is the provider's default alphabet where that is not GSM 03.38. */
export type Coding = 'gsm' | 'default' | 'ucs2' | 'binary';

/** `segmentsEach`: what the provider makes of one body: 1 unless it splits the text itself. */
export type Bodies =
  | { readonly ok: true; readonly coding: Coding; readonly bodies: readonly Body[]; readonly segmentsEach: number }
  | { readonly ok: false; readonly reason: 'too_long' | 'not_encodable' };

/** `reference`: of the parts, 0..65535; cut to 8 bits where the header has no more. `flash` wants GSM 03.38 by name. */
export function bodiesOf(content: Content, flash: boolean, reference: number, form: TextForm): Bodies {
  if (content.kind === 'binary') return whole('binary', withHeader(content.udh, Buffer.from(content.octets, 'base64')));
  const coding = codingOf(content.text, flash, form);
  if (content.udh !== undefined) return headedText(content.text, content.udh, coding, form);
  const { longMessages } = form;
  const alphabet = coding === 'ucs2' ? 'ucs2' : 'gsm';
  const segmented = segmentText(content.text, { alphabet, reference, reference16: longMessages === 'udh16' });
  if (!segmented.ok) return segmented;
  const { segments } = segmented;
  const total = segments.length;
  const octetsOf = encoderOf(coding, form);
  if (total === 1 || longMessages === 'payload') {
    const units = total === 1 ? (segments[0] as Segment).body : Buffer.concat(segments.map(({ body }) => body));
    return { ok: true, coding, bodies: [{ octets: octetsOf(units, 0), udhi: false }], segmentsEach: total };
  }
  const bodies = segments.map(({ udh = Buffer.alloc(0), body }, i): Body => {
    if (longMessages === 'sar') return { octets: octetsOf(body, 0), udhi: false, part: { reference, total, sequence: i + 1 } };
    return { octets: Buffer.concat([udh, octetsOf(body, udh.length)]), udhi: true };
  });
  return { ok: true, coding, bodies, segmentsEach: 1 };
}

/**
 * Only a text that is GSM 03.38 on the air too goes out in the provider's default alphabet: it has the segments it was priced for.
 * What the provider would have to replace or to guess goes out as UCS-2.
 */
function codingOf(text: string, flash: boolean, { defaultAlphabet }: TextForm): Coding {
  if (!isGsm(text)) return 'ucs2';
  if (flash || defaultAlphabet === 'gsm') return 'gsm';
  return inAlphabet[defaultAlphabet].test(text) ? 'default' : 'ucs2';
}

/** Octets and characters are the same numbers in both. */
const inAlphabet = { latin1: /^[\x00-\xff]*$/, ascii: /^[\x00-\x7f]*$/ };

/** The tenant split the message itself, or addresses a port: its header goes out as it came, and the text is not split again. */
function headedText(text: string, udh: string, coding: Coding, form: TextForm): Bodies {
  const units = coding === 'ucs2' ? encodeUcs2(text) : (encodeGsm(text) as Buffer);
  return whole(coding, withHeader(udh, encoderOf(coding, form)(units, udh.length / 2)));
}

/** From UTF-16BE or unpacked septets to what goes over the link, behind a header of that many octets. */
function encoderOf(coding: Coding, { gsmPacking }: TextForm): (units: Buffer, headerOctets: number) => Buffer {
  if (coding === 'default') return (septets) => Buffer.from(decodeGsm(septets), 'latin1');
  if (coding === 'gsm' && gsmPacking === 'packed') return packed;
  return (units) => units;
}

const carriageReturn = Buffer.from([0x0d]);

/**
 * sm_length counts octets, so seven spare bits at the end would be read as one more septet, `@`. A carriage return in them shows as nothing
 * (3GPP TS 23.038 §6.1.2.3.1 does the same for USSD).
 */
function packed(septets: Buffer, headerOctets: number): Buffer {
  const octets = packSeptets(septets, headerOctets);
  const readAs = Math.floor(((headerOctets + octets.length) * 8) / 7) - Math.ceil((headerOctets * 8) / 7);
  return readAs > septets.length ? packSeptets(Buffer.concat([septets, carriageReturn]), headerOctets) : octets;
}

function whole(coding: Coding, body: Body): Bodies {
  return { ok: true, coding, bodies: [body], segmentsEach: 1 };
}

function withHeader(udh: string | undefined, body: Buffer): Body {
  return udh === undefined ? { octets: body, udhi: false } : { octets: Buffer.concat([Buffer.from(udh, 'hex'), body]), udhi: true };
}
