import { decodeShortMessage, joinSegments, parseUdh, unpackSeptets, type Concat, type DefaultAlphabet } from '@heliograph/segment';
import { createDistinct, hashOf } from './distinct.ts';

/** A segment as it came. `octets` may be a view of the socket's buffer: it is copied here. */
export interface TakenSegment {
  readonly from: string;
  readonly to: string;
  readonly dataCoding: number;
  readonly udhi: boolean;
  readonly octets: Uint8Array;
  /** Where TLVs say which part of which message it is (SMPP 3.4 §5.3.2.22 to 24). */
  readonly sar?: Concat;
  /** The other TLVs, but for message_payload. */
  readonly tlvs?: readonly ReceivedTlv[];
  /** As in submit_sm_resp. */
  readonly id: string;
  /** Unix ms. */
  readonly atMs: number;
}

/** `value` in hex. */
export interface ReceivedTlv {
  readonly tag: number;
  readonly value: string;
}

/** What the carrier takes data_coding 0 for: `packed` is GSM 03.38, eight septets in seven octets. */
export type InboxAlphabet = DefaultAlphabet | 'packed';

/** A whole message as a handset would show it. Binary ones have `octets`, in hex, and an empty text. */
export interface ReceivedMessage {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly octets?: string;
  readonly parts: number;
  readonly dataCoding: number;
  /** Of the first part. */
  readonly tlvs?: readonly ReceivedTlv[];
  /** Provider ids of the parts, in order. */
  readonly ids: readonly string[];
  /** Unix ms of the last part. */
  readonly atMs: number;
}

export interface InboxCounts {
  /** Whole messages, repeated ones included. */
  readonly messages: number;
  /** Different by destination and content. */
  readonly distinct: number;
  readonly distinctExact: boolean;
  readonly duplicates: number;
  /** Messages that still lack a part. */
  readonly incomplete: number;
  /** Incomplete ones given up because there were too many. */
  readonly incompleteDropped: number;
}

/** What the carrier was sent: the newest messages to look at, and counts over all of them. */
export interface Inbox {
  take(segment: TakenSegment): void;
  /** Newest last. Only the newest `messagesMax` are kept. */
  find(filter?: { to?: string; limit?: number }): ReceivedMessage[];
  readonly counts: InboxCounts;
}

type Kept = { readonly parts: readonly TakenSegment[] };
type Partial = { readonly parts: (TakenSegment | undefined)[]; missing: number };

export interface InboxOptions {
  /** Default 10,000. */
  readonly messagesMax?: number;
  /** Default 1,000. */
  readonly partialsMax?: number;
  /** Default `gsm`. */
  readonly alphabet?: InboxAlphabet;
  /** Told of each message when its last part has come. */
  readonly onWhole?: (message: ReceivedMessage) => void;
}

export function createInbox({ messagesMax = 10_000, partialsMax = 1_000, alphabet = 'gsm', onWhole }: InboxOptions = {}): Inbox {
  const ring: Kept[] = [];
  let oldest = 0;
  const partials = new Map<string, Partial>();
  const distinct = createDistinct();
  let messages = 0;
  let incompleteDropped = 0;

  function keep(parts: readonly TakenSegment[]): void {
    messages++;
    onWhole?.(read(parts, alphabet));
    const [first] = parts;
    if (first) distinct.add(hashOf(`${first.to} ${first.dataCoding}`, parts.length === 1 ? [first.octets] : parts.map(bodyOf)));
    if (ring.length < messagesMax) return void ring.push({ parts });
    ring[oldest] = { parts };
    oldest = (oldest + 1) % messagesMax;
  }

  function takePart(segment: TakenSegment, { reference, total, sequence }: Concat): void {
    const key = `${segment.from} ${segment.to} ${reference} ${total}`;
    let partial = partials.get(key);
    if (!partial) partials.set(key, (partial = { parts: new Array<undefined>(total).fill(undefined), missing: total }));
    if (partial.parts[sequence - 1] === undefined) partial.missing--;
    partial.parts[sequence - 1] = segment;
    if (partial.missing === 0) {
      partials.delete(key);
      keep(partial.parts as TakenSegment[]);
    } else if (partials.size > partialsMax) {
      incompleteDropped++;
      for (const eldest of partials.keys()) return void partials.delete(eldest);
    }
  }

  return {
    take(given) {
      const segment = { ...given, octets: Buffer.from(given.octets) };
      const concat = concatOf(segment);
      if (concat) takePart(segment, concat);
      else keep([segment]);
    },
    find({ to, limit = messagesMax } = {}) {
      const inOrder = [...ring.slice(oldest), ...ring.slice(0, oldest)];
      const wanted = to === undefined ? inOrder : inOrder.filter(({ parts }) => parts[0]?.to === to);
      return (limit > 0 ? wanted.slice(-limit) : []).map(({ parts }) => read(parts, alphabet));
    },
    get counts() {
      return {
        messages,
        distinct: distinct.count,
        distinctExact: distinct.exact,
        duplicates: distinct.exact ? messages - distinct.count : 0,
        incomplete: partials.size,
        incompleteDropped,
      };
    },
  };
}

