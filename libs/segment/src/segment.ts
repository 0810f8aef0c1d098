import { decodeGsm, encodeGsm, escapeSeptet, gsmCodes, notGsm } from './gsm.ts';
import { decodeLatin1, decodeUcs2, encodeUcs2 } from './octets.ts';
import { concatUdh, parseUdh } from './udh.ts';

/** What a text is sent in: the GSM 7-bit default alphabet with its extension, or UCS-2. */
export type Alphabet = 'gsm' | 'ucs2';

/** `units` are septets (an extension character is two) or UTF-16 units; `segments` is 1 or more, also for an empty text. */
export type SegmentCount = { alphabet: Alphabet; units: number; segments: number };

export type CountOptions = {
  /** Forces UCS-2 although GSM would do. */
  alphabet?: 'ucs2' | undefined;
  /** Count with the 16-bit reference, whose header takes one septet or unit more of every part. */
  reference16?: boolean | undefined;
};

export type SegmentOptions = {
  /** Forces an alphabet; by default GSM when every character is in it, otherwise UCS-2. */
  alphabet?: Alphabet | undefined;
  /** Of all parts of one message; cut to 8 or 16 bits. Callers vary it per message to one handset. Default 0. */
  reference?: number | undefined;
  /** 16-bit reference (3GPP TS 23.040 §9.2.3.24.8). Default false. */
  reference16?: boolean | undefined;
  /** 1 to 255, default 255: the total is one octet of the header. */
  segmentsMax?: number | undefined;
};

/** `udh` (with its length octet) only where there are several. `body`: unpacked septets, one per octet, or UTF-16BE. */
export type Segment = { udh?: Buffer; body: Buffer };

export type Segmented =
  { ok: true; alphabet: Alphabet; units: number; segments: Segment[] } | { ok: false; reason: 'too_long' | 'not_encodable' };

/** One part as received. Octets, not text: senders split escape and surrogate pairs across parts, so text exists only after joining. */
export type JoinPart = { udh?: Uint8Array | undefined; body: Uint8Array; alphabet: Alphabet | 'latin1' };

const partsMax = 255;

/**
 * Units that fit a segment: 140 octets (3GPP TS 23.040 §9.2.3.24.1) alone, less the header of 6 or 7 octets in a part.
 * GSM: 140 * 8 / 7 = 160; (140 - 6) * 8 / 7 = 153.1; (140 - 7) * 8 / 7 = 152. UCS-2: 140 / 2 = 70; (140 - 6) / 2 = 67; (140 - 7) / 2 = 66.5.
 */
const capacity = {
  gsm: { alone: 160, part8: 153, part16: 152 },
  ucs2: { alone: 70, part8: 67, part16: 66 },
} as const;

/** Alphabet, length and number of segments, as `segmentText` would make them, in one pass and without making them. */
export function countSegments(text: string, options?: CountOptions): SegmentCount {
  const reference16 = options?.reference16 === true;
  if (options?.alphabet === 'ucs2') return countUcs2(text, reference16);
  const { alone, part8, part16 } = capacity.gsm;
  const part = reference16 ? part16 : part8;
  let full = 0;
  let inPart = 0;
  let wasted = 0;
  for (let at = 0; at < text.length; at++) {
    const code = gsmCodes[text.charCodeAt(at)]!;
    if (code === notGsm) return countUcs2(text, reference16);
    const cost = 1 + (code >> 7);
    if (inPart + cost > part) {
      wasted += part - inPart;
      full++;
      inPart = 0;
    }
    inPart += cost;
  }
  const units = full * part - wasted + inPart;
  return { alphabet: 'gsm', units, segments: units <= alone ? 1 : full + 1 };
}

/**
 * Splits a text into what fits the air. No part ends between an escape and its septet or within a surrogate pair. `too_long` above
 * `segmentsMax` parts; `not_encodable` when `gsm` is forced on a text that is not.
 */
