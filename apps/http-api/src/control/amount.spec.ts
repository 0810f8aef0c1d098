import { describe, expect, it } from '@jest/globals';
import { creditsText } from '../credits/credits.ts';
import { creditsGiven, microCreditsOf, signedCreditsGiven } from './amount.ts';

describe('credits that are given', () => {
  it.each([
    ['0', 0n, '0.000000'],
    ['1', 1_000_000n, '1.000000'],
    ['1.5', 1_500_000n, '1.500000'],
    ['0.000001', 1n, '0.000001'],
    ['999999.999999', 999_999_999_999n, '999999.999999'],
    // a float would have 0.30000000000000004
    ['0.3', 300_000n, '0.300000'],
  ])('%s are exactly %p micro-credits', (text, microCredits, shown) => {
    expect(creditsGiven(6).safeParse(text).success).toBe(true);
    expect(microCreditsOf(text)).toBe(microCredits);
    expect(creditsText(microCredits)).toBe(shown);
  });

  it.each(['', '-1', '+1', '.5', '1.', '1.0000001', '1e3', '1,5', '1234567', ' 1', '1\n', '0x1', '١'])('%j are none', (text) => {
    expect(creditsGiven(6).safeParse(text).success).toBe(false);
  });

  it.each([
    ['-1.5', -1_500_000n],
    ['-0.000001', -1n],
    ['-0', 0n],
    ['12', 12_000_000n],
  ])('may be below zero where that is allowed: %s', (text, microCredits) => {
    expect(signedCreditsGiven(6).safeParse(text).success).toBe(true);
    expect(microCreditsOf(text)).toBe(microCredits);
  });

  it.each(['--1', '-', '-.5', '+1', '1-', '- 1'])('%j are none, with a minus sign either', (text) => {
    expect(signedCreditsGiven(6).safeParse(text).success).toBe(false);
  });

  it('a number is none: JSON has only floats', () => {
    expect(creditsGiven(6).safeParse(1.5).success).toBe(false);
  });
});
