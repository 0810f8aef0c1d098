import { expect, test } from '@jest/globals';
import { allowedSenders, compileSenders } from './senders.ts';

test.each([
  ['a name', ['Acme'], 'ACME', true],
  ['a part of a name', ['Acme'], 'Acm', false],
  ['more than the name', ['Acme'], 'Acme2', false],
  ['a beginning', ['Ac*'], 'aCME', true],
  ['another beginning', ['Ac*'], 'Bacme', false],
  ['a number with its plus sign', ['+31612345678'], '31612345678', true],
  ['the beginning of a number', ['+316*'], '31612345678', true],
  ['any sender', ['*'], 'Acme', true],
  ['no sender, of any', ['*'], '', true],
  ['no sender, by name', [''], '', true],
  ['no sender, of some', ['Acme', 'Bcme'], '', false],
  ['one of several', ['Acme', 'B*'], 'bank', true],
])('%s: %p has %p: %p', (_, patterns, sender, has) => {
  expect(compileSenders(patterns).has(sender)).toBe(has);
});

test('a list with nothing in it allows all', () => {
  const list = ['Acme'];
  expect(allowedSenders([])).toBeUndefined();
  expect(allowedSenders(list)?.has('other')).toBe(false);
  expect(allowedSenders(list)).toBe(allowedSenders(list));
});
