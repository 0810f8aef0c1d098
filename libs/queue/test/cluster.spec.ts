import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager, type ConsumerInfo, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsCluster, startNats, type NatsServer } from '@heliograph/embedded';
import { done, headOf, newId, type Message, type MessageFailed, type MessageSubmitted } from '@heliograph/message';
import { openQueue, type Queue } from '../src/index.ts';
import { createReads } from '../src/reads.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let nodes: Awaited<ReturnType<typeof natsCluster>>;
let servers: NatsServer[];
let publishing: Queue;
let connection: NatsConnection;
let jsm: JetStreamManager;
const opened: Queue[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'queue-cluster-'));
  nodes = await natsCluster(folder, 3);
  servers = await Promise.all(nodes.map((node) => startNats(node)));
  publishing = await openQueue({ url: servers.map(({ url }) => url).join(), name: 'publishing', log });
  connection = await connectTo(servers);
  // while there is no leader nobody answers
  jsm = await jetstreamManager(connection, { timeout: 1_000 });
}, 60_000);

afterAll(async () => {
  await connection?.close();
  await Promise.all([publishing, ...opened].map((queue) => queue?.close()));
  await Promise.all((servers ?? []).map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

function connectTo(some: readonly NatsServer[]): Promise<NatsConnection> {
  const [{ username: user, password: pass }] = some.map(({ url }) => new URL(url)) as [URL];
  return connect({ servers: some.map(({ url }) => new URL(url).host), user, pass, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
}

function submitted(): MessageSubmitted {
  const message: Message = {
    id: newId(),
    tenant: 'acme',
    credential: 'acme-smpp',
    door: 'smpp',
    from: { addr: 'Acme', ton: 5, npi: 0 },
    to: '+447912345678',
    class: 'normal',
    segments: 1,
    acceptedAtMs: Date.now(),
    validUntilMs: Date.now() + 60_000,
    registeredDelivery: 1,
    charge: { lease: 'l1', microCredits: '1000000' },
    content: { kind: 'text', text: 'x' },
  };
  return { type: 'message.submitted', at: Date.now(), message };
}

const failed = ({ message }: { readonly message: Message }, by: string): MessageFailed => ({
  type: 'message.failed',
  at: Date.now(),
  message: headOf(message),
  by,
  state: 'failed',
  reason: 'unroutable',
});

/** Which server it is: `heliograph-1` is the first. */
const indexOf = (leader: string): number => Number(leader.split('-')[1]) - 1;

/** What is stored of this subject, by the message's id. */
async function outcomesBy(by: string): Promise<Map<string, number>> {
  const count = new Map<string, number>();
  for (let seq = 1; ;) {
    const record = await createReads(jsm, 3).get('OUTCOMES', { seq, next_by_subj: `message.failed.${by}` });
    if (!record) return count;
    for (const { message } of JSON.parse(record.string()) as MessageFailed[]) count.set(message.id, (count.get(message.id) ?? 0) + 1);
    seq = record.seq + 1;
  }
}

test('kill -9 of the server that leads a stage while it works: nothing is lost, nothing is done twice', async () => {
  const events = Array.from({ length: 3_000 }, submitted);
  const handled: string[] = [];
  const { promise: underWay, resolve: begun } = Promise.withResolvers<void>();
  const options = {
    stage: 'route',
    stream: 'SUBMITTED',
    share: 'crash',
    eventsInFlightMax: 500,
    skipSettled: [{ stream: 'OUTCOMES', subjects: ['message.failed.crash'] }],
  } as const;
  // makes the durable, of which some server is the leader; the stage connects to another: that one's death breaks no connection of its
  await (await publishing.workEach({ ...options, handle: async () => done() })).stop(0);
  const victim = await leaderOfStage();
  const working = await openQueue({ url: (servers[(victim + 1) % 3] as NatsServer).url, name: 'working', log });
  opened.push(working);
  await working.workEach({
    ...options,
    async handle({ event }) {
      if (handled.push(event.message.id) === 500) begun();
      return done(failed(event, 'crash'));
    },
  });
  const published = publishAll(events);
  await underWay;
  await kill(victim);
  await published;
  servers[victim] = await startNats({ ...(nodes[victim] as (typeof nodes)[0]), port: (servers[victim] as NatsServer).port });
  while ((await leftOfStage()) > 0) await jsm.streams.info('SUBMITTED').catch(() => undefined);
  const outcomes = await outcomesBy('crash');
  expect({ lost: events.filter(({ message }) => !outcomes.has(message.id)).length }).toEqual({ lost: 0 });
  expect({ twice: [...outcomes.values()].filter((times) => times > 1).length, handled: handled.length }).toEqual({
    twice: 0,
    handled: events.length,
  });

  async function leaderOfStage(): Promise<number> {
    for (;;) {
      const leader = (await stage())?.cluster?.leader;
      if (leader) return indexOf(leader);
    }
  }

  async function leftOfStage(): Promise<number> {
    const info = await stage();
    return info ? info.num_pending + info.num_ack_pending : 1;
  }

  function stage(): Promise<ConsumerInfo | undefined> {
    return jsm.consumers.info('SUBMITTED', 'route-crash').catch(() => undefined);
  }
}, 30_000);

async function publishAll(events: readonly MessageSubmitted[]): Promise<void> {
  for (let i = 0; i < events.length; i += 20) await Promise.all(events.slice(i, i + 20).map((event) => publishing.publish(event)));
}

function kill(victim: number): Promise<void> {
  const { pid, onExit } = servers[victim] as NatsServer;
  process.kill(pid, 'SIGKILL');
  return new Promise((resolve) => onExit(() => resolve()));
}