/** What a segment says by itself; undefined for one of several parts. */
export function wholeOf(segment: TakenSegment, alphabet: InboxAlphabet): ReceivedMessage | undefined {
  return concatOf(segment) ? undefined : read([segment], alphabet);
}

function concatOf({ sar, udhi, octets }: TakenSegment): Concat | undefined {
  return sar ?? (udhi ? parseUdh(octets)?.concat : undefined);
}

/** Decoded only when somebody looks: a benchmark's millions never are. */
function read(parts: readonly TakenSegment[], alphabet: InboxAlphabet): ReceivedMessage {
  const first = parts[0] as TakenSegment;
  const decoded = parts.map((part) => decodeShortMessage(alphabet === 'packed' ? unpacked(part) : asSent(part, alphabet)));
  const texts = decoded.flatMap((part) =>
    part.kind === 'text' ? [{ udh: part.udh?.octets, body: part.octets, alphabet: part.alphabet }] : [],
  );
  const binary = texts.length < parts.length;
  return {
    from: first.from,
    to: first.to,
    text: binary ? '' : joinSegments(texts),
    ...(binary ? { octets: Buffer.concat(decoded.map(({ octets }) => octets)).toString('hex') } : {}),
    parts: parts.length,
    dataCoding: first.dataCoding,
    ...(first.tlvs ? { tlvs: first.tlvs } : {}),
    ids: parts.map(({ id }) => id),
    atMs: Math.max(...parts.map(({ atMs }) => atMs)),
  };
}

function asSent({ dataCoding, octets, udhi }: TakenSegment, defaultAlphabet: DefaultAlphabet) {
  // 0x10 to 0x1F name their alphabet, the default is that of 0x00 alone
  const named = dataCoding === 0 ? defaultAlphabet : 'gsm';
  return { dataCoding: withoutClass(dataCoding), octets, udhi, defaultAlphabet: named };
}

/** As an SMSC does it: sm_length tells octets only, and all the septets that are in them count. */
function unpacked(segment: TakenSegment) {
  const sent = asSent(segment, 'gsm');
  if (sent.dataCoding !== 0) return sent;
  const header = bodyOf(segment).byteOffset - segment.octets.byteOffset;
  const septets = Math.floor((segment.octets.length * 8) / 7) - Math.ceil((header * 8) / 7);
  const body = unpackSeptets(bodyOf(segment), septets, header);
  return { ...sent, octets: Buffer.concat([segment.octets.subarray(0, header), body]) };
}

/** General data coding group with a message class, 3GPP TS 23.038 §4: bits 3 and 2 alone name the alphabet. */
function withoutClass(dataCoding: number): number {
  return (dataCoding & 0xf0) === 0x10 ? dataCoding & 0x0c : dataCoding;
}

function bodyOf({ octets, udhi }: TakenSegment): Uint8Array {
  return octets.subarray(udhi ? (parseUdh(octets)?.length ?? 0) : 0);
}
