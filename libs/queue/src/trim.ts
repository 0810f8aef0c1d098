import { DeliverPolicy, type ConsumerInfo, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import {
  flow,
  isAside,
  isDelayed,
  streamOf,
  streams,
  subjectsOf,
  type EventType,
  type StageName,
  type StreamName,
} from '@heliograph/message';
import { cursorKey } from './position-reader.ts';
import { lastSeqOf, type Reads } from './reads.ts';

/** How far one reader is: which subjects it reads, and the last sequence below which it has everything. */
export interface ReaderFloor {
  /** undefined: one of another version of the platform. */
  readonly stage: StageName | undefined;
  /** Subject filters, as consumers name them. */
  readonly subjects: readonly string[];
  readonly floor: number;
}

/**
 * The sequence up to which a stream may be trimmed: every subject in it must have been read by a reader of every stage that takes its event.
 * A subject a stage does not read yet (a connector that never ran) holds the stream: 0. So does an event of a newer version that nobody reads yet; what
 * a stage of another version reads is held for it as for our own.
 */
export function trimmableUpTo(stream: StreamName, subjects: readonly string[], readers: readonly ReaderFloor[]): number {
  let upTo = Number.MAX_SAFE_INTEGER;
  for (const subject of subjects) {
    const type = streams[stream].events.find((event) => subject.startsWith(`${event}.`)) as EventType | undefined;
    const reading = readers.filter((reader) => reader.subjects.some((filter) => covers(filter, subject)));
    if (type === undefined && reading.length === 0) return 0;
    for (const stage of stagesTaking(type)) if (!reading.some((reader) => reader.stage === stage)) return 0;
    const counted = type === undefined ? reading : reading.filter(({ stage }) => stage === undefined || stagesTaking(type).includes(stage));
    upTo = Math.min(upTo, ...counted.map(({ floor }) => floor));
  }
  return upTo === Number.MAX_SAFE_INTEGER ? 0 : upTo;
}

function stagesTaking(type: EventType | undefined): StageName[] {
  return (Object.keys(flow) as StageName[]).filter(
    (name) => type !== undefined && (flow[name].takes as readonly EventType[]).includes(type),
  );
}

/** Whether a NATS subject filter covers a subject. */
export function covers(filter: string, subject: string): boolean {
  const tokens = subject.split('.');
  const parts = filter.split('.');
  for (const [i, part] of parts.entries()) {
    if (part === '>') return tokens.length > i;
    if (part !== '*' && part !== tokens[i]) return false;
  }
  return tokens.length === parts.length;
}

/**
 * The streams whose records the events of this stream were made from. Not work queues where something is owed: it is not half done, and looked up by
 * nobody. What a stage has set aside for itself is.
 */
export function sourcesOf(stream: StreamName): StreamName[] {
  const sources = new Set<StreamName>();
  for (const stage of Object.values(flow)) {
    if (!stage.gives.some((type: EventType) => streamOf(type) === stream)) continue;
    for (const type of stage.takes) if (isLookedUp(streamOf(type))) sources.add(streamOf(type));
  }
  sources.delete(stream);
  return [...sources];
}

function isLookedUp(source: StreamName): boolean {
  return streams[source].retention === 'log' || isAside(source);
}

export interface TrimContext {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly reads: Reads;
  readonly cursors: KV;
  /** Records younger than this stay: to look at, and to replay. */
  readonly replayWindowMs: number;
  readonly now: () => number;
}

interface StreamFloor {
  readonly readers: readonly ReaderFloor[];
  readonly subjects: readonly string[];
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** More than half of what the stream may hold is there. */
  readonly isFilling: boolean;
}

/**
 * Trims every stream behind its slowest reader, minus the replay window; one that fills has none: what is done may not make it refuse what is new. What a stage made of records that it still holds stays too:
 * after a crash it looks there for what it had done.
 */
export async function trimStreams(context: TrimContext): Promise<Partial<Record<StreamName, number>>> {
  const trimmed: Partial<Record<StreamName, number>> = {};
  const names = (Object.keys(streams) as StreamName[]).filter((name) => streams[name].retention === 'log');
  const floors = new Map<StreamName, StreamFloor>();
  for (const name of names) floors.set(name, await floorOf(context, name));
  // after the streams that it is filled from: what left them meanwhile is seen here
  const asides = new Map<StreamName, number | undefined>();
  for (const name of Object.keys(streams) as StreamName[]) if (isAside(name)) asides.set(name, await oldestAtMs(context, name));
  for (const name of names) {
    const floor = floors.get(name) as StreamFloor;
    const upTo = trimmableUpTo(name, floor.subjects, floor.readers);
    if (upTo < floor.firstSeq) continue;
    const replayWindowMs = floor.isFilling ? 0 : context.replayWindowMs;
    const keepFromMs = await keepFrom({ ...context, replayWindowMs }, sourcesOf(name), floors, asides);
    const keepSeq = await firstSeqSince(context, name, keepFromMs, floor.lastSeq + 1);
    const purgeTo = Math.min(upTo + 1, keepSeq);
    if (purgeTo <= floor.firstSeq) continue;
    trimmed[name] = await purge(context, name, purgeTo);
  }
  return trimmed;
}

async function purge({ jsm }: TrimContext, stream: StreamName, seq: number): Promise<number> {
  if (!isDelayed(stream)) return (await jsm.streams.purge(stream, { seq })).purged;
  // what waits for its time is older than what came due, and stays
  let purged = 0;
  for (const filter of streams[stream].events.map(subjectsOf)) purged += (await jsm.streams.purge(stream, { filter, seq })).purged;
  return purged;
}

async function floorOf({ jsm, reads, cursors }: TrimContext, stream: StreamName): Promise<StreamFloor> {
  // a subject for each event: too many to list, and all of them have the same readers
  const listed = hasSubjectsOfMessages(stream) ? undefined : { subjects_filter: '>' };
  const { state, config } = await jsm.streams.info(stream, listed);
  const readers: ReaderFloor[] = [];
  for await (const consumer of jsm.consumers.list(stream)) {
    if (!consumer.config.durable_name) continue;
    const subjects = filtersOf(consumer);
    const idle = isIdle(consumer) && (!reads.replicated || consumer.delivered.stream_seq >= (await lastSeqOf(reads, stream, subjects)));
    readers.push({ stage: stageOf(consumer), subjects, floor: idle ? state.last_seq : consumer.ack_floor.stream_seq });
  }
  for (const [key, cursor] of await cursorsOf({ jsm, reads, cursors }, `${stream}.>`)) {
    const stage = (Object.keys(flow) as StageName[]).find((name) => cursorKey(stream, name) === key);
    // what one of another version takes is not known: everything
    const subjects = stage === undefined ? ['>'] : (flow[stage].takes as readonly EventType[]).map(subjectsOf);
    readers.push({ stage, subjects, floor: Number(cursor) });
  }
  return {
    readers,
    subjects: listed ? Object.keys(state.subjects ?? {}) : streams[stream].events.map(subjectsOf),
    firstSeq: state.first_seq,
    lastSeq: state.last_seq,
    isFilling: config.max_bytes > 0 && state.bytes > config.max_bytes / 2,
  };
}

/** A bucket's keys and values come from any replica: one that lags would hide a reader, and what only that reads would be trimmed. */
async function cursorsOf(
  { jsm, reads, cursors }: Pick<TrimContext, 'jsm' | 'reads' | 'cursors'>,
  filter: string,
): Promise<[string, string][]> {
  const found: [string, string][] = [];
  if (!reads.replicated) {
    const keys: string[] = [];
    for await (const key of await cursors.keys(filter)) keys.push(key);
    for (const key of keys) {
      const cursor = await cursors.get(key);
      if (cursor) found.push([key, cursor.string()]);
    }
    return found;
  }
  const bucket = 'KV_cursors';
  const { state } = await jsm.streams.info(bucket, { subjects_filter: `$KV.cursors.${filter}` });
  for (const subject of Object.keys(state.subjects ?? {})) {
    const record = await reads.get(bucket, { last_by_subj: subject });
    // a key that was deleted leaves a record that says so
    if (record && !record.header.has('KV-Operation')) found.push([subject.slice('$KV.cursors.'.length), record.string()]);
  }
  return found;
}

/** Of `message.due`, and of a `message.returned` that is stored once. */
function hasSubjectsOfMessages(stream: StreamName): boolean {
  return isDelayed(stream) || stream === 'OUTCOMES';
}

/**
 * A reader with nothing left to read has all that was stored before it was asked, whatever the last sequence of its own subjects. Of replicas, the one
 * that it runs on may lag, and knows nothing of what it does not have.
 */
function isIdle({ num_pending: pending, num_ack_pending: unacked }: ConsumerInfo): boolean {
  return pending === 0 && unacked === 0;
}

/** Durables are called after their stage, with a dash before what distinguishes several. */
function stageOf({ name }: ConsumerInfo): StageName | undefined {
  const stage = name.split('-')[0] as StageName;
  return stage in flow ? stage : undefined;
}

function filtersOf({ config }: ConsumerInfo): string[] {
  return config.filter_subjects ?? (config.filter_subject ? [config.filter_subject] : ['>']);
}

/** The time of the oldest record of the sources that is not dealt with, or of the replay window's begin, whichever is earlier. */
async function keepFrom(
  context: TrimContext,
  sources: readonly StreamName[],
  floors: ReadonlyMap<StreamName, StreamFloor>,
  asides: ReadonlyMap<StreamName, number | undefined>,
): Promise<number> {
  let keepFromMs = context.now() - context.replayWindowMs;
  for (const source of sources) {
    if (isAside(source)) {
      keepFromMs = Math.min(keepFromMs, (asides.get(source) ?? Infinity) - 1_000);
      continue;
    }
    const floor = floors.get(source) as StreamFloor;
    const doneTo = Math.max(trimmableUpTo(source, floor.subjects, floor.readers), floor.firstSeq - 1);
    if (doneTo >= floor.lastSeq) continue;
    const oldest = await nextRecord(context, source, { seq: doneTo + 1 });
    if (oldest) keepFromMs = Math.min(keepFromMs, oldest.atMs - 1_000);
  }
  return keepFromMs;
}

/** Of a work queue, which has nothing that is done. */
async function oldestAtMs({ jsm }: TrimContext, stream: StreamName): Promise<number | undefined> {
  const { state } = await jsm.streams.info(stream);
  return state.messages === 0 ? undefined : Date.parse(state.first_ts);
}

async function firstSeqSince(context: TrimContext, stream: StreamName, sinceMs: number, otherwise: number): Promise<number> {
  return (await nextRecord(context, stream, { start_time: new Date(sinceMs) }))?.seq ?? otherwise;
}

type From = { readonly seq: number } | { readonly start_time: Date };
type Found = { readonly seq: number; readonly atMs: number } | undefined;

function nextRecord(context: TrimContext, stream: StreamName, from: From): Promise<Found> {
  const subjects = streams[stream].events.map(subjectsOf);
  return context.reads.replicated
    ? nextOfLeader(context.reads, stream, subjects, from)
    : nextOfConsumer(context.js, stream, subjects, from);
}

async function nextOfLeader({ get }: Reads, stream: StreamName, subjects: readonly string[], from: From): Promise<Found> {
  const all = await Promise.all(subjects.map((subject) => get(stream, { ...from, next_by_subj: subject })));
  const [first] = all.filter((record) => record !== null).toSorted((a, b) => a.seq - b.seq);
  return first && { seq: first.seq, atMs: first.time.getTime() };
}

async function nextOfConsumer(js: JetStreamClient, stream: StreamName, subjects: string[], from: From): Promise<Found> {
  const start =
    'seq' in from
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.seq }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: from.start_time.toISOString() };
  const consumer = await js.consumers.get(stream, { ...start, filter_subjects: subjects, headers_only: true });
  // nothing to wait for: asking for the next one would wait all the same
  if ((await consumer.info()).num_pending === 0) return undefined;
  const message = await consumer.next({ expires: 1_000 });
  return message ? { seq: message.seq, atMs: Math.floor(message.info.timestampNanos / 1e6) } : undefined;
}
