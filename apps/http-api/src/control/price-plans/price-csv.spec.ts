import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { linesMax, readPriceCsv } from './price-csv.ts';

const header = 'prefix,mcc,mnc,credits,valid_from,valid_until\n';

test('lines of prefixes, of networks, of every number, with dates and without, and those that take a price away', () => {
  const csv = `\ufeff${header}31,,,0.85,,\r\n,204,04,1.5,2026-12-01T00:00:00Z,2027-01-01T00:00:00+01:00\n\n,,,1,,\n"44","","","",,\n`;
  const none = { mcc: '', mnc: '', validFrom: null, validUntil: null };
  expect(readPriceCsv(csv)).toEqual({
    ok: true,
    lines: [
      { key: { prefix: '31', mcc: '', mnc: '' }, price: { ...none, prefix: '31', microCreditsPerSegment: 850_000n } },
      {
        key: { prefix: '', mcc: '204', mnc: '04' },
        price: {
          prefix: '',
          mcc: '204',
          mnc: '04',
          microCreditsPerSegment: 1_500_000n,
          validFrom: new Date('2026-12-01T00:00:00Z'),
          validUntil: new Date('2026-12-31T23:00:00Z'),
        },
      },
      { key: { prefix: '', mcc: '', mnc: '' }, price: { ...none, prefix: '', microCreditsPerSegment: 1_000_000n } },
      { key: { prefix: '44', mcc: '', mnc: '' } },
    ],
  });
});

test('columns may be fewer, and in another order', () => {
  expect(readPriceCsv('credits,mcc\n2,204')).toMatchObject({ ok: true, lines: [{ key: { prefix: '', mcc: '204', mnc: '' } }] });
});

test.each<[string, string, string, RegExp]>([
  ['an unknown column', 'prefix,price\n31,1', '/csv/1', /must name columns/],
  ['a column twice', 'prefix,prefix,credits\n31,31,1', '/csv/1', /once/],
  ['no credits', 'prefix\n31', '/csv/1', /must have credits/],
  ['neither prefix nor mcc', 'credits\n1', '/csv/1', /prefix or mcc/],
  ['nothing', '', '/csv/1', /must name columns/],
  ['a header alone', header, '/csv', /no prices/],
  ['too few cells', `${header}31,,,1,,\n31,1`, '/csv/3', /6 cells/],
  ['a prefix with letters', `${header}x,,,1,,`, '/csv/2/prefix', /digits/],
  ['a price that is none', `${header}31,,,one,,`, '/csv/2/credits', /decimal/],
  ['a price below nothing', `${header}31,,,-1,,`, '/csv/2/credits', /decimal/],
  ['a prefix and a network', `${header}31,204,,1,,`, '/csv/2/mcc', /together/],
  ['a network without a country', `${header}31,,04,1,,`, '/csv/2/mnc', /with mcc/],
  ['a time that is none', `${header}31,,,1,tomorrow,`, '/csv/2/validFrom', /./],
  ['an end before the beginning', `${header}31,,,1,2027-01-01T00:00:00Z,2026-01-01T00:00:00Z`, '/csv/2/validUntil', /after/],
  ['a price twice, after an empty line', `${header}31,,,1,,\n\n31,,,2,,`, '/csv/4', /already/],
])('%s is refused by its line', (_, csv, field, message) => {
  expect(readPriceCsv(csv)).toMatchObject({ ok: false, errors: [{ field, message: expect.stringMatching(message) }] });
});

test('more lines than can be written in time are refused', () => {
  expect(readPriceCsv(header + '1,,,1,,\n'.repeat(linesMax + 1))).toMatchObject({ ok: false, errors: [{ field: '/csv' }] });
});

test('of many faults the first hundred are said', () => {
  const read = readPriceCsv(header + 'x,,,1,,\n'.repeat(10_000));
  expect(read.ok ? 0 : read.errors.length).toBe(100);
});

test('any text is read or refused', () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom('31', '', '204', '"', '1.5'));
  const line = fc.array(cell, { maxLength: 7 }).map((cells) => cells.join(','));
  fc.assert(fc.property(fc.boolean(), fc.array(line), (headed, lines) => void readPriceCsv((headed ? header : '') + lines.join('\n'))));
});
