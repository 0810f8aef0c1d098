import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Why the bound of another process cannot be set here; undefined: it can. */
export function noPrlimit(): string | undefined {
  try {
    execFileSync('prlimit', ['--version']);
    return undefined;
  } catch {
    return 'needs prlimit (util-linux)';
  }
}

/** The process keeps what it has open and gets nothing more, until the function given back is called. */
export function exhaustDescriptors(pid: number): () => void {
  const [soft, hard] = boundsOf(pid);
  setBound(pid, String(readdirSync(`/proc/${pid}/fd`).length), hard);
  return () => setBound(pid, soft, hard);
}

function boundsOf(pid: number): [soft: string, hard: string] {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
  if (soft === undefined || hard === undefined) throw new Error(`/proc/${pid}/limits names no bound of open files`);
  return [soft, hard];
}

function setBound(pid: number, soft: string, hard: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:${hard}`]);
}
