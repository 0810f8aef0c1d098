import { expect, test } from '@jest/globals';
import { isId, isShortId, newId, newShortId, withoutDashes } from './id.ts';

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
