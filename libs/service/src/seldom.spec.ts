import { expect, test } from '@jest/globals';
import { createSeldom } from './seldom.ts';

test('the first is told, then every so often how many there were since', () => {
  const told: [now: number, count: number][] = [];
  const seldom = createSeldom(100);
  for (const now of [0, 1, 50, 99, 100, 150, 400]) seldom(now, (count) => told.push([now, count]));
  expect(told).toEqual([
    [0, 1],
    [100, 4],
    [400, 2],
  ]);
});
