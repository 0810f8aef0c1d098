import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commits } from './commits.ts';

/**
 * Of PostgreSQL 18.4, three times an INSERT on each of two connections at once: 5970 as it is, 5975 with `synchronous_commit = off`. Left out are the
 * lines about statements, settings and a new segment of the log; 5967 is the log's own writer.
 */
const recorded = readFileSync(join(import.meta.dirname, '../../testdata/power/04-commits.strace'), 'latin1')
  .trimEnd()
  .split('\n');
const waits = 5970;

const syncedOf = (lines: readonly string[]) => Object.fromEntries(commits(lines).map(({ xid, synced }) => [xid, synced]));
const lineOf = (part: string, after = 0): number => recorded.findIndex((line, i) => i > after && line.includes(part));

describe('what strace saw of PostgreSQL', () => {
  test('each commit that waits for the disk was synced when it was answered, and of those that do not wait none', () => {
    const seen = commits(recorded);
    expect(seen).toHaveLength(6);
    expect(seen.map(({ process, synced }) => synced === (process === waits))).toEqual(seen.map(() => true));
  });

  test('what changed nothing has no number, and is no commit', () => {
    expect(commits(recorded.filter((line) => !line.includes('DEBUG')))).toEqual([]);
    expect(syncedOf(recorded.map((line) => line.replace('cid: 760/', 'cid: 0/')))).not.toHaveProperty('760');
  });
});

describe('a doctored trace of commits:', () => {
  const commit = lineOf('cid: 757/');
  const write = lineOf('pwrite64(', commit);
  const sync = lineOf('fdatasync(', write);
  const answer = lineOf('sendto(', sync);
  const [written, synced, answered] = [write, sync, answer].map((i) => recorded[i] as string) as [string, string, string];

  test('it is about four lines, one after the other', () => {
    expect([write, sync, answer]).toEqual([commit + 2, commit + 3, commit + 4]);
    expect(syncedOf(recorded)).toMatchObject({ 757: true, 758: true });
  });

  test('another process wrote and synced it, as with a group of commits: it holds', () => {
    expect(syncedOf(recorded.with(write, written.replace(/^\d+/, '5967')).with(sync, synced.replace(/^\d+/, '5967')))[757]).toBe(true);
  });

  test('a sync is missing: caught, and the next ones hold', () => {
    expect(syncedOf(recorded.toSpliced(sync, 1))).toMatchObject({ 757: false, 758: true, 760: true });
  });

  test('a sync comes after the answer: caught', () => {
    expect(syncedOf(recorded.toSpliced(sync, 2, answered, synced))[757]).toBe(false);
  });

  test('a sync comes before the write: caught', () => {
    expect(syncedOf(recorded.toSpliced(write, 2, synced, written))[757]).toBe(false);
  });

  test('a sync failed: caught', () => {
    expect(syncedOf(recorded.with(sync, synced.replace('= 0', '= -1 EIO (Input/output error)')))[757]).toBe(false);
  });

  test('a sync is of another segment: caught', () => {
    expect(syncedOf(recorded.with(sync, synced.replace('000000010000000000000002', '000000010000000000000003')))[757]).toBe(false);
  });

  test('a sync has not returned when the answer is written: caught', () => {
    const [begun, ended] = [synced.replace(') = 0', ' <unfinished ...>'), '5967 1795205827.3 <... fdatasync resumed>) = 0'];
    const cut = recorded.toSpliced(sync, 2, begun.replace(/^\d+/, '5967'), answered, ended);
    expect(syncedOf(cut)[757]).toBe(false);
    expect(syncedOf(recorded.toSpliced(sync, 1, begun.replace(/^\d+/, '5967'), ended))[757]).toBe(true);
  });

  test('a write is of less than it says: caught, until it is written once more', () => {
    expect(syncedOf(recorded.with(write, written.replace('= 8192', '= 512')))).toMatchObject({ 757: false, 758: true });
  });

  test('the log has no such commit: caught', () => {
    expect(syncedOf(recorded.map((line) => line.replace('cid: 757/', 'cid: 700/')))).toMatchObject({ 700: false, 758: true });
  });
});
