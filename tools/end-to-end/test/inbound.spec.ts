import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startCarrier, type Carrier, type InboundRequest } from '@heliograph/carrier-simulator';
import { eventually } from '@heliograph/testbed';
import { connectSmpp, type InboundPart, type SmppClient } from '../src/smpp-client.ts';
import { startStack, type Stack } from '../src/stack.ts';

/** `SmppServerUsers` of the Auron-style server that this one takes the place of: the system id by the number, exactly. */
const users = [
  { login: 'Test1', addressRange: '+31699887766' },
  { login: 'Test2', addressRange: '+31688776655' },
] as const;

interface Inbound {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly text?: string;
  readonly parts: number;
  readonly missing?: readonly number[];
  readonly late?: number;
  readonly reason?: string;
  readonly delivered?: readonly { readonly via: string }[];
}

type Posted = { readonly type: string; readonly data: Inbound };

let carrier: Carrier;
let stack: Stack;
let endpoint: Server;
const clients = new Map<string, SmppClient>();
const posted: Posted[] = [];

beforeAll(async () => {
  carrier = await startCarrier({});
  endpoint = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posted.push(JSON.parse(Buffer.concat(chunks).toString()) as Posted);
      response.end();
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  const env = { INBOUND_PARTS_WAIT_MS: '1s', INBOUND_SWEEP_EVERY_MS: '100ms' };
  stack = await startStack({ carrierPort: carrier.port, env });
  const { port } = endpoint.address() as AddressInfo;
  await ask('PUT', '/v1/webhook', { url: `http://127.0.0.1:${port}/` });
  for (const { login, addressRange } of users) {
    const { secret } = await ask<{ secret: string }>('POST', '/v1/credentials', { kind: 'smpp', login, addressRange });
    const { host, port } = stack.ready.smpp;
    const bind = () => connectSmpp({ url: `smpp://${host}:${port}`, systemId: login, password: secret }).catch(() => undefined);
    clients.set(login, await eventually(`${login} may bind`, bind));
  }
  await eventually('the connector is bound', () => carrier.stats().sessions > 0);
}, 120_000);

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await stack?.stop();
  await carrier?.stop();
  endpoint?.close();
}, 60_000);

