import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import { lastSeqOf, nextOf, countFrom, covers, type StoredRecord, type StreamConfig } from './streams.ts';
import type { Connection, PublishOptions, Server, StoredConsumer, Subscription } from './server.ts';
import { simulated } from '../simulated.ts';

/** What stands in for @nats-io/transport-node, /jetstream and /kv: their calls, as far as libs/queue makes them, to the simulated server. */

const askMs = 5_000;

export interface SimulatedConnection {
  readonly link: Connection;
  readonly server: Server;
  /** The server's answer; rejects when none came in time. */
  call<Answer>(work: () => Answer, timeoutMs?: number): Promise<Answer>;
}

export async function connect(_options: object) {
  const { server, scheduler } = simulated();
  const link = server.connect(scheduler.current);
  const statuses = createQueue<{ type: string }>();
  link.onDisconnect.add(() => statuses.push({ type: 'disconnect' }));
  link.onReconnect.add(() => statuses.push({ type: 'reconnect' }));

  function call<Answer>(work: () => Answer, timeoutMs = askMs): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (link.closed) return reject(new Error('closed connection'));
      const timer = setTimeout(() => reject(new Error('TIMEOUT')), timeoutMs);
      link.say(() => {
        let settle: () => void;
        try {
          const answer = work();
          settle = () => resolve(answer);
        } catch (error) {
          settle = () => reject(error as Error);
        }
        link.answer(() => {
          clearTimeout(timer);
          settle();
        });
      });
    });
  }

  // the server's greeting
  await call(() => undefined, 1e9);
  const toOctets = (data: string | Uint8Array = ''): Uint8Array => (typeof data === 'string' ? Buffer.from(data) : data);
  const messageOf = (data: Uint8Array, respond?: (data: Uint8Array) => void) => ({
    data,
    json: () => JSON.parse(Buffer.from(data).toString('utf8')) as unknown,
    respond: (answer: string | Uint8Array) => (respond?.(toOctets(answer)), respond !== undefined),
  });
  type Heard = ReturnType<typeof messageOf>;

  return {
    link,
    server,
    call,
    request(subject: string, data: string, { timeout }: { timeout: number }): Promise<Heard> {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('TIMEOUT')), timeout);
        const answered = (settle: () => void): void => {
          clearTimeout(timer);
          settle();
        };
        link.say(() => {
          const hearing = hearers(server, subject);
          if (hearing.length === 0) return link.answer(() => answered(() => reject(new Error('no responders'))));
          for (const one of hearing) {
            one.connection.answer(() =>
              one.heard(toOctets(data), (reply) => one.connection.say(() => link.answer(() => answered(() => resolve(messageOf(reply)))))),
            );
          }
        });
      });
    },
    subscribe(subject: string, options: { queue?: string; callback: (error: null, message: Heard) => void }) {
      const one: Subscription = {
        connection: link,
        subject,
        queue: options.queue,
        heard: (data, reply) => options.callback(null, messageOf(data, reply)),
      };
      const add = (): void => link.say(() => void server.subscriptions.add(one));
      add();
      return { unsubscribe: () => void server.subscriptions.delete(one) };
    },
    publish(subject: string, data: string) {
      link.say(() => {
        for (const one of hearers(server, subject)) one.connection.answer(() => one.heard(toOctets(data), undefined));
      });
    },
    flush: () => call(() => undefined),
    isClosed: () => link.closed,
    status: () => statuses,
    async drain() {
      link.close();
      statuses.end();
    },
  };
}

/** Everybody, but of those in a group one. */
function hearers({ subscriptions }: Server, subject: string): Subscription[] {
  const all = [...subscriptions].filter((one) => covers(one.subject, subject) && one.connection.up);
  const groups = new Map<string, Subscription[]>();
  for (const one of all) if (one.queue !== undefined) groups.set(one.queue, [...(groups.get(one.queue) ?? []), one]);
  const { random } = simulated();
  return [...all.filter(({ queue }) => queue === undefined), ...[...groups.values()].map((group) => random.pick(group))];
}

export function jetstream(connection: SimulatedConnection) {
  const { server, call, link } = connection;
  return {
    connection,
    async publish(subject: string, data: string | Uint8Array, { timeout, ...options }: PublishOptions & { timeout?: number } = {}) {
      const octets = typeof data === 'string' ? Buffer.from(data) : data;
      const stored = await call(() => server.publish(subject, octets, options), timeout);
      if (!stored.ok) throw apiError(stored.code, stored.text);
      return stored;
    },
    consumers: {
      async get(stream: string, which: string | OrderedOptions) {
        if (typeof which !== 'string') return orderedConsumer(connection, stream, which);
        await call(() => server.consumer(stream, which));
        return durableConsumer(connection, server, server.consumer(stream, which), link);
      },
    },
  };
}

