import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { leaseSubjects, newId, sessionPresence, type LeaseReturn, type MessageSubmitted, type ReportDue } from '@heliograph/message';
import { openQueue, type Presence, type Queue } from '@heliograph/queue';
import { commandStatus, parseReceipt, type PduOf, type Reply } from '@heliograph/smpp';
import { eventually, quietLog, seedTenant, startBank, startServers, testMessage, testTenant, type TestServers } from '@heliograph/testbed';
import { bind, connect, submit, type Client } from './client.ts';
import { seedCredentials } from './credentials.ts';

/** Several ingress processes, as pods are: each can be killed. */
interface Pod {
  readonly process: ChildProcess;
  readonly port: number;
}

let servers: TestServers;
let queue: Queue;
let presence: Presence;
let pods: Pod[] = [];
const submitted: MessageSubmitted[] = [];
const returned: LeaseReturn[] = [];

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'], syncAlways: false });
  await seedTenant(servers.databaseUrl);
  await seedCredentials(servers.databaseUrl, { pair: { sessions: 2 }, lone: { sessions: 1 }, leaver: {} });
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  presence = await queue.presence(sessionPresence);
  startBank(queue, 1_000_000_000n);
  queue.listen<LeaseReturn>(leaseSubjects.giveBack, (lease) => void returned.push(lease));
  await queue.workEach({
    stage: 'route',
    stream: 'SUBMITTED',
    eventsInFlightMax: 1_000,
    async handle({ event }) {
      if (event.type === 'message.submitted') submitted.push(event);
      return { kind: 'done', events: [] };
    },
  });
}, 60_000);

afterEach(async () => {
  for (const { process } of pods) {
    if (process.exitCode !== null || process.signalCode !== null) continue;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }
  pods = [];
});

afterAll(async () => {
  await queue?.close();
  await servers?.stop();
}, 30_000);

async function startPods(count: number): Promise<Pod[]> {
  pods = await Promise.all(Array.from({ length: count }, startPod));
  return pods;
}

