import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { decodeGsm, encodeGsm, packSeptets, parseUdh, unpackSeptets } from './index.ts';

/** Lines of a golden file, cut at tabs; `#` begins a comment. */
function golden(name: string): string[][] {
  const text = readFileSync(new URL(`../testdata/${name}`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'));
}

describe('the default alphabet', () => {
  const table = golden('01-gsm-default-alphabet.txt');

  test('has 127 characters and 10 in the extension', () => {
    expect(table).toHaveLength(137);
  });

  test.each(table)('septets %s are U+%s %s', (septets, codePoint) => {
    const character = String.fromCodePoint(parseInt(codePoint!, 16));
    expect(encodeGsm(character)?.toString('hex').toUpperCase()).toBe(septets);
    expect(decodeGsm(Buffer.from(septets!, 'hex'))).toBe(character);
  });

  test('holds no other character of the basic plane', () => {
    const known = new Set(table.map(([, codePoint]) => parseInt(codePoint!, 16)));
    const others = Array.from({ length: 0x10000 }, (_, unit) => unit).filter((unit) => !known.has(unit));
    expect(others.filter((unit) => encodeGsm(String.fromCharCode(unit)) !== undefined)).toEqual([]);
  });
});

test.each(golden('02-packed-septets.txt'))('after %s header octets %s is packed as %s: %s', (headerOctets, text, packed) => {
  const septets = encodeGsm(JSON.parse(text!))!;
  expect(packSeptets(septets, Number(headerOctets)).toString('hex').toUpperCase()).toBe(packed);
  expect(unpackSeptets(Buffer.from(packed!, 'hex'), septets.length, Number(headerOctets))).toEqual(septets);
});

test.each(golden('03-user-data-headers.txt'))('header %s is read as %s: %s', (hex, expected) => {
  const { elements, concat, length, octets } = parseUdh(Buffer.from(hex!, 'hex'))!;
  const read = { elements: elements.map(({ id, data }) => [id, data.toString('hex')]), ...(concat && { concat }), length };
  expect(read).toEqual(JSON.parse(expected!));
  expect(octets.toString('hex')).toBe(hex!.slice(0, length * 2).toLowerCase());
});

test.each(['', '05', '0500030A02', 'FF00'])('a header that claims more than there is, %j, is none', (hex) => {
  expect(parseUdh(Buffer.from(hex, 'hex'))).toBeUndefined();
});
