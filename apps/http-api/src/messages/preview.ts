import type { Decision } from '@heliograph/accept';
import type { Content } from '@heliograph/message';
import { countSegments, isGsm } from '@heliograph/segment';
import { creditsText } from '../credits/credits.ts';
import { forcesUcs2Max, type encodings, type SubmissionBody } from './schema.ts';
import { refusalOf } from './submit.ts';

/** What would come of a body, from what would be decided of each recipient, in their order. */
export function previewOf(body: SubmissionBody, decisions: readonly Decision[]) {
  const to = [body.to].flat();
  const taken = decisions.flatMap((decision) => (decision.ok ? [decision] : []));
  return {
    messages: decisions.map((decision, i) =>
      decision.ok ? previewed(decision) : { to: to[i] ?? '', error: refusalOf(decision, body, i) },
    ),
    total: {
      messages: taken.length,
      segments: taken.reduce((sum, { message }) => sum + message.segments, 0),
      credits: creditsText(taken.reduce((sum, { microCredits }) => sum + microCredits, 0n)),
    },
    forcesUcs2: notGsm(body.text ?? ''),
  };
}

function previewed({ message: { to, content, segments, test }, microCredits }: Extract<Decision, { ok: true }>) {
  return { to, ...measure(content, segments), segments, credits: creditsText(microCredits), test: test === true };
}

function measure(content: Content, segments: number) {
  const { encoding, ...measured } = content.kind === 'text' ? measureText(content.text) : measureOctets(content);
  const [alone, ofSeveral] = unitsPerSegment[encoding];
  return { encoding, ...measured, unitsPerSegment: segments === 1 ? alone : ofSeveral };
}

function measureText(text: string) {
  const { alphabet, units } = countSegments(text);
  const octets = alphabet === 'gsm' ? Math.ceil((units * 7) / 8) : units * 2;
  return { encoding: encodingOf[alphabet], characters: [...text].length, units, octets };
}

function measureOctets({ octets: data, udh = '' }: Extract<Content, { kind: 'binary' }>) {
  const octets = Buffer.byteLength(data, 'base64') + udh.length / 2;
  return { encoding: 'binary' as const, characters: 0, units: octets, octets };
}

const encodingOf = { gsm: 'gsm7', ucs2: 'ucs2' } as const;

/**
 * What a segment alone, and each of several, holds: 140 octets, less the 6 of a concatenation header (3GPP TS 23.040 §9.2.3.24.1). Septets:
 * 140 * 8 / 7 = 160, 134 * 8 / 7 = 153.1; UTF-16 units: 140 / 2 = 70, 134 / 2 = 67. Octets are not cut.
 */
const unitsPerSegment: Readonly<Record<(typeof encodings)[number], readonly [alone: number, ofSeveral: number]>> = {
  gsm7: [160, 153],
  ucs2: [70, 67],
  binary: [140, 140],
};

/** The first different ones, in the order of the text. */
function notGsm(text: string): string[] {
  const found = new Set<string>();
  for (const character of text) {
    if (!isGsm(character)) found.add(character);
    if (found.size === forcesUcs2Max) break;
  }
  return [...found];
}
