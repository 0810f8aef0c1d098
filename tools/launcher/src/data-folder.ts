import { isSameProcess, processStart } from '@heliograph/embedded';
import type { ProcessIdentity } from '@heliograph/embedded';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The data folder, held by one launcher at a time. */
export interface DataFolder {
  path: string;
  /** For use as a path of a file or folder inside. */
  join(...parts: string[]): string;
  /** 64 hex digits; made at the first start unless given. */
  masterKey(given: string | undefined): string;
  /** Notes who runs now: for people (processes.json) and for the start after a crash. */
  note(pids: Record<string, number>): void;
  release(): void;
}

interface Lock {
  launcher: ProcessIdentity;
  processes: ProcessIdentity[];
}

/** Services drain for up to 15 s when their launcher is gone. */
const orphanWaitMs = 20_000;

/**
 * Takes the folder. Rejects when a living launcher holds it; after one that was killed, waits for the services it left behind, which
 * still hold the ports, and ends what does not go.
 */
export async function openDataFolder(path: string, say: (line: string) => void): Promise<DataFolder> {
  // Others may pass, not look: as root, PostgreSQL runs as another user inside. What is secret has its own mode.
  mkdirSync(join(path, 'logs'), { recursive: true, mode: 0o711 });
  const lockFile = join(path, 'launcher.lock');
  await takeLock(lockFile, path, say);
  const self = identityOf(process.pid);
  return {
    path,
    join: (...parts) => join(path, ...parts),
    masterKey: (given) => given || readOrMakeKey(join(path, 'master.key')),
    note: (pids) => {
      const lock: Lock = { launcher: self, processes: Object.values(pids).map(identityOf) };
      replaceFile(lockFile, JSON.stringify(lock));
      replaceFile(join(path, 'processes.json'), JSON.stringify(pids, null, 2) + '\n');
    },
    release: () => {
      rmSync(join(path, 'processes.json'), { force: true });
      rmSync(lockFile, { force: true });
    },
  };
}

async function takeLock(file: string, path: string, say: (line: string) => void): Promise<void> {
  const mine: Lock = { launcher: identityOf(process.pid), processes: [] };
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(mine), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const held = readLock(file);
    if (held && isSameProcess(held.launcher)) {
      throw new Error(`${path} is in use: process ${held.launcher.pid} runs on it. Stop that one, or choose another folder with --data.`);
    }
    if (!held && isYoung(file)) {
      await delay(50); // another launcher has made it and is about to write
      continue;
    }
    if (held) await outlive(held.processes, say);
    rmSync(file, { force: true });
  }
}

function isYoung(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs < 2_000;
}

async function outlive(processes: ProcessIdentity[], say: (line: string) => void): Promise<void> {
  const left = () => processes.filter(isSameProcess);
  if (left().length === 0) return;
  say(`the last start was killed; ending the ${left().length} processes it left behind`);
  for (const { pid } of left()) process.kill(pid, 'SIGTERM');
  const deadline = performance.now() + orphanWaitMs;
  while (left().length > 0 && performance.now() < deadline) await delay(50);
  for (const { pid } of left()) process.kill(pid, 'SIGKILL');
}

function identityOf(pid: number): ProcessIdentity {
  return { pid, started: processStart(pid) ?? '' };
}

function readLock(file: string): Lock | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Lock;
  } catch {
    return undefined; // gone just now, or cut off by a crash of the machine
  }
}

function readOrMakeKey(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const key = randomBytes(32).toString('hex');
  writeFileSync(file, key + '\n', { mode: 0o600 });
  return key;
}

/** Readers see the old content or the new, never half. */
function replaceFile(file: string, content: string): void {
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
