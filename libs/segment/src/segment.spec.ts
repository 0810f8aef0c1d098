import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { countSegments, decodeGsm, joinSegments, packSeptets, parseUdh, segmentText } from './index.ts';
import type { Alphabet, Segmented, SegmentOptions } from './index.ts';

const alphabet = decodeGsm(Uint8Array.from({ length: 128 }, (_, septet) => septet).filter((septet) => septet !== 0x1b)) + '\f^{}\\[~]|€';
const unit = fc.nat(0xffff).map((code) => String.fromCharCode(code));
/** Long enough for several parts (`size`: fast-check stays near 10 characters otherwise), dense in what must not be split. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 700, size: 'max' }),
  fc.string({ unit: fc.constantFrom('a', '€', '['), maxLength: 700, size: 'max' }),
  fc.string({ unit: fc.constantFrom('a', 'Ж', '😀'), maxLength: 400, size: 'max' }),
  fc.string({ unit, maxLength: 400, size: 'max' }),
);
const options = fc.record({ reference: fc.nat(0xffff), reference16: fc.boolean(), alphabet: fc.constantFrom(undefined, 'ucs2' as const) });

type Case = [
  situation: string,
  text: string,
  options: { alphabet?: 'ucs2'; reference16?: boolean },
  alphabet: Alphabet,
  units: number,
  segments: number,
];

const cases: Case[] = [
  ['nothing', '', {}, 'gsm', 0, 1],
  ['160 septets', 'a'.repeat(160), {}, 'gsm', 160, 1],
  ['161 septets', 'a'.repeat(161), {}, 'gsm', 161, 2],
  ['306 septets', 'a'.repeat(306), {}, 'gsm', 306, 2],
  ['307 septets', 'a'.repeat(307), {}, 'gsm', 307, 3],
  ['305 septets, 16-bit reference', 'a'.repeat(305), { reference16: true }, 'gsm', 305, 3],
  ['80 extension characters', '€'.repeat(80), {}, 'gsm', 160, 1],
  ['an escape pair at the edge of a part', 'a'.repeat(152) + '€' + 'a'.repeat(152), {}, 'gsm', 306, 3],
  ['escape pairs that waste nothing, 16-bit', '€'.repeat(152), { reference16: true }, 'gsm', 304, 2],
  ['70 units', 'Ж'.repeat(70), {}, 'ucs2', 70, 1],
  ['71 units', 'Ж'.repeat(71), {}, 'ucs2', 71, 2],
  ['134 units', 'Ж'.repeat(134), {}, 'ucs2', 134, 2],
  ['135 units', 'Ж'.repeat(135), {}, 'ucs2', 135, 3],
  ['133 units, 16-bit reference', 'Ж'.repeat(133), { reference16: true }, 'ucs2', 133, 3],
  ['a surrogate pair at the edge of a part', 'Ж'.repeat(66) + '😀' + 'Ж'.repeat(66), {}, 'ucs2', 134, 3],
  ['35 emoji', '😀'.repeat(35), {}, 'ucs2', 70, 1],
  ['one character outside GSM at the end', 'a'.repeat(160) + 'Ж', {}, 'ucs2', 161, 3],
  ['small c with cedilla is not GSM', 'garçon', {}, 'ucs2', 6, 1],
  ['UCS-2 forced', 'hello', { alphabet: 'ucs2' }, 'ucs2', 5, 1],
];

describe('countSegments', () => {
  test.each(cases)('%s', (_situation, body, given, alphabet, units, segments) => {
    expect(countSegments(body, given)).toEqual({ alphabet, units, segments });
  });

  test('counts what segmentText makes, for every text', () => {
    fc.assert(
      fc.property(text, options, (body, given) => {
        const made = accepted(segmentText(body, given));
        expect(countSegments(body, given)).toEqual({ alphabet: made.alphabet, units: made.units, segments: made.segments.length });
      }),
    );
  });
});

describe('segmentText', () => {
  test('parts joined in any order are the text again, for every text', () => {
    fc.assert(
      fc.property(text, options, fc.infiniteStream(fc.nat()), (body, given, order) => {
        const made = accepted(segmentText(body, given));
        const parts = made.segments.map((segment) => ({ ...segment, alphabet: made.alphabet }));
        const shuffled = parts.map((part) => ({ part, key: order.next().value as number })).sort((a, b) => a.key - b.key);
        expect(joinSegments(shuffled.map(({ part }) => part))).toBe(body);
      }),
    );
  });

  test('no segment takes more than 140 octets on the air, and each part stands alone', () => {
    fc.assert(
      fc.property(text, options, (body, given) => {
        const made = accepted(segmentText(body, given));
        for (const [index, { udh, body: part }] of made.segments.entries()) {
          const header = udh?.length ?? 0;
          const onAir = header + (made.alphabet === 'gsm' ? packSeptets(part, header).length : part.length);
          expect(onAir).toBeLessThanOrEqual(140);
          expect(made.alphabet === 'gsm' && part.at(-1) === 0x1b).toBe(false);
          if (udh === undefined) continue;
          const reference = given.reference & (given.reference16 ? 0xffff : 0xff);
          expect(parseUdh(udh)).toMatchObject({ length: header, concat: { reference, total: made.segments.length, sequence: index + 1 } });
        }
      }),
    );
  });

  test('an extension character at the edge of a part moves to the next whole', () => {
    const made = accepted(segmentText('a'.repeat(152) + '€' + 'a'.repeat(10)));
    expect(made.segments.map(({ body }) => body.length)).toEqual([152, 12]);
  });

  test('an emoji at the edge of a part moves to the next whole', () => {
    const made = accepted(segmentText('Ж'.repeat(66) + '😀' + 'Ж'.repeat(10)));
    expect(made.segments.map(({ body }) => body.length)).toEqual([132, 24]);
  });

  test('the header has the reference of 8 bits, or of 16 when asked for', () => {
    const header = (given: SegmentOptions) => accepted(segmentText('a'.repeat(200), given)).segments[1]?.udh?.toString('hex');
    expect(header({ reference: 0x1234 })).toBe('050003340202');
    expect(header({ reference: 0x1234, reference16: true })).toBe('06080412340202');
  });

  test('255 parts are the most', () => {
    expect(accepted(segmentText('a'.repeat(255 * 153))).segments).toHaveLength(255);
    expect(segmentText('a'.repeat(255 * 153 + 1))).toEqual({ ok: false, reason: 'too_long' });
  });

  test('more parts than the caller allows are refused', () => {
    expect(segmentText('a'.repeat(161), { segmentsMax: 1 })).toEqual({ ok: false, reason: 'too_long' });
    expect(segmentText('a'.repeat(161), { segmentsMax: 2 }).ok).toBe(true);
  });

  test('GSM forced on a text outside it is refused', () => {
    expect(segmentText('Жаба', { alphabet: 'gsm' })).toEqual({ ok: false, reason: 'not_encodable' });
    expect(segmentText('frog', { alphabet: 'gsm' }).ok).toBe(true);
  });
});

describe('joinSegments', () => {
  const part = (sequence: number, hex: string, alphabet: 'gsm' | 'ucs2' | 'latin1') => ({
    udh: Buffer.from([5, 0, 3, 1, 9, sequence]),
    body: Buffer.from(hex, 'hex'),
    alphabet,
  });

  test('an escape pair that the sender split is whole again', () => {
    expect(joinSegments([part(1, '411b', 'gsm'), part(2, '6542', 'gsm')])).toBe('A€B');
  });

  test('a surrogate pair that the sender split is whole again', () => {
    expect(joinSegments([part(2, 'de00', 'ucs2'), part(1, 'd83d', 'ucs2')])).toBe('😀');
  });

  test('parts of several alphabets are each read in their own', () => {
    expect(joinSegments([part(1, '00', 'gsm'), part(2, '0416', 'ucs2'), part(3, '1b65', 'gsm')])).toBe('@Ж€');
  });

  test('one Latin-1 part among seemingly GSM ones: all are Latin-1', () => {
    expect(joinSegments([part(1, '40', 'gsm'), part(2, 'e9', 'latin1'), part(3, '24', 'gsm')])).toBe('@é$');
  });

  test('a part that came twice counts once', () => {
    expect(joinSegments([part(2, '42', 'gsm'), part(1, '41', 'gsm'), part(2, '42', 'gsm')])).toBe('AB');
  });

  test('parts without headers stay as given', () => {
    expect(
      joinSegments([
        { body: Buffer.from('a'), alphabet: 'gsm' },
        { body: Buffer.from('b'), alphabet: 'gsm' },
      ]),
    ).toBe('ab');
  });

  test('no parts are no text', () => {
    expect(joinSegments([])).toBe('');
  });
});

function accepted(segmented: Segmented): Extract<Segmented, { ok: true }> {
  if (!segmented.ok) throw new Error(segmented.reason);
  return segmented;
}
