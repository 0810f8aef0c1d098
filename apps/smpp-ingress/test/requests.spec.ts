import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type net from 'node:net';
import { join } from 'node:path';
import {
  cancelledMarks,
  headOf,
  historySubjects,
  newId,
  sendingBegun,
  type Message,
  type MessageQuestion,
  type MessageReplaced,
  type MessageSubmitted,
} from '@heliograph/message';
import { openQueue, type Queue } from '@heliograph/queue';
import { encodeUcs2 } from '@heliograph/segment';
import { parseConfig, type Running } from '@heliograph/service';
import {
  commandStatus,
  decodePdu,
  encodePdu,
  parseReceipt,
  type PduOf,
  type PduToWrite,
  type ReplyFields,
  type Session,
} from '@heliograph/smpp';
import { createHeard, quietLog, seedTenant, startBank, startServers, testMessage, testTenant, type TestServers } from '@heliograph/testbed';
import { config } from '../src/config.ts';
import { start } from '../src/start.ts';
import { open, speak } from './client.ts';
import { seedCredentials } from './credentials.ts';

let servers: TestServers;
let queue: Queue;
let ingress: Running;
const submitted = createHeard<MessageSubmitted>();
const replaced = createHeard<MessageReplaced>();
/** What message-log knows of other messages. */
let logged = (_: string): object | undefined => undefined;

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'] });
  await seedTenant(servers.databaseUrl);
  await seedCredentials(servers.databaseUrl, { latin: { defaultAlphabet: 'latin1' } });
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  startBank(queue, 1_000_000_000n);
  const parsed = parseConfig(config, {
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    SMPP_PORT: '0',
    SMPP_TLS_PORT: '0',
    SMPP_TLS_DIR: join(servers.folder, 'tls'),
  });
  if (!parsed.ok) throw new Error(parsed.errors.join('\n'));
  ingress = await start({ name: 'smpp-ingress', instance: 'test', config: parsed.config, log: quietLog as never });
  await queue.workEach({
    stage: 'route',
    stream: 'SUBMITTED',
    eventsInFlightMax: 1_000,
    async handle({ event }) {
      if (event.type === 'message.submitted') submitted.hear(event);
      return { kind: 'done', events: [] };
    },
  });
  await queue.workEach({
    stage: 'log',
    stream: 'OUTCOMES',
    eventsInFlightMax: 1_000,
    async handle({ event }) {
      if (event.type === 'message.replaced') replaced.hear(event);
      return { kind: 'done', events: [] };
    },
  });
}, 60_000);

afterAll(async () => {
  await ingress?.stop();
  await queue?.close();
  await servers?.stop();
}, 30_000);

interface Asker {
  /** The mandatory parameters and the optional ones of the answer, or its error status. */
  ask<C extends Asked>(pdu: { command: C } & Partial<PduOf<C>>): Promise<{ status: number } & ReplyFields>;
  readonly session: Session;
  readonly delivered: Promise<PduOf<'deliver_sm'>>;
}

type Asked = 'submit_sm' | 'submit_multi' | 'data_sm' | 'query_sm' | 'cancel_sm' | 'replace_sm';

const connect = (): Promise<net.Socket> => open(ingress.ports?.['smpp'] as number);

async function bound({ systemId = testTenant.systemId as string, version = 0x34 } = {}): Promise<Asker> {
  const delivery = Promise.withResolvers<PduOf<'deliver_sm'>>();
  const { session } = speak(await connect(), (pdu, reply) => {
    delivery.resolve(pdu);
    reply.ok();
  });
  const { password } = testTenant;
  const answer = await session.bind({ command: 'bind_transceiver', system_id: systemId, password, interface_version: version });
  expect(answer).toMatchObject({ kind: 'response', pdu: { status: 0 } });
  return {
    session,
    delivered: delivery.promise,
    async ask(pdu) {
      const outcome = await session.request(pdu as never);
      if (outcome.kind !== 'response') throw new Error(outcome.kind);
      return outcome.pdu as never;
    },
  };
}

