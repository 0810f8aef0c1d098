import { expect, test } from '@jest/globals';
import { restartDelayMs } from './restart-delay.ts';

test('the wait before a restart is 1 s, doubles, and stays at 30 s', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 1000].map(restartDelayMs)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});
