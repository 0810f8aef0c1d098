import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import type { MessageSubmitted, ReportDue } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { openRegistry } from '@heliograph/registry';
import { parseConfig, type Running } from '@heliograph/service';
import { commandStatus, createSession, encodePdu, parseReceipt, type PduOf, type Session } from '@heliograph/smpp';
import { eventually, quietLog, seedTenant, startBank, startServers, testTenant, type TestServers } from '@heliograph/testbed';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';

let servers: TestServers;
let queue: Queue;
let ingress: Running;
let bank: { readonly left: bigint };
const submitted: MessageSubmitted[] = [];

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'] });
  await seedTenant(servers.databaseUrl);
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  bank = startBank(queue, 20_000_000n);
  const parsed = parseConfig(config, {
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    SMPP_PORT: '0',
    SMPP_TLS_PORT: '0',
    SMPP_TLS_DIR: join(servers.folder, 'tls'),
    SMPP_SESSION_INIT: '1s',
  });
  if (!parsed.ok) throw new Error(parsed.errors.join('\n'));
  ingress = await start({ name: 'smpp-ingress', instance: 'test', config: parsed.config, log: quietLog as never });
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

afterAll(async () => {
  await ingress?.stop();
  await queue?.close();
  await servers?.stop();
}, 30_000);

const plainPort = (): number => ingress.ports?.['smpp'] as number;
const tlsPort = (): number => ingress.ports?.['smppTls'] as number;
const timers = { sessionInitMs: 5_000, enquireLinkMs: 60_000, inactivityMs: 60_000, responseMs: 5_000 };

async function connect({ socket, onDeliver }: { socket?: net.Socket; onDeliver?: (pdu: PduOf<'deliver_sm'>) => void } = {}): Promise<{
  session: Session;
  ended: Promise<string>;
}> {
  const connected = socket ?? net.connect(plainPort(), '127.0.0.1');
  if (!socket) await once(connected, 'connect');
  let end!: (code: string) => void;
  const ended = new Promise<string>((resolve) => (end = resolve));
  const session = createSession({
    socket: connected,
    role: 'esme',
    timers,
    windowMax: 50,
    receiveWindowMax: 50,
    onRequest(request, reply) {
      if (request.command === 'deliver_sm') onDeliver?.(request);
      reply.ok();
    },
    onClose: ({ code }) => end(code),
  });
  return { session, ended };
}

const bind = (session: Session, password: string = testTenant.password, systemId: string = testTenant.systemId) =>
  session.bind({ command: 'bind_transceiver', system_id: systemId, password, interface_version: 0x34 });

const submit = (session: Session, fields: Partial<PduOf<'submit_sm'>> = {}) =>
  session.request({
    command: 'submit_sm',
    source_addr: 'Acme',
    source_addr_ton: 5,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: '447912345678',
    short_message: Buffer.from('Hello'),
    ...(fields as object),
  });

async function statusOf(answer: ReturnType<Session['request']>): Promise<number | string> {
  const outcome = await answer;
  return outcome.kind === 'response' ? outcome.pdu.status : outcome.kind;
}

