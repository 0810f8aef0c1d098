import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * A process id alone names nobody: after a crash the number may belong to someone else (in a container it soon does), and
 * killing that would be worse than any stale file. With the moment it started it is unique on one machine.
 */
export interface ProcessIdentity {
  pid: number;
  /** Opaque; equal only for the same process. */
  started: string;
}

/** When the process `pid` started, as an opaque token; undefined when there is no such process (a zombie counts as none). */
export function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxProcessStart(pid);
  return output('ps', ['-o', 'lstart=', '-p', String(pid)]);
}

/** Whether the very process that was recorded is still running. */
export function isSameProcess({ pid, started }: ProcessIdentity): boolean {
  return processStart(pid) === started;
}

/** The arguments `pid` was started with, joined by spaces; undefined when it is gone or hidden from us. */
export function commandLineOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return output('ps', ['-o', 'args=', '-p', String(pid)]);
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || undefined;
  } catch {
    return undefined;
  }
}

function linuxProcessStart(pid: number): string | undefined {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Field 22 (start time in clock ticks since boot) of /proc/pid/stat, see proc(5). The command name, field 2, may hold spaces
 * and parentheses, so counting starts behind the last one.
 */
export function parseProcStat(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' || state === 'X' ? undefined : fields[22 - 3];
}

function output(command: string, args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined;
  } catch {
    return undefined;
  }
}
