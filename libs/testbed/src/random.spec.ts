import { expect, test } from '@jest/globals';
import { createRandom } from './random.ts';

const tenOf = (seed: number): number[] => Array.from({ length: 10 }, createRandom(seed));

test('the same seed gives the same numbers, another one others', () => {
  expect(tenOf(7)).toEqual(tenOf(7));
  expect(tenOf(7)).not.toEqual(tenOf(8));
});

test('numbers are from 0 to 1, spread over all of it', () => {
  const random = createRandom(1);
  const shares = [0, 0, 0, 0];
  for (let i = 0; i < 4_000; i++) shares[Math.floor(random() * 4)]!++;
  for (const share of shares) expect(Math.abs(share - 1_000)).toBeLessThan(150);
});

test('the first number of mulberry32 with seed 0, as others have it', () => {
  expect(createRandom(0)()).toBeCloseTo(0.26642920868471265, 12);
});
