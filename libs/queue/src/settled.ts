import { DeliverPolicy, JetStreamError, type JetStreamClient, type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { streams, subjectIdOf, type HeliographEvent, type StreamName } from '@heliograph/message';
import type { RecordPosition } from './held-record.ts';
import type { Reads } from './reads.ts';
import { parseRecord } from './record.ts';

/** What a stage gave before: stream to look in, and the subjects of its events there. */
export interface GivenEvents {
  readonly stream: StreamName;
  readonly subjects: readonly string[];
}

/** Ids a stage had settled, by the sequence of the source record. */
type Settled = Map<number, Set<string>>;

export interface SettledLookup {
  /** The ids of this source record for which the stage has published its outcome, up to now. */
  now(record: RecordPosition): Promise<ReadonlySet<string>>;
  /**
   * The same as it stood when this connection to the server began: enough for a record that was stored before it, as whoever had it then is
   * gone or is us. One scan serves all of them.
   */
  atConnect(record: RecordPosition): Promise<ReadonlySet<string>>;
  /** The connection was lost and is there again. */
  reconnected(): void;
}

const nothing: ReadonlySet<string> = new Set();
/** Clocks of server and stream may differ by a little; a scan begins this much earlier. */
const slackMs = 1_000;

/**
 * A record may come again though it was done, in whole or in part: its reader died after publishing outcomes and before acknowledging, or the
 * server died and with it acknowledgements it had not stored (it syncs streams, not consumers). Each published event names its cause, so the
 * stage's own output tells what is done, without a database and without a call on the usual path. What the stage has set aside counts as done, and
 * when that is done in its turn and gone, what came of it says where it was taken from before.
 */
export function createSettledLookup({
  js,
  jsm,
  reads,
  source,
  given,
}: {
  js: JetStreamClient;
  jsm: JetStreamManager;
  reads: Reads;
  source: StreamName;
  given: readonly GivenEvents[];
}): SettledLookup {
  /** The scan that is running, and the one that everybody waits for who came after it began. */
  let running: Promise<unknown> = Promise.resolve();
  let next: { from: RecordPosition; result: Promise<Settled> } | undefined;
  let connectScan: { fromSeq: number; result: Promise<Settled> } | undefined;

  async function scanFrom({ seq, atMs }: RecordPosition): Promise<Settled> {
    const settled: Settled = new Map();
    // one after the other, in their order: what is set aside may become an outcome while we look
    for (const one of given) {
      for await (const record of recordsSince({ js, jsm, reads }, one, atMs - slackMs)) {
        for (const event of parseRecord(record) ?? []) note(event, { source, fromSeq: seq }, settled);
      }
    }
    return settled;
  }

  /** Records that come together, as after a crash, share a scan since the oldest of them. */
  function sharedScan(record: RecordPosition): Promise<Settled> {
    if (next) {
      if (record.seq < next.from.seq) next.from = record;
      return next.result;
    }
    const mine = { from: record, result: undefined as unknown as Promise<Settled> };
    mine.result = running.then(() => {
      next = undefined;
      const scanning = scanFrom(mine.from);
      running = scanning.catch(() => {});
      return scanning;
    });
    next = mine;
    return mine.result;
  }

  return {
    now: async (record) => (await sharedScan(record)).get(record.seq) ?? nothing,
    async atConnect(record) {
      if (!connectScan || record.seq < connectScan.fromSeq) {
        const mine = { fromSeq: record.seq, result: scanFrom(record) };
        connectScan = mine;
        // the next one looks again
        mine.result.catch(() => connectScan === mine && (connectScan = undefined));
      }
      return (await connectScan.result).get(record.seq) ?? nothing;
    },
    reconnected() {
      connectScan = undefined;
    },
  };
}

function note(event: HeliographEvent, { source, fromSeq }: { source: StreamName; fromSeq: number }, settled: Settled): void {
  const cause = [event.cause, event.cause?.before].find((one) => one?.stream === source);
  if (!cause || cause.seq < fromSeq) return;
  let ids = settled.get(cause.seq);
  if (!ids) settled.set(cause.seq, (ids = new Set()));
  ids.add(subjectIdOf(event));
}

type Streams = { readonly js: JetStreamClient; readonly jsm: JetStreamManager; readonly reads: Reads };

function recordsSince(where: Streams, given: GivenEvents, fromMs: number): AsyncIterable<Uint8Array> {
  const inBatches = streams[given.stream].retention === 'queue' || where.reads.replicated;
  return inBatches ? batchesSince(where, given, fromMs) : loggedSince(where, given, fromMs);
}

async function* loggedSince({ js }: Streams, { stream, subjects }: GivenEvents, fromMs: number): AsyncGenerator<Uint8Array> {
  const consumer = await js.consumers.get(stream, {
    filter_subjects: [...subjects],
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(fromMs).toISOString(),
  });
  const { num_pending: pending } = await consumer.info();
  if (pending === 0) return;
  const messages = await consumer.consume({ max_messages: 256 });
  for await (const message of messages) {
    yield message.data;
    if (message.info.pending === 0) break;
  }
  await messages.close();
}

const recordsPerBatch = 256;

/**
 * A work queue has no readers but its own: its records are got by the way. So are those of any stream with replicas: a consumer runs on one of them,
 * not always the leader, and takes the end of what that has for the end of the stream. Here the leader says whether it is.
 */
async function* batchesSince({ jsm, reads }: Streams, { stream, subjects }: GivenEvents, fromMs: number): AsyncGenerator<Uint8Array> {
  for (const subject of subjects) {
    let from: From | undefined = { start_time: new Date(fromMs) };
    while (from) {
      const records = await nextRecords(jsm, stream, subject, from);
      for (const { data } of records) yield data;
      let last = records.at(-1);
      if (!last && reads.replicated) {
        last = (await reads.get(stream, { ...from, next_by_subj: subject })) ?? undefined;
        if (last) yield last.data;
      }
      from = last && { seq: last.seq + 1 };
    }
  }
}

type From = { readonly start_time: Date } | { readonly seq: number };
const notFound = 404;
/** A server that dies in the middle of a batch says nothing more, and the client waits for ever. */
const silenceMsMax = 5_000;

async function nextRecords(jsm: JetStreamManager, stream: StreamName, subject: string, from: From): Promise<StoredMsg[]> {
  const records: StoredMsg[] = [];
  let silence: NodeJS.Timeout | undefined;
  try {
    const batch = await jsm.direct.getBatch(stream, { ...from, next_by_subj: subject, batch: recordsPerBatch });
    silence = setTimeout(() => batch.stop(new Error(`${stream}: the rest of a batch did not come`)), silenceMsMax);
    for await (const record of batch) {
      records.push(record);
      silence.refresh();
    }
  } catch (error) {
    if (!(error instanceof JetStreamError) || !('code' in error) || error.code !== notFound) throw error;
  } finally {
    clearTimeout(silence);
  }
  return records;
}
