import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decideGrant, sizeLease, type KnownLease } from './grant.ts';

const now = 1_000_000;
const credits = (count: number): bigint => BigInt(Math.round(count * 1_000_000));

describe('the size of a lease', () => {
  test.each([
    ['alone, all that is wanted', { available: 100, need: 1, want: 50, othersMayWant: false }, 50],
    ['alone, no more than there is', { available: 20, need: 1, want: 50, othersMayWant: false }, 20],
    ['beside others, a quarter of the rest, in whole messages', { available: 100, need: 1, want: 50, othersMayWant: true }, 25],
    ['beside others, no more than is wanted', { available: 1000, need: 1, want: 50, othersMayWant: true }, 50],
    ['beside others with a small balance, exactly the need', { available: 4, need: 1, want: 50, othersMayWant: true }, 1],
    ['beside others, the last credit', { available: 1, need: 1, want: 50, othersMayWant: true }, 1],
    ['for a message of three segments, multiples of it', { available: 43, need: 3, want: 50, othersMayWant: true }, 12],
    ['wanting less than the need, the need', { available: 100, need: 3, want: 0, othersMayWant: true }, 3],
    ['a want that is no multiple of the need is met', { available: 1000, need: 3, want: 10, othersMayWant: true }, 10],
  ])('%s', (_, { available, need, want, othersMayWant }, expected) => {
    const sized = sizeLease({ available: credits(available), need: credits(need), want: credits(want), othersMayWant });
    expect(sized).toBe(credits(expected));
  });

  test('any: at least the need, at most what there is, and at most a quarter of the rest beside others', () => {
    const amount = fc.bigInt(1n, 10n ** 12n);
    fc.assert(
      fc.property(amount, amount, fc.bigInt(0n, 10n ** 12n), fc.boolean(), (need, rest, want, othersMayWant) => {
        const size = sizeLease({ available: need + rest, need, want, othersMayWant });
        expect(size >= need).toBe(true);
        expect(size - need <= (othersMayWant ? rest / 4n : rest)).toBe(true);
        expect(size === need || size <= want).toBe(true);
      }),
    );
  });
});

const lease = (fields: Partial<KnownLease>): KnownLease => ({
  id: 'b1',
  ingress: 'b',
  state: 'active',
  held: credits(5),
  expiresAtMs: now + 20_000,
  scope: [],
  ofToday: true,
  ...fields,
});

describe('a grant', () => {
  test.each<[string, { available: number; leases: KnownLease[] }, object]>([
    ['with credit is given', { available: 10, leases: [] }, { kind: 'grant', microCredits: credits(10) }],
    ['beside another ingress leaves it some', { available: 10, leases: [lease({})] }, { kind: 'grant', microCredits: credits(4) }],
    [
      'beside an ingress whose lease was spent a moment ago leaves it some',
      { available: 10, leases: [lease({ state: 'closed', held: 0n })] },
      { kind: 'grant', microCredits: credits(4) },
    ],
    ['without credit anywhere is refused', { available: 1, leases: [] }, { kind: 'no_credit' }],
    ['below zero is refused', { available: -3, leases: [] }, { kind: 'no_credit' }],
    ['with credit at another ingress calls it back', { available: 0, leases: [lease({})] }, { kind: 'retry', recall: ['b1'] }],
    [
      'with credit in a lease of its own calls that back too',
      { available: 0, leases: [lease({ ingress: 'a', id: 'a1' })] },
      { kind: 'retry', recall: ['a1'] },
    ],
    ['that all leases together could not cover is refused', { available: 0, leases: [lease({ held: credits(1) })] }, { kind: 'no_credit' }],
    [
      'that several leases together could cover calls all of them back',
      { available: 0, leases: [lease({ held: credits(1) }), lease({ id: 'c1', ingress: 'c', held: credits(1) })] },
      { kind: 'retry', recall: ['b1', 'c1'] },
    ],
    [
      'with a lease called back a moment ago calls it again, for the call may be lost',
      { available: 0, leases: [lease({ recalledAtMs: now - 2_000 })] },
      { kind: 'retry', recall: ['b1'] },
    ],
    [
      'with a lease called back in vain is refused',
      { available: 0, leases: [lease({ recalledAtMs: now - 3_000 })] },
      { kind: 'no_credit' },
    ],
    [
      'with a lease given back whose records are still to be posted is refused',
      { available: 0, leases: [lease({ state: 'returned' })] },
      { kind: 'no_credit' },
    ],
    [
      'with a lease that ended a moment ago waits for it',
      { available: 0, leases: [lease({ state: 'expired', expiresAtMs: now - 500 })] },
      { kind: 'retry', recall: [] },
    ],
    [
      'with a lease that ended a while ago is refused',
      { available: 0, leases: [lease({ state: 'expired', expiresAtMs: now - 5_000 })] },
      { kind: 'no_credit' },
    ],
    [
      'with a dead lease that is about to be closed waits for it',
      { available: 0, leases: [lease({ state: 'expired', expiresAtMs: now - 13_000 })] },
      { kind: 'retry', recall: [] },
    ],
    [
      'with a dead lease that should be closed already waits a moment',
      { available: 0, leases: [lease({ state: 'expired', expiresAtMs: now - 17_000 })] },
      { kind: 'retry', recall: [] },
    ],
    [
      'with a dead lease that cannot be closed is refused',
      { available: 0, leases: [lease({ state: 'expired', expiresAtMs: now - 19_000 })] },
      { kind: 'no_credit' },
    ],
  ])('%s', (_, { available, leases }, expected) => {
    const decision = decideGrant(
      { ingress: 'a', scope: [], need: credits(2), want: credits(50) },
      { available: credits(available), leases, graceMs: 15_000, caps: [], dayEndsAtMs: now + 3_600_000 },
      now,
    );
    expect(decision.kind === 'retry' ? { kind: 'retry', recall: decision.recall.map(({ id }) => id) } : decision).toEqual(expected);
  });
});

