/**
 * What strace saw of nats-server, judged: an acknowledgement is a promise about a disk, so before it is written to a socket the record
 * it speaks of was written to a file, and that file was synced after.
 */
import { callsOf, isSync, isWrite, type Call } from './strace.ts';

/** One acknowledgement of a record to a publisher, and on how many servers' disks the record was by then. */
export interface Acknowledgement {
  readonly stream: string;
  readonly seq: number;
  /** Servers that had written it to a file before the acknowledgement began to be written. */
  readonly written: number;
  /** Of these, those that had synced that file afterwards, with success, before it. */
  readonly synced: number;
}

interface Copy {
  readonly target: string;
  readonly writtenAt: number;
  syncedAt: number | undefined;
}

/**
 * Lines of one strace of one or several servers, in the order they were written. `streams`: whose acknowledgements count; those of streams in memory
 * promise nothing about a disk. A record is recognized by its `Nats-Msg-Id`, which is in each copy of it: the stream's and the replication log's.
 */
export function acknowledgements(lines: readonly string[], streams: ReadonlySet<string>): Acknowledgement[] {
  const calls = callsOf(lines);
  const copies = copiesOf(calls);
  const ids = idsBySequence(calls);
  return firstAnswers(calls).flatMap(({ stream, seq, from }) => {
    if (!streams.has(stream)) return [];
    const before = (copies.get(ids.get(`${stream} ${seq}`) ?? '') ?? []).filter(({ writtenAt }) => writtenAt < from);
    const synced = before.filter(({ syncedAt = Infinity }) => syncedAt < from);
    return [{ stream, seq, written: serversOf(before), synced: serversOf(synced) }];
  });
}

/** A server that a publisher is not connected to answers by way of the one that it is: the promise is given with the first of these writes. */
function firstAnswers(calls: readonly Call[]): { stream: string; seq: number; from: number }[] {
  const first = new Map<string, { stream: string; seq: number; from: number }>();
  for (const { target, data, from } of calls) {
    if (!target.startsWith('socket:')) continue;
    for (const { stream, seq } of acknowledgedIn(data)) {
      const key = `${stream} ${seq}`;
      if (from < (first.get(key)?.from ?? Infinity)) first.set(key, { stream, seq, from });
    }
  }
  return [...first.values()];
}

function serversOf(copies: readonly Copy[]): number {
  return new Set(copies.map(({ target }) => target.slice(0, target.indexOf('/jetstream/')))).size;
}

const storeFile = /\/jetstream\/.*\.blk$/;
const msgId = /Nats-Msg-Id: ([0-9a-f-]{36})/g;

function copiesOf(calls: readonly Call[]): Map<string, Copy[]> {
  const copies = new Map<string, Copy[]>();
  const unsynced = new Map<string, Copy[]>();
  // in the order in which they ended: a sync is of what was written before it began
  for (const call of [...calls].sort((a, b) => a.to - b.to)) {
    if (!storeFile.test(call.target)) continue;
    if (isWrite(call)) {
      for (const [, id] of call.data.matchAll(msgId)) {
        const copy: Copy = { target: call.target, writtenAt: call.to, syncedAt: undefined };
        append(copies, id as string, copy);
        append(unsynced, call.target, copy);
      }
    } else if (isSync(call)) {
      const waiting = unsynced.get(call.target) ?? [];
      for (const copy of waiting) if (copy.writtenAt < call.from) copy.syncedAt = call.to;
      unsynced.set(
        call.target,
        waiting.filter(({ syncedAt }) => syncedAt === undefined),
      );
    }
  }
  return copies;
}

function append(map: Map<string, Copy[]>, key: string, copy: Copy): void {
  const all = map.get(key);
  if (all) all.push(copy);
  else map.set(key, [copy]);
}

/** Length (4 octets, the upper bit says that headers follow), sequence (8), time (8), length of the subject (2): nats-server, filestore.go, `msgFromBuf`. */
const recordHeaderOctets = 22;
const sequenceMask = (1n << 62n) - 1n;

/** Of what is written to a stream's own files: which id the record of a sequence has. */
function idsBySequence(calls: readonly Call[]): Map<string, string> {
  const ids = new Map<string, string>();
  for (const call of calls) {
    const { target, data } = call;
    const [, stream] = /\/streams\/([^/]+)\/msgs\/\d+\.blk$/.exec(target) ?? [];
    if (stream === undefined || !isWrite(call)) continue;
    const octets = Buffer.from(data, 'latin1');
    for (let at = 0; at + recordHeaderOctets <= octets.length;) {
      const length = octets.readUInt32LE(at) & 0x7fffffff;
      if (length < recordHeaderOctets) break;
      const [, id] = /Nats-Msg-Id: ([0-9a-f-]{36})/.exec(data.slice(at, at + length)) ?? [];
      if (id !== undefined) ids.set(`${stream} ${octets.readBigUInt64LE(at + 4) & sequenceMask}`, id);
      at += length;
    }
  }
  return ids;
}

/** A publisher's answer is a message of its own; the same words inside of an event stand in a JSON array. */
function acknowledgedIn(sent: string): { stream: string; seq: number }[] {
  return [...sent.matchAll(/\r\n\{"stream":"([^"]+)",\s?(?:"domain":"[^"]*",\s?)?"seq":\s?(\d+)[^}\r]*\}(?=\r\n)/g)].map(
    ([, stream, seq]) => ({
      stream: stream as string,
      seq: Number(seq),
    }),
  );
}
