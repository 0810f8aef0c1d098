import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestServers } from '@heliograph/testbed';
import { masterKey } from './api.ts';

/** What each needs beside the servers. */
const settings = {
  'billing-credits': () => ({}),
  'dlr-forwarder': () => ({ MASTER_KEY: masterKey, ALLOW_PRIVATE_WEBHOOKS: 'true', WEBHOOK_POLL_MS: '100' }),
  'http-api': () => ({ MASTER_KEY: masterKey, HTTP_PORT: '0' }),
  'message-log': () => ({ GATHER_MS: '20ms' }),
  'smpp-ingress': ({ folder }) => ({ SMPP_PORT: '0', SMPP_TLS_PORT: '0', SMPP_TLS_DIR: join(folder, 'tls') }),
} as const satisfies Readonly<Record<string, (servers: TestServers) => Readonly<Record<string, string>>>>;

export interface AppProcess {
  readonly child: ChildProcess;
  readonly ports: { readonly http?: number; readonly smpp?: number };
  /** Nothing when it has ended. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Another app beside http-api: a process, as in production. With `hear` it is told all that the app logs, else that logs errors alone. */
export async function startApp(name: keyof typeof settings, servers: TestServers, hear?: (text: string) => void): Promise<AppProcess> {
  const child = fork(join(import.meta.dirname, '../..', name, 'src/main.ts'), {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: servers.databaseUrl,
      NATS_URL: servers.natsUrl,
      LOG_LEVEL: hear ? 'debug' : 'error',
      ...settings[name](servers),
    },
    execArgv: [],
    stdio: ['ignore', hear ? 'pipe' : 'ignore', 'inherit', 'ipc'],
  });
  child.stdout?.on('data', (chunk: Buffer) => hear?.(chunk.toString()));
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended before it was ready`)));
  const [{ ports }] = (await Promise.race([once(child, 'message'), ended])) as [{ ports?: AppProcess['ports'] }];
  return {
    child,
    ports: ports ?? {},
    async end(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}
