import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { derivedId, isId, isShortId, newId, newShortId, withoutDashes } from './id.ts';

test('ids are 32 hex digits, all different, and sort by the time they were made', async () => {
  const ids = Array.from({ length: 1_000 }, newId);
  expect(ids.every(isId)).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  const begun = Number.parseInt((ids[0] as string).slice(0, 12), 16);
  expect(Math.abs(begun - Date.now())).toBeLessThan(60_000);
});

test('short ids are 8 hex digits, and are not taken for whole ones', () => {
  const id = newShortId();
  expect([isShortId(id), isId(id), isShortId(newId())]).toEqual([true, false, false]);
});

test('a uuid as PostgreSQL prints it is the same id', () => {
  expect(withoutDashes('019c0a70-0000-7000-8000-000000000001')).toBe('019c0a70000070008000000000000001');
});

test.each(['', 'x'.repeat(32), '019c0a70-0000-7000-8000-000000000001', '019C0A70000070008000000000000001'])('%j is no id', (text) => {
  expect(isId(text)).toBe(false);
});

describe('an id that hangs on another', () => {
  const base = '019c0a70000070008000000000000001';

  it('is the same whenever it is made, as the messages of a request are found by it again', () => {
    expect([0, 1, 999].map((i) => derivedId(base, i))).toEqual([
      '019c0a7000007cc3ac7b191349759d99',
      '019c0a70000075cf85e4d5a9f585a73b',
      '019c0a700000742187c787dbb33b05bc',
    ]);
  });

  it('is a UUIDv7 of the same millisecond, and never that of another base or place', () => {
    const uuids = fc
      .tuple(fc.nat(2 ** 32), fc.nat())
      .map(([ms, salt]) => ms.toString(16).padStart(12, '0') + newId().slice(12, 24) + salt.toString(16).padStart(8, '0'));
    const seed = Date.now();
    fc.assert(
      fc.property(fc.uniqueArray(uuids, { minLength: 2, maxLength: 5 }), fc.integer({ min: 1, max: 1_000 }), (bases, count) => {
        const ids = bases.flatMap((one) => Array.from({ length: count }, (_, i) => derivedId(one, i)));
        expect(new Set([...bases, ...ids]).size).toBe(bases.length * (count + 1));
        for (const [i, id] of ids.entries()) {
          expect(id).toMatch(/^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
          expect(id.slice(0, 12)).toBe(bases[Math.floor(i / count)]?.slice(0, 12));
        }
      }),
      { seed, numRuns: 30 },
    );
  });
});
