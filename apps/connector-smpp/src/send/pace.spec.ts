import { describe, expect, test } from '@jest/globals';
import { createPace, type Pace } from './pace.ts';

/** Sends as fast as the pace allows; the provider takes `limit` in each second of the clock. Times and refusals of what was sent. */
function run(
  pace: Pace,
  { fromMs, forMs, providerLimit = Infinity, step = 1 }: { fromMs: number; forMs: number; providerLimit?: number; step?: number },
) {
  let sent = 0;
  let throttled = 0;
  let second = 0;
  let taken = 0;
  for (let now = fromMs; now < fromMs + forMs; now += 5) {
    while (pace.waitMs(now) === 0 && sent < 1_000_000) {
      pace.spend(step, now);
      sent += step;
      if (Math.floor(now / 1000) !== second) {
        second = Math.floor(now / 1000);
        taken = 0;
      }
      if (++taken > providerLimit) {
        throttled++;
        pace.throttled(now);
      } else pace.accepted(1, now);
    }
  }
  return { sent, throttled };
}

describe('a pace', () => {
  test('without a limit never waits', () => {
    const pace = createPace(0);
    pace.spend(1_000_000, 0);
    expect([pace.waitMs(0), pace.segmentsPerSecond]).toEqual([0, Infinity]);
  });

  test.each([1, 10, 250, 1000])('of %i a second is kept, a twentieth of a second more at the begin', (limit) => {
    const { sent } = run(createPace(limit), { fromMs: 1_000_000, forMs: 10_000 });
    expect(sent).toBeGreaterThanOrEqual(limit * 9.5);
    expect(sent).toBeLessThanOrEqual(limit * 10 + Math.max(1, limit * 0.05) + 1);
  });

  test('counts segments: a long message goes as one and is paid for after', () => {
    const pace = createPace(10);
    expect(pace.waitMs(0)).toBe(0);
    pace.spend(5, 0);
    expect(pace.waitMs(0)).toBe(400);
    expect(pace.waitMs(400)).toBeLessThanOrEqual(1);
  });

  test('does not save up while idle', () => {
    const pace = createPace(100);
    pace.spend(1, 0);
    expect(run(pace, { fromMs: 3_600_000, forMs: 1_000 }).sent).toBeLessThanOrEqual(106);
  });

  test('a provider that throttles slows an unlimited one down to what it takes, with few refusals', () => {
    const pace = createPace(0);
    pace.accepted(1, 1_000_000);
    for (let i = 1; i < 50; i++) pace.accepted(1, 1_000_000);
    pace.throttled(1_000_010);
    expect(pace.segmentsPerSecond).toBe(45);
    const { sent, throttled } = run(pace, { fromMs: 1_001_000, forMs: 60_000, providerLimit: 50 });
    expect(sent - throttled).toBeGreaterThan(50 * 60 * 0.85);
    expect(throttled / sent).toBeLessThan(0.05);
  });

  test('many refusals at one moment slow it down once', () => {
    const pace = createPace(100);
    for (let i = 0; i < 80; i++) pace.accepted(1, 5_000);
    for (let i = 0; i < 20; i++) pace.throttled(5_010);
    expect(pace.segmentsPerSecond).toBeCloseTo(72);
  });

  test('it comes back to its own limit, and not above', () => {
    const pace = createPace(100);
    for (let i = 0; i < 80; i++) pace.accepted(1, 5_000);
    pace.throttled(5_010);
    run(pace, { fromMs: 6_000, forMs: 30_000 });
    expect(pace.segmentsPerSecond).toBe(100);
  });

  test('refused for ever it still tries, a few times a second', () => {
    const pace = createPace(0);
    for (let now = 0; now < 100_000; now += 1_000) pace.throttled(now);
    expect(pace.segmentsPerSecond).toBeGreaterThanOrEqual(1);
    expect(pace.segmentsPerSecond).toBeLessThan(6);
  });
});
