import { expect, test } from '@jest/globals';
import { noReconnect, reconnectAfter } from './reconnect.ts';

test('1 s doubling to 60 s while the link does not last', () => {
  const delays: number[] = [];
  for (let i = 0, state = noReconnect; i < 8; i++) delays.push((state = reconnectAfter(state, i % 2 ? 500 : 0, 1)).delayMs);
  expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000));
});

test('after a bind that lasted: from the begin', () => {
  expect(reconnectAfter({ failures: 6, delayMs: 32_000 }, 10_000, 1)).toEqual({ failures: 1, delayMs: 1_000 });
});

test('jitter takes up to half of the delay away', () => {
  const delays = [0, 0.5, 1].map((random) => reconnectAfter({ failures: 2, delayMs: 0 }, 0, random).delayMs);
  expect(delays).toEqual([2_000, 3_000, 4_000]);
});
