import { describe, expect, test } from '@jest/globals';
import type { Call } from './strace.ts';
import { loggedCommits } from './write-ahead-log.ts';

const pageOctets = 8192;
/** The log of these tests begins at the second segment, of which this is the file. */
const begins = 0x2000000;
const segment = '/data/pg_wal/000000010000000000000002';

/** Records one behind the other from the log's beginning on, as pages. `bodies`: octets behind each header of 24. */
function logOf(records: readonly { xid: number; bodyOctets?: number; kind?: number; manager?: number }[]): Buffer[] {
  const pages: Buffer[] = [];
  let [at, previous] = [begins, 0];
  const put = (octets: Buffer): void => {
    for (let rest = octets; rest.length > 0;) {
      const page = (at - begins) / pageOctets;
      if (Number.isInteger(page)) {
        const isFirst = page === 0;
        pages.push(header({ address: at, left: rest === octets ? 0 : rest.length, isFirst }));
        at += isFirst ? 40 : 24;
      }
      const within = at % pageOctets;
      const length = rest.copy(pages.at(-1) as Buffer, within);
      rest = rest.subarray(length);
      at += length;
    }
  };
  for (const { xid, bodyOctets = 16, kind = 0, manager = 1 } of records) {
    const octets = Buffer.alloc(24 + bodyOctets, xid);
    octets.writeUInt32LE(octets.length, 0);
    octets.writeUInt32LE(xid, 4);
    octets.writeBigUInt64LE(BigInt(previous), 8);
    octets[16] = kind;
    octets[17] = manager;
    // a record that begins a page does so behind the page's header
    previous = at % pageOctets === 0 ? at + (at === begins ? 40 : 24) : at;
    put(octets);
    at = Math.ceil(at / 8) * 8;
  }
  return pages;
}

function header({ address, left, isFirst }: { address: number; left: number; isFirst: boolean }): Buffer {
  const page = Buffer.alloc(pageOctets);
  page.writeUInt16LE(0xd118, 0);
  page.writeUInt16LE((isFirst ? 0x2 : 0) | (left > 0 ? 0x1 : 0), 2);
  page.writeBigUInt64LE(BigInt(address), 8);
  page.writeUInt32LE(left, 16);
  return page;
}

/** Each call takes one line. */
function callsOf(
  ...calls: readonly (readonly [name: 'write', page: Buffer, target?: string] | readonly [name: 'sync', target?: string])[]
): Call[] {
  return calls.map((call, i) => {
    const common = { thread: '1', from: i, to: i };
    if (call[0] === 'sync') return { ...common, name: 'fdatasync', target: call[1] ?? segment, data: '', offset: undefined, result: 0 };
    const [, page, target = segment] = call;
    return { ...common, name: 'pwrite64', target, data: page.toString('latin1'), offset: 0, result: page.length };
  });
}

const heapInsert = { manager: 10 };
const abort = { kind: 0x20 };

describe('the log of PostgreSQL as it was written', () => {
  test('only commits are commits', () => {
    const [page] = logOf([{ xid: 7, ...heapInsert }, { xid: 7 }, { xid: 8, ...heapInsert }, { xid: 8, ...abort }]) as [Buffer];
    expect(loggedCommits(callsOf(['write', page], ['sync']))).toEqual([{ xid: 7, syncedAt: 1 }]);
  });

  test('a page that is written again while it fills: each commit is safe from the first sync on behind the write that had it', () => {
    const commits = [{ xid: 7 }, { xid: 8 }];
    const [first, both] = [logOf(commits.slice(0, 1))[0] as Buffer, logOf(commits)[0] as Buffer];
    const calls = callsOf(['write', first], ['sync'], ['write', both], ['sync'], ['write', both], ['sync']);
    expect(loggedCommits(calls)).toEqual([
      { xid: 7, syncedAt: 1 },
      { xid: 8, syncedAt: 3 },
    ]);
  });

  test('a page that was written while a commit was being put into it does not have it', () => {
    const [page] = logOf([{ xid: 7 }]) as [Buffer];
    const half = Buffer.from(page).fill(0, 40 + 20);
    expect(loggedCommits(callsOf(['write', half], ['sync'], ['write', page], ['sync']))).toEqual([{ xid: 7, syncedAt: 3 }]);
  });

  test('a record goes on over several pages: the commit behind it is safe when all of them are', () => {
    const pages = logOf([{ xid: 7, bodyOctets: 20_000, ...heapInsert }, { xid: 7 }]);
    expect(pages).toHaveLength(3);
    const [first, second, third] = pages as [Buffer, Buffer, Buffer];
    expect(loggedCommits(callsOf(['write', first], ['write', third], ['sync'], ['write', second], ['sync']))).toEqual([
      { xid: 7, syncedAt: 4 },
    ]);
  });

  test('what is before it in another segment has to be safe, too', () => {
    const next = '/data/pg_wal/000000010000000000000003';
    const [first, second] = logOf([{ xid: 7, bodyOctets: 8_120, ...heapInsert }, { xid: 7 }]) as [Buffer, Buffer];
    const unsynced = callsOf(['write', first], ['write', second, next], ['sync', next]);
    expect(loggedCommits(unsynced)).toEqual([{ xid: 7, syncedAt: undefined }]);
    expect(loggedCommits([...unsynced, ...callsOf(['sync']).map((call) => ({ ...call, from: 9, to: 9 }))])).toEqual([
      { xid: 7, syncedAt: 9 },
    ]);
  });

  test('it is read from the first page that is known, behind the rest of a record that began before', () => {
    const pages = logOf([{ xid: 7, bodyOctets: 20_000, ...heapInsert }, { xid: 7 }]);
    expect(loggedCommits(callsOf(['write', pages[1] as Buffer], ['write', pages[2] as Buffer], ['sync']))).toEqual([
      { xid: 7, syncedAt: 2 },
    ]);
  });

  test('it ends where a page is not known, and where a record does not say which one it follows', () => {
    const pages = logOf([{ xid: 7 }, { xid: 8, bodyOctets: 20_000, ...heapInsert }, { xid: 8 }]);
    expect(loggedCommits(callsOf(['write', pages[0] as Buffer], ['write', pages[2] as Buffer], ['sync']))).toEqual([
      { xid: 7, syncedAt: 2 },
    ]);
    const [page] = logOf([{ xid: 7 }, { xid: 8 }]) as [Buffer];
    page.writeBigUInt64LE(1n, 40 + 40 + 8);
    expect(loggedCommits(callsOf(['write', page], ['sync']))).toEqual([{ xid: 7, syncedAt: 1 }]);
  });
});
