import { describe, expect, it } from '@jest/globals';
import { fingerprintOf, readKey } from './key.ts';

describe('an Idempotency-Key', () => {
  it.each([
    ['as most clients send it', '8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['as the draft wants it', '"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['with quotes and backslashes inside', String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    ['with blanks inside', 'order 7', 'order 7'],
    ['of one character', '~', '~'],
    ['of 255', 'k'.repeat(255), 'k'.repeat(255)],
    ['of 255 in quotes', `"${'k'.repeat(255)}"`, 'k'.repeat(255)],
  ])('%s', (_, line, key) => {
    expect(readKey([line])).toEqual({ ok: true, key });
  });

  it.each([
    ['nothing', ['']],
    ['nothing in quotes', ['""']],
    ['256 characters', ['k'.repeat(256)]],
    ['a character above ASCII', ['caf\xe9']],
    ['a control character', ['a\tb']],
    ['a quote that does not end', ['"abc']],
    ['a quote that ends too soon', ['"a"b"']],
    ['a parameter', ['"a";b=1']],
    ['an escape of something else', [String.raw`"a\b"`]],
    ['two lines', ['a', 'a']],
  ])('is none: %s', (_, lines) => {
    expect(readKey(lines).ok).toBe(false);
  });
});

describe('the fingerprint of a request', () => {
  it('is another when method, path or any octet is', () => {
    const all = [
      fingerprintOf('POST', '/v1/messages', Buffer.from('{}')),
      fingerprintOf('PUT', '/v1/messages', Buffer.from('{}')),
      fingerprintOf('POST', '/v1/messages2', Buffer.from('{}')),
      fingerprintOf('POST', '/v1/messages', Buffer.from('{} ')),
      fingerprintOf('POST', '/v1/message', Buffer.from('s{}')),
    ].map((one) => one.toString('hex'));
    expect(new Set(all).size).toBe(all.length);
    expect(fingerprintOf('POST', '/v1/messages', Buffer.from('{}')).toString('hex')).toBe(all[0]);
  });
});
