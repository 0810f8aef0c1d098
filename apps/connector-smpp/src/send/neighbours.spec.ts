import { expect, test } from '@jest/globals';
import type { ConnectorTenants } from '@heliograph/message';
import { createNeighbours } from './neighbours.ts';

const t0 = Date.parse('2026-11-20T10:00:00Z');

/** What a router says of `north` or another connector; times are seconds after t0. */
const says = (atS: number, tenants: Record<string, number>, connector = 'north', lane: 'normal' | 'otp' = 'normal') => ({
  atS,
  lanes: [{ connector, class: lane, tenants: Object.entries(tenants).map(([tenant, s]) => ({ tenant, atMs: t0 + s * 1_000 })) }],
});
type Said = Pick<ConnectorTenants, 'lanes'> & { readonly atS: number };

/** Some router says each second that it knows of nobody. */
const heard = (fromS: number, toS: number): Said[] => Array.from({ length: toS - fromS + 1 }, (_, i) => ({ atS: fromS + i, lanes: [] }));

test.each<[string, Said[], number, boolean]>([
  ['no router was ever heard', [], 10, true],
  ['no router was heard for more than 5 s', heard(0, 4), 10, true],
  ['it was routed before anything was heard', heard(9, 10), 8, true],
  ['what was told in between may have been missed', [...heard(0, 4), ...heard(10, 11)], 9, true],
  ['routers know of nobody', heard(0, 10), 10, false],
  ['a router knows of this one', [...heard(0, 10), says(10, { a: 9 })], 10, false],
  ['a router knows of another', [...heard(0, 10), says(10, { a: 9, b: 3 })], 10, true],
  ['two routers know of one each', [...heard(0, 10), says(10, { a: 9 }), says(10, { b: 9 })], 10, true],
  ['a router told of another and is gone', [says(0, { b: 0 }), ...heard(0, 60)], 60, true],
  ['the other one was there longer ago', [says(0, { b: 0 }), ...heard(0, 61)], 61, false],
  ['the other one is of another connector', [...heard(0, 10), says(10, { b: 9 }, 'south')], 10, false],
  ['the other one is of another class', [...heard(0, 10), says(10, { b: 9 }, 'north', 'otp')], 10, false],
  ['of many the last two are told', [...heard(0, 10), says(10, { b: 8, c: 9 }), says(10, { a: 10, c: 9 })], 10, true],
])('another tenant may wait behind: %s', (_, all, routedAtS, expected) => {
  let now = t0;
  let hear = (_: ConnectorTenants): void => {};
  const neighbours = createNeighbours({
    listen: (_, told) => void (hear = told as unknown as typeof hear),
    now: () => now,
  });
  for (const { atS, lanes } of all) {
    now = t0 + atS * 1_000;
    hear({ atMs: now, lanes });
  }
  expect(neighbours.mayWait('north', 'normal', 'a', t0 + routedAtS * 1_000, Math.max(now, t0 + 10_000))).toBe(expected);
});
