import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { join } from 'node:path';
import smpp from 'smpp';
import { newId, type Content, type InboundDelivered, type InboundDue } from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { parseUdh } from '@heliograph/segment';
import { parseConfig, type Running } from '@heliograph/service';
import { commandStatus, type PduOf } from '@heliograph/smpp';
import { createHeard, quietLog, seedTenant, startBank, startServers, testTenant, type TestServers } from '@heliograph/testbed';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';
import { bind, connect, type Client } from './client.ts';
import { seedCredentials } from './credentials.ts';

let servers: TestServers;
let queue: Queue;
let ingress: Running;
const delivered = createHeard<InboundDelivered>();

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'] });
  await seedTenant(servers.databaseUrl);
  await seedCredentials(servers.databaseUrl, { latin: { defaultAlphabet: 'latin1' }, narrow: {}, foreign: {}, later: {} });
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  startBank(queue, 1_000_000n);
  const parsed = parseConfig(config, {
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    SMPP_PORT: '0',
    SMPP_TLS_PORT: '0',
    SMPP_TLS_DIR: join(servers.folder, 'tls'),
    // fewer than the parts of a long message
    SMPP_DELIVER_WINDOW: '2',
  });
  if (!parsed.ok) throw new Error(parsed.errors.join('\n'));
  ingress = await start({ name: 'smpp-ingress', instance: 'test', config: parsed.config, log: quietLog as never });
  await queue.workEach({
    stage: 'log',
    stream: 'MATCHED',
    eventsInFlightMax: 100,
    async handle({ event }) {
      if (event.type === 'inbound.delivered') delivered.hear(event);
      return { kind: 'done', events: [] };
    },
  });
}, 60_000);

afterAll(async () => {
  await ingress?.stop();
  await queue?.close();
  await servers?.stop();
}, 30_000);

function due(content: Content, credential: string = testTenant.smppCredential): InboundDue {
  const receivedAtMs = Date.now();
  const numbers = { from: '+447912345678', to: '+31699887766' };
  const inbound = { id: newId(), connector: 'carrier', ...numbers, content, receivedAtMs, parts: 1 };
  return { type: 'inbound.due', at: receivedAtMs, tenant: testTenant.id, credential, inbound };
}

const text = (of: string): Content => ({ kind: 'text', text: of });

/** A client that answers with each status in turn, then ESME_ROK. */
async function receiving(systemId: string, ...statuses: number[]) {
  const got = createHeard<PduOf<'deliver_sm'>>();
  const client: Client = await connect(ingress.ports?.['smpp'] as number, (pdu, reply) => {
    const status = statuses.shift() ?? 0;
    if (status === 0) reply.ok();
    else reply.error(status);
    got.hear({ ...pdu, short_message: Buffer.from(pdu.short_message) });
  });
  expect(await bind(client, systemId)).toBe(0);
  return { got, session: client.session };
}

async function isDelivered({ inbound: { id } }: InboundDue): Promise<InboundDelivered | undefined> {
  const [event] = await delivered.until((one) => one.inboundId === id);
  return event;
}

test('a message waits for a bind of its credential, comes as no receipt, and is told of once', async () => {
  const one = due(text('Hello {you}'));
  await queue.publish(one);
  const { got, session } = await receiving(testTenant.systemId);
  const [pdu] = await got.until(() => true);
  expect(pdu).toMatchObject({
    esm_class: 0,
    source_addr: '447912345678',
    source_addr_ton: 1,
    destination_addr: '31699887766',
    dest_addr_ton: 1,
    data_coding: 0,
    short_message: Buffer.from('Hello \x1b(you\x1b)'),
  });
  expect(await isDelivered(one)).toMatchObject({ tenant: testTenant.id, via: 'smpp', attempt: 1 });
  await session.unbind();
  const again = await receiving(testTenant.systemId);
  const next = due(text('next'));
  await queue.publish(next);
  await isDelivered(next);
  expect(again.got.all.map(({ short_message }) => short_message.toString())).toEqual(['next']);
  await again.session.unbind();
});

