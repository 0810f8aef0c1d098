import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { checkRun, createHttpPlatform, openJournal, reportText, type CheckOptions, type Journal } from '@heliograph/checker';
import { connectStubborn, type StubbornClient } from '../src/stubborn-client.ts';
import { createStubbornHttpClient } from '../src/stubborn-http-client.ts';
import { startStack, type Stack } from '../src/stack.ts';

const messages = 300;

let folder: string;
let carrier: Carrier;
let stack: Stack;
let client: StubbornClient;
let sink: Server;
const journals = new Map<string, Journal>();

function journal(name: string): Journal {
  const made = openJournal(join(folder, name));
  journals.set(join(folder, name), made);
  return made;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-journals-'));
  carrier = await startCarrier({ options: { receiptDelayMs: 20 }, journal: journal('carrier.jsonl') });
  stack = await startStack({ carrierPort: carrier.port, balance: 10_000, env: { ALLOW_PRIVATE_WEBHOOKS: 'true' } });
  const { url, apiKey } = stack.ready.http;
  const answer = await fetch(`${url}/v1/webhook`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: await startSink(journal('sink.jsonl')) }),
  });
  expect(answer.status).toBe(200);
  client = await connectStubborn(stack.ready.smpp, { tenant: 'demo', journal: journal('smpp.jsonl') });
}, 120_000);

/** Takes reports and notes them. */
async function startSink(notes: Journal): Promise<string> {
  sink = createServer(async (request, response) => {
    const { data } = (await json(request)) as { data: { id: string; state: string } };
    notes.write({ kind: 'reported', tenant: 'demo', id: data.id, state: data.state, by: 'webhook' });
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
}

afterAll(async () => {
  await client?.close();
  await stack?.stop();
  await carrier?.stop();
  sink?.closeAllConnections();
  sink?.close();
  for (const one of journals.values()) await one.close();
  rmSync(folder, { recursive: true });
}, 60_000);

const check = (more: Partial<CheckOptions> = {}) => {
  const { url, apiKey, operatorKey } = stack.ready.http;
  const platform = createHttpPlatform({ url, tenantKeys: { demo: apiKey }, operatorKey });
  return checkRun({ journals: [...journals.keys()], platform, waitMs: 30_000, ...more });
};

test(`${messages} messages through a stack, some with texts of several parts: the checker finds nothing`, async () => {
  const http = createStubbornHttpClient(stack, { tenant: 'demo', journal: journal('http.jsonl') });
  await Promise.all(
    Array.from({ length: messages }, (_, i) => {
      const long = i % 10 === 0 ? ' and so on'.repeat(20) : '';
      return i % 3 === 0 ? http.submit(`447900${100_000 + i}`, `é ${i}${long}`) : client.submit(`447901${100_000 + i}`, `text ${i}`);
    }),
  );
  const logs = join(stack.ready.data, 'logs');
  const result = await check({ secrets: { logs, strings: [stack.ready.http.apiKey, stack.ready.smpp.password, 'and so on'] } });
  expect(reportText(result)).toMatch(/All of it holds\.\n$/);
  expect(result.invariants[0]?.counts).toMatchObject({ accepted: messages, final: messages });
}, 90_000);

test('what is in no journal was submitted by nobody, and what arrived twice is found', async () => {
  await stack.post('/v1/messages', { to: '+447902000001', text: 'in no journal' });
  const twice = join(folder, 'twice.jsonl');
  const [name] = [...journals.keys()];
  const arrived = readFileSync(name as string, 'utf8')
    .split('\n')
    .find((line) => line.includes('"arrived"'));
  writeFileSync(twice, `${arrived}\n`);
  const { invariants } = await check({ journals: [...journals.keys(), twice] });
  expect(invariants.filter(({ ok }) => !ok).map(({ invariant }) => invariant)).toEqual([2, 3]);
}, 60_000);
