import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createSiblings } from './siblings.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** All that is said is heard by all. */
function createBus() {
  const listening: ((body: never) => void)[] = [];
  return {
    broadcast: (_: string, body: object) => listening.forEach((heard) => heard(body as never)),
    listen: <Body>(_: string, heard: (body: Body) => void) => void listening.push(heard as (body: never) => void),
  };
}

test('two are known to each other at once, and one is forgotten when it has been quiet for long', () => {
  const queue = createBus();
  const create = () => createSiblings({ queue, app: 'message-log', now: Date.now });
  const [first, second] = [create(), create()];
  expect([first.alone, second.alone]).toEqual([false, false]);
  jest.advanceTimersByTime(20_000);
  expect([first.alone, second.alone]).toEqual([false, false]);
  second.stop();
  jest.advanceTimersByTime(6_100);
  expect(first.alone).toBe(true);
  first.stop();
});

test('one that hears itself alone is alone, once others have had time to answer', () => {
  const only = createSiblings({ queue: createBus(), app: 'message-log', now: Date.now });
  expect(only.alone).toBe(false);
  jest.advanceTimersByTime(2_000);
  expect(only.alone).toBe(true);
  only.stop();
});
