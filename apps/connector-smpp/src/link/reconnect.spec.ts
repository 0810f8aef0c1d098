import { describe, expect, test } from '@jest/globals';
import { afterBound, afterEnd, noReconnect, type Reconnect } from './reconnect.ts';

const now = 1_000_000;
const waitOf = ({ openAtMs }: Reconnect, at = now) => openAtMs - at;

describe('the next bind of a connector connects', () => {
  test('after 1 s doubling to 60 s while no link lasts', () => {
    const delays: number[] = [];
    let state = noReconnect;
    for (let i = 0, at = now; i < 8; i++, at = state.openAtMs) {
      state = afterEnd(i % 2 ? afterBound(state, at, 1) : state, i % 2 ? 500 : 0, at, 1);
      delays.push(waitOf(state, at));
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000));
  });

  test('after 1 s again when one had lasted', () => {
    const state = afterEnd({ failures: 6, openAtMs: now - 1, failed: true }, 10_000, now, 1);
    expect(state).toEqual({ failures: 1, openAtMs: now + 1_000, failed: true });
  });

  test('after up to half of the delay less: jitter', () => {
    expect([0, 0.5, 1].map((random) => waitOf(afterEnd({ ...noReconnect, failures: 2 }, 0, now, random)))).toEqual([2_000, 3_000, 4_000]);
  });

  test('a moment after one was bound, whatever failed before', () => {
    expect([0, 1].map((random) => waitOf(afterBound({ failures: 5, openAtMs: now, failed: true }, now, random)))).toEqual([50, 100]);
  });
});

describe('binds that end together', () => {
  const lost = (count: number, boundMs: number, from: Reconnect): Reconnect =>
    Array.from({ length: count }).reduce<Reconnect>((state, _, i) => afterEnd(state, boundMs, now + i, 0.5), from);

  test.each([
    ['stable ones', 3_600_000],
    ['young ones', 3_000],
  ])('are one failure, and wait as one: %s', (_, boundMs) => {
    const state = lost(64, boundMs, noReconnect);
    expect(state.failures).toBe(1);
    expect(waitOf(state)).toBe(750);
  });

  test('and were stable do not wait for the failures of one that is refused', () => {
    const refused: Reconnect = { failures: 7, openAtMs: now + 55_000, failed: true };
    expect(lost(3, 3_600_000, refused)).toEqual({ failures: 1, openAtMs: now + 750, failed: true });
  });
});

test('a provider that takes each bind and drops it at once is not hammered, however many binds there are', () => {
  let state = noReconnect;
  let tries = 0;
  for (let at = now; at < now + 600_000; at = Math.max(at + 10, state.openAtMs)) {
    tries++;
    state = afterEnd(afterBound(state, at, 1), 5, at + 5, 1);
  }
  expect(tries).toBeLessThan(20);
});
