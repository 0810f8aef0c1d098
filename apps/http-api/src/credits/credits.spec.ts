import { expect, it } from '@jest/globals';
import { creditsText } from './credits.ts';

it.each([
  [0n, '0.000000'],
  [1n, '0.000001'],
  [1_500_000n, '1.500000'],
  [997_000_000n, '997.000000'],
  [-1n, '-0.000001'],
  [-2_000_000n, '-2.000000'],
  [9_007_199_254_740_993_000_001n, '9007199254740993.000001'],
])('%p micro-credits are %s credits', (microCredits, text) => {
  expect(creditsText(microCredits)).toBe(text);
});
