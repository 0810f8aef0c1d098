import { eventually } from '@heliograph/testbed';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { straceArgs } from './strace.ts';

const attachedWithinMs = 20_000;
const triesMax = 5;

/** Why it cannot look at other processes here (ptrace has to be allowed, too); undefined: it can. */
export function noStrace(): string | undefined {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs strace';
  }
}

/** The lines of a strace that looks at every process of `pids`, and at all that they start, while `use` is done. */
export async function traced(pids: () => readonly number[], use: () => Promise<void>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-power-'));
  const file = join(folder, 'strace');
  try {
    const strace = await attach(pids, file);
    try {
      await use();
    } finally {
      await detach(strace);
    }
    return await linesOf(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Again when a process was started after they were listed and before strace had got hold of the one that started it: it would not be seen. */
async function attach(pids: () => readonly number[], file: string): Promise<ChildProcess> {
  for (let tries = 1; ; tries++) {
    const strace = spawn('strace', [...straceArgs, '-o', file, ...pids().flatMap((pid) => ['-p', String(pid)])], { stdio: 'ignore' });
    try {
      await eventually('strace looks at every process', () => pids().every((pid) => isTraced(pid, strace.pid)), attachedWithinMs);
      return strace;
    } catch (error) {
      await detach(strace);
      if (tries === triesMax) throw error;
    }
  }
}

/** Every thread of it. */
function isTraced(pid: number, by: number | undefined): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8').includes(`\nTracerPid:\t${by}\n`),
  );
}

async function detach(strace: ChildProcess): Promise<void> {
  if (strace.exitCode !== null || strace.signalCode !== null) return;
  const ended = once(strace, 'exit');
  strace.kill('SIGINT');
  await ended;
}

async function linesOf(file: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file, 'latin1') })) lines.push(line);
  return lines;
}
