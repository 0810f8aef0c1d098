/** What strace is to look for, and how: the calls by which a server writes, syncs and answers. */
export const straceArgs = [
  '-f', // every thread, and every process that is started meanwhile
  '-ttt',
  '-y', // what a descriptor is: <path> or <socket:[…]>
  '-s',
  '16777216', // nothing cut off: what is not seen is not proven
  '-e',
  'trace=write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync',
] as const;

export interface Call {
  /** Of the thread that made it, as strace names it. */
  readonly thread: string;
  readonly name: string;
  /** Path, or `socket:[…]`. */
  readonly target: string;
  /** A character for each octet. */
  readonly data: string;
  /** Of `pwrite64`: where in the file. */
  readonly offset: number | undefined;
  /** What it gave back; less than 0: it failed. */
  readonly result: number;
  /** Numbers of the lines at which it began and ended: strace has a thread wait at both, so what stands above has happened before. */
  readonly from: number;
  readonly to: number;
}

/**
 * Of the lines of one strace, in the order they were written, those calls that were seen from beginning to end:
 * `1234 1795192521.675017 pwrite64(7</path>, "…", 250, 0) = 250`; a call that another thread interrupts is cut in two lines.
 */
export function callsOf(lines: readonly string[]): Call[] {
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
    const call = callOf(end === undefined ? rest : begun.text + end, { thread, from: begun.from, to: i });
    if (call) calls.push(call);
  }
  return calls;
}

function callOf(text: string, where: Pick<Call, 'thread' | 'from' | 'to'>): Call | undefined {
  const [, name, target, args, result] = /^(\w+)\(\d+<(.*?)>(.*)\)\s+= (-?\d+)/s.exec(text) ?? [];
  if (name === undefined || target === undefined || args === undefined) return undefined;
  const offset = name === 'pwrite64' ? Number(args.slice(args.lastIndexOf(',') + 1)) : undefined;
  let data: string | undefined;
  return {
    ...where,
    name,
    target,
    // not before it is asked for: most of what a server writes are pages of tables and new files full of nothing
    get data() {
      return (data ??= quotedIn(args));
    },
    offset,
    result: Number(result),
  };
}

/** All strings of it, one after the other: a call may write several pieces. By hand, as they may have megabytes; an octet never takes more than a character. */
function quotedIn(args: string): string {
  const octets = Buffer.allocUnsafe(args.length);
  let length = 0;
  let isInside = false;
  for (let at = 0; at < args.length; at++) {
    const code = args.charCodeAt(at);
    if (code === quote) isInside = !isInside;
    else if (!isInside) continue;
    else if (code !== backslash) octets[length++] = code;
    else if (isOctal(args.charCodeAt(at + 1))) {
      let octet = 0;
      for (let digits = 0; digits < 3 && isOctal(args.charCodeAt(at + 1)); digits++) octet = octet * 8 + args.charCodeAt(++at) - zero;
      octets[length++] = octet;
    } else {
      const letter = args[++at] as string;
      octets[length++] = (escapes[letter] ?? letter).charCodeAt(0);
    }
  }
  return octets.toString('latin1', 0, length);
}

const [quote, backslash, zero, seven] = ['"', '\\', '0', '7'].map((one) => one.charCodeAt(0)) as [number, number, number, number];
const isOctal = (code: number): boolean => code >= zero && code <= seven;
/** Beside octal ones, as in C. */
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', v: '\v', f: '\f', a: '\x07', b: '\b' };

const writing: ReadonlySet<string> = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2']);
const syncing: ReadonlySet<string> = new Set(['fsync', 'fdatasync']);

/** Wrote something to the file it names. */
export const isWrite = ({ name, result }: Call): boolean => writing.has(name) && result >= 0;

/** Has what was written to the file before it began on the disk when it ended. */
export const isSync = ({ name, result }: Call): boolean => syncing.has(name) && result === 0;
