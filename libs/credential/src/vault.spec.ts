import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createVault, deriveSecret } from './index.ts';

const masterKey = Buffer.alloc(32, 7);

describe('a vault', () => {
  const vault = createVault(masterKey);

  test('opens what it sealed, for every text and context', () => {
    const wellFormed = fc.string({ unit: 'binary' });
    fc.assert(fc.property(wellFormed, wellFormed, (text, context) => vault.open(vault.seal(text, context), context) === text));
  });

  test('opens after a restart with the same master key', () => {
    expect(createVault(Buffer.from(masterKey)).open(vault.seal('s3cret', 'connector/1'), 'connector/1')).toBe('s3cret');
  });

  test('seals the same text differently each time, and shows none of it', () => {
    const [one, two] = [vault.seal('s3cret', 'a'), vault.seal('s3cret', 'a')];
    expect(one).not.toBe(two);
    expect(one).toMatch(/^v1\.[A-Za-z0-9_-]+$/);
    expect(Buffer.from(one.slice(3), 'base64url').includes('s3cret')).toBe(false);
  });

  test('does not open for another context or with another master key', () => {
    const sealed = vault.seal('s3cret', 'connector/1');
    expect(vault.open(sealed, 'connector/2')).toBeUndefined();
    expect(createVault(randomBytes(32)).open(sealed, 'connector/1')).toBeUndefined();
  });

  test('does not open with any one bit changed', () => {
    const octets = Buffer.from(vault.seal('s3cret', 'a').slice(3), 'base64url');
    for (let bit = 0; bit < octets.length * 8; bit++) {
      const altered = Buffer.from(octets);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(vault.open('v1.' + altered.toString('base64url'), 'a')).toBeUndefined();
    }
  });

  test('does not open when cut anywhere', () => {
    const sealed = vault.seal('s3cret', 'a');
    for (let length = 0; length < sealed.length; length++) expect(vault.open(sealed.slice(0, length), 'a')).toBeUndefined();
  });

  test.each(['', 'v1.', 'v2.AAAA', 's3cret', 'v1.AAAA', 'v1.' + 'A'.repeat(100)])('does not open %j', (sealed) => {
    expect(vault.open(sealed, 'a')).toBeUndefined();
  });

  test.each([0, 16, 31, 33])('is not made with a master key of %d octets', (octets) => {
    expect(() => createVault(Buffer.alloc(octets))).toThrow(RangeError);
  });
});

describe('deriveSecret', () => {
  test('is the same for a master key and label, another for another', () => {
    const secret = deriveSecret(masterKey, 'demo api key', 32, 'hex');
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(deriveSecret(Buffer.from(masterKey), 'demo api key', 32, 'hex')).toBe(secret);
    expect(deriveSecret(masterKey, 'demo system id', 32, 'hex')).not.toBe(secret);
    expect(deriveSecret(Buffer.alloc(32, 8), 'demo api key', 32, 'hex')).not.toBe(secret);
  });

  test('is base64url text unless asked otherwise', () => {
    expect(deriveSecret(masterKey, 'demo', 6)).toMatch(/^[A-Za-z0-9_-]{8}$/);
  });

  test('stays what it was: demo credentials must survive an upgrade', () => {
    expect(deriveSecret(masterKey, 'demo', 16, 'hex')).toBe('c8e04bad77fd7945668ccd372ba5e268');
  });
});
