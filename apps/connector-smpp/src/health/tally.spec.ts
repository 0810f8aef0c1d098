import { expect, test } from '@jest/globals';
import { createTally } from './tally.ts';

const t0 = Date.parse('2026-11-20T10:00:00Z');
const nothing = { accepted: 0, later: 0, throttled: 0, permanent: 0, unknown: 0 };

test('segments are counted by what became of them; what was never answered, or never went out, has no response time', () => {
  const tally = createTally();
  expect(tally.sums(t0)).toEqual({ lastMinute: nothing });
  tally.add('accepted', 100, t0);
  tally.add('permanent', 300, t0 + 500);
  tally.add('unknown', 10_000, t0 + 900);
  tally.add('cut', 10_000, t0 + 1_000);
  tally.add('unsent', 0, t0 + 1_000);
  tally.add('unsendable', 0, t0 + 1_000);
  expect(tally.sums(t0 + 1_000)).toEqual({ lastMinute: { ...nothing, accepted: 1, permanent: 1, unknown: 2 }, responseMs: 200 });
});

test('what is older than a minute does not count', () => {
  const tally = createTally();
  for (let s = 0; s < 300; s++) tally.add('accepted', s, t0 + s * 1_000);
  expect(tally.sums(t0 + 299_000)).toEqual({ lastMinute: { ...nothing, accepted: 60 }, responseMs: 270 });
  expect(tally.sums(t0 + 299_000 + 30_000).lastMinute.accepted).toBe(30);
  expect(tally.sums(t0 + 299_000 + 60_000)).toEqual({ lastMinute: nothing });
});
