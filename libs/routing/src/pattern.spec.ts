import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { createPatterns, patternProblemOf } from './pattern.ts';

const patterns = [
  '',
  '^',
  '^$',
  'a',
  '(?i)A',
  '^a+b',
  'b$',
  '\\bab\\b',
  'a.b',
  '(?s)a.b',
  '[^a]',
  'ab|ba',
  '\\d{2,3}',
  '(a*)*c',
  '€',
  '\\pL+\\d',
];

test('together they find what each finds alone', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'c', ' ', '\n', '1', '€', 'ж', '😀'), maxLength: 12 });
  fc.assert(
    fc.property(fc.subarray(patterns, { minLength: 1 }), fc.array(text, { minLength: 1, maxLength: 4 }), (some, texts) => {
      const made = createPatterns();
      const together = some.map((pattern) => made.add(pattern));
      for (const one of texts) expect(together.map((has) => has(one))).toEqual(some.map((pattern) => RE2JS.compile(pattern).test(one)));
    }),
    { numRuns: 500 },
  );
});

test('more than are looked for at once are found all the same, and the same one is the same', () => {
  const made = createPatterns();
  const words = Array.from({ length: 200 }, (_, i) => made.add(`\\bword${i}\\b`));
  expect(words.flatMap((has, i) => (has('word7 and word150') ? [i] : []))).toEqual([7, 150]);
  expect(made.add('\\bword7\\b')).toBe(words[7]);
});

test('what takes others exponential time takes none', () => {
  const has = createPatterns().add('(x+x+)+[yz]$');
  const startMs = performance.now();
  expect(has('x'.repeat(10_000))).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(2_000);
});

test.each(['(?<=a)b', '(a)\\1', 'a(?!b)', '*', '[a', 'a{1001}', '\\'])('%s is none of RE2', (pattern) => {
  expect(patternProblemOf(pattern)).toMatch(/^is not a regular expression of RE2: ./);
});
