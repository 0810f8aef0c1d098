import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createTurns, type Turn } from './turns.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Binds that wait for their turns; `got` fills as they get them. */
function binds(count: number) {
  const turns = createTurns({ now: Date.now, random: () => 1 });
  const got: { bind: number; atMs: number; turn: Turn }[] = [];
  const ending = new AbortController();
  const beganAtMs = Date.now();
  const wait = (bind: number): void =>
    void turns.take(ending.signal).then((turn) => turn && got.push({ bind, atMs: Date.now() - beganAtMs, turn }));
  for (let bind = 0; bind < count; bind++) wait(bind);
  const turnOf = (index: number): Turn => (got[index] as { turn: Turn }).turn;
  return { got, wait, turnOf, ending };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test('one goes ahead; the others follow one by one when it is bound', async () => {
  const { got, turnOf } = binds(3);
  await pass(60_000);
  expect(got.map(({ bind }) => bind)).toEqual([0]);
  turnOf(0).bound();
  await pass(99);
  expect(got).toHaveLength(1);
  await pass(1);
  turnOf(1).bound();
  await pass(100);
  expect(got.map(({ bind, atMs }) => [bind, atMs])).toEqual([
    [0, 0],
    [1, 60_100],
    [2, 60_200],
  ]);
});

test('a provider that refuses is asked 1, 2, 4 s later, by each in its turn', async () => {
  const { got, wait, turnOf } = binds(3);
  for (let i = 0; i < 5; i++) {
    await pass(i === 0 ? 0 : 1_000 * 2 ** (i - 1));
    wait((got[i] as { bind: number }).bind);
    turnOf(i).ended(0);
  }
  expect(got.map(({ bind, atMs }) => [bind, atMs])).toEqual([
    [0, 0],
    [1, 1_000],
    [2, 3_000],
    [0, 7_000],
    [1, 15_000],
  ]);
});

test('binds that are lost together come back one after the other, not at one moment', async () => {
  const { got, wait, turnOf } = binds(3);
  for (let i = 0; i < 3; i++) {
    await pass(100);
    turnOf(i).bound();
  }
  await pass(3_600_000);
  const lostAtMs = (got[2]?.atMs ?? 0) + 3_600_000;
  for (let i = 0; i < 3; i++) {
    turnOf(i).ended(3_600_000);
    wait(i);
  }
  await pass(1_000);
  expect(got).toHaveLength(4);
  turnOf(3).bound();
  await pass(100);
  turnOf(4).bound();
  await pass(100);
  expect(got.slice(3).map(({ bind, atMs }) => [bind, atMs - lostAtMs])).toEqual([
    [0, 1_000],
    [1, 1_100],
    [2, 1_200],
  ]);
});

test('who waits no longer is passed over', async () => {
  const { got, ending } = binds(2);
  await pass(0);
  ending.abort();
  got[0]?.turn.ended(0);
  await pass(10_000);
  expect(got).toHaveLength(1);
  expect(jest.getTimerCount()).toBe(0);
});
