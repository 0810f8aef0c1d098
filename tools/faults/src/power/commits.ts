/**
 * What strace saw of PostgreSQL, judged: the answer to a commit is a promise about a disk, so before it is written to the client's socket the commit
 * was written to the log, and everything in the log up to it was synced after: by whichever process, as several commits may share one sync.
 *
 * Which commit a process answers is not in what it writes to a socket. So PostgreSQL is told to say it (`sayCommits`): a process writes the number of the
 * transaction to its own log right before it commits it.
 */
import { callsOf, type Call } from './strace.ts';
import { loggedCommits } from './write-ahead-log.ts';

/** A commit that a client was answered. */
export interface Commit {
  /** The process of PostgreSQL that did it. */
  readonly process: number;
  readonly xid: number;
  /** The log had it on the disk, with all that is before it, when the answer began to be written. */
  readonly synced: boolean;
}

/** What changed nothing has no number, and promises nothing. */
const noTransaction = 0;

/** Lines of one strace of all processes of one PostgreSQL, in the order they were written. Judged from its first word about a commit on. */
export function commits(lines: readonly string[]): Commit[] {
  const calls = callsOf(lines);
  const answers = answersOf(calls);
  const beginsAt = answers.reduce((first, { saidAt }) => Math.min(first, saidAt), Infinity);
  const logged = new Map(loggedCommits(calls.filter(({ to }) => to > beginsAt)).map(({ xid, syncedAt = Infinity }) => [xid, syncedAt]));
  return answers.map(({ process, xid, from }) => ({ process, xid, synced: (logged.get(xid) ?? Infinity) < from }));
}

interface Answer {
  readonly process: number;
  readonly xid: number;
  /** Numbers of the lines at which the process said that it commits, and at which the answer began. */
  readonly saidAt: number;
  readonly from: number;
}

/** The first that a process writes to a socket after it began a commit is the answer to it. */
function answersOf(calls: readonly Call[]): Answer[] {
  const answers: Answer[] = [];
  const owed = new Map<string, Omit<Answer, 'from'>[]>();
  for (const call of [...calls].sort((a, b) => a.from - b.from)) {
    const { thread, target, from } = call;
    const xid = call.name === 'write' ? xidIn(call.data) : noTransaction;
    if (xid !== noTransaction) owed.set(thread, [...(owed.get(thread) ?? []), { process: Number(thread), xid, saidAt: from }]);
    if (!target.startsWith('socket:')) continue;
    for (const one of owed.get(thread) ?? []) answers.push({ ...one, from });
    owed.delete(thread);
  }
  return answers;
}

/** xact.c, `ShowTransactionState`: what `CommitTransaction` writes first, at the level debug5. */
function xidIn(written: string): number {
  const [, xid] = /^\S+ \S+ \S+ \[\d+\] DEBUG: {2}CommitTransaction\(1\) .* xid\/subid\/cid: (\d+)\//.exec(written) ?? [];
  return xid === undefined ? noTransaction : Number(xid);
}
