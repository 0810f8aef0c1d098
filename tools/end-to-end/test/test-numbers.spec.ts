import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { eventually } from '@heliograph/testbed';
import { connectSmpp } from '../src/smpp-client.ts';
import { startStack, type Balance, type Stack } from '../src/stack.ts';

let carrier: Carrier;
let stack: Stack;
let before: Balance;

beforeAll(async () => {
  carrier = await startCarrier({ options: { receiptDelayMs: 50 } });
  stack = await startStack({ carrierPort: carrier.port, balance: 100 });
  before = await stack.balance();
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await carrier?.stop();
}, 60_000);

const number = (end: string) => `+1555010${end}`;

interface Shown {
  readonly state: string;
  readonly credits: string;
  readonly test?: boolean;
}

const shown = (id: string) => stack.get<Shown>(`/v1/messages/${id}`);

async function send(to: string, text = 'x'): Promise<string> {
  const response = await stack.post('/v1/messages', { to, text });
  const body = (await response.json()) as { id: string; credits: string };
  expect([response.status, body.credits]).toEqual([202, '0.000000']);
  return body.id;
}

async function eventsOf(id: string): Promise<string[]> {
  const { hops } = await stack.get<{ hops: { event: string }[] }>(`/v1/messages/${id}/trace`);
  return hops.map(({ event }) => event);
}

const sentAndReported = ['message.submitted', 'message.routed', 'message.sent', 'message.reported'];
const notSent = ['message.submitted', 'message.routed', 'message.failed', 'message.reported'];

test.each([
  ['0001', 'delivered', sentAndReported],
  ['0002', 'undelivered', sentAndReported],
  ['0003', 'rejected', notSent],
  ['0004', 'expired', sentAndReported],
  ['0005', 'failed', notSent],
  ['0006', 'no_report', sentAndReported],
  ['4711', 'delivered', sentAndReported],
])('a message to the test number that ends in %s ends as %s, and its trace shows the whole way', async (end, state, events) => {
  // two segments: each has a receipt of its own
  const id = await send(number(end), 'a'.repeat(200));
  await eventually('its end', async () => (await shown(id)).state === state);
  await eventually('its way', async () => (await eventsOf(id)).length === events.length);
  expect(await eventsOf(id)).toEqual(events);
  expect(await shown(id)).toMatchObject({ state, credits: '0.000000', test: true });
});

test('0007 is sent at once and delivered 10 seconds later', async () => {
  const id = await send(number('0007'));
  const { sentAt } = await eventually('sent', async () => {
    const found = await stack.get<Shown & { sentAt: string }>(`/v1/messages/${id}`);
    return found.state === 'sent' && found;
  });
  const { stateAt } = await eventually(
    'delivered',
    async () => {
      const found = await stack.get<Shown & { stateAt: string }>(`/v1/messages/${id}`);
      return found.state === 'delivered' && found;
    },
    20_000,
  );
  expect(Date.parse(stateAt) - Date.parse(sentAt)).toBeGreaterThan(9_500);
}, 30_000);

test('0008 by SMPP: an intermediate notification, then the receipt', async () => {
  const { host, port, systemId, password } = stack.ready.smpp;
  const client = await connectSmpp({ url: `smpp://${host}:${port}`, systemId, password });
  const answer = await client.submit({
    destination_addr: number('0008').slice(1),
    dest_addr_ton: 1,
    short_message: 'x',
    // SMPP 3.4 §5.2.17: a receipt, and an intermediate notification
    registered_delivery: 0x11,
  });
  expect(answer.command_status).toBe(0);
  const receipts = await eventually('both', () => {
    const mine = client.receipts.filter(({ id }) => id === answer.message_id);
    return mine.length === 2 && mine;
  });
  expect(receipts.map(({ stat }) => stat)).toEqual(['ENROUTE', 'DELIVRD']);
  client.close();
});

test('0009 waits, and can be cancelled meanwhile', async () => {
  const id = await send(number('0009'));
  await eventually('routed', async () => (await shown(id)).state === 'routed');
  const { url, apiKey } = stack.ready.http;
  const response = await fetch(`${url}/v1/messages/${id}`, { method: 'DELETE', headers: { authorization: `Bearer ${apiKey}` } });
  expect([response.status, ((await response.json()) as Shown).state]).toEqual([200, 'cancelled']);
});

test.each([
  ['0402', 402, 'no_credit', 0x45],
  ['0422', 422, 'bad_number', 0x0b],
  ['0429', 429, 'throttled', 0x58],
  ['0503', 503, 'unavailable', 0x08],
])('%s is refused by every door, and by a preview: %i %s', async (end, status, reason, commandStatus) => {
  const to = number(end);
  const type = `/problems/${reason}`;
  const response = await stack.post('/v1/messages', { to, text: 'x' });
  expect([response.status, ((await response.json()) as { type: string }).type]).toEqual([status, type]);
  const preview = (await (await stack.post('/v1/messages:preview', { to, text: 'x' })).json()) as {
    messages: { error: { type: string } }[];
  };
  expect(preview.messages[0]?.error.type).toBe(type);
  const { host, port, systemId, password } = stack.ready.smpp;
  const client = await connectSmpp({ url: `smpp://${host}:${port}`, systemId, password });
  const answer = await client.submit({ destination_addr: to.slice(1), dest_addr_ton: 1, short_message: 'x' });
  expect(answer.command_status).toBe(commandStatus);
  client.close();
});

test('a key in test mode reaches nobody, whoever it sends to', async () => {
  const made = await stack.post('/v1/credentials', { kind: 'api_key', role: 'tenant-user', mode: 'test' });
  const { secret } = (await made.json()) as { secret: string };
  expect(made.status).toBe(201);
  const { id } = await eventually('the key is known', async () => {
    const response = await fetch(`${stack.ready.http.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': secret },
      body: JSON.stringify({ to: '+447911123456', text: 'x' }),
    });
    return response.status === 202 && ((await response.json()) as { id: string });
  });
  await eventually('delivered', async () => (await shown(id)).state === 'delivered');
  expect(await shown(id)).toMatchObject({ credits: '0.000000', test: true });
});

test('none of it cost anything, and the carrier has seen nothing', async () => {
  expect(await stack.balance()).toEqual(before);
  expect(carrier.messages({})).toEqual([]);
  // what is not a test goes out and costs
  expect((await stack.post('/v1/messages', { to: '+447911000002', text: 'x' })).status).toBe(202);
  await eventually('at the carrier', () => carrier.messages({ to: '447911000002' }).length === 1);
  await eventually('charged', async () => (await stack.balance()).charged === '1.000000');
});
