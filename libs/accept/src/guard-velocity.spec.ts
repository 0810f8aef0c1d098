import { expect, test } from '@jest/globals';
import { combine, tenantGuards } from '@heliograph/registry';
import fc from 'fast-check';
import { createVelocityGuard } from './guard-velocity.ts';

const startMs = Date.UTC(2026, 10, 20);
const velocity = { messages: 3, windowSeconds: 60 };
const guards = (operator: object, own: object = {}) => combine(tenantGuards.parse({ operator, own }));
const to = (digits: string, tenant = 'acme') => ({ tenant, digits });

/** What becomes of messages, one after the other at one moment. */
function counted(numbers: readonly string[], given: ReturnType<typeof guards>) {
  const guard = createVelocityGuard();
  return numbers.map((digits) => guard.count(to(digits), given, startMs));
}

test.each<[string, string[], object, (string | undefined)[]]>([
  [
    'as many as may be pass, and what is more is held',
    Array(5).fill('31612345678'),
    {},
    [undefined, undefined, undefined, 'operator', 'operator'],
  ],
  [
    'numbers of one block count together',
    ['31612345678', '31612345679', '31612345670', '31612345671'],
    {},
    [undefined, undefined, undefined, 'operator'],
  ],
  ['other blocks do not', ['31612345678', '31612345678', '31612345678', '31612355678'], {}, Array(4).fill(undefined)],
  [
    'a configured prefix is a block',
    ['31612345678', '31687654321', '31600000000', '31611111111'],
    { prefixes: ['316'] },
    [undefined, undefined, undefined, 'operator'],
  ],
  [
    'the longest of them',
    ['31612345678', '31612345678', '31612345678', '31687654321'],
    { prefixes: ['31', '316123'] },
    Array(4).fill(undefined),
  ],
])('%s', (_, numbers, special, expected) => {
  expect(counted(numbers, guards({ velocity: { ...velocity, ...special } }))).toEqual(expected);
});

test('without settings nothing is held, and nothing is kept', () => {
  const guard = createVelocityGuard();
  for (let i = 0; i < 100; i++) expect(guard.count(to('31612345678'), guards({}), startMs)).toBeUndefined();
  expect(guard.size).toBe(0);
});

test("tenants are counted apart; the tenant's own settings hold beside the operator's, whose word is last", () => {
  const guard = createVelocityGuard();
  const both = guards({ velocity: { ...velocity, messages: 2 } }, { velocity: { ...velocity, messages: 1 } });
  expect([1, 2, 3].map(() => guard.count(to('31612345678'), both, startMs))).toEqual([undefined, 'own', 'operator']);
  expect(guard.count(to('31612345678', 'other'), both, startMs)).toBeUndefined();
});

test('what is held counts too, so that a flood is held until it ends; a window after it messages pass again', () => {
  const guard = createVelocityGuard();
  const given = guards({ velocity });
  const at = (seconds: number) => guard.count(to('31612345678'), given, startMs + seconds * 1_000);
  for (let second = 0; second < 300; second += 10) expect(at(second)).toBe(second < 30 ? undefined : 'operator');
  expect(at(290 + 67)).toBeUndefined();
});

test('blocks that are quiet are forgotten', () => {
  const guard = createVelocityGuard();
  const given = guards({ velocity });
  for (let i = 0; i < 100; i++) guard.count(to(`316${i + 10_000}678`), given, startMs);
  expect(guard.size).toBe(100);
  guard.count(to('44791234567'), given, startMs + 70_000);
  expect(guard.size).toBe(1);
});

test('whatever comes when: no more than so many of any window pass unheld', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (gapsMs, messages) => {
      const guard = createVelocityGuard();
      const given = guards({ velocity: { messages, windowSeconds: 60 } });
      let nowMs = startMs;
      const passed: number[] = [];
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        if (guard.count(to('31612345678'), given, nowMs) === undefined) passed.push(nowMs);
      }
      for (const from of passed) expect(passed.filter((at) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(messages);
    }),
  );
});
