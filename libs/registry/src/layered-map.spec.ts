import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLayeredMap } from './layered-map.ts';

test('any changes: as a map that is changed, and those before stay as they were', () => {
  const key = fc.stringMatching(/^[a-d]{1,2}$/);
  const change = fc.tuple(key, fc.option(fc.nat(), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.nat())), fc.array(fc.array(change)), (base, changes) => {
      const plain = new Map<string, number>(base);
      let layered = createLayeredMap<number>(new Map(base));
      for (const some of changes) {
        const [before, was] = [layered, [...layered]];
        layered = layered.with(new Map(some));
        for (const [at, value] of new Map(some)) {
          if (value === undefined) plain.delete(at);
          else plain.set(at, value);
        }
        expect([...before]).toEqual(was);
        expect(new Map(layered)).toEqual(plain);
        expect(layered.size).toBe(plain.size);
        expect(new Set(layered.keys())).toEqual(new Set(plain.keys()));
        expect([...layered.values()].sort()).toEqual([...plain.values()].sort());
        for (const [at] of base) expect([layered.get(at), layered.has(at)]).toEqual([plain.get(at), plain.has(at)]);
      }
    }),
  );
});

test('more changes than are laid over the base', () => {
  let map = createLayeredMap<number>();
  for (let i = 0; i < 2_500; i++) map = map.with(new Map([[`key ${i}`, i], ...(i % 2 ? [[`key ${i - 1}`, undefined] as const] : [])]));
  expect(map.size).toBe(1_250);
  expect([map.get('key 0'), map.get('key 1'), map.get('key 2499')]).toEqual([undefined, 1, 2_499]);
});
