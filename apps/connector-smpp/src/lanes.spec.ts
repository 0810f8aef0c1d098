import { expect, test } from '@jest/globals';
import { createLanes } from './lanes.ts';

test('the most urgent class first, within it in the order of coming', () => {
  const lanes = createLanes<string>();
  lanes.add('bulk', 'b1');
  lanes.add('normal', 'n1');
  lanes.add('otp', 'o1');
  lanes.add('otp', 'o2');
  lanes.add('bulk', 'b2');
  expect(lanes.size).toBe(5);
  expect(Array.from({ length: 6 }, () => lanes.take())).toEqual(['o1', 'o2', 'n1', 'b1', 'b2', undefined]);
  expect(lanes.size).toBe(0);
});

test('what is put back is the first of its class', () => {
  const lanes = createLanes<string>();
  for (const item of ['a', 'b', 'c']) lanes.add('normal', item);
  const a = lanes.take() as string;
  const b = lanes.take() as string;
  lanes.putBack('normal', b);
  lanes.putBack('normal', a);
  lanes.putBack('normal', 'before');
  expect(Array.from({ length: 5 }, () => lanes.take())).toEqual(['before', 'a', 'b', 'c', undefined]);
});

test('takes out what is asked for, and leaves the order of the rest', () => {
  const lanes = createLanes<number>();
  for (let i = 0; i < 10; i++) lanes.add(i % 2 ? 'otp' : 'bulk', i);
  lanes.take();
  expect(lanes.takeIf((i) => i % 3 === 0)).toEqual([3, 9, 0, 6]);
  expect(lanes.size).toBe(5);
  expect(Array.from({ length: 5 }, () => lanes.take())).toEqual([5, 7, 2, 4, 8]);
});
