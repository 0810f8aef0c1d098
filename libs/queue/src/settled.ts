import { DeliverPolicy, type JetStreamClient } from '@nats-io/jetstream';
import { subjectIdOf, type StreamName } from '@heliograph/message';
import { parseRecord } from './record.ts';

/** What a stage gave before: stream to look in, and the subjects of its events there. */
export interface GivenEvents {
  readonly stream: StreamName;
  readonly subjects: readonly string[];
}

/** Ids a stage had settled, by the sequence of the source record. */
type Settled = Map<number, Set<string>>;

export interface SettledLookup {
  /** The ids of this source record for which the stage has published its outcome. */
  of(seq: number, recordAtMs: number): Promise<ReadonlySet<string>>;
}

const nothing: ReadonlySet<string> = new Set();
/** Clocks of server and stream may differ by a little; a scan begins this much earlier. */
const slackMs = 1_000;

/**
 * A redelivered record may have been done in part: its reader died after publishing outcomes and before acknowledging. Each published
 * event names its cause, so the stage's own output tells what is done, without a database and without a call on the usual path.
 * Scans are shared: records redelivered together (after a crash) wait for one pass over the output since the oldest of them.
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
  let running: Promise<Settled> | undefined;
  let next: { fromMs: number; result: Promise<Settled> } | undefined;

  async function scanAll(fromMs: number): Promise<Settled> {
    const settled: Settled = new Map();
    for (const one of given) await scan(js, one, source, fromMs - slackMs, settled);
    return settled;
  }

  function request(fromMs: number): Promise<Settled> {
    if (next) {
      next.fromMs = Math.min(next.fromMs, fromMs);
      return next.result;
    }
    const mine: { fromMs: number; result: Promise<Settled> } = { fromMs, result: undefined as unknown as Promise<Settled> };
    mine.result = (running ?? Promise.resolve()).then(
      () => start(),
      () => start(),
    );
    next = mine;
    async function start(): Promise<Settled> {
      next = undefined;
      const scanning = scanAll(mine.fromMs);
      running = scanning;
      return scanning;
    }
    return mine.result;
  }

  return {
    async of(seq, recordAtMs) {
      return (await request(recordAtMs)).get(seq) ?? nothing;
    },
  };
}

async function scan(js: JetStreamClient, given: GivenEvents, source: StreamName, fromMs: number, settled: Settled): Promise<void> {
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
      if (event.cause?.stream !== source) continue;
      let ids = settled.get(event.cause.seq);
      if (!ids) settled.set(event.cause.seq, (ids = new Set()));
      ids.add(subjectIdOf(event));
    }
    if (message.info.pending === 0) break;
  }
  await messages.close();
}
