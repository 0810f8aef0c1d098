import { decodeGsm, encodeGsm } from './gsm.ts';
import { decodeLatin1, decodeUcs2, encodeLatin1, encodeUcs2 } from './octets.ts';
import { parseUdh } from './udh.ts';
import type { Udh } from './udh.ts';

/** What data_coding 0 means on a link: SMPP 3.4 §5.2.19 leaves it to the SMSC. */
export type DefaultAlphabet = 'gsm' | 'latin1';

export type TextAlphabet = 'gsm' | 'latin1' | 'ucs2';

/** The SMPP fields that carry a text: `octets` is short_message or message_payload, `udhi` bit 6 of esm_class (0x40). */
export type ShortMessage = { dataCoding: number; octets: Uint8Array; udhi: boolean; defaultAlphabet?: DefaultAlphabet | undefined };

/** `octets` is the body without the header. `alphabet` and `octets` are what `joinSegments` wants of a part of several. */
export type DecodedShortMessage =
  { kind: 'text'; text: string; alphabet: TextAlphabet; octets: Buffer; udh?: Udh } | { kind: 'binary'; octets: Buffer; udh?: Udh };

export type EncodeShortMessageInput = {
  text: string;
  /** 0, 1, 3, 8 or 0xF0 to 0xFF without bit 2. By default 0 when the text is in the default alphabet, otherwise 8. */
  dataCoding?: number | undefined;
  defaultAlphabet?: DefaultAlphabet | undefined;
  /** Put in front, its length octet included. */
  udh?: Uint8Array | undefined;
};

export type EncodedShortMessage = { ok: true; dataCoding: number; octets: Buffer; udhi: boolean } | { ok: false; reason: 'not_encodable' };

type Coding = 'default' | TextAlphabet | 'binary';

const defaultCoding = 0x00;
const ucs2Coding = 0x08;

/** data_coding to what the octets hold. SMPP 3.4 §5.2.19; what is not listed is passed on untouched. */
const codings: readonly Coding[] = buildCodings();

/** The text or data of a short message; never throws. A header that claims more than there is makes the whole binary. */
export function decodeShortMessage({ dataCoding, octets, udhi, defaultAlphabet = 'gsm' }: ShortMessage): DecodedShortMessage {
  const udh = udhi ? parseUdh(octets) : undefined;
  const body = Buffer.from(octets.subarray(udh?.length ?? 0));
  const header = udh && { udh };
  const coding = udhi && udh === undefined ? 'binary' : (codings[dataCoding] ?? 'binary');
  if (coding === 'binary') return { kind: 'binary', octets: body, ...header };
  const alphabet = alphabetOf(coding, body, defaultAlphabet);
  return { kind: 'text', text: decoders[alphabet](body), alphabet, octets: body, ...header };
}

/** The reverse, for one segment; its length is the caller's care. `not_encodable`: a character or data_coding that cannot be had. */
export function encodeShortMessage({ text, dataCoding, defaultAlphabet = 'gsm', udh }: EncodeShortMessageInput): EncodedShortMessage {
  const asked = dataCoding ?? defaultCoding;
  let body = encodeAs(text, asked, defaultAlphabet);
  const fallback = body === undefined && dataCoding === undefined;
  if (fallback) body = encodeUcs2(text);
  if (body === undefined) return { ok: false, reason: 'not_encodable' };
  return { ok: true, dataCoding: fallback ? ucs2Coding : asked, octets: udh ? Buffer.concat([udh, body]) : body, udhi: udh !== undefined };
}

function buildCodings(): Coding[] {
  const table = new Array<Coding>(256).fill('binary');
  table[defaultCoding] = 'default';
  table[0x01] = 'latin1'; // IA5 is ASCII; clients that set it send Latin-1 as well, of which ASCII is the lower half
  table[0x03] = 'latin1';
  table[ucs2Coding] = 'ucs2';
  // Message class (3GPP TS 23.038 §4, coding group 1111): bit 2 tells 8-bit data from the GSM default alphabet.
  for (let coding = 0xf0; coding <= 0xff; coding++) if ((coding & 0x04) === 0) table[coding] = 'gsm';
  return table;
}

/**
 * A septet has no bit 7. Many clients send Latin-1 with data_coding 0 all the same, because their library's default was written for a link
 * where that is the default: an octet above 0x7F gives them away, and reading it as GSM could only produce garbage.
 */
function alphabetOf(coding: Exclude<Coding, 'binary'>, body: Buffer, defaultAlphabet: DefaultAlphabet): TextAlphabet {
  const alphabet = coding === 'default' ? defaultAlphabet : coding;
  return alphabet === 'gsm' && body.some((octet) => octet > 0x7f) ? 'latin1' : alphabet;
}

function encodeAs(text: string, dataCoding: number, defaultAlphabet: DefaultAlphabet): Buffer | undefined {
  const coding = codings[dataCoding] ?? 'binary';
  return coding === 'binary' ? undefined : encoders[coding === 'default' ? defaultAlphabet : coding](text);
}

const decoders: Record<TextAlphabet, (octets: Uint8Array) => string> = { gsm: decodeGsm, latin1: decodeLatin1, ucs2: decodeUcs2 };
const encoders: Record<TextAlphabet, (text: string) => Buffer | undefined> = { gsm: encodeGsm, latin1: encodeLatin1, ucs2: encodeUcs2 };
