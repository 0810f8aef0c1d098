import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { digestApiKey, lookupIdOf, matchesApiKey, matchesDigest, newApiKey, readApiKey } from './index.ts';

// SHA-256 of the text "00...00" (64 zeros), as `printf '0%.0s' $(seq 64) | sha256sum` prints it.
const zeros = '0'.repeat(64);
const digestOfZeros = '60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55';

describe('an API key', () => {
  test('is 64 lower-case hex characters, found by the first 12 of its SHA-256', () => {
    const { key, lookupId, digest } = newApiKey();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(digest).toBe(createHash('sha256').update(key).digest('hex'));
    expect(lookupId).toBe(digest.slice(0, 12));
    expect(lookupIdOf(key)).toBe(lookupId);
    expect(matchesApiKey(key, digest)).toBe(true);
  });

  test('is another one each time', () => {
    expect(new Set(Array.from({ length: 100 }, () => newApiKey().key)).size).toBe(100);
  });

  test('has the digest that sha256sum gives its text', () => {
    expect(digestApiKey(zeros)).toBe(digestOfZeros);
  });
});

describe('matchesApiKey', () => {
  test.each([
    ['the key', zeros, digestOfZeros, true],
    ['the key against an upper-case digest', zeros, digestOfZeros.toUpperCase(), true],
    ['another key', '1' + zeros.slice(1), digestOfZeros, false],
    ['a short key', zeros.slice(1), digestOfZeros, false],
    ['a key and a line break', zeros + '\n', digestOfZeros, false],
    ['no key', '', digestOfZeros, false],
    ['no digest', zeros, '', false],
    ['a cut digest', zeros, digestOfZeros.slice(2), false],
    ['the digest as key', digestOfZeros, digestOfZeros, false],
  ])('%s', (_situation, key, digest, expected) => {
    expect(matchesApiKey(key, digest)).toBe(expected);
  });
});

test('a presented key is hashed once for both: look-up id and digest', () => {
  const { key, lookupId, digest } = newApiKey();
  expect(readApiKey(key)).toEqual({ lookupId, digest });
});

test.each([
  ['itself', digestOfZeros, digestOfZeros, true],
  ['itself in capitals', digestOfZeros, digestOfZeros.toUpperCase(), true],
  ['another', digestApiKey('x'), digestOfZeros, false],
  ['nothing', '', digestOfZeros, false],
  ['two that are none', '', '', false],
])('matchesDigest: a digest and %s', (_, given, stored, expected) => {
  expect(matchesDigest(given, stored)).toBe(expected);
});

test.each(['', 'abc', zeros.slice(1), zeros + '0', 'G' + zeros.slice(1), 'A' + zeros.slice(1)])(
  'the malformed key %j is not looked up',
  (key) => {
    expect([lookupIdOf(key), readApiKey(key)]).toEqual([undefined, undefined]);
  },
);