async function ask<Answer>(method: string, path: string, body?: object, key = stack.ready.http.apiKey): Promise<Answer> {
  const response = await fetch(stack.ready.http.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}

async function pulled(query: string, key?: string): Promise<readonly Inbound[]> {
  return (await ask<{ messages: readonly Inbound[] }>('GET', `/v1/inbound?${query}`, undefined, key)).messages;
}

const fromHandset = '+447912345678';
const handset = fromHandset.slice(1);

async function send(request: Partial<InboundRequest>): Promise<void> {
  const sent = await carrier.inbound({ from: fromHandset, to: users[0].addressRange, ...request });
  expect(sent).toMatchObject({ ok: true });
  // the provider is told that each was taken
  if (sent.ok) expect(sent.answers.filter(({ status }) => status !== 0)).toEqual([]);
}

const gotBy = (login: string): InboundPart[] => clients.get(login)?.inbound ?? [];
const textOf = (parts: readonly InboundPart[]): string =>
  parts
    .toSorted((a, b) => a.sequence - b.sequence)
    .map(({ text }) => text)
    .join('');

test('the number decides, exactly: each system id gets what was sent to its address range, and nobody what is of none', async () => {
  for (const { login, addressRange } of users) await send({ to: addressRange, text: `for ${login}` });
  await send({ to: '+31600000001', text: 'for nobody' });
  for (const { login, addressRange } of users) {
    await eventually(`${login} has its message`, () => gotBy(login).length > 0);
    expect(gotBy(login)).toEqual([{ from: handset, to: addressRange.slice(1), text: `for ${login}`, sequence: 1, total: 1 }]);
    expect(await eventually('by webhook', () => posted.find(({ data }) => data.to === addressRange))).toMatchObject({
      type: 'message.received',
      data: { from: fromHandset, to: addressRange, text: `for ${login}`, parts: 1 },
    });
    const shown = await eventually('both ways', async () => {
      const [found] = await pulled(`to=${encodeURIComponent(addressRange)}`);
      return found?.delivered?.length === 2 && found;
    });
    expect(shown).toMatchObject({ from: fromHandset, to: addressRange, text: `for ${login}`, parts: 1 });
    expect(shown.delivered?.map(({ via }) => via).toSorted()).toEqual(['smpp', 'webhook']);
  }
  const [unmatched, ...others] = await eventually('the operator sees it', async () => {
    const found = await pulled('unmatched=true', stack.ready.http.operatorKey);
    return found.length > 0 && found;
  });
  expect(others).toEqual([]);
  expect(unmatched).toMatchObject({
    from: fromHandset,
    to: '+31600000001',
    text: 'for nobody',
    reason: 'Could not find a matching address range',
  });
  expect(await pulled(`to=${encodeURIComponent('+31600000001')}`)).toEqual([]);
  expect(posted.some(({ data }) => data.to === '+31600000001')).toBe(false);
});

describe('a long one', () => {
  const long = (name: string): string => `${name}: ${'this is cut into parts, {here} or [there]; '.repeat(10)}`.slice(0, 400);

  test.each([
    ['8-bit headers', 'udh'],
    ['16-bit headers', 'udh16'],
    ['SAR parameters', 'sar'],
  ] as const)('told by %s, its three parts in the order 3, 1, 2, comes once by each way', async (_, parts) => {
    const text = long(parts);
    await send({ text, parts, order: [3, 1, 2] });
    await eventually('by SMPP', () => textOf(ofText(parts)).length >= text.length);
    const event = await eventually('by webhook', () => posted.find(({ data }) => data.text === text));
    expect(event.data).toMatchObject({ parts: 3 });
    expect(event.data).not.toHaveProperty('missing');
    await eventually('in the history', async () => (await sameText(text)).length > 0);
    // what is sent next comes after it: had it come twice, the second would be here
    await send({ text: `after ${parts}` });
    await eventually('the next', () => gotBy('Test1').some((one) => one.text === `after ${parts}`));
    expect(textOf(ofText(parts))).toBe(text);
    expect(posted.filter(({ data }) => data.text === text)).toHaveLength(1);
    expect(await sameText(text)).toMatchObject([{ id: event.data.id, parts: 3 }]);
  });

  test('of which a part is lost is handed on with a gap, and the part by itself when it comes late', async () => {
    const text = long('gap');
    await send({ text, reference: 77, drop: [2] });
    const gapped = await eventually('with a gap', () => posted.find(({ data }) => data.text?.startsWith('gap: ') === true));
    expect(gapped.data).toMatchObject({ parts: 3, missing: [2] });
    expect(gapped.data.text).toContain('…');
    await send({ text, reference: 77, order: [2] });
    const late = await eventually('the late one', () => posted.find(({ data }) => data.late !== undefined));
    expect(late.data).toMatchObject({ late: 2 });
    expect(text).toContain(late.data.text);
    expect(late.data.id).not.toBe(gapped.data.id);
    expect(
      (
        await eventually('both in the history', async () => {
          const found = (await pulled('limit=2')).map(({ id, missing, late: sequence }) => ({ id, missing, late: sequence }));
          return found.some(({ late: sequence }) => sequence === 2) && found;
        })
      ).toSorted((a, b) => Number(a.late ?? 0) - Number(b.late ?? 0)),
    ).toEqual([
      { id: gapped.data.id, missing: [2], late: undefined },
      { id: late.data.id, missing: undefined, late: 2 },
    ]);
  });

  /** The parts at Test1 of the last message that begins so. */
  function ofText(name: string): InboundPart[] {
    const got = gotBy('Test1');
    const from = got.findIndex(({ text }) => text.startsWith(`${name}: `));
    return from < 0 ? [] : got.slice(from).filter(({ total }) => total === 3);
  }

  async function sameText(text: string): Promise<Inbound[]> {
    return (await pulled('limit=50')).filter((one) => one.text === text);
  }
});

test('kill -9 of the router and of dlr-forwarder amid messages: each is posted or will be, and is one in the history', async () => {
  const texts = Array.from({ length: 60 }, (_, i) => `through it all ${i}`);
  let killed: Promise<unknown> | undefined;
  for (const [i, text] of texts.entries()) {
    if (i === 20) killed = Promise.all([stack.killAndRestart('router'), stack.killAndRestart('dlr-forwarder')]);
    await send({ text: i % 3 === 0 ? text.padEnd(300, '.') : text });
  }
  await killed;
  const all = texts.map((text, i) => (i % 3 === 0 ? text.padEnd(300, '.') : text));
  const found = await eventually('every one in the history', async () => {
    const shown = (await pulled('limit=100')).filter(({ text }) => text?.startsWith('through it all'));
    return shown.length >= texts.length && shown;
  });
  expect(found.map(({ text }) => text).toSorted()).toEqual(all.toSorted());
  // what the killed process was about to post is another's after 90 s: it is on record until then
  const isPosted = (text: string | undefined): boolean => posted.some(({ data }) => data.text === text);
  await eventually('every one is posted, or will be', async () => {
    const { deliveries } = await ask<{ deliveries: readonly { messageId: string }[] }>(
      'GET',
      '/v1/webhook/deliveries?state=pending&limit=100',
    );
    const pending = new Set(deliveries.map(({ messageId }) => messageId));
    return pending.size < texts.length / 2 && found.every(({ id, text }) => isPosted(text) || pending.has(id));
  });
  for (const { id, text } of found.filter((one) => isPosted(one.text)))
    expect(new Set(posted.filter(({ data }) => data.text === text).map(({ data }) => data.id))).toEqual(new Set([id]));
}, 90_000);
