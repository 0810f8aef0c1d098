import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { searchLogs } from '../read-logs.ts';
import { createSecretFinder } from './secrets.ts';

test('a text has a secret exactly when it includes one', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40 });
  const secrets = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 4, maxLength: 8 }), { maxLength: 6 });
  fc.assert(fc.property(text, secrets, (given, all) => createSecretFinder(all)(given) === all.some((one) => given.includes(one))));
});

test('leaks are told by file and line, in folders within, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-logs-'));
  try {
    mkdirSync(join(folder, 'old'));
    writeFileSync(join(folder, 'router.log'), 'fine\nkey is hg_secret here\n');
    writeFileSync(join(folder, 'old', 'router.log'), 'fine\n');
    const found = await searchLogs(folder, ['hg_secret', 'the text']);
    expect(found).toEqual({ leaks: [{ file: join(folder, 'router.log'), line: 2 }], files: 2, lines: 3 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
