import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isE164, maskE164, parseE164 } from './index.ts';
import type { ParseE164Options } from './index.ts';

type Case = [situation: string, text: string, options: ParseE164Options | undefined, number: string | undefined];

const cases: Case[] = [
  ['E.164', '+15551234567', undefined, '+15551234567'],
  ['plain digits', '15551234567', undefined, '+15551234567'],
  ['the load generator (4479 and 8 digits)', '447912345678', undefined, '+447912345678'],
  ['fictional, in no assigned range', '+15550100123', undefined, '+15550100123'],
  ['double zero', '0015551234567', undefined, '+15551234567'],
  ['double zero with a default country', '00447911123456', { defaultCountry: 'US' }, '+447911123456'],
  ['leading space for an unescaped plus (contracts §2)', ' 15551234567', undefined, '+15551234567'],
  ['leading space with a default country', ' 15551234567', { defaultCountry: 'GB' }, '+15551234567'],
  ['leading space before a double zero', ' 0015551234567', undefined, '+15551234567'],
  ['brackets and dashes', '+1 (555) 123-4567', undefined, '+15551234567'],
  ['dots, slashes, no-break space, en dash', '+31/6.1234\u00a056\u201378', undefined, '+31612345678'],
  ['bracketed trunk zero', '+44 (0)20 7946 0000', undefined, '+442079460000'],
  ['trailing space', '15551234567 ', undefined, '+15551234567'],
  ['7 digits, the shortest', '+6834000', undefined, '+6834000'],
  ['15 digits, the longest', '+123456789012345', undefined, '+123456789012345'],
  ['6 digits', '+683400', undefined, undefined],
  ['16 digits', '+1234567890123456', undefined, undefined],
  ['0 after the plus', '+05551234567', undefined, undefined],
  ['national form without a country', '07911123456', undefined, undefined],
  ['national form with its country', '07911 123456', { defaultCountry: 'GB' }, '+447911123456'],
  ['national form, fictional', '(555) 010-0123', { defaultCountry: 'US' }, '+15550100123'],
  ['national form with the calling code and no plus', '447911123456', { defaultCountry: 'GB' }, '+447911123456'],
  ['national form of impossible length', '447911123456', { defaultCountry: 'NL' }, undefined],
  ["the country's own international prefix", '011447911123456', { defaultCountry: 'US' }, '+447911123456'],
  ['plus beats the default country', '+31612345678', { defaultCountry: 'GB' }, '+31612345678'],
  ['unknown default country', '07911123456', { defaultCountry: 'XX' }, undefined],
  ['ton 1 without plus', '447911123456', { ton: 1, npi: 1 }, '+447911123456'],
  ['ton 1 beats the default country', '31612345678', { ton: 1, defaultCountry: 'GB' }, '+31612345678'],
  ['ton 0 with a default country', '0612345678', { ton: 0, defaultCountry: 'NL' }, '+31612345678'],
  ['ton 2 with a default country', '612345678', { ton: 2, npi: 8, defaultCountry: 'NL' }, '+31612345678'],
  ['ton 2 without a country', '447911123456', { ton: 2 }, undefined],
  ['ton 5 for a destination', '447911123456', { ton: 5 }, undefined],
  ['npi that holds no telephone numbers', '447911123456', { ton: 1, npi: 14 }, undefined],
  ['empty', '', undefined, undefined],
  ['only a plus', '+', undefined, undefined],
  ['two pluses', '++15551234567', undefined, undefined],
  ['plus inside', '1555+1234567', undefined, undefined],
  ['letters', '+1555CALLNOW', undefined, undefined],
  ['an extension', '+15551234567 ext. 5', undefined, undefined],
  ['two numbers', '+15551234567,+15551234568', undefined, undefined],
  ['a formula', '=15551234567', undefined, undefined],
  ['NUL', '+1555123\u00004567', undefined, undefined],
  ['endless punctuation', '+1' + ' '.repeat(1000) + '5551234567', undefined, undefined],
];

describe('parseE164', () => {
  test.each(cases)('%s: %j', (_situation, text, options, number) => {
    expect(parseE164(text, options)).toEqual(number === undefined ? { ok: false, reason: 'bad_number' } : { ok: true, number });
  });

  test('whatever passes is E.164, and is read again as itself', () => {
    const written = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'+0123456789 -()') }),
      fc.stringMatching(/^[ +]?[0-9]{5,17}$/),
    );
    const options = fc.record({ defaultCountry: fc.constantFrom(undefined, 'US', 'GB', 'IT', 'XX'), ton: fc.nat(7), npi: fc.nat(18) });
    fc.assert(
      fc.property(written, options, (text, given) => {
        const parsed = parseE164(text, given);
        if (!parsed.ok) return;
        expect(parsed.number).toMatch(/^\+[1-9][0-9]{6,14}$/);
        expect(parseE164(parsed.number)).toEqual(parsed);
      }),
    );
  });

  test('every text of the shape passes, whatever its range', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[1-9][0-9]{6,14}$/), (digits) => {
        expect(parseE164(digits)).toEqual({ ok: true, number: '+' + digits });
      }),
    );
  });
});

test.each([
  ['+15551234567', true],
  ['15551234567', false],
  ['+0555123456', false],
  ['+123456', false],
  ['', false],
])('isE164 of %j is %s', (text, expected) => {
  expect(isE164(text)).toBe(expected);
});

test.each([
  ['+15551234567', '+1555***67'],
  ['15551234567', '1555***67'],
  ['+6834000', '+6***00'],
  ['+68340001', '+68***01'],
  ['+1234567890', '+1234***90'],
  ['12345', '***'],
  ['', '***'],
])('maskE164 of %j is %j', (text, masked) => {
  expect(maskE164(text)).toBe(masked);
});