const from = { source_addr: 'Acme', source_addr_ton: 5 };
const to = { destination_addr: '447912345678', dest_addr_ton: 1, dest_addr_npi: 1 };
const hello = { ...from, ...to, short_message: Buffer.from('Hello') };

async function messagesKnownAs(receiptId: string, count = 1) {
  const events = await submitted.until(({ message }) => (message.receiptId ?? message.id) === receiptId, count);
  return events.map(({ message }) => message);
}

test('§4.5 submit_multi: the good destinations are messages, each charged; the others are told with their status, and cost nothing', async () => {
  const { ask, session } = await bound();
  const sme = (destination_addr: string) => ({ dest_flag: 1 as const, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr });
  const before = submitted.all.length;
  const answer = await ask({
    command: 'submit_multi',
    ...from,
    short_message: Buffer.from('Hello'),
    dest_address: [sme('447912345678'), sme('12'), { dest_flag: 2, dl_name: 'friends' }, sme('15551234567')],
  });
  const unsuccess = { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '12', error_status_code: commandStatus.ESME_RINVDSTADR };
  const ofList = { dest_addr_ton: 0, dest_addr_npi: 0, destination_addr: 'friends', error_status_code: commandStatus.ESME_RINVDLNAME };
  expect(answer).toMatchObject({ status: 0, message_id: expect.stringMatching(/^[0-9a-f]{32}$/), unsuccess_sme: [ofList, unsuccess] });
  const messages = await messagesKnownAs(answer.message_id as string, 2);
  expect(messages.map((message) => message.to).toSorted()).toEqual(['+15551234567', '+447912345678']);
  expect(new Set(messages.map(({ id }) => id)).size).toBe(2);
  expect(messages.map(({ charge }) => charge.microCredits)).toEqual(['1000000', '1000000']);
  // one connection's records are in the order of its requests: behind a message submitted now, nothing of the others is to come
  const { message_id } = await ask({ command: 'submit_sm', ...hello });
  await messagesKnownAs(message_id as string);
  expect(submitted.all.length).toBe(before + 3);
  await session.unbind();
});

test('§4.7 data_sm: the same way as submit_sm', async () => {
  const { ask, session } = await bound();
  const tlvs = [{ tag: 0x0424, value: Buffer.from('Hello by data') }];
  const answer = await ask({ command: 'data_sm', ...from, ...to, registered_delivery: 1, tlvs });
  expect(answer).toMatchObject({ command: 'data_sm_resp', status: 0 });
  const [message] = await messagesKnownAs(answer.message_id as string);
  expect(message).toMatchObject({ to: '+447912345678', registeredDelivery: 1, content: { kind: 'text', text: 'Hello by data' } });
  expect(await ask({ command: 'data_sm', ...from, ...to })).toMatchObject({ status: commandStatus.ESME_RMISSINGOPTPARAM });
  await session.unbind();
});

test("§5.3 optional parameters: a vendor's own are in the stream with the message", async () => {
  const { ask, session } = await bound();
  const answer = await ask({ command: 'submit_sm', ...hello, tlvs: [{ tag: 0x1401, value: Buffer.from('cafe', 'hex') }] });
  const [message] = await messagesKnownAs(answer.message_id as string);
  expect(message?.tlvs).toEqual([{ tag: 0x1401, value: 'cafe' }]);
  await session.unbind();
});

test('§5.2.19 data_coding 0 is read in the default alphabet of the credential', async () => {
  const text = async (client: Asker) => {
    const { message_id } = await client.ask({ command: 'submit_sm', ...hello, short_message: Buffer.from('a@b') });
    const [message] = await messagesKnownAs(message_id as string);
    await client.session.unbind();
    return message?.content;
  };
  expect(await text(await bound())).toEqual({ kind: 'text', text: 'a¡b' });
  expect(await text(await bound({ systemId: 'latin' }))).toEqual({ kind: 'text', text: 'a@b' });
});