export function segmentText(text: string, options?: SegmentOptions): Segmented {
  const { alphabet, reference = 0, reference16 = false, segmentsMax = partsMax } = options ?? {};
  const gsm = alphabet === 'ucs2' ? undefined : encodeGsm(text);
  if (gsm === undefined && alphabet === 'gsm') return { ok: false, reason: 'not_encodable' };
  const bodies = gsm ? splitGsm(gsm, reference16) : splitUcs2(text, reference16);
  const total = bodies.length;
  if (total > Math.min(segmentsMax, partsMax)) return { ok: false, reason: 'too_long' };
  const segments: Segment[] =
    total === 1
      ? bodies.map((body) => ({ body }))
      : bodies.map((body, index) => ({ udh: concatUdh({ reference, total, sequence: index + 1 }, reference16), body }));
  return { ok: true, alphabet: gsm ? 'gsm' : 'ucs2', units: gsm ? gsm.length : text.length, segments };
}

/**
 * The text of one message's parts, ordered by their headers (as given where there are none). A part that came twice counts once; a missing one
 * leaves no trace. Parts of one alphabet are decoded together, so pairs that the sender split are whole again.
 */
export function joinSegments(parts: readonly JoinPart[]): string {
  let text = '';
  let run: JoinPart[] = [];
  for (const part of asOneSender(inOrder(parts))) {
    if (run[0] !== undefined && run[0].alphabet !== part.alphabet) {
      text += decodeRun(run);
      run = [];
    }
    run.push(part);
  }
  return text + decodeRun(run);
}

function countUcs2(text: string, reference16: boolean): SegmentCount {
  const units = text.length;
  if (units <= capacity.ucs2.alone) return { alphabet: 'ucs2', units, segments: 1 };
  let segments = 0;
  for (let at = 0; at < units; at = ucs2PartEnd(text, at, reference16)) segments++;
  return { alphabet: 'ucs2', units, segments };
}

function splitUcs2(text: string, reference16: boolean): Buffer[] {
  if (text.length <= capacity.ucs2.alone) return [encodeUcs2(text)];
  const bodies: Buffer[] = [];
  for (let at = 0; at < text.length;) {
    const end = ucs2PartEnd(text, at, reference16);
    bodies.push(encodeUcs2(text.slice(at, end)));
    at = end;
  }
  return bodies;
}

function ucs2PartEnd(text: string, begin: number, reference16: boolean): number {
  const end = begin + (reference16 ? capacity.ucs2.part16 : capacity.ucs2.part8);
  if (end >= text.length) return text.length;
  return isSurrogate(text, end - 1, 0xd800) && isSurrogate(text, end, 0xdc00) ? end - 1 : end;
}

function isSurrogate(text: string, at: number, kind: 0xd800 | 0xdc00): boolean {
  return (text.charCodeAt(at) & 0xfc00) === kind;
}

function splitGsm(septets: Buffer, reference16: boolean): Buffer[] {
  if (septets.length <= capacity.gsm.alone) return [septets];
  const bodies: Buffer[] = [];
  for (let at = 0; at < septets.length;) {
    let end = Math.min(at + (reference16 ? capacity.gsm.part16 : capacity.gsm.part8), septets.length);
    if (end < septets.length && septets[end - 1] === escapeSeptet) end--;
    bodies.push(septets.subarray(at, end));
    at = end;
  }
  return bodies;
}

function inOrder(parts: readonly JoinPart[]): JoinPart[] {
  const bySequence = new Map<number, JoinPart>();
  for (const [index, part] of parts.entries()) {
    const sequence = (part.udh && parseUdh(part.udh)?.concat?.sequence) ?? index + 1;
    if (!bySequence.has(sequence)) bySequence.set(sequence, part);
  }
  return [...bySequence].sort(([a], [b]) => a - b).map(([, part]) => part);
}

/**
 * A client that sends Latin-1 as data_coding 0 is known by octets above 0x7F only (see `decodeShortMessage`), so its parts without any look
 * like GSM. Nobody mixes the two in one message: one Latin-1 part tells of all.
 */
function asOneSender(parts: JoinPart[]): JoinPart[] {
  if (!parts.some(({ alphabet }) => alphabet === 'latin1')) return parts;
  return parts.map((part) => (part.alphabet === 'gsm' ? { ...part, alphabet: 'latin1' } : part));
}

const decoders: Record<JoinPart['alphabet'], (octets: Uint8Array) => string> = { gsm: decodeGsm, ucs2: decodeUcs2, latin1: decodeLatin1 };

function decodeRun(run: readonly JoinPart[]): string {
  const [first] = run;
  return first === undefined ? '' : decoders[first.alphabet](Buffer.concat(run.map(({ body }) => body)));
}