export async function jetstreamManager(connection: SimulatedConnection) {
  const { server, call } = connection;
  const missing = (stream: string): never => {
    throw apiError(10059, `stream not found: ${stream}`);
  };
  const found = (name: string) => (server.streams.has(name) ? server.stream(name) : missing(name));
  return {
    streams: {
      update: (name: string, config: StreamConfig) =>
        call(() => {
          found(name);
          server.ensureStream(config);
        }),
      add: (config: StreamConfig) => call(() => server.ensureStream(config)),
      info: (name: string, options?: { subjects_filter?: string }) =>
        call(() => {
          const { config, lastSeq, records, bySubject } = found(name);
          const filter = options?.subjects_filter;
          const subjects = filter === undefined ? undefined : [...bySubject].filter(([subject]) => covers(filter, subject));
          const [first = lastSeq + 1] = records.keys();
          return {
            config,
            state: {
              last_seq: lastSeq,
              first_seq: first,
              messages: records.size,
              ...(subjects && { subjects: Object.fromEntries(subjects.map(([subject, seqs]) => [subject, seqs.length])) }),
            },
          };
        }),
      getMessage: (name: string, { last_by_subj: subject }: { last_by_subj: string }) =>
        call(() => {
          const stream = found(name);
          return storedMessage(stream.records.get(lastSeqOf(stream, subject)));
        }),
      purge: (name: string, of: { filter?: string; seq?: number } = {}) => call(() => ({ purged: (found(name), server.purge(name, of)) })),
    },
    consumers: {
      add: (stream: string, config: Parameters<Server['addConsumer']>[1]) =>
        call(() => (found(stream), server.addConsumer(stream, config))),
      update: (stream: string, _durable: string, config: Parameters<Server['addConsumer']>[1]) =>
        call(() => server.addConsumer(stream, config)),
      info: (stream: string, durable: string) => call(() => infoOf(server, server.consumer(stream, durable))),
      async *list(stream: string) {
        yield* await call(() => server.consumers(stream).map((one) => infoOf(server, one)));
      },
    },
    direct: {
      getMessage: (name: string, query: { seq?: number; next_by_subj?: string; last_by_subj?: string }) =>
        call(() => {
          const stream = found(name);
          const { seq = 0, next_by_subj: next, last_by_subj: last } = query;
          if (last !== undefined) return storedMessage(stream.records.get(lastSeqOf(stream, last)));
          return storedMessage(next === undefined ? stream.records.get(seq) : nextOf(stream, [next], seq));
        }),
      /** As the client does: at once, and what the server says is learnt by iterating. */
      async getBatch(name: string, query: { seq?: number; start_time?: Date; next_by_subj: string; batch: number }) {
        const asked = call(() => {
          const stream = found(name);
          const made = [];
          let from = query.seq ?? 1;
          const fromMs = query.start_time?.getTime() ?? 0;
          while (made.length < query.batch) {
            const next = nextOf(stream, [query.next_by_subj], from);
            if (!next) break;
            from = next.seq + 1;
            if (next.atMs >= fromMs) made.push(storedMessage(next));
          }
          return made;
        });
        let stop = (_error?: Error): void => {};
        const stopped = new Promise<never[]>((resolve, reject) => (stop = (error) => (error ? reject(error) : resolve([]))));
        // neither is an error of anybody's who does not iterate
        for (const one of [asked, stopped]) one.catch(() => undefined);
        return {
          stop,
          async *[Symbol.asyncIterator]() {
            const all = await Promise.race([asked, stopped]);
            if (all.length === 0) throw Object.assign(new JetStreamError('message not found'), { code: 404 });
            yield* all;
          },
        };
      },
    },
  };
}

export class Kvm {
  readonly js: ReturnType<typeof jetstream>;
  constructor(js: ReturnType<typeof jetstream>) {
    this.js = js;
  }
  async create(bucket: string, { ttl = 0, storage = 'file' }: { ttl?: number; storage?: string }) {
    const { connection, publish } = this.js;
    const { server, call } = connection;
    const config = { name: `KV_${bucket}`, subjects: [`$KV.${bucket}.>`], max_age: ttl * 1e6, max_msgs_per_subject: 1, storage };
    await call(() => server.ensureStream(config));
    return {
      put: async (key: string, value: string) => (await publish(`$KV.${bucket}.${key}`, value)).seq,
      get: (key: string) =>
        call(() => {
          const stream = server.stream(config.name);
          const record = stream.records.get(lastSeqOf(stream, `$KV.${bucket}.${key}`));
          return record ? { value: record.data, string: () => Buffer.from(record.data).toString('utf8') } : null;
        }),
    };
  }
}

interface OrderedOptions {
  readonly filter_subjects?: readonly string[];
  readonly deliver_policy?: string;
  readonly opt_start_seq?: number;
  readonly opt_start_time?: string;
}

