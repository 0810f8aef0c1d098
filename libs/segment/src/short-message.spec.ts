import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeShortMessage, encodeShortMessage } from './index.ts';
import type { DefaultAlphabet, TextAlphabet } from './index.ts';

type TextCase = [
  situation: string,
  dataCoding: number,
  hex: string,
  text: string,
  alphabet: TextAlphabet,
  defaultAlphabet: DefaultAlphabet,
];

const texts: TextCase[] = [
  ['default alphabet', 0x00, '0048691b65', '@Hi€', 'gsm', 'gsm'],
  ['default alphabet with octets above 0x7F is Latin-1', 0x00, '636166e9', 'café', 'latin1', 'gsm'],
  ['default alphabet of a Latin-1 link', 0x00, '4024e9', '@$é', 'latin1', 'latin1'],
  ['IA5', 0x01, '4024', '@$', 'latin1', 'gsm'],
  ['Latin-1', 0x03, '40e9', '@é', 'latin1', 'gsm'],
  ['UCS-2', 0x08, '0416d83dde00', 'Ж😀', 'ucs2', 'gsm'],
  ['class 0 (flash), GSM whatever the link', 0xf0, '00', '@', 'gsm', 'latin1'],
  ['class 1 on the SIM, GSM', 0xf2, '1b65', '€', 'gsm', 'gsm'],
];

const gsmClasses = [0xf0, 0xf1, 0xf2, 0xf3, 0xf8, 0xf9, 0xfa, 0xfb];

describe('decodeShortMessage', () => {
  test.each(texts)('%s', (_situation, dataCoding, hex, text, alphabet, defaultAlphabet) => {
    const octets = Buffer.from(hex, 'hex');
    const decoded = decodeShortMessage({ dataCoding, octets, udhi: false, defaultAlphabet });
    expect(decoded).toEqual({ kind: 'text', text, alphabet, octets });
  });

  test('every other data_coding is binary, octets untouched', () => {
    const known = new Set([0, 1, 3, 8, ...gsmClasses]);
    const octets = Buffer.from('00ff7f', 'hex');
    for (let dataCoding = 0; dataCoding <= 0xff; dataCoding++) {
      const { kind, octets: body } = decodeShortMessage({ dataCoding, octets, udhi: false });
      expect([dataCoding, kind]).toEqual([dataCoding, known.has(dataCoding) ? 'text' : 'binary']);
      expect(body).toEqual(octets);
    }
  });

  test('with a header: it is taken off and read', () => {
    const octets = Buffer.from('0500030a02014869', 'hex');
    const decoded = decodeShortMessage({ dataCoding: 0, octets, udhi: true });
    expect(decoded).toMatchObject({
      kind: 'text',
      text: 'Hi',
      octets: Buffer.from('Hi'),
      udh: { length: 6, concat: { total: 2, sequence: 1 } },
    });
  });

  test('with a header whose reference is above 0x7F: the body is still GSM', () => {
    const octets = Buffer.from('050003ff020100', 'hex');
    expect(decodeShortMessage({ dataCoding: 0, octets, udhi: true })).toMatchObject({ text: '@', alphabet: 'gsm' });
  });

  test('with a header and data: both are given', () => {
    const octets = Buffer.from('0605040b8423f0dead', 'hex');
    expect(decodeShortMessage({ dataCoding: 4, octets, udhi: true })).toMatchObject({
      kind: 'binary',
      octets: Buffer.from('dead', 'hex'),
      udh: { elements: [{ id: 5 }] },
    });
  });

  test('with a header that claims more than there is: binary, nothing taken off', () => {
    const octets = Buffer.from('ff4869', 'hex');
    expect(decodeShortMessage({ dataCoding: 0, octets, udhi: true })).toEqual({ kind: 'binary', octets });
  });

  test('never throws, whatever the octets', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.uint8Array({ maxLength: 300 }), fc.boolean(), (dataCoding, octets, udhi) => {
        expect(['text', 'binary']).toContain(decodeShortMessage({ dataCoding, octets, udhi }).kind);
      }),
    );
  });
});

describe('encodeShortMessage', () => {
  test.each([
    ['GSM when it fits', 'Hi @€', {}, { ok: true, dataCoding: 0, octets: '486920001b65', udhi: false }],
    ['UCS-2 when it does not', 'Ж', {}, { ok: true, dataCoding: 8, octets: '0416', udhi: false }],
    ['Latin-1 link', '@é', { defaultAlphabet: 'latin1' as const }, { ok: true, dataCoding: 0, octets: '40e9', udhi: false }],
    ['Latin-1 link, outside it', '€', { defaultAlphabet: 'latin1' as const }, { ok: true, dataCoding: 8, octets: '20ac', udhi: false }],
    ['data_coding kept', '@', { dataCoding: 3 }, { ok: true, dataCoding: 3, octets: '40', udhi: false }],
    ['class kept', '@', { dataCoding: 0xf0 }, { ok: true, dataCoding: 0xf0, octets: '00', udhi: false }],
    [
      'with a header',
      'Hi',
      { udh: Buffer.from('0500030a0201', 'hex') },
      { ok: true, dataCoding: 0, octets: '0500030a02014869', udhi: true },
    ],
  ])('%s', (_situation, text, given, expected) => {
    const encoded = encodeShortMessage({ text, ...given });
    expect(encoded.ok && { ...encoded, octets: encoded.octets.toString('hex') }).toEqual(expected);
  });

  test.each([
    ['a character outside the asked alphabet', 'Ж', 0],
    ['a character outside Latin-1', '€', 3],
    ['a data_coding without text', 'Hi', 4],
  ])('refuses %s', (_situation, text, dataCoding) => {
    expect(encodeShortMessage({ text, dataCoding })).toEqual({ ok: false, reason: 'not_encodable' });
  });

  test('what is encoded is decoded as itself, for every text and link', () => {
    const unit = fc.nat(0xffff).map((code) => String.fromCharCode(code));
    const text = fc.oneof(fc.string(), fc.string({ unit }), fc.string({ unit: fc.nat(0xff).map((code) => String.fromCharCode(code)) }));
    fc.assert(
      fc.property(text, fc.constantFrom('gsm' as const, 'latin1' as const), fc.boolean(), (text, defaultAlphabet, headed) => {
        const udh = headed ? Buffer.from('050003ff0201', 'hex') : undefined;
        const encoded = encodeShortMessage({ text, defaultAlphabet, udh });
        expect(encoded.ok).toBe(true);
        if (encoded.ok) expect(decodeShortMessage({ ...encoded, defaultAlphabet })).toMatchObject({ kind: 'text', text });
      }),
    );
  });
});
