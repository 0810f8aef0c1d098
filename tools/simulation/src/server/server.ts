import type { Random } from '../random.ts';
import type { Process, Scheduler } from '../time/scheduler.ts';
import {
  append,
  coveredBy,
  covers,
  createStream,
  expire,
  lastSeqOf,
  nextOf,
  remove,
  type StoredRecord,
  type StoredStream,
  type StreamConfig,
} from './streams.ts';

/** nats-server with JetStream, as far as libs/queue uses it. Streams are on disk before anything is answered; what consumers know is not. */
export interface Server {
  readonly streams: Map<string, StoredStream>;
  readonly process: Process;
  readonly up: boolean;
  connect(owner: Process): Connection;
  /** Dies, and is there again: of consumers it knows what it knew a while ago, and what was in memory only is gone. */
  restart(downMs: number, forgetsMs: number): void;
  /** The connections of one process end and are made again. */
  cut(owner: Process, downMs: number): void;
  publish(subject: string, data: Uint8Array, options: PublishOptions): Published;
  stream(name: string): StoredStream;
  ensureStream(config: StreamConfig): void;
  purge(name: string, of: { readonly filter?: string; readonly seq?: number }): number;
  addConsumer(stream: string, config: ConsumerConfig): void;
  consumer(stream: string, durable: string): StoredConsumer;
  consumers(stream: string): StoredConsumer[];
  pull(consumer: StoredConsumer, pull: Pull): void;
  settle(consumer: StoredConsumer, seq: number, how: 'ack' | 'working' | { readonly delayMs: number }): void;
  /** Told of every record, at the moment it is stored. */
  onStored(told: (stream: string, record: StoredRecord) => void): () => void;
  /** Refuses records of this stream, as when its disk is full. */
  readonly full: Set<string>;
  /** What no server does: breaks its promises. `loses`: so many of what it has said to have stored. */
  readonly sabotage: { loses: { readonly stream: string; left: number } | undefined; keepsDuplicates: boolean };
  readonly subscriptions: Set<Subscription>;
}

export interface PublishOptions {
  readonly msgID?: string;
  readonly expect?: { readonly lastSequence?: number; readonly lastSubjectSequence?: number; readonly lastSubjectSequenceSubject?: string };
  readonly schedule?: { readonly specification: Date; readonly target: string };
}

export type Published =
  | { readonly ok: true; readonly stream: string; readonly seq: number; readonly duplicate: boolean }
  | { readonly ok: false; readonly code: number; readonly text: string };

export interface ConsumerConfig {
  readonly durable_name: string;
  readonly filter_subjects: readonly string[];
  /** ns */
  readonly ack_wait: number;
  readonly max_ack_pending: number;
}

export interface StoredConsumer {
  readonly stream: string;
  config: ConsumerConfig;
  /** The last that was handed out. */
  delivered: number;
  /** Handed out and not acknowledged. */
  readonly pending: Map<number, { atMs: number; count: number }>;
  readonly pulls: Pull[];
  /** As they were, oldest first, for a server that dies. */
  readonly before: { readonly atMs: number; readonly delivered: number; readonly pending: ReadonlyMap<number, number> }[];
}

export interface Pull {
  readonly connection: Connection;
  left: number;
  readonly untilMs: number;
  deliver(record: StoredRecord, count: number, pendingAfter: number): void;
  ended: boolean;
}

export interface Subscription {
  readonly connection: Connection;
  readonly subject: string;
  readonly queue: string | undefined;
  heard(data: Uint8Array, reply: ((data: Uint8Array) => void) | undefined): void;
}

/** One client's. What it says while it is away is said when it is there again; what was on its way is lost. */
export interface Connection {
  readonly owner: Process;
  readonly up: boolean;
  readonly closed: boolean;
  say(run: () => void): void;
  /** From the server to the client. */
  answer(run: () => void): void;
  readonly onDisconnect: Set<() => void>;
  readonly onReconnect: Set<() => void>;
  lose(): void;
  restore(): void;
  close(): void;
}

