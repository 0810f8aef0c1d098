/**
 * What strace saw of nats-server (`straceArgs`), judged: an acknowledgement is a promise about a disk, so before it is written to a socket the record
 * it speaks of was written to a file, and that file was synced after.
 */
export const straceArgs = [
  '-f', // every thread
  '-ttt',
  '-y', // what a descriptor is: <path> or <socket:[…]>
  '-s',
  '1000000', // nothing cut off: what is not seen is not proven
  '-e',
  'trace=write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync',
] as const;

/** One acknowledgement of a record to a publisher, and on how many servers' disks the record was by then. */
export interface Acknowledgement {
  readonly stream: string;
  readonly seq: number;
  /** Servers that had written it to a file before the acknowledgement began to be written. */
  readonly written: number;
  /** Of these, those that had synced that file afterwards, with success, before it. */
  readonly synced: number;
}

interface Call {
  readonly name: string;
  /** Path, or `socket:[…]`. */
  readonly target: string;
  readonly data: string;
  readonly ok: boolean;
  /** Numbers of the lines at which it began and ended. */
  readonly from: number;
  readonly to: number;
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

/** `1234 1795192521.675017 pwrite64(7</path>, "…", 250, 0) = 250`; a call that another thread interrupts is cut in two lines. */
function callsOf(lines: readonly string[]): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, { from: number; text: string }>();
  for (const [i, line] of lines.entries()) {
    const [, thread, rest] = /^(\d+)\s+\d+\.\d+ (.*)$/s.exec(line) ?? [];
    if (thread === undefined || rest === undefined) continue;
    if (rest.endsWith(' <unfinished ...>')) {
      unfinished.set(thread, { from: i, text: rest.slice(0, -' <unfinished ...>'.length) });
      continue;
    }
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/s.exec(rest) ?? [];
    const begun = end === undefined ? { from: i, text: rest } : unfinished.get(thread);
    if (begun === undefined) continue; // it began before the trace
    unfinished.delete(thread);
    const call = callOf(end === undefined ? rest : begun.text + end, begun.from, i);
    if (call) calls.push(call);
  }
  return calls;
}

function callOf(text: string, from: number, to: number): Call | undefined {
  const [, name, target, args, result] = /^(\w+)\(\d+<(.*?)>(.*)\)\s+= (-?\d+)/s.exec(text) ?? [];
  if (name === undefined || target === undefined) return undefined;
  const data = [...(args ?? '').matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, quoted]) => unescape(quoted as string)).join('');
  return { name, target, data, ok: !result!.startsWith('-'), from, to };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', v: '\v', f: '\f', a: '\x07', b: '\b' };

/** As in C: octal, or a letter. Gives a character for each octet. */
function unescape(quoted: string): string {
  return quoted.replace(/\\([0-7]{1,3}|.)/gs, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(parseInt(code, 8)) : (escapes[code] ?? code),
  );
}

const writing = /^(?:p?writev?|pwrite64|pwritev2)$/;
const storeFile = /\/jetstream\/.*\.blk$/;
const msgId = /Nats-Msg-Id: ([0-9a-f-]{36})/g;

function copiesOf(calls: readonly Call[]): Map<string, Copy[]> {
  const copies = new Map<string, Copy[]>();
  const unsynced = new Map<string, Copy[]>();
  // in the order in which they ended: a sync is of what was written before it began
  for (const call of [...calls].sort((a, b) => a.to - b.to)) {
    if (!call.ok || !storeFile.test(call.target)) continue;
    if (writing.test(call.name)) {
      for (const [, id] of call.data.matchAll(msgId)) {
        const copy: Copy = { target: call.target, writtenAt: call.to, syncedAt: undefined };
        append(copies, id as string, copy);
        append(unsynced, call.target, copy);
      }
    } else if (call.name === 'fsync' || call.name === 'fdatasync') {
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
  for (const { name, target, data } of calls) {
    const [, stream] = /\/streams\/([^/]+)\/msgs\/\d+\.blk$/.exec(target) ?? [];
    if (stream === undefined || !writing.test(name)) continue;
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
