import { openRegistry } from './database.ts';
import { startLooking } from './looking.ts';
import { optOutsChanged, readOptOutChanges } from './opt-out.ts';
import { createOptOutTable, type OptOutTable } from './opt-out-table.ts';
import type { WatchOptions } from './watch.ts';

/** Who wants no more messages, kept fresh. */
export interface OptOuts extends Pick<OptOutTable, 'has' | 'size'> {
  /** How long ago the last look began that succeeded, ms. While the database is away, a service goes on with what it knows. */
  readonly staleMs: number;
  /** Looks for changes now. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/** Resolves when all are loaded; follows them by broadcast, and by looking in case the broadcast was lost. Rejects when they cannot be loaded. */
export async function watchOptOuts({ databaseUrl, listen, log, pollMs = 900 }: WatchOptions): Promise<OptOuts> {
  const database = openRegistry(databaseUrl, 1);
  let table = createOptOutTable();
  let last = 0n;
  let seenAtMs = 0;

  async function follow(): Promise<void> {
    const beganAtMs = performance.now();
    let [into, from] = [table, last];
    for (;;) {
      const { changes, last: readTo, whole, past } = await readOptOutChanges(database, from);
      if (past) {
        [into, from] = [createOptOutTable(), 0n];
        continue;
      }
      for (const { tenant, sender, recipient, out } of changes) into[out ? 'put' : 'remove'](tenant, sender, recipient);
      from = readTo;
      // what is read anew takes the place of the old as a whole
      if (whole) break;
    }
    [table, last, seenAtMs] = [into, from, beganAtMs];
  }

  async function look(): Promise<void> {
    try {
      await follow();
    } catch (err) {
      log.warn({ err }, 'opt-outs cannot be read, going on with those known');
    }
  }

  try {
    await follow();
  } catch (error) {
    await database.$disconnect();
    throw error;
  }
  const looking = startLooking({ look, subject: optOutsChanged, listen, pollMs });
  return {
    has: (tenant, senders, recipient) => table.has(tenant, senders, recipient),
    get size() {
      return table.size;
    },
    get staleMs() {
      return performance.now() - seenAtMs;
    },
    refresh: looking.refresh,
    async stop() {
      await looking.stop();
      await database.$disconnect();
    },
  };
}
