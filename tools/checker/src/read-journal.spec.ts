import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createRandom } from '@heliograph/testbed';
import { checkRun, contentOf, JournalFault, openJournal } from './index.ts';
import { readJournal } from './read-journal.ts';
import { makeWorld, platformOf } from '../test/model.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-journal-'));
  file = join(folder, 'acme.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const asked = { kind: 'asked', tenant: 'acme', ref: '1', content: contentOf('4479', 'hello'), door: 'smpp', reportWanted: true } as const;

test('what is written is read, with its file and line, and only its owner can', async () => {
  const journal = openJournal(file);
  journal.write(asked);
  journal.write({ kind: 'accepted', tenant: 'acme', ref: '1', id: 'a'.repeat(32), atMs: 7 });
  await journal.close();
  const read = (await Array.fromAsync(readJournal(file))).flat();
  expect(read.map(({ line, at }) => [line.kind, at])).toEqual([
    ['asked', `${file}:1`],
    ['accepted', `${file}:2`],
  ]);
  expect(read[1]?.line.atMs).toBe(7);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('the half of a line that a killed writer left is no line', async () => {
  writeFileSync(file, `${JSON.stringify({ atMs: 1, ...asked })}\n{"atMs":2,"kind":"acc`);
  expect((await Array.fromAsync(readJournal(file))).flat()).toHaveLength(1);
});

const line = (value: object): string => `${JSON.stringify({ atMs: 1, ...value })}\n`;
test.each([
  ['is not JSON', 'hello\n', ':1: is not JSON'],
  ['has an unknown kind', line(asked) + line({ kind: 'shouted' }), ':2: is not a line of a journal: kind '],
  ['lacks a field', line({ ...asked, tenant: undefined }), ':1: is not a line of a journal: tenant '],
  [
    'answers what was not asked',
    line({ kind: 'accepted', tenant: 'acme', ref: '2', id: 'a' }),
    ':1: an answer to a ref that was not asked',
  ],
  ['asks twice by one name', line(asked) + line(asked), ':2: a ref that was asked before'],
])('a journal that %s is refused with file and line', async (_, text, message) => {
  writeFileSync(file, text);
  const check = checkRun({ journals: [file], platform: platformOf(makeWorld(createRandom(1))) });
  await expect(check).rejects.toThrow(JournalFault);
  await expect(check).rejects.toThrow(file + message);
});
