import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createDigitTable, keyOf } from './digit-table.ts';

const digits = fc.stringMatching(/^[0-9]{0,15}$/);

test('strings of digits have one key each', () => {
  fc.assert(fc.property(digits, digits, (a, b) => expect(keyOf(a) === keyOf(b)).toBe(a === b)));
  expect([keyOf(''), keyOf('0'), keyOf('00'), keyOf('9'.repeat(15))]).toEqual([1, 10, 100, 1_999_999_999_999_999]);
});

test.each(['1a', ' 1', '1'.repeat(16)])('%p has no key, and is found nowhere', (text) => {
  expect(keyOf(text)).toBeNaN();
  expect(createDigitTable(Float64Array.of(keyOf('2'))).first(text)).toBe(-1);
});

test('what is no digit ends what fits', () => {
  const table = createDigitTable(Float64Array.from(['', '44', '447'], keyOf));
  expect(['44x', '447', 'x'].map((text) => table.longest(text, () => true))).toEqual([1, 2, 0]);
});

test('any keys, also the same ones several times: each place is found, the last put first', () => {
  const few = fc.stringMatching(/^[0-3]{0,3}$/);
  fc.assert(
    fc.property(fc.array(few), few, (put, asked) => {
      const table = createDigitTable(Float64Array.from(put, keyOf));
      const found: number[] = [];
      for (let place = table.first(asked); place >= 0; place = table.next(place)) found.push(place);
      expect(found).toEqual(put.flatMap((one, place) => (one === asked ? [place] : [])).reverse());
    }),
  );
});

test('any keys of up to 15 digits: the longest beginning that is good', () => {
  fc.assert(
    fc.property(digits, fc.array(fc.nat(15)), fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }), (number, lengths, goods) => {
      const beginnings = [...new Set(lengths)].filter((length) => length <= number.length);
      const table = createDigitTable(Float64Array.from(beginnings, (length) => keyOf(number.slice(0, length))));
      const expected = beginnings.filter((_, place) => goods[place]).sort((a, b) => b - a)[0];
      const found = table.longest(number + '0', (place) => goods[place] as boolean);
      expect(found < 0 ? undefined : beginnings[found]).toBe(expected);
    }),
  );
});
