/** Processes of their own for the specs of this folder: with clocks of their own, and to be killed. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BillingServer } from './money.ts';

export interface Processes {
  /** A module of this folder; resolves when it says that it is ready. */
  start(file: string, env?: Record<string, string>): Promise<ChildProcess>;
  billing(env?: Record<string, string>): Promise<ChildProcess>;
  killAll(): Promise<void>;
}

export function createProcesses({ databaseUrl, natsUrl }: Pick<BillingServer, 'databaseUrl' | 'natsUrl'>): Processes {
  const children: ChildProcess[] = [];

  async function start(file: string, env: Record<string, string> = {}): Promise<ChildProcess> {
    const child = fork(join(import.meta.dirname, file), {
      env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl, NATS_URL: natsUrl, LOG_LEVEL: 'error', ...env },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.push(child);
    await once(child, 'message');
    return child;
  }

  return {
    start,
    billing: (env) => start('../src/main.ts', env),
    async killAll() {
      for (const child of children.splice(0)) await kill(child);
    },
  };
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
