import { describe, expect, it, jest } from '@jest/globals';
import { createNeighbours } from './neighbours.ts';

/** All that is said is heard by all. */
function createBus() {
  const listening: ((body: never) => void)[] = [];
  return {
    broadcast: (_: string, body: object) => listening.forEach((heard) => heard(body as never)),
    listen: <Body>(_: string, heard: (body: Body) => void) => void listening.push(heard as (body: never) => void),
  };
}

describe('neighbours', () => {
  it('are known to each other at once, and forgotten when one has been quiet for long', () => {
    jest.useFakeTimers();
    try {
      const queue = createBus();
      const [first, second] = ['a', 'b'].map((id) => createNeighbours({ queue, id, now: Date.now }));
      expect([first?.alone, second?.alone]).toEqual([false, false]);
      jest.advanceTimersByTime(20_000);
      expect([first?.alone, second?.alone]).toEqual([false, false]);
      second?.stop();
      jest.advanceTimersByTime(6_100);
      expect(first?.alone).toBe(true);
      first?.stop();
    } finally {
      jest.useRealTimers();
    }
  });

  it('are others: one that hears itself alone is alone', () => {
    const only = createNeighbours({ queue: createBus(), id: 'a' });
    expect(only.alone).toBe(true);
    only.stop();
  });
});
