import type { Exit } from '@heliograph/embedded';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describeExit } from './keep-running.ts';
import type { Running } from './keep-running.ts';
import type { LogFile } from './log-file.ts';
import { lineSplitter, shortLine } from './log-lines.ts';

export interface ServiceStart {
  name: string;
  /** Absolute path of its main file. */
  main: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  log: LogFile;
  /** Shows a warning to people. */
  warn(line: string): void;
  readyWaitMs?: number;
  stopWaitMs?: number;
}

export interface ServiceRun extends Running {
  /** As it reported them. */
  ports: Record<string, number>;
}

/** For what a dead process has written to be read. Not for ever: a process it started itself may hold the pipe. */
const lastWordsMs = 500;

/**
 * Starts a service and waits for `{ ready: true, ports }` on its IPC channel. The channel is a leash as well: a service ends when it
 * closes, so none is left when we are killed. Rejects with its last words when it ends before it is ready.
 */
export function startService(
  { readyWaitMs = 60_000, stopWaitMs = 20_000, ...spec }: ServiceStart,
  signal: AbortSignal,
): Promise<ServiceRun> {
  const { name, main, cwd, env, log, warn } = spec;
  // Its own process group: a terminal's Ctrl-C reaches only us, and we stop the services in their order.
  const child = spawn(process.execPath, [main], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let isReady = false;
  let lastWords: string[] = [];
  const follow = (stream: 'stdout' | 'stderr') => {
    const lines = lineSplitter((line) => {
      const short = shortLine(name, line, stream);
      if (short === undefined) return;
      if (isReady) warn(short);
      else lastWords = [...lastWords, short].slice(-15);
    });
    child[stream]!.on('data', (chunk: Buffer) => {
      log.write(chunk);
      lines.write(chunk.toString());
    });
    return once(child[stream]!, 'end').then(lines.flush);
  };
  const outputEnded = Promise.all([follow('stdout'), follow('stderr')]);

  let ended: Exit | undefined;
  const listeners: ((exit: Exit) => void)[] = [];
  const exited = new Promise<void>((resolve) => {
    child.once('exit', async (code, killedBy) => {
      await Promise.race([outputEnded, delay(lastWordsMs)]);
      ended = { code, signal: killedBy };
      resolve();
      for (const listener of listeners) listener(ended);
    });
  });
  const stop = async () => {
    if (ended) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => {
      warn(`${name} did not stop within ${stopWaitMs / 1000} s and is killed`);
      child.kill('SIGKILL');
    }, stopWaitMs);
    await exited;
    clearTimeout(killer);
  };

  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error([`${name} ${why}`, ...lastWords, `Its log: ${log.path}`].join('\n  ')));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`was not ready after ${readyWaitMs / 1000} s`);
    }, readyWaitMs);
    const abort = () => void stop();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    child.once('error', (error) => {
      settle();
      fail(`could not be started: ${error.message}`);
    });
    listeners.push((exit) => {
      settle();
      if (!isReady) fail(`${describeExit(exit)} before it was ready`);
    });
    child.on('message', (message) => {
      if (isReady || !isReadyMessage(message)) return;
      isReady = true;
      settle();
      for (const line of lastWords) warn(line);
      resolve({
        pid: child.pid!,
        ports: message.ports,
        onExit: (listener) => void (ended ? listener(ended) : listeners.push(listener)),
        stop,
        kill: () => void child.kill('SIGKILL'),
      });
    });
  });
}

function isReadyMessage(message: unknown): message is { ready: true; ports: Record<string, number> } {
  return typeof message === 'object' && message !== null && 'ready' in message && message.ready === true && 'ports' in message;
}
