import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { verifyWebhook } from '@heliograph/credential';
import { eventually } from '@heliograph/testbed';
import { startCollector, type Collector } from '../src/collector.ts';
import { connectSmpp, type SmppClient } from '../src/smpp-client.ts';
import { startStack, type Stack } from '../src/stack.ts';

interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Trace {
  readonly state: string;
  readonly hops: readonly { stage: string; event: string; at: string; by: string }[];
}

let carrier: Carrier;
let stack: Stack;
let endpoint: Server;
let collector: Collector;
const posted: Posted[] = [];

beforeAll(async () => {
  carrier = await startCarrier({ options: { receiptDelayMs: 50 } });
  endpoint = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posted.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.end();
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  collector = await startCollector();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '200' };
  stack = await startStack({ carrierPort: carrier.port, balance: 100, env });
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await carrier?.stop();
  endpoint?.close();
  collector?.stop();
}, 60_000);

const texts = [
  ['a short one', 'Hello from the road', 1],
  ['one of the GSM extension table', 'Price: 10 € {or} [less] ~ \\ ^ |', 1],
  ['a long one of three segments', 'This text is cut into parts that the carrier puts together again. '.repeat(7).slice(0, 400), 3],
  ['a long Unicode one', 'Привет, мир! 😀 '.repeat(8), 2],
] as const;

let next = 0;
/** Another number for each message, so that the carrier's copy is found. */
const number = (): string => `+4479${String(10_000_000 + next++)}`;

async function connect(tls: boolean): Promise<SmppClient> {
  const { host, port, tlsPort, systemId, password } = stack.ready.smpp;
  return connectSmpp({ url: tls ? `ssmpp://${host}:${tlsPort}` : `smpp://${host}:${port}`, systemId, password });
}

async function arrivedAt(to: string): Promise<string> {
  const found = await eventually(`the carrier has the text for ${to}`, () => carrier.messages({ to: to.slice(1) })[0]);
  return found.text;
}

const micro = (credits: string): bigint => BigInt(credits.replace('.', ''));

test.each([
  ['plain SMPP', false],
  ['SMPP over TLS', true],
])('%s: every text arrives exactly, its receipt comes back with the id of the answer, the balance falls by the price', async (_, tls) => {
  const client = await connect(tls);
  const before = await stack.balance();
  let segments = 0;
  for (const [, text, parts] of texts) {
    const to = number();
    const unicode = /[^\x00-\x7f€]/.test(text);
    const long = text.length > 70;
    const message = unicode ? Buffer.from(text, 'utf16le').swap16() : gsm(text);
    const answer = await client.submit({
      source_addr: 'Helio',
      source_addr_ton: 5,
      destination_addr: to.slice(1),
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      registered_delivery: 1,
      data_coding: unicode ? 8 : 0,
      ...(long ? { message_payload: message } : { short_message: message }),
    });
    expect(answer.command_status).toBe(0);
    segments += parts;
    expect(await arrivedAt(to)).toBe(text);
    const receipt = await eventually('the receipt', () => client.receipts.find(({ id }) => id === answer.message_id));
    expect(receipt.stat).toBe('DELIVRD');
  }
  const after = await stack.balance();
  expect(micro(before.credits) - micro(after.credits)).toBe(BigInt(segments) * 1_000_000n);
  expect(client.receipts).toHaveLength(texts.length);
  client.close();
});

/** npm `smpp` would choose a coding by itself: the octets as they shall be. */
function gsm(text: string): Buffer {
  const extension: Record<string, number> = {
    '€': 0x65,
    '{': 0x28,
    '}': 0x29,
    '[': 0x3c,
    ']': 0x3e,
    '~': 0x3d,
    '\\': 0x2f,
    '^': 0x14,
    '|': 0x40,
  };
  return Buffer.from([...text].flatMap((char) => (extension[char] === undefined ? [char.charCodeAt(0)] : [0x1b, extension[char]])));
}

