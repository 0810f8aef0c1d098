import { describe, expect, test } from '@jest/globals';
import { offsetAfter, type Look } from './database-clock.ts';

/** A database this far ahead, which reads its clock so long after the question and is heard of so long after that. */
const look = (aheadMs: number, thereMs: number, backMs: number, askedMs = 5_000): Look => ({
  askedMs,
  answeredMs: askedMs + thereMs + backMs,
  databaseMs: askedMs + thereMs + aheadMs,
});

describe('how far the clock of the database is ahead', () => {
  test('is learned at first as if it was read halfway', () => {
    expect(offsetAfter(undefined, look(1_000, 3, 3))).toBe(1_000);
    expect(offsetAfter(undefined, look(1_000, 4, 2))).toBe(1_001);
    expect(offsetAfter(undefined, look(-1_000, 0, 0))).toBe(-1_000);
  });

  test('stays as it is known while the look allows it, also when the answer takes minutes', () => {
    expect(offsetAfter(1_000, look(1_000, 2, 4))).toBe(1_000);
    expect(offsetAfter(1_000, look(1_000, 200_000, 0))).toBe(1_000);
    expect(offsetAfter(1_000, look(1_000, 0, 200_000))).toBe(1_000);
  });

  test('gets better by every look that is quicker than the mistake is great', () => {
    const first = offsetAfter(undefined, look(1_000, 4_000, 0));
    expect(first).toBe(3_000);
    expect(offsetAfter(first, look(1_000, 1, 1))).toBe(1_000);
  });

  test.each([300_000, -300_000])('follows a jump of it by %d ms at the next look', (jumpMs) => {
    expect(offsetAfter(1_000, look(1_000 + jumpMs, 1, 1))).toBe(1_000 + jumpMs);
  });
});
