import { DeliverPolicy, type JetStreamClient } from '@nats-io/jetstream';
import { subjectIdOf, type StreamName } from '@heliograph/message';
import type { RecordPosition } from './held-record.ts';
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
 * stage's own output tells what is done, without a database and without a call on the usual path.
 */
export function createSettledLookup({
  js,
  source,
  given,
}: {
  js: JetStreamClient;
  source: StreamName;
  given: readonly GivenEvents[];
}): SettledLookup {
  /** The scan that is running, and the one that everybody waits for who came after it began. */
  let running: Promise<unknown> = Promise.resolve();
  let next: { from: RecordPosition; result: Promise<Settled> } | undefined;
  let connectScan: { fromSeq: number; result: Promise<Settled> } | undefined;

  async function scanFrom({ seq, atMs }: RecordPosition): Promise<Settled> {
    const settled: Settled = new Map();
    for (const one of given) await scan(js, one, { source, fromSeq: seq, fromMs: atMs - slackMs }, settled);
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
      if (!connectScan || record.seq < connectScan.fromSeq) connectScan = { fromSeq: record.seq, result: scanFrom(record) };
      return (await connectScan.result).get(record.seq) ?? nothing;
    },
    reconnected() {
      connectScan = undefined;
    },
  };
}

interface Span {
  readonly source: StreamName;
  readonly fromSeq: number;
  readonly fromMs: number;
}

async function scan(js: JetStreamClient, given: GivenEvents, { source, fromSeq, fromMs }: Span, settled: Settled): Promise<void> {
  const consumer = await js.consumers.get(given.stream, {
    filter_subjects: [...given.subjects],
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(fromMs).toISOString(),
  });
  const { num_pending: pending } = await consumer.info();
  if (pending === 0) return;
  const messages = await consumer.consume({ max_messages: 256 });
  for await (const message of messages) {
    for (const event of parseRecord(message.data) ?? []) {
      if (event.cause?.stream !== source || event.cause.seq < fromSeq) continue;
      let ids = settled.get(event.cause.seq);
      if (!ids) settled.set(event.cause.seq, (ids = new Set()));
      ids.add(subjectIdOf(event));
    }
    if (message.info.pending === 0) break;
  }
  await messages.close();
}