/** What the server says to these octets, until it closes. */
async function replyTo(octets: Buffer, port = plainPort()): Promise<Buffer> {
  const socket = net.connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write(octets);
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

test.each([
  ['plain', async () => undefined],
  [
    'TLS 1.2 or newer',
    async () => {
      const socket = tls.connect({ port: tlsPort(), host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      expect(['TLSv1.2', 'TLSv1.3']).toContain(socket.getProtocol());
      return socket;
    },
  ],
  [
    'IPv6',
    async () => {
      const socket = net.connect(plainPort(), '::1');
      await once(socket, 'connect');
      return socket;
    },
  ],
])('bind and submit over %s: the message is in the stream, charged, under the id of the answer', async (_, open) => {
  const socket = await open();
  const { session, ended } = await connect(socket ? { socket } : {});
  expect(await statusOf(bind(session))).toBe(0);
  const answer = await submit(session, { registered_delivery: 1 });
  if (answer.kind !== 'response' || answer.pdu.command !== 'submit_sm_resp') throw new Error(answer.kind);
  const { message_id: id, status } = answer.pdu;
  expect(status).toBe(0);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  await session.unbind();
  expect(await ended).toBe('unbound');
  const event = await eventually('the message in the stream', () => submitted.find(({ message }) => message.id === id));
  expect(event.message).toMatchObject({
    tenant: 'acme',
    to: '+447912345678',
    content: { kind: 'text', text: 'Hello' },
    charge: { lease: expect.stringMatching(/^lease-/), microCredits: '1000000' },
  });
});

test.each([
  ['a wrong password', testTenant.systemId, 'wrong'],
  ['an unknown system id', 'nobody', testTenant.password],
  ['an empty system id', '', ''],
])('%s: ESME_RBINDFAIL, then the connection ends', async (_, systemId, password) => {
  const { session, ended } = await connect();
  expect(await statusOf(bind(session, password, systemId))).toBe(0x0d);
  await ended;
});

test('submit before bind: 0x04, and the session goes on', async () => {
  const socket = net.connect(plainPort(), '127.0.0.1');
  const octets = encodePdu({ command: 'submit_sm', sequence: 7, destination_addr: '447912345678', short_message: Buffer.from('x') });
  socket.write(octets);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString('hex')).toBe('00000010800000040000000400000007');
  socket.destroy();
});

test('a connection that never binds is closed after the session_init timer', async () => {
  expect(await replyTo(Buffer.alloc(0))).toEqual(Buffer.alloc(0));
});

test.each([
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
  ['a TLS hello on the plain port', Buffer.from('16030100c8010000c403', 'hex')],
  ['a length of 4', Buffer.from('00000004', 'hex')],
  ['a length of 0xF0000011', Buffer.from('f0000011000000040000000000000001', 'hex')],
])('garbage (%s): one generic_nack, then closed', async (_, octets) => {
  const answer = await replyTo(octets);
  expect(answer.length).toBe(16);
  expect(answer.readUInt32BE(4)).toBe(0x80000000);
});

test('every refusal is in the words of SMPP, and nothing is charged', async () => {
  const { session } = await connect();
  await bind(session);
  const refused: [Partial<PduOf<'submit_sm'>>, number][] = [
    [{ destination_addr: 'nobody', dest_addr_ton: 0 }, commandStatus.ESME_RINVDSTADR],
    [{ destination_addr: '' }, commandStatus.ESME_RINVDSTADR],
    [{ source_addr: 'much too long for it' }, commandStatus.ESME_RINVSRCADR],
    [{ short_message: Buffer.alloc(0) }, commandStatus.ESME_RINVMSGLEN],
    [{ validity_period: 'soon' }, commandStatus.ESME_RINVEXPIRY],
  ];
  const before = submitted.length;
  for (const [fields, status] of refused) expect([fields, await statusOf(submit(session, fields))]).toEqual([fields, status]);
  expect(await statusOf(submit(session))).toBe(0);
  await eventually('the good one', () => submitted.length > before);
  expect(submitted.length).toBe(before + 1);
  await session.unbind();
});

test('a report is handed to a session bound with the credential, and is not handed out again once taken', async () => {
  const report: ReportDue = {
    type: 'report.due',
    at: Date.now(),
    state: 'delivered',
    doneAtMs: Date.now(),
    message: { ...(submitted[0] as MessageSubmitted).message, credential: testTenant.smppCredential },
  };
  // nobody is bound: it waits
  await queue.publish(report);
  const taken = new Promise<PduOf<'deliver_sm'>>((resolve) => void connect({ onDeliver: resolve }).then(({ session }) => bind(session)));
  const receipt = parseReceipt((await taken).short_message.toString('latin1'));
  expect(receipt).toMatchObject({ id: report.message.id, state: 'DELIVERED' });
  let delivered = false;
  const worker = await queue.workEach({
    stage: 'log',
    stream: 'REPORTED',
    eventsInFlightMax: 10,
    async handle({ event }) {
      delivered ||= event.type === 'report.delivered' && event.messageId === report.message.id && event.via === 'smpp';
      return { kind: 'done', events: [] };
    },
  });
  await eventually('the report in the trace', () => delivered);
  await worker.stop(1_000);
});

test('no credit: refused for good at exactly the last credit, with nothing in the stream', async () => {
  const { session } = await connect();
  await bind(session);
  const before = submitted.length;
  const answers = await Promise.all(Array.from({ length: 40 }, () => statusOf(submit(session))));
  const accepted = answers.filter((status) => status === 0).length;
  expect(answers.filter((status) => status === commandStatus.ESME_RSUBMITFAIL)).toHaveLength(40 - accepted);
  expect(bank.left).toBe(0n);
  expect(accepted).toBeGreaterThan(0);
  await eventually('all accepted ones', () => submitted.length >= before + accepted);
  expect(submitted.length).toBe(20);
  await session.unbind();
});

test('a credential that is taken back ends its sessions within a second', async () => {
  const { session, ended } = await connect();
  expect(await statusOf(bind(session))).toBe(0);
  const database = openRegistry(servers.databaseUrl, 1);
  const begunMs = performance.now();
  await database.credential.update({ where: { id: testTenant.smppCredential }, data: { enabled: false } });
  await ended;
  expect(performance.now() - begunMs).toBeLessThan(1_500);
  const again = await connect();
  expect(await statusOf(bind(again.session))).toBe(0x0d);
  await database.credential.update({ where: { id: testTenant.smppCredential }, data: { enabled: true } });
  await database.$disconnect();
});
