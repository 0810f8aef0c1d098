import { newId } from '@heliograph/message';
import type { Log, Queue } from '@heliograph/queue';
import { SECOND } from './duration.ts';
import { startRounds } from './rounds.ts';

export interface Others {
  /** No other process of this app is known of. False while nobody can say. */
  readonly none: boolean;
  stop(): Promise<void>;
}

const presence = { bucket: 'dlr-forwarders', ttlMs: 10 * SECOND } as const;
const running = 'running';
const lookEveryMs = SECOND;

/** Whether there are other processes of this app: a hint, late by a second, or by `ttlMs` when one was killed. */
export async function watchOthers(queue: Pick<Queue, 'presence'>, log: Log): Promise<Others> {
  const own = `${running}.${newId()}`;
  const keys = await queue.presence(presence);
  let none = false;

  async function look(): Promise<void> {
    const list = await keys.list(running);
    none = list !== undefined && list.every((key) => key === own);
  }

  await keys.add(own);
  await look();
  const rounds = startRounds({ what: 'look for other processes', everyMs: lookEveryMs, round: look, log });
  return {
    get none() {
      return none;
    },
    async stop() {
      await rounds.stop();
      await keys.remove(own);
    },
  };
}
