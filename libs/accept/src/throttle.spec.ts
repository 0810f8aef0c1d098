import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createThrottle, takeFromAll, type Pace } from './throttle.ts';

const startMs = Date.UTC(2026, 10, 20);
const pace = (segmentsPerSecond: number, burstSegments = 0): Pace => ({ segmentsPerSecond, burstSegments });

/** What came of messages at these times (ms after the start): the wait, 0 for those that passed. */
function waits(limit: Pace, messages: readonly (readonly [atMs: number, segments: number])[]): number[] {
  const throttle = createThrottle();
  return messages.map(([atMs, segments]) => takeFromAll([[throttle, limit]], segments, startMs + atMs));
}

test.each<[string, Pace, [number, number][], number[]]>([
  [
    'no limit: everything passes',
    pace(0),
    [
      [0, 255],
      [0, 255],
    ],
    [0, 0],
  ],
  [
    "one second's worth passes at once, then each waits for its turn",
    pace(2),
    [
      [0, 1],
      [0, 1],
      [0, 1],
      [499, 1],
      [500, 1],
    ],
    [0, 0, 500, 1, 0],
  ],
  [
    'the burst passes at once',
    pace(1, 3),
    [
      [0, 3],
      [0, 1],
      [1_000, 1],
    ],
    [0, 1_000, 0],
  ],
  [
    'segments count, not messages',
    pace(4),
    [
      [0, 3],
      [0, 2],
      [250, 2],
    ],
    [0, 250, 0],
  ],
  [
    'a pause saves up no more than the burst',
    pace(1, 2),
    [
      [3_600_000, 2],
      [3_600_000, 1],
    ],
    [0, 1_000],
  ],
  [
    'a message longer than the burst passes a full bucket, and is paid for after',
    pace(1, 2),
    [
      [0, 5],
      [1_000, 1],
      [3_999, 1],
      [4_000, 1],
    ],
    [0, 3_000, 1, 0],
  ],
  [
    'less than one segment a second',
    pace(0.5),
    [
      [0, 1],
      [0, 1],
      [2_000, 1],
    ],
    [0, 2_000, 0],
  ],
  [
    'a clock that goes back gives nothing',
    pace(1),
    [
      [1_000, 1],
      [0, 1],
      [0, 1],
    ],
    [0, 1_000, 1_000],
  ],
])('%s', (_, limit, messages, expected) => {
  expect(waits(limit, messages)).toEqual(expected);
});

test('of two throttles nothing is taken when one is not ready', () => {
  const [tenant, session] = [createThrottle(), createThrottle()];
  const all = (nowMs: number) =>
    takeFromAll(
      [
        [tenant, pace(1, 10)],
        [session, pace(1)],
      ],
      1,
      nowMs,
    );
  expect([all(startMs), all(startMs), all(startMs)]).toEqual([0, 1_000, 1_000]);
  // the refused ones took nothing of the tenant's ten
  expect(takeFromAll([[tenant, pace(1, 10)]], 9, startMs)).toBe(0);
});

test.each<[string, Pace, number, number, object]>([
  ['before anything passed: all of it', pace(2, 10), 0, 0, { segments: 10, burstSegments: 10, fullInMs: 0 }],
  ['when some has passed: the rest', pace(2, 10), 4, 0, { segments: 6, burstSegments: 10, fullInMs: 2_000 }],
  ['some time later: whole segments of it', pace(2, 10), 4, 750, { segments: 7, burstSegments: 10, fullInMs: 1_250 }],
  ['in debt: nothing', pace(2, 10), 12, 0, { segments: 0, burstSegments: 10, fullInMs: 6_000 }],
  ['of less than one a second', pace(0.5), 1, 0, { segments: 0, burstSegments: 1, fullInMs: 2_000 }],
])('what is left of a pace %s', (_, limit, segments, afterMs, left) => {
  const throttle = createThrottle();
  if (segments > 0) takeFromAll([[throttle, limit]], segments, startMs);
  expect(throttle.left(limit, startMs + afterMs)).toEqual({ ...left, segmentsPerSecond: limit.segmentsPerSecond });
});

test('a limit that is set while messages pass begins with its burst', () => {
  const throttle = createThrottle();
  expect(takeFromAll([[throttle, pace(0)]], 200, startMs)).toBe(0);
  expect(takeFromAll([[throttle, pace(1, 5)]], 5, startMs)).toBe(0);
  expect(takeFromAll([[throttle, pace(1, 5)]], 1, startMs)).toBe(1_000);
});

test('whatever comes when: never more than the burst, the pace, and one message of debt; waiting as long as it says is enough', () => {
  const message = fc.record({ gapMs: fc.integer({ min: 0, max: 3_000 }), segments: fc.integer({ min: 1, max: 20 }) });
  const limits = fc.record({
    segmentsPerSecond: fc.double({ min: 0.1, max: 100, noNaN: true }),
    burstSegments: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(limits, fc.array(message, { maxLength: 50 }), (limit, messages) => {
      const throttle = createThrottle();
      let nowMs = startMs;
      let passed = 0;
      for (const { gapMs, segments } of messages) {
        nowMs += gapMs;
        const waitMs = takeFromAll([[throttle, limit]], segments, nowMs);
        if (waitMs > 0) {
          nowMs += waitMs;
          expect(takeFromAll([[throttle, limit]], segments, nowMs)).toBe(0);
        }
        passed += segments;
        const allowed = limit.burstSegments + ((nowMs - startMs) * limit.segmentsPerSecond) / 1000;
        expect(passed).toBeLessThanOrEqual(allowed + Math.max(0, segments - limit.burstSegments) + 1e-3);
      }
    }),
  );
});