/** Begins again by itself where it was, when its connection is there again. */
function orderedConsumer({ server, call, link }: SimulatedConnection, name: string, options: OrderedOptions) {
  const filters = options.filter_subjects ?? [];
  const fromMs = options.opt_start_time === undefined ? 0 : Date.parse(options.opt_start_time);
  let from = options.opt_start_seq ?? 1;
  function fromNow(): number {
    if (fromMs === 0) return from;
    const stream = server.stream(name);
    for (const one of stream.records.values()) if (one.atMs >= fromMs) return Math.max(from, one.seq);
    return stream.lastSeq + 1;
  }
  return {
    info: () => call(() => ({ num_pending: countFrom(server.stream(name), filters, fromNow()) })),
    async consume(_options: object) {
      const messages = createQueue<ReturnType<typeof message>>();
      let closed = false;
      let running = 0;
      let forget = (): void => {};
      link.owner.onEnd(() => forget());
      function begin(): void {
        const mine = ++running;
        link.say(() => {
          from = fromNow();
          let sent = from;
          const serve = (): void => {
            if (closed || running !== mine || link.closed || !link.owner.alive) return;
            const stream = server.stream(name);
            for (;;) {
              const next = nextOf(stream, filters, sent);
              if (!next) break;
              sent = next.seq + 1;
              const pending = countFrom(stream, filters, sent);
              link.answer(() => {
                if (closed || running !== mine) return;
                from = next.seq + 1;
                messages.push(message(name, next, 1, pending, () => undefined));
              });
            }
          };
          forget();
          forget = server.onStored((stream) => (stream === name ? serve() : undefined));
          serve();
        });
      }
      const again = (): void => begin();
      link.onReconnect.add(again);
      begin();
      return Object.assign(messages, {
        async close() {
          closed = true;
          forget();
          link.onReconnect.delete(again);
          messages.end();
        },
      });
    },
  };
}

function durableConsumer({ call }: SimulatedConnection, server: Server, consumer: StoredConsumer, link: Connection) {
  return {
    info: () => call(() => infoOf(server, consumer)),
    async fetch({ max_messages: max, expires }: { max_messages: number; expires: number }) {
      const messages = createQueue<ReturnType<typeof message>>();
      let left = max;
      let stopped = false;
      const pull = {
        connection: link,
        left: max,
        untilMs: 0,
        ended: false,
        deliver(record: StoredRecord, count: number, pending: number) {
          link.answer(() => {
            if (stopped) return;
            messages.push(
              message(consumer.stream, record, count, pending, (how) => link.say(() => server.settle(consumer, record.seq, how))),
            );
            if (--left === 0) end();
          });
        },
      };
      function end(): void {
        clearTimeout(timer);
        messages.end();
      }
      // what is answered at the last moment arrives before
      const timer = setTimeout(end, expires + 250);
      link.say(() => {
        pull.untilMs = simulated().scheduler.nowMs + expires;
        if (!stopped) server.pull(consumer, pull);
      });
      return Object.assign(messages, {
        stop() {
          stopped = true;
          end();
          link.say(() => void (pull.ended = true));
        },
      });
    },
  };
}

type Settling = 'ack' | 'working' | { readonly delayMs: number };

function message(stream: string, record: StoredRecord, count: number, pending: number, settle: (how: Settling) => void) {
  return {
    seq: record.seq,
    subject: record.subject,
    data: record.data,
    info: { stream, streamSequence: record.seq, timestampNanos: record.atMs * 1e6, deliveryCount: count, pending },
    ack: () => settle('ack'),
    nak: (delayMs: number) => settle({ delayMs }),
    working: () => settle('working'),
  };
}

function storedMessage(record: StoredRecord | undefined) {
  return record ? { seq: record.seq, subject: record.subject, data: record.data, time: new Date(record.atMs) } : null;
}

function infoOf(server: Server, { stream, config, delivered, pending }: StoredConsumer) {
  const first = Math.min(...pending.keys());
  return {
    name: config.durable_name,
    stream_name: stream,
    config,
    num_pending: countFrom(server.stream(stream), config.filter_subjects, delivered + 1),
    num_ack_pending: pending.size,
    ack_floor: { stream_seq: first === Infinity ? delivered : first - 1 },
    delivered: { stream_seq: delivered },
  };
}

function apiError(code: number, description: string): JetStreamApiError {
  return new JetStreamApiError({ code: 400, err_code: code, description });
}

/** Iterated once. What is in it when it ends is still given. */
function createQueue<One>() {
  const all: One[] = [];
  let wake = (): void => {};
  let ended = false;
  return {
    push(one: One): void {
      all.push(one);
      wake();
    },
    end(): void {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const one = all.shift();
        if (one !== undefined) yield one;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
