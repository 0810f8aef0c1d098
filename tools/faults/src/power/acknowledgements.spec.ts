import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { acknowledgements } from './acknowledgements.ts';

const submitted = new Set(['SUBMITTED']);
const recorded = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../testdata/power', name), 'latin1')
    .trimEnd()
    .split('\n');
const syncedOf = (lines: readonly string[]) =>
  Object.fromEntries(acknowledgements(lines, submitted).map(({ seq, synced }) => [seq, synced]));

describe('what strace saw of nats-server', () => {
  test('that syncs always: each of ten acknowledged records was on its disk first', () => {
    const seen = acknowledgements(recorded('01-synced.strace'), submitted);
    expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(seen.every(({ written, synced }) => written === 1 && synced === 1)).toBe(true);
  });

  test('with its own default of sync_interval: each was written and none was synced', () => {
    const seen = acknowledgements(recorded('02-default-interval.strace'), submitted);
    expect(seen).toHaveLength(10);
    expect(seen.every(({ written, synced }) => written === 1 && synced === 0)).toBe(true);
  });

  test('three servers of a cluster: a majority had synced each, though the same answer is written on two connections', () => {
    const seen = acknowledgements(recorded('03-three-servers.strace'), submitted);
    expect(seen.map(({ seq }) => seq)).toEqual([6, 7]);
    expect(seen.every(({ synced }) => synced >= 2)).toBe(true);
  });

  test("acknowledgements of other streams are not counted, nor what only looks like one inside of an event's cause", () => {
    expect(acknowledgements(recorded('01-synced.strace'), new Set(['ROUTED']))).toEqual([]);
    const event = String.raw`7 1.0 writev(6<socket:[1]>, [{iov_base="HMSG x 1 9 9\r\n\r\n[{\"cause\":{\"stream\":\"SUBMITTED\",\"seq\":1}}]\r\n", iov_len=9}], 1) = 9`;
    expect(acknowledgements([event], submitted)).toEqual([]);
  });
});

describe('a doctored trace is caught:', () => {
  const good = recorded('01-synced.strace');
  const fsyncs = good.flatMap((line, i) => (line.includes('fsync(') ? [i] : []));
  const third = fsyncs[2] as number;
  const without = (i: number) => good.filter((_, j) => j !== i);

  test('a sync is missing', () => {
    expect(syncedOf(without(third))).toMatchObject({ 2: 1, 3: 0, 4: 1 });
  });

  test('a sync comes after the acknowledgement', () => {
    const [sync, acknowledgement] = [good[third] as string, good[third + 1] as string];
    expect(acknowledgement).toContain('SUBMITTED');
    expect(syncedOf(good.toSpliced(third, 2, acknowledgement, sync))[3]).toBe(0);
  });

  test('a sync comes before the write', () => {
    const [write, sync] = [good[third - 1] as string, good[third] as string];
    expect(syncedOf(good.toSpliced(third - 1, 2, sync, write))[3]).toBe(0);
  });

  test('a sync failed', () => {
    expect(syncedOf(good.with(third, (good[third] as string).replace('= 0', '= -1 EIO (Input/output error)')))[3]).toBe(0);
  });

  test('a sync is of another file', () => {
    expect(syncedOf(good.with(third, (good[third] as string).replace('1.blk', '2.blk')))[3]).toBe(0);
  });

  test('a sync has not returned when the acknowledgement is written', () => {
    const line = good[third] as string;
    const [thread] = line.split(' ');
    const begun = line.replace(') = 0', ' <unfinished ...>').replace(')  ', '');
    const ended = `${thread} 1795192521.9 <... fsync resumed>) = 0`;
    const cut = good.toSpliced(third, 2, begun, (good[third + 1] as string).replace(/^\d+/, '1'), ended);
    expect(syncedOf(cut)).toMatchObject({ 2: 1, 3: 0, 4: 1 });
    const inTime = good.toSpliced(third, 1, begun, ended);
    expect(syncedOf(inTime)[3]).toBe(1);
  });

  test('a record is nowhere', () => {
    expect(acknowledgements(without(third - 1), submitted)).toContainEqual({ stream: 'SUBMITTED', seq: 3, written: 0, synced: 0 });
  });
});
