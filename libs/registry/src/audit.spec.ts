import { expect, it } from '@jest/globals';
import { recordable } from './audit.ts';

it('a record has no secret and no verifier, sealed or hashed, however deep', () => {
  const state = {
    id: 'key',
    secret: 'v1.x',
    secrets: ['v1.x'],
    password: 'x',
    tlsKey: 'x',
    verifier: 'x',
    previousVerifier: 'x',
    previousLogin: 'x',
    settings: { host: 'a', tlsKeySealed: 'v1.x', list: [{ password: 'x', port: 1 }] },
  };
  expect(recordable(state)).toEqual({ id: 'key', settings: { host: 'a', list: [{ port: 1 }] } });
});

it.each([
  ['micro-credits', 9_007_199_254_740_993n, '9007199254740993'],
  ['a time', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['a NUL, which PostgreSQL cannot store', 'a\0b', 'a\ufffdb'],
  ['half a character, which it cannot store either', 'a\ud800', 'a\ufffd'],
  ['a list', ['a', 1, true, null], ['a', 1, true, null]],
])('a record has %s as JSON has it', (_, value, expected) => {
  expect(recordable({ value })).toEqual({ value: expected });
});
