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
    const sized = sizeLease({ ingress: 'a', available: credits(available), need: credits(need), want: credits(want), othersMayWant });
    expect(sized).toBe(credits(expected));
  });

  test('any: at least the need, at most what there is, and at most a quarter of the rest beside others', () => {
    const amount = fc.bigInt(1n, 10n ** 12n);
    fc.assert(
      fc.property(amount, amount, fc.bigInt(0n, 10n ** 12n), fc.boolean(), (need, rest, want, othersMayWant) => {
        const size = sizeLease({ ingress: 'a', available: need + rest, need, want, othersMayWant });
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
      { ingress: 'a', need: credits(2), want: credits(50) },
      { available: credits(available), leases, graceMs: 15_000 },
      now,
    );
    expect(decision.kind === 'retry' ? { kind: 'retry', recall: decision.recall.map(({ id }) => id) } : decision).toEqual(expected);
  });
});