const duplicateWindowMs = 120_000;
const full = 10077;
const notExpected = 10071;
const reconnectMs = 250;

export interface ServerOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly latencyMs: () => number;
}

export function createServer({ scheduler, random, latencyMs }: ServerOptions): Server {
  const streams = new Map<string, StoredStream>();
  const consumers = new Map<string, StoredConsumer>();
  const connections = new Set<Connection>();
  const subscriptions = new Set<Subscription>();
  const told = new Set<(stream: string, record: StoredRecord) => void>();
  const refusing = new Set<string>();
  const sabotage: Server['sabotage'] = { loses: undefined, keepsDuplicates: false };
  const process = scheduler.spawn('nats-server');
  let up = true;

  function connect(owner: Process): Connection {
    const waiting: (() => void)[] = [];
    let [isUp, closed, epoch] = [up, false, 0];
    let [toServerMs, toClientMs] = [0, 0];
    function say(run: () => void): void {
      if (closed || !owner.alive) return;
      if (!isUp) return void waiting.push(run);
      const now = epoch;
      toServerMs = Math.max(toServerMs, scheduler.nowMs + latencyMs());
      scheduler.after(toServerMs - scheduler.nowMs, () => (epoch === now && up ? run() : undefined), process);
    }
    const connection: Connection = {
      owner,
      get up() {
        return isUp;
      },
      get closed() {
        return closed;
      },
      say,
      answer(run) {
        if (!isUp || closed) return;
        const now = epoch;
        toClientMs = Math.max(toClientMs, scheduler.nowMs + latencyMs());
        scheduler.after(toClientMs - scheduler.nowMs, () => (epoch === now ? run() : undefined), owner);
      },
      onDisconnect: new Set(),
      onReconnect: new Set(),
      lose() {
        if (!isUp || closed) return;
        isUp = false;
        epoch++;
        forgetPulls(connection);
        scheduler.after(0, () => connection.onDisconnect.forEach((one) => one()), owner);
      },
      restore() {
        if (isUp || closed || !owner.alive) return;
        if (!up) return;
        isUp = true;
        epoch++;
        scheduler.after(0, () => connection.onReconnect.forEach((one) => one()), owner);
        for (const run of waiting.splice(0)) say(run);
      },
      close() {
        closed = true;
        end(connection);
      },
    };
    if (!up) isUp = false;
    connections.add(connection);
    owner.onEnd(() => end(connection));
    return connection;
  }

  function end(connection: Connection): void {
    connections.delete(connection);
    forgetPulls(connection);
    for (const one of [...subscriptions]) if (one.connection === connection) subscriptions.delete(one);
  }

  function forgetPulls(connection: Connection): void {
    for (const { pulls } of consumers.values()) for (const pull of pulls) if (pull.connection === connection) pull.ended = true;
  }

  function restart(downMs: number, forgetsMs: number): void {
    up = false;
    for (const connection of connections) connection.lose();
    for (const stream of streams.values()) {
      if (stream.config.storage !== 'memory') continue;
      for (const seq of [...stream.records.keys()]) remove(stream, seq);
    }
    for (const consumer of consumers.values()) {
      const then = consumer.before.findLast(({ atMs }) => atMs <= scheduler.nowMs - forgetsMs) ?? consumer.before[0];
      if (!then) continue;
      consumer.delivered = then.delivered;
      consumer.pending.clear();
      const { records } = streamOf(consumer.stream);
      for (const [seq, count] of then.pending)
        if (records.has(seq)) consumer.pending.set(seq, { atMs: scheduler.nowMs + downMs + consumer.config.ack_wait / 1e6, count });
      consumer.before.length = 0;
    }
    scheduler.after(
      downMs,
      () => {
        up = true;
        for (const connection of [...connections]) comeBack(connection);
        for (const consumer of consumers.values()) wakeFor(consumer);
      },
      process,
    );
  }

  function comeBack(connection: Connection): void {
    scheduler.after(random.integer(1, 2 * reconnectMs), () => connection.restore(), connection.owner);
  }

  function streamOf(name: string): StoredStream {
    const stream = streams.get(name);
    if (!stream) throw new Error(`no stream ${name}`);
    expire(stream, scheduler.nowMs);
    return stream;
  }

  function publish(subject: string, data: Uint8Array, options: PublishOptions): Published {
    const stream = [...streams.values()].find(({ config }) => coveredBy(config.subjects, subject));
    if (!stream) return { ok: false, code: 503, text: `no stream for ${subject}` };
    const { name } = stream.config;
    const { msgID, expect, schedule } = options;
    const known = msgID === undefined || sabotage.keepsDuplicates ? undefined : stream.ids.get(msgID);
    if (known && known.atMs > scheduler.nowMs - duplicateWindowMs) return { ok: true, stream: name, seq: known.seq, duplicate: true };
    if (refusing.has(name)) return { ok: false, code: full, text: 'maximum bytes exceeded' };
    if (expect?.lastSequence !== undefined && expect.lastSequence !== stream.lastSeq)
      return { ok: false, code: notExpected, text: `wrong last sequence: ${stream.lastSeq}` };
    if (expect?.lastSubjectSequence !== undefined) {
      const last = lastSeqOf(stream, expect.lastSubjectSequenceSubject ?? subject);
      if (last !== expect.lastSubjectSequence) return { ok: false, code: notExpected, text: `wrong last sequence: ${last}` };
    }
    const { seq } = store(stream, subject, data);
    if (msgID !== undefined) stream.ids.set(msgID, { seq, atMs: scheduler.nowMs });
    if (schedule) ring(stream, subject, { seq, target: schedule.target, dueAtMs: schedule.specification.getTime() });
    return { ok: true, stream: name, seq, duplicate: false };
  }

  function store(stream: StoredStream, subject: string, data: Uint8Array): StoredRecord {
    const record = append(stream, subject, data, scheduler.nowMs);
    const { loses } = sabotage;
    if (loses?.stream === stream.config.name && loses.left-- > 0) remove(stream, record.seq);
    for (const tell of told) tell(stream.config.name, record);
    for (const consumer of consumers.values())
      if (consumer.stream === stream.config.name && coveredBy(consumer.config.filter_subjects, subject)) serve(consumer);
    return record;
  }

  /** What waits for its time: the last of its subject counts. */
  function ring(stream: StoredStream, subject: string, schedule: { seq: number; target: string; dueAtMs: number }): void {
    const was = stream.schedules.get(subject);
    if (was) remove(stream, was.seq);
    stream.schedules.set(subject, schedule);
    const due = (): void => {
      if (stream.schedules.get(subject) !== schedule) return;
      if (!up) return void scheduler.after(500, due, process);
      const record = stream.records.get(schedule.seq);
      stream.schedules.delete(subject);
      if (!record) return;
      remove(stream, schedule.seq);
      store(stream, schedule.target, record.data);
      // one that is killed at it does so again
      if (random.chance(0.02)) store(stream, schedule.target, record.data);
    };
    scheduler.after(schedule.dueAtMs - scheduler.nowMs, due, process);
  }

  function addConsumer(stream: string, config: ConsumerConfig): void {
    streamOf(stream);
    const key = `${stream} ${config.durable_name}`;
    const known = consumers.get(key);
    if (known) known.config = config;
    else consumers.set(key, { stream, config, delivered: 0, pending: new Map(), pulls: [], before: [] });
  }

  function wakeFor(consumer: StoredConsumer): void {
    const first = Math.min(...[...consumer.pending.values()].map(({ atMs }) => atMs));
    if (first !== Infinity) scheduler.after(first - scheduler.nowMs, () => serve(consumer), process);
    serve(consumer);
  }

  function serve(consumer: StoredConsumer): void {
    if (!up) return;
    const { pulls, pending, config } = consumer;
    const stream = streamOf(consumer.stream);
    while (pulls.length > 0) {
      const [pull] = pulls as [Pull];
      if (pull.ended || pull.left === 0 || pull.untilMs <= scheduler.nowMs || !pull.connection.up) {
        pulls.shift();
        continue;
      }
      const next = take(consumer, stream);
      if (!next) return;
      pull.left--;
      const count = (pending.get(next.seq)?.count ?? 0) + 1;
      pending.set(next.seq, { atMs: scheduler.nowMs + config.ack_wait / 1e6, count });
      remember(consumer);
      scheduler.after(config.ack_wait / 1e6, () => serve(consumer), process);
      pull.deliver(next, count, 0);
    }
  }

  /** What was not acknowledged in time first, then what nobody had. */
  function take(consumer: StoredConsumer, stream: StoredStream): StoredRecord | undefined {
    const { pending, config } = consumer;
    for (const [seq, { atMs }] of pending) {
      if (atMs > scheduler.nowMs) continue;
      const record = stream.records.get(seq);
      if (record) return record;
      pending.delete(seq);
    }
    if (pending.size >= config.max_ack_pending) return undefined;
    const next = nextOf(stream, config.filter_subjects, consumer.delivered + 1);
    if (next) consumer.delivered = next.seq;
    return next;
  }

  /** So often it is written down what a consumer knows. */
  function remember({ before, delivered, pending }: StoredConsumer): void {
    const last = before.at(-1);
    if (last && last.atMs > scheduler.nowMs - 200) return;
    before.push({ atMs: scheduler.nowMs, delivered, pending: new Map([...pending].map(([seq, { count }]) => [seq, count])) });
    if (before.length > 50) before.shift();
  }

  function settle(consumer: StoredConsumer, seq: number, how: 'ack' | 'working' | { readonly delayMs: number }): void {
    const one = consumer.pending.get(seq);
    if (!one) return;
    if (how === 'working') one.atMs = scheduler.nowMs + consumer.config.ack_wait / 1e6;
    else if (how === 'ack') {
      consumer.pending.delete(seq);
      remember(consumer);
      const stream = streamOf(consumer.stream);
      if (stream.config.retention === 'workqueue') remove(stream, seq);
    } else one.atMs = scheduler.nowMs + how.delayMs;
    const wakeMs = how === 'ack' ? 0 : one.atMs - scheduler.nowMs;
    scheduler.after(wakeMs, () => serve(consumer), process);
  }

  return {
    streams,
    process,
    get up() {
      return up;
    },
    connect,
    restart,
    cut(owner, downMs) {
      for (const connection of connections) {
        if (connection.owner !== owner) continue;
        connection.lose();
        scheduler.after(downMs, () => comeBack(connection), process);
      }
    },
    publish,
    stream: streamOf,
    ensureStream(config) {
      const known = streams.get(config.name);
      if (known) known.config = config;
      else streams.set(config.name, createStream(config));
    },
    purge(name, { filter = '>', seq = Infinity }) {
      const stream = streamOf(name);
      const gone = [...stream.records.values()].filter((one) => one.seq < seq && covers(filter, one.subject));
      for (const one of gone) remove(stream, one.seq);
      return gone.length;
    },
    addConsumer,
    consumer(stream, durable) {
      const found = consumers.get(`${stream} ${durable}`);
      if (!found) throw new Error(`no consumer ${durable} of ${stream}`);
      return found;
    },
    consumers: (stream) => [...consumers.values()].filter((one) => one.stream === stream),
    pull(consumer, pull) {
      consumer.pulls.push(pull);
      serve(consumer);
    },
    settle,
    onStored(tell) {
      told.add(tell);
      return () => void told.delete(tell);
    },
    full: refusing,
    sabotage,
    subscriptions,
  };
}
