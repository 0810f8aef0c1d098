import { expect, test } from '@jest/globals';
import type { FaultResult } from './run-fault.ts';
import { columns, markdownOf, mergedRows, rowsOf, withTable } from './table.ts';

const held: FaultResult = {
  fault: 'kill -9 of router',
  group: 'process',
  seed: 1,
  messages: 1_000,
  lost: 0,
  doubled: 2,
  unnoted: 1,
  chargedTwice: 0,
  reportsMissing: 0,
  errors: { unanswered: 3 },
  pauseS: 0.5,
  againS: 0.25,
  finalS: 4,
  failures: [],
  story: '',
  kept: [],
};

const now = Date.UTC(2026, 10, 20);

test('runs of one fault are one row: messages added up, the longest times, how many failed', () => {
  const failed: FaultResult = { ...held, seed: 2, errors: { unanswered: 1, ECONNREFUSED: 2 }, finalS: 6, failures: ['lost one'], lost: 1 };
  const [row, ...others] = rowsOf([held, failed], now);
  expect(others).toEqual([]);
  expect(row?.cells).toEqual([
    'kill -9 of router',
    '2',
    '2000',
    '1',
    '6 (2)',
    '0',
    '0',
    '4 unanswered, 2 ECONNREFUSED',
    '0.5',
    '0.3',
    '6.0',
    'FAILED 1 of 2',
    '2026-11-20, seed 1, 2',
  ]);
});

test('a run that was never checked knows nothing: no zeros', () => {
  const [row] = rowsOf([{ ...held, lost: NaN, doubled: NaN, chargedTwice: NaN, finalS: NaN, failures: ['it did not settle'] }], now);
  expect(row?.cells.slice(3, 7)).toEqual(['?', '? (1)', '?', '0']);
  expect(row?.cells.at(-3)).toBe('?');
});

test('every row has every column', () => {
  for (const line of markdownOf(rowsOf([held], now)).split('\n')) expect(line.split(' | ')).toHaveLength(columns.length);
});

test('the table takes the place between its marker lines, and what is around it stays', () => {
  const page = withTable('# Reliability\n\nWords before.\n', 'first');
  const after = `${page}\nWords after.\n`;
  expect(withTable(after, 'second')).toBe(after.replace('first', 'second'));
});

test('what was not run again stays as it was measured, in the order of the faults', () => {
  const row = (fault: string, verdict: string) => ({ fault, cells: columns.map((_, i) => (i === 0 ? fault : i === 11 ? verdict : '1')) });
  const page = withTable('', markdownOf([row('b', 'held'), row('gone', 'held'), row('a', 'FAILED 1 of 1')]));
  expect(mergedRows(page, [row('a', 'held')], ['a', 'b', 'c'])).toEqual([row('a', 'held'), row('b', 'held')]);
});
