import { describe, expect, test } from '@jest/globals';
import { formatRelativeTime, formatTime, parseTime } from './time.ts';

const now = new Date('2026-11-20T07:00:00Z');

describe('parseTime', () => {
  test.each([
    ['absolute, UTC', '261120083000000+', '2026-11-20T08:30:00.000Z'],
    ['absolute, tenths', '261120083000500+', '2026-11-20T08:30:00.500Z'],
    ['absolute, four quarters ahead of UTC', '261120083000004+', '2026-11-20T07:30:00.000Z'],
    ['absolute, 20 quarters behind UTC', '261120083000020-', '2026-11-20T13:30:00.000Z'],
    ['relative, an hour', '000000010000000R', '2026-11-20T08:00:00.000Z'],
    ['relative, two days and a second', '000002000001000R', '2026-11-22T07:00:01.000Z'],
    ['relative, a calendar month', '000100000000000R', '2026-12-20T07:00:00.000Z'],
  ])('%s (§7.1.1)', (_what, text, expected) => {
    expect(parseTime(text, now)).toEqual(new Date(expected));
  });

  test.each(['', '261120083000000', '261120083000000X', '261320083000000+', '261120253000000+', '261120083000049+', '2611200830000000+'])(
    'refuses "%s"',
    (text) => {
      expect(parseTime(text, now)).toBeUndefined();
    },
  );
});

test('what is formatted is read back', () => {
  expect(formatTime(now)).toBe('261120070000000+');
  expect(parseTime(formatTime(now), now)).toEqual(now);
  for (const seconds of [0, 1, 59, 3600, 86_399, 86_400, 8_639_999]) {
    expect(parseTime(formatRelativeTime(seconds), now)).toEqual(new Date(now.getTime() + seconds * 1000));
  }
});
