/**
 * PostgreSQL's write-ahead log as it was written, read again: which transactions committed in it, and from when on a loss of power would have left each.
 * Layout: PostgreSQL 18, access/xlog_internal.h (pages), access/xlogrecord.h (records), little-endian.
 */
import { isSync, isWrite, type Call } from './strace.ts';

/** The commit of one transaction in the log. */
export interface LoggedCommit {
  readonly xid: number;
  /** Number of the line since which it and all that is before it in the log have been synced; undefined: not to the end of the trace. */
  readonly syncedAt: number | undefined;
}

/** One state of a page in its file. */
interface Version {
  readonly octets: Buffer;
  readonly syncedAt: number | undefined;
}

/** By its address in the log, its states in the order they were written. */
type Pages = ReadonlyMap<number, readonly Version[]>;

/** Octets of a page, from its beginning. */
interface Piece {
  readonly page: number;
  readonly from: number;
  readonly to: number;
}

const segmentFile = /\/pg_wal\/[0-9A-F]{24}$/;

/** XLOG_BLCKSZ, unless PostgreSQL was built otherwise. */
const pageOctets = 8192;

/** What was written before the first of the calls is not known, and taken for synced. */
export function loggedCommits(calls: readonly Call[]): LoggedCommit[] {
  const pages = pagesOf(calls);
  const commits: LoggedCommit[] = [];
  let syncedAt: number | undefined = -1;
  for (const { octets, pieces } of recordsOf(pages)) {
    for (const piece of pieces) syncedAt = later(syncedAt, pieceSyncedAt(pages, piece));
    if (isCommit(octets)) commits.push({ xid: octets.readUInt32LE(xidAt), syncedAt });
  }
  return commits;
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.max(a, b);
}

/**
 * A page is written again and again while it fills, and may be written while a record is being put into it: what counts is the first state that has the
 * octets as they are in the end. PostgreSQL writes whole pages, one writer at a time.
 */
function pieceSyncedAt(pages: Pages, { page, from, to }: Piece): number | undefined {
  const versions = pages.get(page) as readonly Version[];
  const final = lastOf(versions).octets.subarray(from, to);
  return versions.find(({ octets }) => octets.subarray(from, to).equals(final))?.syncedAt;
}

function pagesOf(calls: readonly Call[]): Pages {
  const pages = new Map<number, Version[]>();
  const inOrder = calls.filter(({ target }) => segmentFile.test(target)).sort((a, b) => a.to - b.to);
  const syncs = inOrder.filter(isSync);
  for (const call of inOrder) {
    if (call.offset === undefined || !isWrite(call)) continue;
    // in the order in which they ended: the first that began after the write had ended
    const syncedAt = syncs.find(({ target, from }) => target === call.target && from > call.to)?.to;
    const written = Buffer.from(call.data, 'latin1').subarray(0, call.result);
    for (let at = 0; at + pageOctets <= written.length; at += pageOctets) {
      const octets = written.subarray(at, at + pageOctets);
      const address = Number(octets.readBigUInt64LE(addressAt));
      const versions = pages.get(address);
      if (versions) versions.push({ octets, syncedAt });
      else pages.set(address, [{ octets, syncedAt }]);
    }
  }
  return pages;
}

/** XLogPageHeaderData: magic (2), info (2), time line (4), address (8), length of what is left of a record that began before (4); a segment's first has more. */
const infoAt = 2;
const addressAt = 8;
const leftAt = 16;
const longHeader = 0x0002;
const headerOctets = (page: Buffer): number => (page.readUInt16LE(infoAt) & longHeader ? 40 : 24);

/** XLogRecord: length with this header (4), transaction (4), address of the record before (8), info (1), resource manager (1), 2 of nothing, CRC (4). */
const recordHeaderOctets = 24;
const xidAt = 4;
const previousAt = 8;
const kindAt = 16;
const managerAt = 17;
const transactionManager = 1;
/** XLOG_XACT_OPMASK, XLOG_XACT_COMMIT. */
const kindMask = 0x70;
const commit = 0x00;

function isCommit(record: Buffer): boolean {
  return record[managerAt] === transactionManager && ((record[kindAt] as number) & kindMask) === commit;
}

const aligned = (octets: number): number => Math.ceil(octets / 8) * 8;

/** One after the other, up to where the log ends or a page of it is not known. */
function* recordsOf(pages: Pages): Generator<{ octets: Buffer; pieces: readonly Piece[] }> {
  let at = firstRecordAt(pages);
  let previous: number | undefined;
  while (at !== undefined) {
    const begins = piecesOf(pages, at, recordHeaderOctets);
    if (!begins) return;
    const header = octetsOf(pages, begins);
    const pieces = piecesOf(pages, at, header.readUInt32LE(0));
    if (!pieces || header.readUInt32LE(0) < recordHeaderOctets) return;
    // not yet written there, or something older: the log ends
    if (previous !== undefined && header.readBigUInt64LE(previousAt) !== BigInt(previous)) return;
    yield { octets: octetsOf(pages, pieces), pieces };
    const { page, from } = pieces[0] as Piece;
    const end = lastOf(pieces);
    previous = page + from;
    at = end.page + aligned(end.to);
  }
}

/** Of the first page that is known, behind what is left of a record that began before it. */
function firstRecordAt(pages: Pages): number | undefined {
  let address = Math.min(...pages.keys());
  for (let page = pages.get(address); page; page = pages.get(address)) {
    const { octets } = lastOf(page);
    const at = headerOctets(octets) + aligned(octets.readUInt32LE(leftAt));
    if (at <= pageOctets) return address + at;
    address += pageOctets;
  }
  return undefined;
}

/** Where so many octets of the log are, from an address on; undefined: not all of them are known. */
function piecesOf(pages: Pages, from: number, octets: number): Piece[] | undefined {
  const pieces: Piece[] = [];
  let at = from;
  for (let left = octets; left > 0;) {
    const page = at - (at % pageOctets);
    const versions = pages.get(page);
    if (!versions) return undefined;
    const begin = at === page ? headerOctets(lastOf(versions).octets) : at - page;
    const end = Math.min(begin + left, pageOctets);
    pieces.push({ page, from: begin, to: end });
    left -= end - begin;
    at = page + pageOctets;
  }
  return pieces;
}

function octetsOf(pages: Pages, pieces: readonly Piece[]): Buffer {
  return Buffer.concat(pieces.map(({ page, from, to }) => lastOf(pages.get(page) as readonly Version[]).octets.subarray(from, to)));
}

function lastOf<Item>(items: readonly Item[]): Item {
  return items.at(-1) as Item;
}
