import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { HeliographEvent, StageName, StreamName } from '@heliograph/message';
import { createAsking, type Asking } from './ask.ts';
import { caughtUp, type CaughtUpOptions } from './caught-up.ts';
import { openConnection, type OnConnect } from './connection.ts';
import { bury } from './dead-letter.ts';
import type { Reading } from './held-record.ts';
import type { Log } from './log.ts';
import { openMarks, type Marks, type MarksOptions } from './marks.ts';
import { readFromPosition, type PositionReader, type PositionReaderOptions } from './position-reader.ts';
import { patiently } from './patient.ts';
import { createPresence, type Presence, type PresenceOptions } from './presence.ts';
import { createPublisher } from './publisher.ts';
import { defaultStreamSizes, ensureStreams, type StreamSizes } from './streams.ts';
import type { ReaderContext } from './reader-context.ts';
import { createReads } from './reads.ts';
import { trimStreams } from './trim.ts';
import { createWaits, type Waits } from './waiting.ts';
import { workEach, workInBatches, type BatchWorkerOptions, type EachWorkerOptions, type Worker } from './worker.ts';

export interface QueueOptions {
  /** `nats://user:password@host:port` */
  readonly url: string;
  /** The service, for the server's connection list. */
  readonly name: string;
  readonly log: Log;
  readonly sizes?: Partial<StreamSizes>;
}

/** The one door to JetStream: events in records, stages' outcomes into acknowledgements, questions between services. */
export interface Queue extends Asking, Waits {
  /** Resolves when the event is on disk; rejects with QueueUnavailableError. */
  publish(event: HeliographEvent): Promise<void>;
  /** Puts what a stage cannot read among the dead letters, `dead.<stage>`; for what comes from outside, as a worker does it for events. Resolves when it is on disk. */
  bury(stage: StageName, reason: string, body: object): Promise<void>;
  workEach<S extends StageName>(options: EachWorkerOptions<S>): Promise<Worker>;
  workInBatches<S extends StageName>(options: BatchWorkerOptions<S>): Promise<Worker>;
  readFromPosition<S extends StageName>(options: PositionReaderOptions<S>): PositionReader;
  /** What the processes of a service have at the moment. Rejects when the server does not answer. */
  presence(options: PresenceOptions): Promise<Presence>;
  /** Keys marked by any process, loaded when it resolves. Rejects when the server does not answer. */
  marks(options: MarksOptions): Promise<Marks>;
  /** The subjects of which a stream has records; `filter`: only those that it covers. */
  subjects(stream: StreamName, filter?: string): Promise<string[]>;
  /** How many records a stream has of each subject. */
  recordsBySubject(stream: StreamName, filter?: string): Promise<Readonly<Record<string, number>>>;
  /** Whether a stage has dealt with all that reached a stream until now; waits for it. Never rejects: false when the server does not answer. */
  caughtUp(options: CaughtUpOptions): Promise<boolean>;
  /** Last sequence a stream has stored. */
  lastSeq(stream: StreamName): Promise<number>;
  /** Removes what every reader has; gives the number of records by stream. */
  trim(replayWindowMs: number): Promise<Partial<Record<StreamName, number>>>;
  readonly connected: boolean;
  readonly publishesPending: number;
  /** Stops every reader, publishes what is waiting, disconnects. */
  close(): Promise<void>;
}

/** A server of a cluster names it in its greeting (NATS client protocol, INFO). */
function isClustered({ info }: NatsConnection): boolean {
  return info !== undefined && 'cluster' in info && info.cluster !== '';
}

export async function openQueue({ url, name, log, sizes }: QueueOptions): Promise<Queue> {
  const connection = await openConnection({ url, name });
  const js: JetStreamClient = jetstream(connection);
  const jsm: JetStreamManager = await patiently(() => jetstreamManager(connection));
  // by what the server says of itself, not by a setting: each service brings the streams up to date at its start, and one that was set otherwise
  // would take the copies of all of them away
  const streamSizes = { ...defaultStreamSizes, replicas: isClustered(connection) ? 3 : 1, ...sizes };
  await ensureStreams(jsm, streamSizes);
  const cursors = await patiently(() => new Kvm(js).create('cursors', { history: 1, replicas: streamSizes.replicas }));
  const publisher = createPublisher({ js, log });
  const reading = new Set<Reading>();
  const onConnect: OnConnect = { again: new Set() };
  const reads = createReads(jsm, streamSizes.replicas);
  const readers: ReaderContext = { js, jsm, reads, log, reading, connected: onConnect };
  const workers = { ...readers, publisher };
  const { replicas } = streamSizes;
  let connected = true;
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') connected = false;
      if (status.type === 'reconnect') {
        connected = true;
        for (const told of onConnect.again) told();
      }
      if (status.type === 'disconnect' || status.type === 'reconnect') log.warn({ status: status.type }, 'connection to nats-server');
    }
  })();

  async function recordsBySubject(stream: StreamName, filter = '>'): Promise<Readonly<Record<string, number>>> {
    return (await jsm.streams.info(stream, { subjects_filter: filter })).state.subjects ?? {};
  }

  return {
    ...createAsking(connection, log),
    ...createWaits({ reads, publisher }),
    publish: (event) => publisher.publish(event),
    bury: (stage, reason, body) => bury(publisher, stage, reason, body),
    workEach: (options) => workEach(workers, options),
    workInBatches: (options) => workInBatches(workers, options),
    readFromPosition: (options) => readFromPosition({ ...readers, cursors }, options),
    presence: (options) => createPresence({ ...readers, replicas }, options),
    marks: (options) => openMarks({ ...readers, replicas }, options),
    subjects: async (stream, filter) => Object.keys(await recordsBySubject(stream, filter)),
    recordsBySubject,
    caughtUp: (options) => caughtUp({ js, jsm, reads }, options),
    lastSeq: async (stream) => (await jsm.streams.info(stream)).state.last_seq,
    trim: (replayWindowMs) => trimStreams({ js, jsm, reads, cursors, replayWindowMs, now: Date.now }),
    get connected() {
      return connected;
    },
    get publishesPending() {
      return publisher.pending;
    },
    async close() {
      // whoever forgot to stop reading would try for ever on a connection that is gone
      await Promise.all([...reading].map((one) => one.stop(0)));
      await publisher.drain();
      await connection.drain();
    },
  };
}
