import type { Content } from '@heliograph/message';
import { countSegments } from '@heliograph/segment';
import { refuse, type Refusal } from './refusal.ts';

/** A concatenated message counts its parts in one octet (3GPP TS 23.040 §9.2.3.24.1). */
export const segmentsMax = 255;
/** User data of one short message, octets (3GPP TS 23.040 §9.2.3.16). */
const userDataOctets = 140;

/** How many segments the content takes: 1 to `atMost`, or why it is not taken. Pure. */
export function countContent(content: Content, atMost: number): { readonly ok: true; readonly segments: number } | Refusal {
  const segments = segmentsOf(content);
  if (segments === 0) return refuse('empty_text', 'the message has no text');
  if (segments > atMost) return refuse('text_too_long', tooLong(content, atMost));
  return { ok: true, segments };
}

/** A message with its own user data header, or of octets, is one short message: we do not cut what we cannot read. */
function segmentsOf(content: Content): number {
  if (content.kind === 'text' && content.udh === undefined) return content.text === '' ? 0 : countSegments(content.text).segments;
  const headerOctets = (content.udh?.length ?? 0) / 2;
  const bodyOctets = content.kind === 'text' ? textOctets(content.text) : Buffer.byteLength(content.octets, 'base64');
  if (bodyOctets === 0 && headerOctets === 0) return 0;
  return headerOctets + bodyOctets <= userDataOctets ? 1 : segmentsMax + 1;
}

function textOctets(text: string): number {
  const { alphabet, units } = countSegments(text);
  return alphabet === 'gsm' ? Math.ceil((units * 7) / 8) : units * 2;
}

function tooLong(content: Content, atMost: number): string {
  return content.kind === 'text' && content.udh === undefined
    ? `the text is longer than ${atMost} segment${atMost === 1 ? '' : 's'}`
    : `data with its own header fits in one segment of ${userDataOctets} octets`;
}
