import { expect, test } from '@jest/globals';
import type { FaultResult } from './run-fault.ts';
import { columns, markdownOf, rowsOf, withTable } from './table.ts';

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

test('runs of one fault are one row: messages added up, the longest times, how many failed', () => {
  const failed: FaultResult = { ...held, seed: 2, errors: { unanswered: 1, ECONNREFUSED: 2 }, finalS: 6, failures: ['lost one'], lost: 1 };
  const [row, ...others] = rowsOf([held, failed]);
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
  ]);
});

test('a run that was never checked knows nothing: no zeros', () => {
  const [row] = rowsOf([{ ...held, lost: NaN, doubled: NaN, chargedTwice: NaN, finalS: NaN, failures: ['it did not settle'] }]);
  expect(row?.cells.slice(3, 7)).toEqual(['?', '? (1)', '?', '0']);
  expect(row?.cells.at(-2)).toBe('?');
});

test('every row has every column', () => {
  for (const line of markdownOf(rowsOf([held])).split('\n')) expect(line.split(' | ')).toHaveLength(columns.length);
});

test('the table takes the place between its marker lines, and what is around it stays', () => {
  const page = withTable('# Reliability\n\nWords before.\n', 'first');
  const after = `${page}\nWords after.\n`;
  expect(withTable(after, 'second')).toBe(after.replace('first', 'second'));
});