test('§5.2.19 the default alphabet of the credential', async () => {
  const { got, session } = await receiving('latin');
  await queue.publish(due(text('ê'), 'latin'));
  expect(await got.until(() => true)).toMatchObject([{ data_coding: 0, short_message: Buffer.from([0xea]) }]);
  await session.unbind();
});

test('parts that the window has no room for follow in order on the same session; one that is not taken is handed over again with the others', async () => {
  const { got, session } = await receiving('narrow', 0, 0, commandStatus.ESME_RMSGQFUL);
  const other = await receiving('narrow');
  const one = due(text('x'.repeat(700)), 'narrow');
  await queue.publish(one);
  expect(await isDelivered(one)).toMatchObject({ attempt: 2 });
  const sequences = (heard: typeof got) => heard.all.map(({ short_message: octets }) => parseUdh(octets)?.concat?.sequence);
  expect([sequences(got), sequences(other.got)].toSorted((a, b) => a.length - b.length)).toEqual([
    [1, 2, 3, 4, 5],
    [1, 2, 3, 4, 5],
  ]);
  await session.unbind();
  await other.session.unbind();
}, 20_000);

test('a client that refuses it for good is not asked again, and gets the next', async () => {
  const { got, session } = await receiving('later', commandStatus.ESME_RX_R_APPN);
  await queue.publish(due(text('no'), 'later'));
  await got.until(() => true);
  const next = due(text('yes'), 'later');
  await queue.publish(next);
  await isDelivered(next);
  expect(got.all.map(({ short_message }) => short_message.toString())).toEqual(['no', 'yes']);
  await session.unbind();
});

interface ForeignPdu {
  readonly esm_class: number;
  readonly short_message: { readonly message: string | Buffer; readonly udh?: readonly Buffer[] };
  response(): ForeignPdu;
}

interface Foreign extends NodeJS.EventEmitter {
  bind_receiver(fields: object, answered: (pdu: { command_status: number }) => void): void;
  send(pdu: ForeignPdu): void;
  destroy(): void;
}

test('a client that is not ours (npm smpp) reads text, parts and octets', async () => {
  const got = createHeard<ForeignPdu>();
  const { connect: connectForeign } = smpp as unknown as { connect(options: object): Foreign };
  const session = connectForeign({ url: `smpp://127.0.0.1:${ingress.ports?.['smpp']}` });
  session.on('deliver_sm', (pdu: ForeignPdu) => {
    session.send(pdu.response());
    got.hear(pdu);
  });
  await once(session, 'connect');
  const status = await new Promise<number>((resolve) => {
    session.bind_receiver({ system_id: 'foreign', password: testTenant.password }, (pdu) => resolve(pdu.command_status));
  });
  expect(status).toBe(0);
  const said = ['Grüße', 'Привет 😀', 'x'.repeat(200)];
  for (const one of said) {
    const owed = due(text(one), 'foreign');
    await queue.publish(owed);
    await isDelivered(owed);
  }
  const octets = due({ kind: 'binary', octets: 'AP8Q', udh: '0605041b5a1b5a' }, 'foreign');
  await queue.publish(octets);
  await isDelivered(octets);
  const [first, second, third, fourth, fifth] = got.all;
  expect([first, second].map((pdu) => pdu?.short_message.message)).toEqual(said.slice(0, 2));
  expect([third, fourth].map((pdu) => pdu?.short_message.message).join('')).toBe(said[2]);
  const headers = [third, fourth].map((pdu) => pdu?.short_message.udh?.map((element) => [...element]));
  expect(headers).toEqual([1, 2].map((sequence) => [[0, 3, expect.any(Number), 2, sequence]]));
  expect(fifth?.short_message).toEqual({ message: Buffer.from('00ff10', 'hex'), udh: [Buffer.from('05041b5a1b5a', 'hex')] });
  session.destroy();
});
