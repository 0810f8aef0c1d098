import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Containers {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  stop(): Promise<void>;
}

/** What the holder says first. */
export type Told = { readonly databaseUrl: string; readonly natsUrl: string } | { readonly failure: string };

/**
 * PostgreSQL and nats-server as containers of this test's own. A process of its own holds them: it removes them when told to, and also when this
 * one has died, so nothing is left behind and no third image (testcontainers' reaper) is needed.
 */
export async function startContainers({ syncAlways }: { syncAlways: boolean }): Promise<Containers> {
  const holder = fork(join(import.meta.dirname, 'hold-containers.ts'), [String(syncAlways)], {
    env: { ...process.env, NODE_OPTIONS: '', TESTCONTAINERS_RYUK_DISABLED: 'true' },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true, // Ctrl-C is for the tests; the holder ends after them
  });
  const ended = once(holder, 'exit');
  const [told] = (await Promise.race([once(holder, 'message'), ended.then(() => [{ failure: 'their holder ended' }])])) as [Told];
  if ('failure' in told) throw new Error(`The containers for tests did not start: ${told.failure}`);
  // a test that forgets to stop them does not hang for it
  holder.unref();
  holder.channel?.unref();
  return {
    ...told,
    async stop() {
      holder.ref();
      if (holder.connected) holder.disconnect();
      await ended;
    },
  };
}
