import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { offsetAfter, openSharedClock, type Look } from './shared-clock.ts';

/** A clock this far ahead, which is read so long after the question and heard of so long after that. */
const look = (aheadMs: number, thereMs: number, backMs: number, askedMs = 5_000): Look => ({
  askedMs,
  answeredMs: askedMs + thereMs + backMs,
  sharedMs: askedMs + thereMs + aheadMs,
});

describe('how far the shared clock is ahead', () => {
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

describe('the shared clock', () => {
  const fiveMinutesMs = 300_000;
  /** Of the shared clock, before the steady one. */
  let aheadMs: number;
  let looks: number;
  let fails: boolean;
  let warnings: number;
  const sharedMs = () => Math.floor(performance.now() + aheadMs);
  const open = () =>
    openSharedClock({
      async look() {
        looks++;
        if (fails) throw new Error('no answer');
        return performance.now() + aheadMs;
      },
      log: { warn: () => void warnings++ },
    });

  beforeEach(() => {
    jest.useFakeTimers();
    aheadMs = 1_700_000_000_000;
    looks = warnings = 0;
    fails = false;
  });
  afterEach(() => void jest.useRealTimers());

  test.each([fiveMinutesMs, -fiveMinutesMs])("goes on when the process's own is set by %d ms", async (jumpMs) => {
    const clock = await open();
    jest.setSystemTime(Date.now() + jumpMs);
    expect(clock.now()).toBe(sharedMs());
    await jest.advanceTimersByTimeAsync(10_500);
    expect(clock.now()).toBe(sharedMs());
    await clock.stop();
  });

  test('is followed within a second when it is set', async () => {
    const clock = await open();
    aheadMs += fiveMinutesMs;
    expect(clock.now()).toBe(sharedMs() - fiveMinutesMs);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(clock.now()).toBe(sharedMs());
    await clock.stop();
  });

  test('goes on while nobody answers, and that is said once a minute', async () => {
    const clock = await open();
    fails = true;
    await jest.advanceTimersByTimeAsync(30_000);
    expect([looks, warnings]).toEqual([31, 1]);
    expect(clock.now()).toBe(sharedMs());
    fails = false;
    aheadMs -= fiveMinutesMs;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(clock.now()).toBe(sharedMs());
    await clock.stop();
  });

  test('is not there when nobody answers at first, and leaves no timer', async () => {
    fails = true;
    await expect(open()).rejects.toThrow('no answer');
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is looked at by one look at a time, and no more once it is stopped', async () => {
    const clock = await open();
    const answers: ((ms: number) => void)[] = [];
    const slow = await openSharedClock({
      look: () => (looks++ === 1 ? Promise.resolve(0) : new Promise((resolve) => answers.push(resolve))),
      log: { warn: () => void warnings++ },
    });
    await clock.stop();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(answers).toHaveLength(1);
    const stopped = slow.stop();
    expect(jest.getTimerCount()).toBe(0);
    answers[0]?.(0);
    await stopped;
    await jest.advanceTimersByTimeAsync(5_000);
    expect(looks).toBe(3);
  });
});
