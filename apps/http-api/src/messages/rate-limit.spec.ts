import { expect, test } from '@jest/globals';
import { rateLimitHeaders } from './rate-limit.ts';

test.each([
  [
    'a burst that is left in part',
    { segments: 6, burstSegments: 10, fullInMs: 2_000, segmentsPerSecond: 2 },
    ['"segments";q=10;w=5', '"segments";r=6;t=2'],
  ],
  [
    'nothing left',
    { segments: 0, burstSegments: 10, fullInMs: 6_001, segmentsPerSecond: 2 },
    ['"segments";q=10;w=5', '"segments";r=0;t=7'],
  ],
  [
    'less than one a second',
    { segments: 1, burstSegments: 1, fullInMs: 0, segmentsPerSecond: 0.3 },
    ['"segments";q=1;w=4', '"segments";r=1;t=0'],
  ],
  [
    'parts of a segment, which no message can have',
    { segments: 2, burstSegments: 2.5, fullInMs: 0, segmentsPerSecond: 2.5 },
    ['"segments";q=2;w=1', '"segments";r=2;t=0'],
  ],
])('of %s', (_, left, [policy, limit]) => {
  expect(rateLimitHeaders(left)).toEqual({ 'RateLimit-Policy': policy, RateLimit: limit });
});

test('without a pace there is nothing to say', () => {
  expect(rateLimitHeaders(undefined)).toEqual({});
});