test('§5.2.4 a client of SMPP 3.3 gets ids of 8 octets, receipts with them, and no optional parameters', async () => {
  const client = await bound({ version: 0x33 });
  const { message_id } = await client.ask({ command: 'submit_sm', ...hello, registered_delivery: 1 });
  expect(message_id).toMatch(/^[0-9a-f]{8}$/);
  const [message] = await messagesKnownAs(message_id as string);
  if (!message) throw new Error('not there');
  expect(message.id).toMatch(/^[0-9a-f]{32}$/);
  await queue.publish({ type: 'report.due', at: Date.now(), state: 'delivered', doneAtMs: Date.now(), message });
  const receipt = await client.delivered;
  expect(receipt.tlvs).toEqual([]);
  expect(parseReceipt(receipt.short_message.toString('latin1'))).toMatchObject({ id: message_id, state: 'DELIVERED' });
  await client.session.unbind();
});

test("§4.8 query_sm: message-log is asked for the tenant's message; nobody there is ESME_RSYSERR, not a message that is unknown", async () => {
  const { ask, session } = await bound();
  const id = newId();
  expect(await ask({ command: 'query_sm', message_id: id })).toMatchObject({ status: commandStatus.ESME_RSYSERR });
  const questions: MessageQuestion[] = [];
  await queue.answer<MessageQuestion>(historySubjects.get, 'message-log', (question) => {
    questions.push(question);
    const known = {
      id,
      from: { addr: 'Acme', ton: 5, npi: 0 },
      state: 'undelivered',
      stateAtMs: Date.UTC(2026, 10, 20, 12),
      errorCode: '034',
    };
    return { message: question.id === id ? known : logged(question.id) };
  });
  expect(await ask({ command: 'query_sm', message_id: id, ...from })).toMatchObject({
    status: 0,
    message_id: id,
    message_state: 5,
    final_date: '261120120000000+',
    error_code: 34,
  });
  expect(await ask({ command: 'query_sm', message_id: id, source_addr: 'Other' })).toMatchObject({ status: commandStatus.ESME_RQUERYFAIL });
  expect(await ask({ command: 'query_sm', message_id: 'unknown' })).toMatchObject({ status: commandStatus.ESME_RQUERYFAIL });
  expect(questions).toEqual([id, id, 'unknown'].map((asked) => ({ tenant: testTenant.id, id: asked })));
  await session.unbind();
});

test('§4.9 cancel_sm: what waits is marked, and cancelled when its connector says so; what goes on, is unknown or is many fails', async () => {
  const { ask, session } = await bound();
  const own = { addr: 'Acme', ton: 5, npi: 0 };
  const [waits, begun, sent, ofMany] = [newId(), newId(), newId(), newId()];
  const known = new Map([waits, begun].map((id) => [id, { id, from: own, state: 'routed' }]));
  known.set(sent, { id: sent, from: own, state: 'sent' });
  known.set(ofMany, { id: newId(), from: own, state: 'routed' });
  const marks = await queue.marks(cancelledMarks);
  marks.onPut((id) => {
    if (id === begun) queue.broadcast(sendingBegun, { id });
    else known.set(id, { id, from: own, state: 'cancelled' });
  });
  logged = (id) => known.get(id);
  const cancel = { command: 'cancel_sm', ...from, ...to } as const;
  expect(await ask({ ...cancel, message_id: waits, source_addr: 'Other' })).toMatchObject({ status: commandStatus.ESME_RCANCELFAIL });
  expect(marks.has(waits)).toBe(false);
  expect(await ask({ ...cancel, message_id: waits })).toMatchObject({ command: 'cancel_sm_resp', status: 0 });
  expect(marks.has(waits)).toBe(true);
  for (const message_id of [waits, begun, sent, ofMany, newId(), ''])
    expect(await ask({ ...cancel, message_id })).toMatchObject({ status: commandStatus.ESME_RCANCELFAIL });
  await session.unbind();
});