describe('a grant under caps of the day', () => {
  const scoped = lease({ id: 'u1', scope: ['44'] });
  const cap = (left: number, prefix = '') => ({ prefix, left: credits(left) });
  const decided = (facts: object, request: object = {}) =>
    decideGrant(
      { ingress: 'a', scope: [], need: credits(2), want: credits(50), ...request },
      { available: credits(100), leases: [], graceMs: 15_000, caps: [], dayEndsAtMs: now + 3_600_000, ...facts },
      now,
    );

  test.each<[string, object, object]>([
    ['is no more than the cap leaves', { caps: [cap(7)] }, { kind: 'grant', microCredits: credits(7) }],
    ['is no more than the narrowest leaves', { caps: [cap(7), cap(3, '44')] }, { kind: 'grant', microCredits: credits(3) }],
    ['is no more than there is', { available: credits(4), caps: [cap(7)] }, { kind: 'grant', microCredits: credits(4) }],
    ['is refused when the day is spent', { caps: [cap(1)] }, { kind: 'capped', prefix: '' }],
    ['is refused when the cap was lowered below what is spent', { caps: [cap(-5)] }, { kind: 'capped', prefix: '' }],
    ['is refused when the prefix is spent', { caps: [cap(50), cap(1, '44')] }, { kind: 'capped', prefix: '44' }],
    ['without credit is refused for that', { available: 0n, caps: [cap(0)] }, { kind: 'no_credit' }],
    ['waits for what is out under the cap', { caps: [cap(1)], leases: [lease({})] }, { kind: 'retry', recall: [lease({})] }],
    ['does not wait for what yesterday took', { caps: [cap(1)], leases: [lease({ ofToday: false })] }, { kind: 'capped', prefix: '' }],
    ['waits for leases of its prefix', { caps: [cap(1, '44')], leases: [scoped] }, { kind: 'retry', recall: [scoped] }],
    ['does not wait for leases of others', { caps: [cap(1, '44')], leases: [lease({})] }, { kind: 'capped', prefix: '44' }],
    [
      'calls a lease back once that both caps lack',
      { caps: [cap(1), cap(1, '44')], leases: [scoped] },
      { kind: 'retry', recall: [scoped] },
    ],
    [
      'waits for the day to end in its last moments',
      { caps: [cap(7)], dayEndsAtMs: now + 1_999 },
      { kind: 'retry', recall: [], afterMs: 1_999 },
    ],
  ])('%s', (_, facts, expected) => {
    expect(decided(facts)).toEqual(expected);
  });

  test('leaves some to the other purses of its own process', () => {
    expect(decided({ available: credits(10), leases: [lease({ ingress: 'a' })] }, { scope: ['44'] })).toEqual({
      kind: 'grant',
      microCredits: credits(4),
    });
  });

  test('any: never more than the account or any cap has', () => {
    const amount = fc.bigInt(-5n, 50n);
    fc.assert(
      fc.property(amount, fc.array(amount, { maxLength: 4 }), fc.bigInt(1n, 9n), fc.bigInt(0n, 60n), (available, lefts, need, want) => {
        const caps = lefts.map((left, i) => ({ prefix: String(i), left }));
        const decision = decided({ available, caps }, { need, want });
        const least = [available, ...lefts].reduce((a, b) => (a < b ? a : b));
        if (decision.kind === 'grant') expect(decision.microCredits >= need && decision.microCredits <= least).toBe(true);
        else expect(least < need).toBe(true);
      }),
    );
  });
});
