import { describe, expect, test } from '@jest/globals';
import { callsOf } from './strace.ts';

const seen = (...lines: string[]) =>
  callsOf(lines).map(({ thread, name, target, data, offset, result }) => ({ thread, name, target, data, offset, result }));

describe('lines of strace', () => {
  test('a call: who, what, where, the octets, and what it gave back', () => {
    expect(seen(String.raw`12 1.5 pwrite64(7</a/b>, "a\"\\\n\0\0001\377é", 9, 8192) = 9`)).toEqual([
      { thread: '12', name: 'pwrite64', target: '/a/b', data: 'a"\\\n\0\x001\xffé', offset: 8192, result: 9 },
    ]);
  });

  test('a call of several pieces has them one after the other', () => {
    const line = '12 1.5 writev(6<socket:[9]>, [{iov_base="MSG ", iov_len=4}, {iov_base="a, b", iov_len=4}], 2) = 8';
    expect(seen(line)).toMatchObject([{ target: 'socket:[9]', data: 'MSG a, b', offset: undefined }]);
  });

  test('a call that is cut in two by another one is one, from its first line to its last', () => {
    const lines = [
      '1 1.0 fsync(7</a> <unfinished ...>',
      '2 1.1 fsync(8</b>) = 0',
      '1 1.2 <... fsync resumed>) = -1 EIO (Input/output error)',
    ];
    expect(callsOf(lines)).toMatchObject([
      { thread: '2', target: '/b', result: 0, from: 1, to: 1 },
      { thread: '1', target: '/a', result: -1, from: 0, to: 2 },
    ]);
  });

  test('what began before the trace, did not end in it, or is no call is left out', () => {
    expect(
      seen(
        '1 1.0 <... fsync resumed>) = 0',
        '2 1.0 --- SIGHUP {si_signo=SIGHUP} ---',
        '3 1.0 fsync(7</a>) = ? ERESTARTSYS',
        '4 1.0 fsync(7</a> <unfinished ...>',
      ),
    ).toEqual([]);
  });
});
