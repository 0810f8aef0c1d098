import { StorageType } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { Reading } from './held-record.ts';
import { patiently } from './patient.ts';
import type { ReaderContext } from './reader-context.ts';

/**
 * What the processes of a service have at the moment, by key: each keeps its own keys alive, and those of a process that is gone vanish
 * after the time to live. A hint about others, never the truth: it is late by a moment, and empty for a while when the server has started anew.
 */
export interface Presence {
  /** This process has it until `remove`. Resolves when the others can see it, or when they cannot be told now: then as soon as they can. */
  add(key: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** The keys that begin with these tokens, of every process; undefined when nobody answers. */
  list(prefix: string): Promise<string[] | undefined>;
}

export interface PresenceOptions {
  /** Letters, digits, `-` and `_`. */
  readonly bucket: string;
  readonly ttlMs: number;
}

export interface PresenceContext extends ReaderContext {
  readonly replicas: number;
}

/** Two beats may get lost. */
const beatsPerTtl = 3;

export async function createPresence(
  { js, jsm, replicas, log, reading, connected }: PresenceContext,
  { bucket, ttlMs }: PresenceOptions,
): Promise<Presence> {
  const own = new Set<string>();
  const subjectOf = (key: string): string => `$KV.${bucket}.${key}`;
  // In memory: presence that outlives the server would be of processes that may be gone. A single server forgets the bucket as well.
  const open = (): Promise<KV> => new Kvm(js).create(bucket, { history: 1, ttl: ttlMs, replicas, storage: StorageType.Memory });
  let keys = await patiently(open);
  let beating: Promise<void> | undefined;

  async function put(key: string): Promise<boolean> {
    try {
      await keys.put(key, '');
      // it was taken back while it was on its way
      if (!own.has(key)) await clear(key);
      return true;
    } catch (error) {
      log.warn({ bucket, err: error }, 'presence not shown');
      return false;
    }
  }

  async function clear(key: string): Promise<void> {
    // not KV's delete: its markers would be listed
    await jsm.streams
      .purge(`KV_${bucket}`, { filter: subjectOf(key) })
      .catch((error: unknown) => log.warn({ bucket, err: error }, 'presence not taken back, it expires'));
  }

  /** One after the other: a burst of thousands would be in the way of messages. Ends at the first that fails, the next beat goes on. */
  async function beat(): Promise<void> {
    for (const key of own) {
      if (await put(key)) continue;
      keys = await open().catch(() => keys);
      return;
    }
  }

  function beatOnce(): Promise<void> {
    beating ??= beat().finally(() => (beating = undefined));
    return beating;
  }

  const timer = setInterval(() => void beatOnce(), ttlMs / beatsPerTtl).unref();
  const onReconnect = (): void => {
    void open()
      .then((opened) => {
        keys = opened;
        return beatOnce();
      })
      .catch((error: unknown) => log.warn({ bucket, err: error }, 'presence not shown'));
  };
  connected.again.add(onReconnect);

  const running: Reading = {
    async stop() {
      if (!reading.delete(running)) return;
      clearInterval(timer);
      connected.again.delete(onReconnect);
      const left = [...own];
      own.clear();
      await beating;
      await Promise.all(left.map(clear));
    },
  };
  reading.add(running);

  return {
    async add(key) {
      own.add(key);
      await put(key);
    },
    async remove(key) {
      own.delete(key);
      await clear(key);
    },
    async list(prefix) {
      try {
        const { state } = await jsm.streams.info(`KV_${bucket}`, { subjects_filter: subjectOf(`${prefix}.>`) });
        return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(subjectOf('').length));
      } catch (error) {
        log.warn({ bucket, err: error }, 'presence cannot be listed');
        return undefined;
      }
    },
  };
}
