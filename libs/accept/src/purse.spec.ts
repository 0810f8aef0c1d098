import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPurse, type HeldLease } from './purse.ts';

const lease = (id: string, remaining: bigint, untilMs = 1_000): HeldLease => ({
  id,
  scope: '',
  remaining,
  spent: 0n,
  untilMs,
  unstored: 0,
  retired: false,
});

test('an amount is taken from one lease that has it, never from two', () => {
  const purse = createPurse();
  purse.add(lease('a', 3n));
  purse.add(lease('b', 5n));
  expect(purse.take(4n, 0)?.id).toBe('b');
  expect(purse.take(4n, 0)).toBeUndefined();
  expect(purse.take(3n, 0)?.id).toBe('a');
  expect(purse.remaining(0)).toBe(1n);
});

test('a lease is not spent once it has expired or was recalled', () => {
  const purse = createPurse();
  purse.add(lease('a', 9n, 100));
  expect(purse.take(1n, 100)).toBeUndefined();
  purse.add(lease('b', 9n));
  purse.retire('b');
  expect(purse.take(1n, 0)?.id).toBe('a');
  expect(purse.take(9n, 0)).toBeUndefined();
});

test('a retired lease goes back only when every record that carries it is stored', () => {
  const purse = createPurse();
  purse.add(lease('a', 2n));
  const taken = purse.take(2n, 0) as HeldLease;
  purse.retireSpent(0);
  expect(purse.takeReturnable()).toEqual([]);
  purse.stored(taken);
  expect(purse.takeReturnable()).toMatchObject([{ id: 'a', spent: 2n }]);
  expect(purse.size).toBe(0);
});

test('what was certainly not stored can be spent again', () => {
  const purse = createPurse();
  purse.add(lease('a', 2n));
  const taken = purse.take(2n, 0) as HeldLease;
  purse.refused(taken, 2n);
  expect(purse.take(2n, 0)?.spent).toBe(2n);
});

test('whatever is taken, stored and refused: spent and remaining are what was granted, and nothing is overspent', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt(1n, 50n), { maxLength: 5 }),
      fc.array(fc.tuple(fc.bigInt(1n, 20n), fc.boolean()), { maxLength: 60 }),
      (grants, takes) => {
        const purse = createPurse();
        const leases = grants.map((amount, i) => lease(String(i), amount));
        leases.forEach((one) => purse.add(one));
        for (const [amount, isStored] of takes) {
          const taken = purse.take(amount, 0);
          if (taken && isStored) purse.stored(taken);
          else if (taken) purse.refused(taken, amount);
        }
        leases.forEach((one, i) => {
          expect(one.spent + one.remaining).toBe(grants[i]);
          expect(one.remaining >= 0n).toBe(true);
          expect(one.unstored).toBe(0);
        });
      },
    ),
  );
});
