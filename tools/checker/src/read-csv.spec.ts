import { expect, test } from '@jest/globals';
import { readCsv } from './read-csv.ts';

const text = 'id,credits,reference\r\n1,1.000000,plain\r\n2,0.500000,"a, ""b"" \r\nand c"\r\n3,,""\r\n';
const rows = [
  { id: '1', credits: '1.000000', reference: 'plain' },
  { id: '2', credits: '0.500000', reference: 'a, "b" \r\nand c' },
  { id: '3', credits: '', reference: '' },
];

test.each([1, 2, 3, 5, 1_000])('rows are the same when the text comes in pieces of %i', async (size) => {
  async function* pieces() {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
  }
  const read = (await Array.fromAsync(readCsv(pieces()))).flat();
  expect(read.map((row) => Object.fromEntries(row))).toEqual(rows);
});
