import { expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvLine } from './csv.ts';

it.each([
  ['text', 'hello', 'hello'],
  ['nothing', '', ''],
  ['a comma', 'a,b', '"a,b"'],
  ['a quote', 'say "hi"', '"say ""hi"""'],
  ['a line break', 'a\nb', '"a\nb"'],
  ['a number in E.164 form, whose plus is data', '+31612345678', '+31612345678'],
  ['an amount below zero', '-1.500000', '-1.500000'],
  ['a formula by =', '=1+1', "'=1+1"],
  ['a formula by +', '+1+cmd|calc', "'+1+cmd|calc"],
  ['a formula by -', '-1-1', "'-1-1"],
  ['a formula by @', '@SUM(A1)', "'@SUM(A1)"],
  ['a formula behind a tab', '\t=1', "'\t=1"],
  ['a formula behind a carriage return', '\r=1', '"\'\r=1"'],
  ['a formula with a comma', '=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'],
  ['a plus alone', '+', "'+"],
  ['a plus and letters', '+ACME', "'+ACME"],
  ['an equals sign inside', 'a=b', 'a=b'],
])('a cell with %s', (_, text, written) => {
  expect(csvLine([text])).toBe(`${written}\r\n`);
});

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

it(`what is written is read again as it was, or as it was behind an apostrophe (FUZZ_SEED=${seed})`, () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '"', ',', "'", '1', '.', 'é') }),
  );
  fc.assert(
    fc.property(fc.array(fc.array(text, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 5 }), (rows) => {
      const read = parse(rows.map(csvLine).join(''), { relax_column_count: true, record_delimiter: '\r\n' }) as string[][];
      expect(read).toHaveLength(rows.length);
      for (const [i, row] of rows.entries()) {
        for (const [j, given] of row.entries()) {
          const got = String(read[i]?.[j]);
          expect([given, `'${given}`]).toContain(got);
          expect(/^[=@\t\r\n]|^[+-](?![0-9])/.test(got)).toBe(false);
        }
      }
    }),
    { seed, numRuns: 300 },
  );
});
