import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPrefixTable } from './prefix-table.ts';

const table = createPrefixTable([
  ['', 'default'],
  ['44', 'uk'],
  ['4479', 'uk mobile'],
]);

test.each([
  ['447912345678', 'uk mobile'],
  ['442012345678', 'uk'],
  ['4', 'default'],
  ['4479', 'uk mobile'],
  ['15551234567', 'default'],
])('longest prefix of %s is %s', (digits, expected) => {
  expect(table.longest(digits)).toBe(expected);
});

test('a table without a default has no value for other numbers', () => {
  expect(createPrefixTable([['44', 1]]).longest('15551234567')).toBeUndefined();
});

test('any table, any number: as a search through all prefixes says', () => {
  const digits = fc.stringMatching(/^[0-9]{0,6}$/);
  fc.assert(
    fc.property(fc.uniqueArray(digits), digits, (prefixes, number) => {
      const expected = prefixes.filter((prefix) => number.startsWith(prefix)).sort((a, b) => b.length - a.length)[0];
      expect(createPrefixTable(prefixes.map((prefix) => [prefix, prefix])).longest(number)).toBe(expected);
    }),
  );
});
