import { describe, expect, it } from '@jest/globals';
import { createLane } from './lane.ts';

describe('a lane', () => {
  it('runs together what comes while it is at work, in order and in bounds, and gives each its own result', async () => {
    const ran: (readonly number[])[] = [];
    const lane = createLane<number, number>(async (items) => {
      ran.push(items);
      return items.map((item) => item * 10);
    }, 3);
    const first = [lane(1), lane(2)];
    const more = first[0]?.then(() => Promise.all([3, 4, 5, 6].map((item) => lane(item))));
    expect(await Promise.all(first)).toEqual([10, 20]);
    expect(await more).toEqual([30, 40, 50, 60]);
    expect(ran).toEqual([[1, 2], [3, 4, 5], [6]]);
  });

  it('tells all of a batch that it failed, and goes on', async () => {
    let fails = true;
    const lane = createLane<number, number>(async (items) => {
      if (fails) throw new Error('away');
      return items;
    }, 10);
    const settled = await Promise.allSettled([lane(1), lane(2)]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await lane(3)).toBe(3);
  });
});
