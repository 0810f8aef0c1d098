import { parseE164 } from '@heliograph/e164';
import type { Content, InboundMessage, InboundPart, InboundReceived, Sender } from '@heliograph/message';
import { decodeShortMessage, joinSegments, type DecodedShortMessage } from '@heliograph/segment';

/** A part with the place that it has. */
export interface NumberedPart {
  readonly sequence: number;
  readonly event: InboundReceived;
}

/** Stands where a part is missing. */
export const gap = '\u2026';

/** What came in one. */
export function messageOf(event: InboundReceived): InboundMessage {
  return { ...headOf(event), content: contentOf([{ sequence: 1, event }], 1), receivedAtMs: event.at, parts: 1 };
}

/** What came in parts: `id` is that of the first that came, of which it has the time. What is not among `parts` is missing. */
export function joinedMessage(id: string, parts: readonly NumberedPart[]): InboundMessage {
  const { event: first } = parts.find(({ event }) => event.id === id) ?? (parts[0] as NumberedPart);
  const total = first.part?.total ?? parts.length;
  const inOrder = [...parts].sort((a, b) => a.sequence - b.sequence);
  const there = new Set(inOrder.map(({ sequence }) => sequence));
  const missing = Array.from({ length: total }, (_, i) => i + 1).filter((sequence) => !there.has(sequence));
  return {
    ...headOf(first),
    id,
    content: contentOf(inOrder, total),
    receivedAtMs: first.at,
    parts: total,
    ...(missing.length > 0 ? { missing } : {}),
  };
}

/** A part that came when the others had been handed on. */
export function lateMessage({ sequence, event }: NumberedPart): InboundMessage {
  return { ...messageOf(event), parts: event.part?.total ?? 1, late: sequence };
}

function headOf({ id, connector, from, to }: InboundReceived): Pick<InboundMessage, 'id' | 'connector' | 'from' | 'to'> {
  return { id, connector, from: addressOf(from), to: addressOf(to) };
}

/** E.164 with its plus sign, or as it came: a short code, a national number, a name. */
export function addressOf({ addr, ton, npi }: Sender): string {
  const parsed = parseE164(addr, { ton, npi });
  return parsed.ok ? parsed.number : addr;
}

function contentOf(inOrder: readonly NumberedPart[], total: number): Content {
  const decoded = inOrder.map(({ sequence, event }) => ({ sequence, body: decode(event) }));
  // headers are alike in all parts, but for what told the parts
  const udh = inOrder.find(({ event }) => event.udh !== undefined)?.event.udh;
  const header = udh === undefined ? {} : { udh };
  if (decoded.some(({ body }) => body.kind === 'binary'))
    return { kind: 'binary', octets: Buffer.concat(decoded.map(({ body }) => body.octets)).toString('base64'), ...header };
  return { kind: 'text', text: textOf(decoded as readonly TextPart[], total), ...header };
}

function decode({ dataCoding, octets, alphabet }: InboundPart): DecodedShortMessage {
  return decodeShortMessage({
    dataCoding,
    octets: Buffer.from(octets, 'base64'),
    udhi: false,
    // ASCII is the lower half of Latin-1
    defaultAlphabet: alphabet === 'gsm' ? 'gsm' : 'latin1',
  });
}

interface TextPart {
  readonly sequence: number;
  readonly body: Extract<DecodedShortMessage, { kind: 'text' }>;
}

/** Parts that follow each other are decoded together: a surrogate pair or an escape may be cut between two. */
function textOf(parts: readonly TextPart[], total: number): string {
  const latin1 = parts.some(({ body }) => body.alphabet === 'latin1');
  const runs: TextPart[][] = [];
  for (const part of parts) {
    const run = runs.at(-1);
    if (run?.at(-1)?.sequence === part.sequence - 1) run.push(part);
    else runs.push([part]);
  }
  const texts = runs.map((run) =>
    // one that sends Latin-1 as data_coding 0 is known by some of its parts only (libs/segment, joinSegments)
    joinSegments(run.map(({ body }) => ({ body: body.octets, alphabet: latin1 && body.alphabet === 'gsm' ? 'latin1' : body.alphabet }))),
  );
  const begin = parts[0]?.sequence === 1 ? '' : gap;
  const end = parts.at(-1)?.sequence === total ? '' : gap;
  return begin + texts.join(gap) + end;
}
