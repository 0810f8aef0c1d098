import { openRegistry, type RegistryDatabase } from './database.ts';
import { readParts } from './load.ts';
import { startLooking } from './looking.ts';
import { snapshotOf, type Snapshot } from './snapshot.ts';

/** What a service tells the others when it changed the registry: a hint to look at once. */
export const registryChanged = 'registry.changed';

export interface RegistryWatch {
  /** The newest snapshot; a new object after every change. */
  readonly current: Snapshot;
  /** Whether the last look at the database succeeded. Without, a service goes on with the snapshot it has. */
  readonly healthy: boolean;
  /** How long ago the look began by which `current` was last seen to be the newest, ms; every `pollMs` while healthy. */
  readonly staleMs: number;
  /** Called after each swap. */
  onChange(changed: (snapshot: Snapshot) => void): void;
  /** Looks for a change now. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

export interface WatchOptions {
  readonly databaseUrl: string;
  readonly listen: (subject: string, heard: () => void) => void;
  readonly log: { warn(fields: object, text: string): void };
  /** The safety net under the broadcast. A credential that was reset is refused everywhere within a second. */
  readonly pollMs?: number;
}

/** Keeps a snapshot fresh: told by broadcast, and by looking at the revision counter in case the broadcast was lost. */
export async function watchRegistry({ databaseUrl, listen, log, pollMs = 900 }: WatchOptions): Promise<RegistryWatch> {
  const database: RegistryDatabase = openRegistry(databaseUrl, 1);
  const listeners: ((snapshot: Snapshot) => void)[] = [];
  let seenAtMs = performance.now();
  let healthy = true;
  let parts = await readParts(database, undefined, log);
  let current = snapshotOf(parts);

  async function look(): Promise<void> {
    try {
      const beganAtMs = performance.now();
      const newest = await readParts(database, parts, log);
      const changed = newest !== parts;
      if (changed) current = snapshotOf((parts = newest));
      seenAtMs = beganAtMs;
      healthy = true;
      if (changed) for (const listener of listeners) listener(current);
    } catch (error) {
      healthy = false;
      log.warn({ err: error }, 'registry cannot be read, going on with the last snapshot');
    }
  }

  const looking = startLooking({ look, subject: registryChanged, listen, pollMs });
  return {
    get current() {
      return current;
    },
    get healthy() {
      return healthy;
    },
    get staleMs() {
      return performance.now() - seenAtMs;
    },
    onChange: (changed) => void listeners.push(changed),
    refresh: looking.refresh,
    async stop() {
      await looking.stop();
      await database.$disconnect();
    },
  };
}
