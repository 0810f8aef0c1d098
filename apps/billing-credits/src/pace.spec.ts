import { expect, test } from '@jest/globals';
import { createPace } from './pace.ts';

test('a pace falls by halves to its least while things take long, and rises again to its most', () => {
  const pace = createPace({ min: 3, max: 20 });
  const sizes = [5_000, 5_000, 5_000, 1_000, 100, 100, 100].map((ms) => (pace.took(ms), pace.size));
  expect(sizes).toEqual([10, 5, 3, 3, 6, 12, 20]);
});
