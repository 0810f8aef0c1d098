import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeGsm, decodeLatin1, decodeUcs2, encodeGsm, encodeLatin1, encodeUcs2, isGsm, packSeptets, unpackSeptets } from './index.ts';

const alphabet = decodeGsm(Uint8Array.from({ length: 128 }, (_, septet) => septet).filter((septet) => septet !== 0x1b)) + '\f^{}\\[~]|€';
const gsmText = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 400, size: 'max' });
const units = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 200, size: 'max' });

test('GSM: what is encoded is decoded as itself, for every text in the alphabet', () => {
  fc.assert(
    fc.property(gsmText, (text) => {
      expect(decodeGsm(encodeGsm(text)!)).toBe(text);
      expect(isGsm(text)).toBe(true);
    }),
  );
});

test('GSM: isGsm says whether encodeGsm can', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), gsmText), (text) => isGsm(text) === (encodeGsm(text) !== undefined)));
});

test.each([
  ['escape before a septet without an entry', '1b41', 'A'],
  ['escape before an escape', '1b1b', ' '],
  ['escape at the end', '411b', 'A '],
  ['octet that is no septet', '41c342', 'A\ufffdB'],
  ['octet that is no septet after an escape', '1bc3', '\ufffd'],
])('GSM: %s is shown (23.038 §6.2.1.1)', (_situation, hex, text) => {
  expect(decodeGsm(Buffer.from(hex, 'hex'))).toBe(text);
});

test('packing: what is packed is unpacked as itself, after a header of any length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ max: 127, maxLength: 160, size: 'max' }), fc.nat(139), (septets, headerOctets) => {
      const packed = packSeptets(septets, headerOctets);
      expect(unpackSeptets(packed, septets.length, headerOctets)).toEqual(Buffer.from(septets));
    }),
  );
});

test('unpacking: octets that end early give fewer septets', () => {
  expect(unpackSeptets(Buffer.from('E832', 'hex'), 10)).toEqual(Buffer.from('he'));
  expect(unpackSeptets(Buffer.alloc(0), 10, 6)).toEqual(Buffer.alloc(0));
});

test('UCS-2: every string is decoded as itself, lone surrogates too', () => {
  fc.assert(fc.property(units, (text) => decodeUcs2(encodeUcs2(text)) === text));
});

test('UCS-2: big-endian, and an odd last octet is dropped', () => {
  expect(encodeUcs2('Ж😀').toString('hex')).toBe('0416d83dde00');
  expect(decodeUcs2(Buffer.from('0416d8', 'hex'))).toBe('Ж');
});

test('UCS-2: decoding leaves the octets as they were', () => {
  const octets = Buffer.from('0416', 'hex');
  decodeUcs2(octets);
  expect(octets.toString('hex')).toBe('0416');
});

test('Latin-1: every octet is a character, and back', () => {
  const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet);
  expect(encodeLatin1(decodeLatin1(octets))).toEqual(Buffer.from(octets));
  expect(decodeLatin1(octets.subarray(0xe9, 0xea))).toBe('é');
  expect(encodeLatin1('€')).toBeUndefined();
});
