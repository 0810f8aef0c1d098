import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isSameProcess, processStart } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** How a process ended: one of the two is set. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A server of ours that runs as a child process. */
export interface ServerProcess {
  pid: number;
  /** Called once, when the process has ended for whatever reason, `stop` included; at once when it already has. */
  onExit(listener: (exit: Exit) => void): void;
  /** Asks it to end, waits until it has; after 30 s it is killed. Safe to call twice or after it died. */
  stop(): Promise<void>;
}

export interface ServerSpec {
  /** Part of its command line; what it is called in errors. */
  name: string;
  /** Remembers who runs it and for whom, so that a later start can tell an orphan from a server in use. */
  recordFile: string;
  logFile: string;
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Run as this user (only root can ask for that). */
  account: { uid: number; gid: number } | undefined;
  stopSignal: NodeJS.Signals;
}

interface ServerRecord {
  server: ProcessIdentity;
  owner: ProcessIdentity;
}

/** Servers flush on a stop; a slow disk may need long, for ever means it hangs. */
const stopWaitMs = 30_000;
const pollMs = 20;
const logSizeMax = 10 * 1024 * 1024;

/** Starts a server in its own process group (a terminal's Ctrl-C must reach only whoever stops it in order). Output goes to `logFile`. */
export function startServer(spec: ServerSpec): ServerProcess & { exit: () => Exit | undefined } {
  const child = spawnIntoLog(spec);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${spec.name}: ${spec.command} could not be started`);
  const record: ServerRecord = { server: identityOf(pid), owner: identityOf(process.pid) };
  writeFileSync(spec.recordFile, JSON.stringify(record), { mode: 0o600 });
  const leash = tieLeash(pid, spec);

  let ended: Exit | undefined;
  const listeners: ((exit: Exit) => void)[] = [];
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = { code, signal };
      leash?.kill('SIGKILL');
      rmSync(spec.recordFile, { force: true });
      resolve();
      for (const listener of listeners.splice(0)) listener(ended);
    });
  });

  return {
    pid,
    exit: () => ended,
    onExit: (listener) => {
      if (ended) listener(ended);
      else listeners.push(listener);
    },
    stop: async () => {
      if (ended) return;
      child.kill(spec.stopSignal);
      const killer = setTimeout(() => child.kill('SIGKILL'), stopWaitMs);
      await exited;
      clearTimeout(killer);
    },
  };
}

/**
 * Makes sure that no server of an earlier life runs on this data. One whose starter was killed is stopped; one whose starter
 * still lives is in use, and two servers on the same files would destroy them: that is an error.
 */
export async function releaseOrphan({
  name,
  recordFile,
  stopSignal,
}: Pick<ServerSpec, 'name' | 'recordFile' | 'stopSignal'>): Promise<void> {
  const record = readRecord(recordFile);
  if (!record) return;
  if (isSameProcess(record.server)) {
    if (isSameProcess(record.owner)) {
      throw new Error(`${name}: this data folder is in use: process ${record.owner.pid} runs ${name} (pid ${record.server.pid}) on it`);
    }
    await endProcess(record.server, stopSignal);
  }
  rmSync(recordFile, { force: true });
}

async function endProcess(target: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  process.kill(target.pid, signal);
  const gone = await waitUntil(() => !isSameProcess(target), stopWaitMs);
  if (gone) return;
  process.kill(target.pid, 'SIGKILL');
  await waitUntil(() => !isSameProcess(target), stopWaitMs);
}

/** Asks `condition` every 20 ms; false when it did not hold within `timeoutMs`. For what gives no event: files and foreign processes. */
export async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}

/** The end of a server's log, for an error message. */
export function lastLogLines(logFile: string, count = 12): string {
  if (!existsSync(logFile)) return '';
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}

function spawnIntoLog({ logFile, command, args, env, account }: ServerSpec): ChildProcess {
  if (existsSync(logFile) && statSync(logFile).size > logSizeMax) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'a', 0o600);
  try {
    // A file and not a pipe: the server outlives us for a moment when we are killed, and must not fail on its log.
    const child = spawn(command, args, { stdio: ['ignore', log, log], detached: true, cwd: '/', env, ...account });
    child.on('error', () => undefined); // startServer sees the missing pid
    return child;
  } finally {
    closeSync(log);
  }
}

function identityOf(pid: number): ProcessIdentity {
  return { pid, started: processStart(pid) ?? '' };
}

function readRecord(file: string): ServerRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ServerRecord;
  } catch {
    return undefined; // none, or cut off by a crash: then nothing can be said about any process
  }
}

/**
 * Ends the server when we die without stopping it (kill -9). The kernel closes our end of the pipe, `read` returns, and after a
 * moment for the services to drain the server gets its stop signal, if that process still is what it was.
 */
const leashScript = `read -r _
sleep 5
case "$(tr '\\0' ' ' 2>/dev/null < "/proc/$1/cmdline" || ps -o args= -p "$1")" in *"$2"*) kill -s "$3" "$1";; esac`;

function tieLeash(pid: number, { name, stopSignal }: ServerSpec): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const leash = spawn('/bin/sh', ['-c', leashScript, 'sh', String(pid), name, stopSignal.slice('SIG'.length)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  leash.on('error', () => undefined); // no shell: the next start cleans up instead
  leash.unref();
  (leash.stdin as Socket).unref();
  return leash;
}
