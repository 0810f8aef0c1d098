import { expect, test } from '@jest/globals';
import { demoCredentials } from './demo.ts';

test("the demo tenant's credentials are the same at each start, differ between installations, and fit a bind", () => {
  const mine = demoCredentials('01'.repeat(32));
  expect(demoCredentials('01'.repeat(32))).toEqual(mine);
  expect(demoCredentials('02'.repeat(32)).password).not.toBe(mine.password);
  expect(mine.password).toHaveLength(8); // SMPP 3.4 §4.1.1
  expect(mine.apiKey).toMatch(/^[0-9a-f]{64}$/);
  expect(mine.operatorKey).toMatch(/^[0-9a-f]{64}$/);
  expect(mine.operatorKey).not.toBe(mine.apiKey);
});
