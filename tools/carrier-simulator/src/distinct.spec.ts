import { expect, test } from '@jest/globals';
import { createDistinct, hashOf } from './distinct.ts';

test('what was shown before is not counted again, through several growths of the table', () => {
  const distinct = createDistinct();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) expect(distinct.add(hashOf(`1555${i}`, [Buffer.from('hello')]))).toBe(round === 0);
  }
  expect(distinct).toMatchObject({ count: 20_000, exact: true });
});

test('full: it stops counting, says so, and grows no more', () => {
  const distinct = createDistinct(100);
  for (let i = 0; i < 1_000; i++) distinct.add(hashOf(String(i), []));
  expect(distinct).toMatchObject({ count: 100, exact: false });
});

test('a hash tells destination, content and its octets apart, and not where parts were cut', () => {
  const hashes = [
    hashOf('1', [Buffer.from('a')]),
    hashOf('2', [Buffer.from('a')]),
    hashOf('1', [Buffer.from('b')]),
    hashOf('1', [Buffer.from([0, 0x61])]),
    hashOf('1', []),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(hashOf('1', [Buffer.from('ab'), Buffer.from('c')])).toBe(hashOf('1', [Buffer.from('a'), Buffer.from('bc')]));
  for (const hash of hashes) expect(Number.isSafeInteger(hash) && hash > 0).toBe(true);
});
