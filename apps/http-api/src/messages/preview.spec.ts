import { describe, expect, it } from '@jest/globals';
import type { Decision } from '@heliograph/accept';
import type { Content } from '@heliograph/message';
import { testMessage } from '@heliograph/testbed';
import { previewOf } from './preview.ts';
import { preview } from './schema.ts';

const to = '+31612345678';

function taken(content: Content, segments = 1): Decision {
  return { ok: true, message: testMessage({ to, content, segments }), microCredits: 1_500_000n * BigInt(segments) };
}

const text = (words: string): Content => ({ kind: 'text', text: words });

describe('a preview', () => {
  it.each<[string, Content, number, object]>([
    ['of GSM characters', text('Hello'), 1, { encoding: 'gsm7', characters: 5, units: 5, octets: 5, unitsPerSegment: 160 }],
    ['of one that takes two septets', text('10 €'), 1, { encoding: 'gsm7', characters: 4, units: 5, octets: 5, unitsPerSegment: 160 }],
    ['of several GSM segments', text('a'.repeat(161)), 2, { encoding: 'gsm7', units: 161, octets: 141, unitsPerSegment: 153 }],
    ['of UCS-2', text('Привет'), 1, { encoding: 'ucs2', characters: 6, units: 6, octets: 12, unitsPerSegment: 70 }],
    ['of a surrogate pair', text('😀'), 1, { encoding: 'ucs2', characters: 1, units: 2, octets: 4, unitsPerSegment: 70 }],
    ['of several UCS-2 segments', text('я'.repeat(71)), 2, { encoding: 'ucs2', units: 71, octets: 142, unitsPerSegment: 67 }],
    [
      'of octets with a header',
      { kind: 'binary', octets: 'AAEC', udh: '0605040b8423f0' },
      1,
      { encoding: 'binary', characters: 0, units: 10, octets: 10, unitsPerSegment: 140 },
    ],
  ])('%s says how it goes over the air', (_, content, segments, expected) => {
    const shown = previewOf({ to, ...(content.kind === 'text' ? { text: content.text } : { data: content.octets }) }, [
      taken(content, segments),
    ]);
    expect(preview.parse(shown).messages).toMatchObject([{ to, segments, ...expected }]);
  });

  it('sums up those that would be accepted, and gives the others their refusal', () => {
    const body = { to: [to, 'nobody', to], text: 'x' };
    const shown = previewOf(body, [taken(text('x')), { ok: false, reason: 'bad_number', detail: 'no number' }, taken(text('x'))]);
    expect(preview.parse(shown)).toMatchObject({
      messages: [{ credits: '1.500000' }, { to: 'nobody', error: { type: '/problems/bad_number', errors: [{ field: '/to/1' }] } }, { to }],
      total: { messages: 2, segments: 2, credits: '3.000000' },
    });
  });

  it('of a sender that is not possible says so', () => {
    const shown = previewOf({ to, text: 'x', from: 'Abcdefghijklm' }, [{ ok: false, reason: 'bad_sender', detail: 'too long' }]);
    expect(preview.parse(shown)).toMatchObject({
      messages: [{ to, error: { errors: [{ field: '/from' }] } }],
      total: { messages: 0, credits: '0.000000' },
    });
  });

  it('names each character that forces UCS-2 once, and no more than 20', () => {
    expect(previewOf({ to, text: 'a–b–c😀' }, []).forcesUcs2).toEqual(['–', '😀']);
    expect(previewOf({ to, text: '€ {ok}' }, []).forcesUcs2).toEqual([]);
    const alphabet = Array.from({ length: 32 }, (_, i) => String.fromCodePoint(0x430 + i)).join('');
    expect(previewOf({ to, text: alphabet }, []).forcesUcs2).toEqual([...alphabet].slice(0, 20));
  });
});