/** As the router does it: a message with a time waits for it in the stream. */
async function scheduleAsRouter(message: Message): Promise<void> {
  await queue.publish({ type: 'message.due', at: Date.now(), message, dueAtMs: message.sendAtMs as number });
}

const waitingText = async (id: string) => {
  const content = (await queue.waiting(id))?.event.message.content;
  return content?.kind === 'text' ? content.text : undefined;
};

test('§4.10 replace_sm: what waits is sent with the other text, and told as message.replaced; what does not, or costs more, fails', async () => {
  const { ask, session } = await bound();
  const own = { addr: 'Acme', ton: 5, npi: 0 };
  const states = new Map<string, string>();
  logged = (id) => (states.has(id) ? { id, from: own, state: states.get(id) } : undefined);
  const submitWaiting = async () => {
    const short_message = encodeUcs2('старый');
    const submit = { command: 'submit_sm', ...hello, data_coding: 8, short_message, schedule_delivery_time: '000000010000000R' } as const;
    const { message_id } = await ask(submit);
    const [message] = await messagesKnownAs(message_id as string);
    await scheduleAsRouter(message as Message);
    states.set(message_id as string, 'scheduled');
    return message as Message;
  };
  const message = await submitWaiting();
  const replace = { command: 'replace_sm', message_id: message.id, ...from, short_message: encodeUcs2('новый') } as const;
  expect(await ask({ ...replace, registered_delivery: 1 })).toMatchObject({ command: 'replace_sm_resp', status: 0 });
  const waits = (await queue.waiting(message.id))?.event;
  const made = { ...message, content: { kind: 'text', text: 'новый' }, registeredDelivery: 1 };
  expect(waits).toMatchObject({ message: made, dueAtMs: message.sendAtMs });
  const [told] = await replaced.until((event) => event.message.id === message.id);
  expect(told).toEqual({ type: 'message.replaced', at: waits?.at, message: headOf(made as Message), content: made.content });

  const fails = async (changes: object, status: number) => {
    expect(await ask({ ...replace, ...changes })).toMatchObject({ status });
    expect(await waitingText(message.id)).toBe('новый');
  };
  await fails({ source_addr: 'Other' }, commandStatus.ESME_RREPLACEFAIL);
  await fails({ message_id: newId() }, commandStatus.ESME_RREPLACEFAIL);
  await fails({ message_id: '' }, commandStatus.ESME_RREPLACEFAIL);
  await fails({ short_message: encodeUcs2('ж'.repeat(71)) }, commandStatus.ESME_RINVMSGLEN);
  await fails({ short_message: Buffer.alloc(0) }, commandStatus.ESME_RINVMSGLEN);
  await fails({ schedule_delivery_time: '000008000000000R' }, commandStatus.ESME_RINVSCHED);
  await fails({ schedule_delivery_time: '000003000000000R' }, commandStatus.ESME_RINVEXPIRY);
  await fails({ validity_period: '000008000000000R' }, commandStatus.ESME_RINVEXPIRY);
  states.set(message.id, 'routed');
  await fails({}, commandStatus.ESME_RREPLACEFAIL);
  // the id of a submit_multi is of several
  const ofMany = newId();
  logged = (id) => (id === ofMany ? { id: message.id, from: own, state: 'scheduled' } : undefined);
  await fails({ message_id: ofMany }, commandStatus.ESME_RREPLACEFAIL);
  expect(replaced.all.filter((event) => event.message.id === message.id)).toHaveLength(1);
  expect(await ask({ command: 'submit_sm', ...hello })).toMatchObject({ status: 0 });
  await session.unbind();
});

