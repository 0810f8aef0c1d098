import { expect, test } from '@jest/globals';
import { createHeard } from './heard.ts';

test('waits until as many fit, whenever they came', async () => {
  const heard = createHeard<number>();
  heard.hear(1, 2);
  const even = heard.until((one) => one % 2 === 0, 2);
  let resolved = false;
  void even.then(() => (resolved = true));
  heard.hear(3);
  await Promise.resolve();
  expect(resolved).toBe(false);
  heard.hear(4);
  expect(await even).toEqual([2, 4]);
  expect(await heard.until((one) => one > 2)).toEqual([3, 4]);
  await heard.when((all) => all.length === 4);
});
