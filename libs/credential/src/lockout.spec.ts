import { expect, test } from '@jest/globals';
import { createLockout } from './lockout.ts';

const options = { failuresMax: 3, windowMs: 60_000, lockedMs: 300_000, entriesMax: 4 };
const nowMs = Date.UTC(2026, 10, 20);

function failedAt(timesMs: readonly number[], address = '192.0.2.1', login = 'acme') {
  const lockout = createLockout(options);
  for (const atMs of timesMs) lockout.failed(login, address, nowMs + atMs);
  return lockout;
}

test.each<[string, number[], number, boolean]>([
  ['less than the limit', [0, 1], 2, false],
  ['as many as the limit', [0, 1, 2], 3, true],
  ['as many, too far apart', [0, 1, 60_000], 60_001, false],
  ['as many, and the lock has not ended', [0, 1, 2], 300_001, true],
  ['as many, and the lock has ended', [0, 1, 2], 300_002, false],
  ['again after the lock has ended', [0, 1, 2, 300_002, 300_003], 300_004, false],
  ['again as many after the lock has ended', [0, 1, 2, 300_002, 300_003, 300_004], 300_005, true],
])('locked after %s', (_, failures, atMs, locked) => {
  expect(failedAt(failures).isLocked('acme', '192.0.2.1', nowMs + atMs)).toBe(locked);
});

test.each([
  ['the same address', 'acme', '192.0.2.1', true],
  ['a neighbour', 'acme', '192.0.2.200', true],
  ['another network', 'acme', '198.51.100.1', false],
  ['another login from the same network', 'other', '192.0.2.1', false],
])('the lock is of the login and the network: %s', (_, login, address, locked) => {
  expect(failedAt([0, 1, 2]).isLocked(login, address, nowMs + 3)).toBe(locked);
});

test('memory is bounded: what was heard of longest ago is forgotten', () => {
  const lockout = failedAt([0, 1, 2]);
  for (let i = 0; i < 3; i++) lockout.failed(`guess ${i}`, '192.0.2.1', nowMs + 3);
  expect(lockout.isLocked('acme', '192.0.2.1', nowMs + 4)).toBe(true);
  lockout.failed('one more', '192.0.2.1', nowMs + 3);
  expect(lockout.isLocked('acme', '192.0.2.1', nowMs + 4)).toBe(false);
});
