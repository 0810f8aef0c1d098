import { DeliverPolicy, StorageType } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { positionOf, type Reading } from './held-record.ts';
import { patiently } from './patient.ts';
import { QueueUnavailableError } from './publisher.ts';
import type { ReaderContext } from './reader-context.ts';
import { lastSeqOf } from './reads.ts';

/** Keys that were marked by any process, kept for a time on disk and mirrored in the memory of each that has asked for them. */
export interface Marks {
  /** Resolves when it is on disk, rejects with QueueUnavailableError. Marking again keeps it longer, and every process hears of it again. */
  put(key: string): Promise<void>;
  /** From memory: every mark that was on disk when these marks were opened, and each later one a moment after it was stored. */
  has(key: string): boolean;
  /** Told of each mark that is put from now on, by any process, after `has` knows it. Gives what ends it. */
  onPut(listener: (key: string) => void): () => void;
}

export interface MarksOptions {
  /** Letters, digits, `-` and `_`. */
  readonly bucket: string;
  /** After this a mark is gone. */
  readonly ttlMs: number;
}

export interface MarksContext extends ReaderContext {
  readonly replicas: number;
}

const retryDelayMsMax = 10_000;
const stopWaitMs = 2_000;
const lookEveryMs = 50;

/** Resolves when every mark that is on disk is in memory: whoever acts on marks must not begin before. */
export async function openMarks(
  { js, reads, replicas, log, reading, connected }: MarksContext,
  { bucket, ttlMs }: MarksOptions,
): Promise<Marks> {
  const keys = await patiently(() => new Kvm(js).create(bucket, { history: 1, ttl: ttlMs, replicas, storage: StorageType.File }));
  const prefix = `$KV.${bucket}.`;
  /** Unix ms at which it was stored, by key; oldest first. */
  const marked = new Map<string, number>();
  const listeners = new Set<(key: string) => void>();
  const { promise: loaded, resolve: resolveLoaded } = Promise.withResolvers<void>();
  let lastSeq = 0;
  let stopped = false;
  let closeMessages = (): void => {};
  // a server that was away has forgotten the ordered consumer: reading ends, and goes on behind the last mark
  const onReconnect = (): void => closeMessages();
  connected.again.add(onReconnect);
  const following = follow();

  async function follow(): Promise<void> {
    for (let failures = 0; !stopped; failures++) {
      try {
        await read();
        failures = 0;
      } catch (error) {
        if (stopped) return;
        log.warn({ bucket, err: error }, 'marks are not followed, trying again');
        await new Promise((resolve) => setTimeout(resolve, Math.min(200 * 2 ** failures, retryDelayMsMax)).unref());
      }
    }
  }

  async function read(): Promise<void> {
    const consumer = await js.consumers.get(`KV_${bucket}`, { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: lastSeq + 1 });
    if (!reads.replicated && (await consumer.info()).num_pending === 0) resolveLoaded();
    const messages = await consumer.consume({ max_messages: 256, expires: 10_000, idle_heartbeat: 2_000 });
    closeMessages = () => void messages.close();
    if (stopped) return closeMessages();
    for await (const message of messages) {
      const { seq, atMs } = positionOf(message);
      if (seq <= lastSeq) continue;
      lastSeq = seq;
      mark(message.subject.slice(prefix.length), atMs);
      if (!reads.replicated && message.info.pending === 0) resolveLoaded();
    }
  }

  /** The replica that is read from may lag: nothing is pending there, of what it does not have. The leader says what there is; less, when it expires. */
  async function waitForLeader(): Promise<void> {
    for (let upTo = Number.MAX_SAFE_INTEGER; !stopped; await new Promise((resolve) => setTimeout(resolve, lookEveryMs).unref())) {
      try {
        upTo = Math.min(upTo, await lastSeqOf(reads, `KV_${bucket}`, [`${prefix}>`]));
        if (lastSeq >= upTo) return resolveLoaded();
      } catch (error) {
        log.warn({ bucket, err: error }, 'cannot ask how many marks there are, trying again');
      }
    }
  }

  function mark(key: string, atMs: number): void {
    // to the end, where the newest are
    marked.delete(key);
    marked.set(key, atMs);
    for (const [old, storedAtMs] of marked) {
      if (storedAtMs > atMs - ttlMs) break;
      marked.delete(old);
    }
    for (const listener of listeners) listener(key);
  }

  const running: Reading = {
    async stop() {
      if (!reading.delete(running)) return;
      connected.again.delete(onReconnect);
      stopped = true;
      resolveLoaded();
      closeMessages();
      await Promise.race([following, new Promise((resolve) => setTimeout(resolve, stopWaitMs).unref())]);
    },
  };
  reading.add(running);
  if (reads.replicated) void waitForLeader();
  await loaded;

  return {
    async put(key) {
      try {
        await keys.put(key, '');
      } catch (error) {
        throw new QueueUnavailableError('unknown', { cause: error });
      }
    },
    has: (key) => marked.has(key),
    onPut(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