test('HTTP: 202 after acceptance, the text arrives, the signed webhook comes, the trace has every hop in order', async () => {
  const { port } = endpoint.address() as AddressInfo;
  const { secrets } = await stack.get<{ secrets: string[] }>('/v1/webhook');
  const before = await stack.balance();
  for (const [, text, parts] of texts) {
    const to = number();
    const response = await stack.post('/v1/messages', {
      to,
      text,
      from: 'Helio',
      reference: text.slice(0, 5),
      webhook: `http://127.0.0.1:${port}/reports`,
    });
    expect(response.status).toBe(202);
    const { id, segments } = (await response.json()) as { id: string; segments: number };
    expect(segments).toBe(parts);
    expect(await arrivedAt(to)).toBe(text);
    const { headers, body } = await eventually('the webhook', () => posted.find((one) => one.body.includes(id)));
    expect(JSON.parse(body)).toMatchObject({
      type: 'message.delivered',
      data: { id, to, state: 'delivered', reference: text.slice(0, 5) },
    });
    const signed = {
      secrets,
      id: String(headers['webhook-id']),
      timestamp: String(headers['webhook-timestamp']),
      signature: String(headers['webhook-signature']),
    };
    expect(verifyWebhook({ ...signed, body }, Date.now() / 1000)).toBe(true);
    expect(verifyWebhook({ ...signed, body: `${body} ` }, Date.now() / 1000)).toBe(false);
    const trace = await eventually('the whole trace', async () => {
      const found = await stack.get<Trace>(`/v1/messages/${id}/trace`);
      return found.hops.length === 5 && found;
    });
    expect(trace.hops.map(({ event }) => event)).toEqual([
      'message.submitted',
      'message.routed',
      'message.sent',
      'message.reported',
      'report.delivered',
    ]);
    expect(trace.state).toBe('delivered');
    const times = trace.hops.map(({ at }) => Date.parse(at));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
  const after = await stack.balance();
  const segments = texts.reduce((sum, [, , parts]) => sum + parts, 0);
  expect(micro(before.credits) - micro(after.credits)).toBe(BigInt(segments) * 1_000_000n);
});

test('telemetry: one trace from submit to report under the id of the message, and no text, number or secret in any signal', async () => {
  const client = await connect(false);
  const to = number();
  const answer = await client.submit({
    destination_addr: to.slice(1),
    dest_addr_ton: 1,
    short_message: 'zanzibar',
    registered_delivery: 1,
  });
  await eventually('the receipt', () => client.receipts.find(({ id }) => id === answer.message_id));
  const stages = ['accept', 'route', 'deliver', 'report', 'notify'];
  const spans = await eventually('a span of each stage', () => {
    const found = collector.spans.filter(({ traceId }) => traceId === answer.message_id);
    return stages.every((stage) => found.some(({ name }) => name === stage)) && found;
  });
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  await eventually('logs', () => collector.signals.has('logs'));
  const all = collector.bodies.join('\n') + readFileSync(join(stack.ready.data, 'logs', 'smpp-ingress.log'), 'utf8');
  for (const secret of ['zanzibar', to.slice(1), stack.ready.smpp.password, stack.ready.http.apiKey]) expect(all).not.toContain(secret);
  client.close();
});

test.each([
  ['plain', 'smpp', 'port'],
  ['TLS', 'ssmpp', 'tlsPort'],
] as const)('the example of the documentation sends one by SMPP over %s and prints its receipt', async (_, protocol, port) => {
  const { smpp } = stack.ready;
  const example = join(import.meta.dirname, '../../../docs/examples/submit.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [
    example,
    `${protocol}://${smpp.host}:${smpp[port]}`,
    smpp.systemId,
    smpp.password,
    number().slice(1),
  ]);
  const [id] = /(?<=message_id )[0-9a-f]{32}/.exec(stdout) ?? [];
  expect(stdout).toContain(`id:${id} sub:001 dlvrd:001`);
  expect(stdout).toContain('stat:DELIVRD');
});

