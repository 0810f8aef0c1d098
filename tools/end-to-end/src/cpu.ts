import { readFileSync, readdirSync } from 'node:fs';

/** Clock ticks a second of /proc (proc(5)): 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU time of these processes and all below them until now, seconds. Linux only. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return withAllBelow(pids).reduce((sum, pid) => sum + (statOf(pid)?.seconds ?? 0), 0);
}

/** The same by name. */
export function cpuSecondsByName(pids: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuSecondsOf([pid])]));
}

/**
 * Memory of these processes and all below them, MB. `pss`: what several share is counted once (each has its part of it), so it can be added up;
 * `rss` counts PostgreSQL's buffers in each of its processes.
 */
export function memoryOf(pids: readonly number[]): { rss: number; pss: number } {
  const found = withAllBelow(pids).map(smapsOf);
  const sum = (key: 'rss' | 'pss'): number => found.reduce((all, one) => all + one[key], 0) / 1024;
  return { rss: sum('rss'), pss: sum('pss') };
}

function withAllBelow(pids: readonly number[]): number[] {
  const below = new Map<number, number[]>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const stat = statOf(Number(entry));
    if (stat) below.set(stat.parent, [...(below.get(stat.parent) ?? []), Number(entry)]);
  }
  const seen = new Set<number>();
  const add = (pid: number): void => {
    if (seen.has(pid)) return;
    seen.add(pid);
    for (const child of below.get(pid) ?? []) add(child);
  };
  for (const pid of pids) add(pid);
  return [...seen];
}

/** kB (proc(5)); nothing of a process that has ended. */
function smapsOf(pid: number): { rss: number; pss: number } {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kB = (key: string): number => Number(new RegExp(`^${key}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
    return { rss: kB('Rss'), pss: kB('Pss') };
  } catch {
    return { rss: 0, pss: 0 };
  }
}

/** Of a process that has ended: undefined. Its children's time that it waited for is its own. */
function statOf(pid: number): { parent: number; seconds: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the name of the program may have blanks and brackets in it
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [, parent = 0] = fields;
    const ticks = fields.slice(11, 15).reduce((sum, one) => sum + one, 0);
    return { parent, seconds: ticks / ticksPerSecond };
  } catch {
    return undefined;
  }
}
