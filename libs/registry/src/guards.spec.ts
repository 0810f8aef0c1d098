import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { combine, guardsOf, tenantGuards } from './guards.ts';

const guards = (stored: object) => guardsOf({ guards: stored });

describe('the guards of a tenant', () => {
  test('without settings hold nothing back', () => {
    for (const none of [{}, { guards: {} }, { guards: { operator: {}, own: {} } }])
      expect(guardsOf(none)).toMatchObject({ segmentsMax: Infinity, allowed: [], cappedPrefixes: [], velocities: [] });
  });

  test('are read once for a row, and anew for the next', () => {
    const row = { guards: { own: { segmentsMax: 3 } } };
    expect(guardsOf(row)).toBe(guardsOf(row));
    expect(guardsOf({ guards: { own: { segmentsMax: 4 } } })).toMatchObject({ segmentsMax: 4 });
  });

  test.each([
    ['the daily cap', { operator: { dailyCap: '5' }, own: { dailyCap: '7' } }, { caps: new Map([['', 5n]]) }],
    ['its own daily cap, when that is lower', { operator: { dailyCap: '5' }, own: { dailyCap: '3' } }, { caps: new Map([['', 3n]]) }],
    [
      'caps of one prefix and of another',
      {
        operator: { destinationCaps: [{ prefix: '44', microCredits: '9' }] },
        own: { destinationCaps: [{ prefix: '447', microCredits: '4' }] },
      },
      { cappedPrefixes: ['44', '447'] },
    ],
    ['the segments', { operator: { segmentsMax: 4 }, own: { segmentsMax: 6 } }, { segmentsMax: 4 }],
  ])('hold on both levels: %s', (_, stored, expected) => {
    expect(guards(stored)).toMatchObject(expected);
  });

  test('that cannot be read let nothing pass', () => {
    for (const broken of [{ own: { dailyCap: -1 } }, 'x', 7, null, { unknown: 1 }]) {
      expect(guardsOf({ guards: broken }).caps.get('')).toBe(0n);
    }
  });

  test('of its own cannot open premium ranges', () => {
    expect(tenantGuards.safeParse({ own: { allowPremium: ['979'] } }).success).toBe(false);
  });

  test('whatever the levels say: a cap of one of them is never raised by the other', () => {
    const amount = fc.option(fc.bigInt(0n, 10n ** 18n - 1n), { nil: undefined });
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        const level = (cap: bigint | undefined) => (cap === undefined ? {} : { dailyCap: String(cap) });
        const cap = combine(tenantGuards.parse({ operator: level(a), own: level(b) })).caps.get('');
        const given = [a, b].filter((one) => one !== undefined);
        expect(cap).toBe(given.length === 0 ? undefined : given.reduce((x, y) => (x < y ? x : y)));
      }),
    );
  });
});