test.each([
  [
    'HTTP, with send_at',
    async (to: string, sendAtMs: number) => {
      const response = await stack.post('/v1/messages', { to, text: 'at its time', send_at: new Date(sendAtMs).toISOString() });
      return ((await response.json()) as { id: string }).id;
    },
  ],
  [
    'SMPP, with schedule_delivery_time',
    async (to: string, sendAtMs: number) => {
      const client = await connect(false);
      const digits = new Date(sendAtMs).toISOString().replace(/\D/g, '');
      const answer = await client.submit({
        destination_addr: to.slice(1),
        dest_addr_ton: 1,
        short_message: 'at its time',
        schedule_delivery_time: `${digits.slice(2, 15)}00+`,
      });
      client.close();
      return answer.message_id;
    },
  ],
])('a message by %s waits for that time, is shown as scheduled, and arrives once', async (_, submit) => {
  const to = number();
  const sendAtMs = Math.ceil((Date.now() + 2_500) / 100) * 100;
  const id = await submit(to, sendAtMs);
  const shown = await eventually('scheduled', async () => {
    const found = await stack.get<{ state: string; sendAt: string }>(`/v1/messages/${id}`);
    return found.state === 'scheduled' && found;
  });
  expect(shown.sendAt).toBe(new Date(sendAtMs).toISOString());
  expect(carrier.messages({ to: to.slice(1) })).toEqual([]);
  expect(await arrivedAt(to)).toBe('at its time');
  const { hops } = await eventually('sent', async () => {
    const found = await stack.get<Trace>(`/v1/messages/${id}/trace`);
    return found.hops.some(({ event }) => event === 'message.sent') && found;
  });
  expect(hops.slice(0, 4).map(({ event }) => event)).toEqual(['message.submitted', 'message.scheduled', 'message.routed', 'message.sent']);
  // the clock of nats-server may differ by a little
  expect(Date.parse(hops[2]?.at as string)).toBeGreaterThanOrEqual(sendAtMs - 50);
  expect(carrier.messages({ to: to.slice(1) })).toHaveLength(1);
});

test('a message that the provider refuses is reported as rejected and given back', async () => {
  const client = await connect(false);
  const before = await stack.balance();
  carrier.behave('rejecting');
  const answer = await client.submit({
    destination_addr: number().slice(1),
    dest_addr_ton: 1,
    short_message: 'refused',
    registered_delivery: 1,
  });
  expect(answer.command_status).toBe(0);
  const receipt = await eventually('the receipt', () => client.receipts.find(({ id }) => id === answer.message_id));
  expect(receipt.stat).toBe('REJECTD');
  carrier.behave('normal');
  await eventually('the refund', async () => (await stack.balance()).credits === before.credits);
  client.close();
});

test('a thousand recipients in one request: each accepted, refused or unpaid for itself', async () => {
  const to = [...Array.from({ length: 40 }, number), 'nobody'];
  const response = await stack.post('/v1/messages', { to, text: 'to many' });
  expect(response.status).toBe(202);
  const { messages } = (await response.json()) as { messages: { to: string; id?: string; error?: { type: string } }[] };
  expect(messages.filter(({ id }) => id !== undefined)).toHaveLength(40);
  expect(messages.at(-1)?.error?.type).toContain('bad_number');
});

test('with the last credit gone each protocol refuses in its own words, and nothing more is sent', async () => {
  const client = await connect(false);
  const left = Number(micro((await stack.balance()).credits) / 1_000_000n);
  const answers = await Promise.all(
    Array.from({ length: left + 5 }, () => client.submit({ destination_addr: number().slice(1), dest_addr_ton: 1, short_message: 'x' })),
  );
  expect(answers.filter(({ command_status: status }) => status === 0)).toHaveLength(left);
  expect(answers.filter(({ command_status: status }) => status === 0x45)).toHaveLength(5);
  const response = await stack.post('/v1/messages', { to: number(), text: 'x' });
  expect(response.status).toBe(402);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect((await stack.balance()).credits).toBe('0.000000');
  client.close();
});