async function startPod(): Promise<Pod> {
  const process = fork(join(import.meta.dirname, '../src/main.ts'), {
    env: {
      PATH: globalThis.process.env['PATH'],
      DATABASE_URL: servers.databaseUrl,
      NATS_URL: servers.natsUrl,
      SMPP_PORT: '0',
      SMPP_TLS_PORT: '0',
      SMPP_TLS_DIR: join(servers.folder, 'tls'),
      LOG_LEVEL: 'error',
    },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [told] = (await once(process, 'message')) as [{ ports: { smpp: number } }];
  return { process, port: told.ports.smpp };
}

const boundOver = async (system: string) => (await presence.list(system))?.length;

test('sessions of a system id are counted over all processes; a place that is given up can be taken in any', async () => {
  const [a, b] = (await startPods(2)) as [Pod, Pod];
  const [one, two] = [await connect(a.port), await connect(b.port)];
  expect([await bind(one, 'pair'), await bind(two, 'pair')]).toEqual([0, 0]);
  expect(await bind(await connect(a.port), 'pair')).toBe(commandStatus.ESME_RALYBND);
  expect(await bind(await connect(b.port), 'pair')).toBe(commandStatus.ESME_RALYBND);
  await two.session.unbind();
  await eventually('the place is given up', async () => (await boundOver('pair')) === 1);
  expect(await bind(await connect(a.port), 'pair')).toBe(0);
}, 30_000);

test('binds at the same moment pass the cap by no more than one for each other process', async () => {
  const [a, b] = (await startPods(2)) as [Pod, Pod];
  const clients = await Promise.all(Array.from({ length: 10 }, (_, i) => connect((i % 2 === 0 ? a : b).port)));
  const answers = await Promise.all(clients.map((client) => bind(client, 'pair')));
  const bound = answers.filter((status) => status === 0).length;
  expect(bound).toBeGreaterThanOrEqual(2);
  // each process alone keeps to the cap of 2
  expect(bound).toBeLessThanOrEqual(4);
  expect(answers.filter((status) => status === commandStatus.ESME_RALYBND)).toHaveLength(10 - bound);
}, 30_000);

test('the sessions of a process that was killed keep nobody out, though their keys are still there', async () => {
  const [a, b] = (await startPods(2)) as [Pod, Pod];
  const first = await connect(a.port);
  expect(await bind(first, 'lone')).toBe(0);
  a.process.kill('SIGKILL');
  await first.ended;
  expect(await boundOver('lone')).toBe(1);
  expect(await bind(await connect(b.port), 'lone')).toBe(0);
}, 30_000);

test('a process is killed with reports under way: its client, bound to another, gets every one of them', async () => {
  const [a, b] = (await startPods(2)) as [Pod, Pod];
  const answered = new Set<string>();
  const held: string[] = [];
  const idOf = (pdu: PduOf<'deliver_sm'>) => parseReceipt(pdu.short_message.toString('latin1'))?.id as string;
  // answers some and keeps the rest: they are in the window of the process that dies
  const slow = (pdu: PduOf<'deliver_sm'>, reply: Reply) => {
    if (held.length > 20 || answered.size < 10) {
      answered.add(idOf(pdu));
      reply.ok();
    } else held.push(idOf(pdu));
  };
  const first = await connect(a.port, slow);
  expect(await bind(first)).toBe(0);
  const reports = Array.from({ length: 200 }, reportDue);
  await Promise.all(reports.map((report) => queue.publish(report)));
  await eventually('reports under way', () => held.length > 20);
  a.process.kill('SIGKILL');
  await first.ended;
  const again: string[] = [];
  const second = await connect(b.port, (pdu, reply) => {
    answered.add(idOf(pdu));
    again.push(idOf(pdu));
    reply.ok();
  });
  expect(await bind(second)).toBe(0);
  // what the dead process had goes to another after 10 s
  await eventually('every report', () => reports.every(({ message }) => answered.has(message.id)), 25_000);
  expect(held.every((id) => again.includes(id))).toBe(true);
}, 60_000);

function reportDue(): ReportDue {
  const message = testMessage({ id: newId(), tenant: testTenant.id, credential: testTenant.smppCredential, door: 'smpp' });
  return { type: 'report.due', at: Date.now(), state: 'delivered', doneAtMs: Date.now(), message };
}

test('SIGTERM: what was accepted is answered, the session is unbound, leases go back, and the process ends well', async () => {
  const [a] = (await startPods(1)) as [Pod];
  const client: Client = await connect(a.port);
  expect(await bind(client, 'leaver')).toBe(0);
  const before = submitted.length;
  const answers = Array.from({ length: 200 }, () => submit(client));
  await answers[0];
  a.process.kill('SIGTERM');
  const outcomes = await Promise.all(answers);
  expect(await client.ended).toBe('unbound');
  const [code] = (await once(a.process, 'exit')) as [number];
  expect(code).toBe(0);
  const accepted = outcomes.flatMap((one) =>
    one.kind === 'response' && one.pdu.command === 'submit_sm_resp' && one.pdu.status === 0 ? [one.pdu.message_id] : [],
  );
  expect(accepted.length).toBeGreaterThan(0);
  await eventually('all accepted in the stream', () => submitted.length - before >= accepted.length);
  // nothing was taken without an answer, and nothing answered without being taken
  expect(
    submitted
      .slice(before)
      .map(({ message }) => message.id)
      .toSorted(),
  ).toEqual(accepted.toSorted());
  const leases = new Set(submitted.slice(before).map(({ message }) => message.charge.lease));
  await eventually('the leases back', () => [...leases].every((lease) => returned.some((one) => one.lease === lease)));
  expect(await boundOver('leaver')).toBe(0);
}, 30_000);
