import { describe, expect, test } from '@jest/globals';
import { checksumOf, planMigrations } from './plan.ts';

const first = { name: '20261120000000_first', sql: 'CREATE TABLE a ();\n' };
const second = { name: '20261121000000_second', sql: 'CREATE TABLE b ();\n' };
const record = ({ name, sql }: typeof first, finished = true) => ({ name, checksum: checksumOf(sql), finished });

describe('planning migrations', () => {
  test.each([
    ['an empty database gets all', [], { ok: true, pending: [first, second] }],
    ['what is recorded is not run again', [record(first)], { ok: true, pending: [second] }],
    ['nothing is left to do', [record(first), record(second)], { ok: true, pending: [] }],
    ['one that sorts before an applied one is still run', [record(second)], { ok: true, pending: [first] }],
    [
      'one that only a newer release knows is left alone',
      [record(first), record(second), record({ name: '2027_x', sql: '' })],
      { ok: true, pending: [] },
    ],
    ['an edited one is refused', [record({ ...first, sql: 'CREATE TABLE c ();' })], { ok: false, reason: 'edited', migration: first.name }],
    ['changed line ends are not an edit', [record({ ...first, sql: first.sql.replaceAll('\n', '\r\n') })], { ok: true, pending: [second] }],
    [
      'one that Prisma left unfinished is refused',
      [record(first), record(second, false)],
      { ok: false, reason: 'unfinished', migration: second.name },
    ],
  ])('%s', (_, applied, plan) => {
    expect(planMigrations([first, second], applied)).toEqual(plan);
  });

  test('the checksum is the one Prisma records', () => {
    // Golden value: sha256 of the empty file, which Prisma records for a migration of `migrate dev --create-only` left empty.
    expect(checksumOf('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});