test('§4.10 replace_sm: of a message that is cancelled fails, as does one whose time has come', async () => {
  const { ask, session } = await bound();
  const own = { addr: 'Acme', ton: 5, npi: 0 };
  const now = Date.now();
  const [cancelled, due] = [3_600_000, 500].map((ms) =>
    testMessage({ from: own, acceptedAtMs: now, sendAtMs: now + ms, validUntilMs: now + 4e6 }),
  );
  if (!cancelled || !due) throw new Error('not there');
  for (const message of [cancelled, due]) await scheduleAsRouter(message);
  let state = 'scheduled';
  logged = (id) => ({ id, from: own, state });
  const replace = { command: 'replace_sm', ...from, short_message: Buffer.from('new') } as const;
  expect(await ask({ ...replace, message_id: due.id })).toMatchObject({ status: commandStatus.ESME_RREPLACEFAIL });
  const marks = await queue.marks(cancelledMarks);
  marks.onPut(() => void (state = 'cancelled'));
  expect(await ask({ command: 'cancel_sm', ...from, ...to, message_id: cancelled.id })).toMatchObject({ status: 0 });
  // the history may be late to know
  state = 'scheduled';
  expect(await ask({ ...replace, message_id: cancelled.id })).toMatchObject({ status: commandStatus.ESME_RREPLACEFAIL });
  await session.unbind();
});

test('§4.10 replace_sm: a client that is gone before the answer comes changes nothing: the message is replaced, or not, as a whole', async () => {
  const { session } = await bound();
  const now = Date.now();
  const message = testMessage({
    from: { addr: 'Acme', ton: 5, npi: 0 },
    acceptedAtMs: now,
    sendAtMs: now + 3_600_000,
    validUntilMs: now + 4e6,
  });
  await scheduleAsRouter(message);
  const asked = Promise.withResolvers<void>();
  logged = (id) => {
    asked.resolve();
    return { id, from: message.from, state: 'scheduled' };
  };
  const replace = { command: 'replace_sm', ...from, message_id: message.id, short_message: Buffer.from('new') } as const;
  void session.request(replace);
  await asked.promise;
  session.close({ code: 'unbound', detail: 'gone' });
  await replaced.until((event) => event.message.id === message.id);
  expect(await waitingText(message.id)).toBe('new');
});

test('§5.2.18 replace_if_present_flag goes with the message to the provider', async () => {
  const { ask, session } = await bound();
  const { message_id } = await ask({ command: 'submit_sm', ...hello, replace_if_present_flag: 1 });
  expect(await messagesKnownAs(message_id as string)).toMatchObject([{ replaceIfPresent: true }]);
  await session.unbind();
});

test.each([
  ['§4.6 deliver_sm', { command: 'deliver_sm', sequence: 2, ...hello }, 'deliver_sm_resp'],
  ['§4.12 alert_notification', { command: 'alert_notification', sequence: 2, source_addr: '15551234567' }, 'generic_nack'],
  ['§4.1.7 outbind', { command: 'outbind', sequence: 2, system_id: 'acme', password: 'x' }, 'generic_nack'],
] as const)('%s is no request of an ESME: refused once, and the session goes on', async (_, request, answer) => {
  const socket = await connect();
  const bind = {
    command: 'bind_transmitter',
    sequence: 1,
    system_id: testTenant.systemId,
    password: testTenant.password,
    interface_version: 0x34,
  } as const;
  expect(await exchange(socket, bind)).toMatchObject({ status: 0 });
  const refused = await exchange(socket, request);
  expect(refused).toMatchObject({ command: answer, sequence: 2 });
  // §2.2.1 table 2-1 knows no state for it: libs/smpp says which of the two words that is
  expect([commandStatus.ESME_RINVCMDID, commandStatus.ESME_RINVBNDSTS]).toContain(refused.status);
  expect(await exchange(socket, { command: 'enquire_link', sequence: 3 })).toMatchObject({ command: 'enquire_link_resp', sequence: 3 });
  socket.destroy();
});

async function exchange(socket: net.Socket, pdu: PduToWrite): Promise<{ command: string; status: number }> {
  socket.write(encodePdu(pdu));
  const [octets] = (await once(socket, 'data')) as [Buffer];
  const decoded = decodePdu(octets);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.pdu;
}
