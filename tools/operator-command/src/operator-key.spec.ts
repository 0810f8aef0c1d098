import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Refused } from './control-plane.ts';
import { isSafeUrl, readOperatorKey } from './operator-key.ts';

test.each<[string, boolean]>([
  ['https://sms.example.com', true],
  ['http://127.0.0.1:8080', true],
  ['http://localhost:8080', true],
  ['http://[::1]:8080', true],
  ['http://sms.example.com', false],
  ['http://10.0.0.1', false],
  ['http://localhost.example.com', false],
  ['http://127.example.com', false],
  ['http://127.1:8080', true],
  ['ftp://127.0.0.1', false],
  ['127.0.0.1:8080', false],
  ['', false],
])('a key may go to %s: %s', (url, safe) => {
  expect(isSafeUrl(url)).toBe(safe);
});

test('the key of a file goes before that of the environment, without the space around it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-'));
  try {
    const file = join(folder, 'key');
    writeFileSync(file, ' of-the-file\n');
    expect(readOperatorKey(file, { HELIOGRAPH_OPERATOR_KEY: 'of-the-environment' })).toBe('of-the-file');
    expect(readOperatorKey(undefined, { HELIOGRAPH_OPERATOR_KEY: 'of-the-environment\n' })).toBe('of-the-environment');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([{}, { HELIOGRAPH_OPERATOR_KEY: ' ' }])('without a key, as in %j, it is said where one may come from', (env) => {
  expect(() => readOperatorKey(undefined, env)).toThrow(Refused);
  expect(() => readOperatorKey(undefined, env)).toThrow('HELIOGRAPH_OPERATOR_KEY or --key-file');
});
