import { expect, test } from '@jest/globals';
import { parseOptions } from './options.ts';

const parse = (...args: string[]) => parseOptions(args, () => 42);

test('without arguments: every fault once, and a seed that is new', () => {
  expect(parse()).toEqual({
    kind: 'run',
    options: { seed: 42, only: undefined, short: false, messages: 2_000, rounds: 1, write: false, together: false, follow: false },
  });
});

test('a run is repeated by its seed and its name', () => {
  expect(parse('--seed', '7', '--only', 'kill -9 of router')).toMatchObject({
    kind: 'run',
    options: { seed: 7, only: 'kill -9 of router' },
  });
});

test.each([
  [['--seed', 'x'], '--seed must be 0 to 4294967295 (got "x")'],
  [['--messages', '1'], '--messages must be 50 to 1000000 (got "1")'],
  [['--rounds', '0'], '--rounds must be 1 to 1000 (got "0")'],
])('%j is told', (args, error) => {
  expect(parse(...args)).toEqual({ kind: 'wrong', errors: [error] });
});

test('an option that is none is told', () => {
  expect(parse('--sed', '7').kind).toBe('wrong');
});
