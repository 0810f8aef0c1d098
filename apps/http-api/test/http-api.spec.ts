import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { newApiKey } from '@heliograph/credential';
import {
  cancelledMarks,
  headOf,
  leaseSubjects,
  sendingBegun,
  type BalanceAnswer,
  type LeaseAnswer,
  type LeaseQuestion,
  type MessageHead,
  type MessageSubmitted,
} from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import {
  credentialDefaults,
  putCredential,
  putPricePlan,
  putRoute,
  putSmppConnector,
  putTenant,
  registryChanged,
  smppConnectorSettings,
  type RegistryDatabase,
} from '@heliograph/registry';
import { eventually, type Heard } from '@heliograph/testbed';
import { endpoints } from '../src/api.ts';
import type { Endpoint } from '../src/http/endpoint.ts';
import { problems } from '../src/http/problem.ts';
import { problemDetails } from '../src/http/schema.ts';
import { hearSubmitted, openApi, type Api } from './api.ts';
import { startApp, type AppProcess } from './app-process.ts';

const keys = { acme: newApiKey(), other: newApiKey(), poor: newApiKey(), disabled: newApiKey(), hasty: newApiKey() };
const to = '+31612345678';
const bodyOctetsMax = 64 * 1024;

let api: Api;
let queue: Queue;
let registry: RegistryDatabase;
let messageLog: AppProcess;
let base: string;
let submitted: Heard<MessageSubmitted>;

beforeAll(async () => {
  api = await openApi({ schemas: ['registry', 'message_log'], withTenant: false });
  ({ database: registry, queue } = api);
  await seed();
  await actAsBilling();
  submitted = await hearSubmitted(queue);
  messageLog = await startApp('message-log', api.servers);
  api.alsoStop(() => messageLog.end());
  await api.start({ instance: 'Test.1', env: { HTTP_BODY_OCTETS_MAX: String(bodyOctetsMax) } });
  base = api.url('');
}, 60_000);

afterAll(() => api?.stop(), 30_000);

async function seed(): Promise<void> {
  await putPricePlan(registry, {
    id: 'plan',
    name: 'Plan',
    refunds: [],
    prices: [
      { prefix: '31', microCreditsPerSegment: 1_500_000n },
      { prefix: '49', microCreditsPerSegment: 1n },
    ],
  });
  await putSmppConnector(registry, {
    id: 'north',
    groupId: 'north',
    enabled: true,
    settings: smppConnectorSettings.parse({ host: '127.0.0.1', port: 1 }),
    secret: '',
  });
  for (const prefix of ['31', '32']) await putRoute(registry, { id: `to-${prefix}`, prefix, connectorId: 'north' });
  for (const [id, { lookupId, digest }] of Object.entries(keys)) {
    await putTenant(registry, {
      id,
      name: id,
      enabled: true,
      pricePlanId: 'plan',
      defaultCountry: id === 'acme' ? 'NL' : '',
      segmentsPerSecond: id === 'hasty' ? 0.5 : 0,
    });
    const credential = {
      ...credentialDefaults,
      id: `${id}-key`,
      tenantId: id,
      kind: 'api_key',
      role: 'tenant-admin',
      login: lookupId,
      verifier: digest,
      window: 10,
      sessions: 1,
    } as const;
    await putCredential(registry, { ...credential, enabled: id !== 'disabled' });
  }
}

/** billing-credits is another app; what it says on the wire is all that counts here. */
async function actAsBilling(): Promise<void> {
  await queue.answer<LeaseQuestion>(leaseSubjects.grant, 'billing', ({ tenant, wantMicroCredits }): LeaseAnswer =>
    tenant === 'poor'
      ? { kind: 'no_credit' }
      : { kind: 'granted', lease: `lease-${tenant}`, microCredits: wantMicroCredits, expiresAtMs: Date.now() + 60_000 },
  );
  await queue.answer(leaseSubjects.giveBack, 'billing', () => ({}));
  await queue.answer(leaseSubjects.balance, 'billing', (): BalanceAnswer => ({
    fundsMicroCredits: '1000000000',
    balanceMicroCredits: '947000000',
    leasedMicroCredits: '50000000',
    chargedMicroCredits: '4000000',
    refundedMicroCredits: '1000000',
    limitMicroCredits: '0',
    overdrawnMicroCredits: '0',
  }));
}

interface Called {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
  readonly body: any;
}

/** Every answer of the API passes here, and must be one that the endpoint declares. */
async function call(
  method: string,
  path: string,
  { body, key = keys.acme.key, headers = {} }: { body?: unknown; key?: string; headers?: Record<string, string> } = {},
): Promise<Called> {
  const ready = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
  const raw = ready ? (body as string) : body === undefined ? null : JSON.stringify(body);
  const sent = {
    ...(key === '' ? {} : { Authorization: `Bearer ${key}` }),
    ...(raw === null ? {} : { 'Content-Type': 'application/json' }),
    ...headers,
  };
  const response = await fetch(base + path, { method, body: raw, headers: sent, redirect: 'manual', duplex: 'half' });
  const text = await response.text();
  const answer: Called = { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  expectDeclared(method, path, answer);
  return answer;
}

function expectDeclared(method: string, path: string, { status, headers, body }: Called): void {
  const type = headers.get('content-type') ?? '';
  if (status >= 400) {
    expect(type).toMatch(/^application\/problem\+json/);
    const { type: reason } = problemDetails.parse(body);
    expect(Object.keys(problems)).toContain(reason.slice('/problems/'.length));
    expect(JSON.stringify(body)).not.toMatch(/\bat .*\.[tj]s|select|prisma|node_modules/i);
  } else if (status !== 204) {
    expect(type).toMatch(/^application\/json/);
    const endpoint = (Object.values(endpoints) as Endpoint[]).find(
      (one) => one.method === method.toLowerCase() && new RegExp(`^${one.path.replace('{id}', '[^/?]+')}(\\?|$)`).test(path),
    );
    expect(status).toBe(endpoint?.answer.status);
    expect(endpoint?.answer.schemas.some((declared) => declared.safeParse(body).success)).toBe(true);
  }
  expect(headers.get('x-request-id')).toBeTruthy();
}

const submit = (body: unknown, options: { key?: string; headers?: Record<string, string> } = {}) =>
  call('POST', '/v1/messages', { body, ...options });

describe('POST /v1/messages', () => {
  it('202: the message is accepted, priced and found at its location at once', async () => {
    const answer = await submit({ to, text: 'Dag €', from: 'Acme', reference: 'order 7', class: 'otp' });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ to, segments: 1, credits: '1.500000', state: 'accepted' });
    const found = await call('GET', answer.headers.get('location') as string);
    expect(found.body).toMatchObject({
      id: answer.body.id,
      to,
      from: 'Acme',
      text: 'Dag €',
      reference: 'order 7',
      class: 'otp',
      credits: '1.500000',
      state: 'accepted',
    });
  });

  it("202: national numbers are read as of the tenant's country", async () => {
    expect((await submit({ to: '0612345678', text: 'x' })).body.to).toBe(to);
  });

  it('202: of several recipients each is accepted or refused by itself', async () => {
    const { status, body } = await submit({ to: [to, 'nonsense', '+491711234567'], text: 'x' });
    expect(status).toBe(202);
    expect(body.messages[0]).toMatchObject({ to, state: 'accepted' });
    expect(body.messages[1]).toMatchObject({ to: 'nonsense', error: { type: '/problems/bad_number', errors: [{ field: '/to/1' }] } });
    expect(body.messages[2]).toMatchObject({ error: { type: '/problems/unroutable' } });
  });

  it('202: a thousand recipients in one body', async () => {
    const { status, body } = await submit({
      to: Array.from({ length: 1_000 }, (_, i) => `+31612${String(345_000 + i)}`),
      text: 'x',
      class: 'bulk',
    });
    expect(status).toBe(202);
    expect(new Set(body.messages.map((one: { id: string }) => one.id)).size).toBe(1_000);
  });

  it('202: UTF-8 of any plane, gzip, and a charset that says so', async () => {
    const octets = gzipSync(JSON.stringify({ to, text: '😀 Ørsted' }));
    const answer = await call('POST', '/v1/messages', {
      body: octets,
      headers: { 'Content-Encoding': 'gzip', 'Content-Type': 'application/json; charset="UTF-8"' },
    });
    expect(answer.status).toBe(202);
    expect((await call('GET', `/v1/messages/${answer.body.id}`)).body.text).toBe('😀 Ørsted');
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['nothing', '', /empty/],
    ['a comma too many', '{"to":"+31612345678",}', /line 1, column 22: .*a name in double quotes/],
    ['an end too soon', '{"to":', /line 1, column 7/],
    ['bare words', '{\n  "to": me\n}', /line 2, column 9/],
    ['octets that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
    ['garbage', Buffer.from([0, 1, 2, 3]), /line 1, column 1/],
    ['a depth of thirty thousand', '['.repeat(30_000), /line 1, column 30001/],
  ])('400: a body with %s', async (_, body, detail) => {
    const answer = await submit(body);
    expect([answer.status, answer.body.type]).toEqual([400, '/problems/malformed_json']);
    expect(answer.body.detail).toMatch(detail);
  });

  it('400: a body that says it is gzip and is not', async () => {
    expect((await submit('{"to":1}', { headers: { 'Content-Encoding': 'gzip' } })).body.type).toBe('/problems/bad_request');
  });

  it('402: no credit', async () => {
    expect(await submit({ to, text: 'x' }, { key: keys.poor.key })).toMatchObject({ status: 402, body: { type: '/problems/no_credit' } });
  });

  it('413: a body that is too large, also when it says nothing of its length or is large only unpacked', async () => {
    const large = JSON.stringify({ to, text: 'x'.repeat(bodyOctetsMax) });
    const pieces = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from(large));
        controller.close();
      },
    });
    const answers = [
      await submit(large),
      await call('POST', '/v1/messages', { body: pieces, headers: { 'Content-Type': 'application/json' } }),
      await call('POST', '/v1/messages', { body: gzipSync(large), headers: { 'Content-Encoding': 'gzip' } }),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 413, body: { type: '/problems/too_large' } });
  });

  it('429: too many segments a second, and when the same may pass', async () => {
    const key = keys.hasty.key;
    expect((await submit({ to, text: 'x'.repeat(161) }, { key })).status).toBe(202);
    const answer = await submit({ to, text: 'x' }, { key });
    expect(answer).toMatchObject({ status: 429, body: { type: '/problems/throttled' } });
    // one of its two segments is owed, and one more is wanted: at half a segment a second, somewhat less than four seconds
    expect(answer.headers.get('retry-after')).toBe('4');
    const many = await submit({ to: [to, to], text: 'x' }, { key });
    expect([many.status, many.headers.get('retry-after')]).toEqual([429, '4']);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=iso-8859-1', 'application/jsonp', ''])(
    '415: content type %j',
    async (type) => {
      const answer = await submit(JSON.stringify({ to, text: 'x' }), { headers: { 'Content-Type': type } });
      expect(answer).toMatchObject({ status: 415, body: { type: '/problems/unsupported_media_type' } });
      expect(answer.headers.get('accept')).toBe('application/json');
    },
  );

  it('415: a content encoding that nobody knows', async () => {
    expect((await submit({ to, text: 'x' }, { headers: { 'Content-Encoding': 'rot13' } })).status).toBe(415);
  });

  it.each<[string, unknown, string, string[]]>([
    ['no object', 'null', 'invalid', ['']],
    ['no fields', {}, 'invalid', ['/to', '/text']],
    ['a number for a text', { to, text: 5 }, 'invalid', ['/text']],
    ['a field we do not know', { to, text: 'x', colour: 'red' }, 'invalid', ['/colour']],
    ['keys that would change a prototype', { to, text: 'x', constructor: { prototype: { flash: true } } }, 'invalid', ['/constructor']],
    ['a __proto__', `{"to":"${to}","text":"x","__proto__":{"flash":true}}`, 'invalid', ['/__proto__']],
    ['a number that is none', { to: 'nonsense', text: 'x' }, 'bad_number', ['/to']],
    ['a number no route leads to', { to: '+491711234567', text: 'x' }, 'unroutable', ['/to']],
    ['a number with a route and no price', { to: '+32470123456', text: 'x' }, 'no_price', ['/to']],
    ['a sender of too many letters', { to, text: 'x', from: 'Abcdefghijklm' }, 'bad_sender', ['/from']],
    ['no text', { to, text: '' }, 'empty_text', ['/text']],
    ['more than 255 segments', { to, text: 'x'.repeat(40_000) }, 'text_too_long', ['/text']],
    ['half of a surrogate pair', `{"to":"${to}","text":"\\ud83d"}`, 'bad_encoding', ['/text']],
    ['a webhook at home', { to, text: 'x', webhook: 'https://127.0.0.1/hook' }, 'bad_webhook', ['/webhook']],
    ['nobody acceptable', { to: ['nonsense', 'more'], text: 'x' }, 'bad_number', ['/to/0', '/to/1']],
  ])('422: %s', async (_, body, reason, fields) => {
    const answer = await submit(body);
    expect([answer.status, answer.body.type]).toEqual([422, `/problems/${reason}`]);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual(fields);
  });
});

describe('an API key', () => {
  it('opens in X-API-Key as well, and with the scheme in any case', async () => {
    expect((await call('GET', '/v1/balance', { key: '', headers: { 'X-API-Key': keys.acme.key } })).status).toBe(200);
    expect((await call('GET', '/v1/balance', { key: '', headers: { Authorization: `bEARER ${keys.acme.key}` } })).status).toBe(200);
  });

  it.each<[string, Record<string, string>, string]>([
    ['is missing', {}, 'Bearer realm="heliograph"'],
    ['is unknown', { 'X-API-Key': newApiKey().key }, 'Bearer realm="heliograph", error="invalid_token"'],
    ['is garbage', { 'X-API-Key': '\x80\xff' }, 'Bearer realm="heliograph", error="invalid_token"'],
    ['is disabled', { 'X-API-Key': keys.disabled.key }, 'Bearer realm="heliograph", error="invalid_token"'],
    ['has another scheme', { Authorization: `Basic ${keys.acme.key}` }, 'Bearer realm="heliograph", error="invalid_token"'],
    ['has no scheme', { Authorization: keys.acme.key }, 'Bearer realm="heliograph", error="invalid_token"'],
  ])('401 when it %s, before the body is looked at', async (_, headers, challenge) => {
    const answer = await submit('not json', { key: '', headers });
    expect(answer).toMatchObject({ status: 401, body: { type: '/problems/not_authenticated' } });
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
  });

  it('is refused from the moment it is disabled', async () => {
    const { key, lookupId, digest } = newApiKey();
    const credential = {
      ...credentialDefaults,
      id: 'brief',
      tenantId: 'acme',
      kind: 'api_key',
      role: 'tenant-admin',
      login: lookupId,
      verifier: digest,
      window: 1,
      sessions: 1,
    } as const;
    await putCredential(registry, { ...credential, enabled: true });
    await untilStatus(key, 200);
    await putCredential(registry, { ...credential, enabled: false });
    await untilStatus(key, 401);
  });

  async function untilStatus(key: string, status: number): Promise<void> {
    queue.broadcast(registryChanged, {});
    await eventually(`a ${status}`, async () => (await call('GET', '/v1/balance', { key })).status === status);
  }
});

describe('GET /v1/messages/{id}', () => {
  it("404: nobody's, another tenant's, and what is no id", async () => {
    const { body } = await submit({ to, text: 'x' });
    for (const [id, key] of [
      ['0'.repeat(32), keys.acme.key],
      [body.id, keys.other.key],
      ['x', keys.acme.key],
      ["'%20OR%201=1--", keys.acme.key],
    ]) {
      for (const path of [`/v1/messages/${id}`, `/v1/messages/${id}/trace`]) {
        expect(await call('GET', path, { key })).toMatchObject({ status: 404, body: { type: '/problems/not_found' } });
      }
    }
  });

  it('400: an address that cannot be decoded', async () => {
    expect(await call('GET', '/v1/messages/%ff')).toMatchObject({ status: 400, body: { type: '/problems/bad_request' } });
  });
});

describe('DELETE /v1/messages/{id}', () => {
  const cancelledBy = (by: string) => ({ type: 'message.failed', by, state: 'cancelled', reason: 'cancelled' }) as const;

  /** As its connector does when the mark is there. */
  async function onMark(id: string, act: (head: MessageHead) => void | Promise<void>): Promise<void> {
    const [event] = await submitted.until(({ message }) => message.id === id);
    if (!event) throw new Error('not there');
    (await queue.marks(cancelledMarks)).onPut((key) => {
      if (key === id) void act(headOf(event.message));
    });
  }

  it('200: it waited, and is cancelled now', async () => {
    const { body } = await submit({ to, text: 'x' });
    await onMark(body.id, (message) => queue.publish({ ...cancelledBy('north'), at: Date.now(), message }));
    const answer = await call('DELETE', `/v1/messages/${body.id}`);
    expect(answer).toMatchObject({ status: 200, body: { id: body.id, state: 'cancelled', reason: 'cancelled' } });
    expect((await call('GET', `/v1/messages/${body.id}`)).body).toMatchObject({ state: 'cancelled' });
    // it has ended
    const again = await call('DELETE', `/v1/messages/${body.id}`);
    expect(again).toMatchObject({ status: 409, body: { type: '/problems/not_cancellable', detail: 'the message is cancelled' } });
  });

  it('200: nobody has read it yet, and whoever does has the mark', async () => {
    const { body } = await submit({ to, text: 'x' });
    expect(await call('DELETE', `/v1/messages/${body.id}`)).toMatchObject({ status: 200, body: { id: body.id, state: 'accepted' } });
    expect((await queue.marks(cancelledMarks)).has(body.id)).toBe(true);
  });

  it('409: its connector has begun to send it', async () => {
    const { body } = await submit({ to, text: 'x' });
    await onMark(body.id, ({ id }) => queue.broadcast(sendingBegun, { id }));
    expect(await call('DELETE', `/v1/messages/${body.id}`)).toMatchObject({
      status: 409,
      body: { type: '/problems/not_cancellable', detail: 'the message is being sent' },
    });
  });

  it("404: nobody's, another tenant's, and what is no id", async () => {
    const { body } = await submit({ to, text: 'x' });
    for (const [id, key] of [
      ['0'.repeat(32), keys.acme.key],
      [body.id, keys.other.key],
      ['x', keys.acme.key],
    ]) {
      expect(await call('DELETE', `/v1/messages/${id}`, { key })).toMatchObject({ status: 404, body: { type: '/problems/not_found' } });
    }
    expect((await queue.marks(cancelledMarks)).has(body.id)).toBe(false);
  });
});

describe('GET /v1/messages/{id}/trace', () => {
  it('200: every hop so far, with its time', async () => {
    const { body } = await submit({ to, text: 'x' });
    const trace = await call('GET', `/v1/messages/${body.id}/trace`);
    expect(trace.body).toMatchObject({
      id: body.id,
      state: 'accepted',
      hops: [{ stage: 'accept', event: 'message.submitted', by: 'http-api', detail: { segments: 1, microCredits: '1500000' } }],
    });
    expect(Math.abs(Date.parse(trace.body.hops[0].at) - Date.now())).toBeLessThan(10_000);
  });
});

describe('GET /v1/messages', () => {
  it('200: newest first, page after page, one tenant only', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift((await submit({ to, text: `${i}` }, { key: keys.other.key })).body.id);
    for (const id of ids) await call('GET', `/v1/messages/${id}`, { key: keys.other.key });
    const first = await call('GET', '/v1/messages?limit=2', { key: keys.other.key });
    expect(first.body.messages.map((one: { id: string }) => one.id)).toEqual(ids.slice(0, 2));
    const second = await call('GET', `/v1/messages?limit=2&before=${first.body.next}`, { key: keys.other.key });
    expect([second.body.messages.map((one: { id: string }) => one.id), second.body.next]).toEqual([ids.slice(2), null]);
  });

  it.each([
    ['limit=0', '?limit'],
    ['limit=1&limit=2', '?limit'],
    ['before=x', '?before'],
    ['page=2', '?page'],
    ['__proto__=x&__proto__[limit]=5', '?__proto__[limit]'],
  ])('422: %s', async (query, field) => {
    const answer = await call('GET', `/v1/messages?${query}`);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
  });
});

describe('GET /v1/balance', () => {
  it('200: what can be spent, and how it comes about', async () => {
    expect((await call('GET', '/v1/balance')).body).toEqual({
      credits: '997.000000',
      balance: '947.000000',
      leased: '50.000000',
      charged: '4.000000',
      refunded: '1.000000',
      funds: '1000.000000',
      limit: '0.000000',
      overdrawn: '0.000000',
    });
  });
});

describe('any request', () => {
  it('404: nothing at that address, with a key or without', async () => {
    for (const path of [
      '/v1',
      '/v1/nothing',
      '/v2/messages',
      '/favicon.ico',
      '/v1/messages/a/b/c',
      '/problems/nothing',
      '/problems/__proto__',
    ]) {
      expect((await call('GET', path, { key: '' })).status).toBe(404);
    }
  });

  it.each([
    ['DELETE', '/v1/messages', 'POST, GET, HEAD, OPTIONS'],
    ['PUT', '/v1/balance', 'GET, HEAD, OPTIONS'],
    ['POST', '/v1/messages/x/trace', 'GET, HEAD, OPTIONS'],
  ])('405: %s %s', async (method, path, allow) => {
    const answer = await call(method, path);
    expect(answer).toMatchObject({ status: 405, body: { type: '/problems/method_not_allowed' } });
    expect(answer.headers.get('allow')).toBe(allow);
    expect((await call('OPTIONS', path)).headers.get('allow')).toBe(allow);
  });

  it('carries its id back, or gets one', async () => {
    expect((await call('GET', '/v1/balance', { headers: { 'X-Request-Id': 'abc-123' } })).headers.get('x-request-id')).toBe('abc-123');
    expect((await call('GET', '/v1/balance', { headers: { 'X-Request-Id': 'a b' } })).headers.get('x-request-id')).toMatch(
      /^[0-9a-f-]{36}$/,
    );
  });

  it.each([
    ['octets that are not HTTP', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), 400],
    ['a line that is none', 'HELO me\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\n${'X-Much: y\r\n'.repeat(3_000)}\r\n`, 431],
    ['two lengths', 'POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello', 400],
  ])('%s: refused, and the next one is served', async (_, octets, status) => {
    const { port } = new URL(base);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(octets);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(problemDetails.parse(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))))).toMatchObject({ status });
    expect((await call('GET', '/v1/balance')).status).toBe(200);
  });
});

describe('the pages', () => {
  it('lead from / to a page that is complete by itself, and to the document', async () => {
    const root = await fetch(base);
    expect([root.status, new URL(root.url).pathname]).toEqual([200, '/docs']);
    expect(root.headers.get('content-security-policy')).toMatch(/^default-src 'none';style-src 'sha256-[^']+'/);
    expect(root.headers.get('x-powered-by')).toBeNull();
    expect(await root.text()).toContain('/v1/messages/{id}/trace');
    const document = await fetch(`${base}/openapi.json`);
    expect(document.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await document.json()).toMatchObject({ openapi: '3.1.1', paths: { '/v1/messages': {} } });
  });

  it('explain the type of every problem', async () => {
    for (const reason of Object.keys(problems)) {
      const response = await fetch(`${base}/problems/${reason}`, { redirect: 'manual' });
      expect([response.status, response.headers.get('location')]).toEqual([302, `/docs#${reason}`]);
    }
  });
});

// Last, as it takes away what the others need.
describe('when message-log is away', () => {
  it('503 with Retry-After for what it knows; a message is accepted all the same, and found later', async () => {
    await messageLog.end();
    const { status, body } = await submit({ to, text: 'x' });
    expect(status).toBe(202);
    expect(await call('DELETE', `/v1/messages/${body.id}`)).toMatchObject({ status: 503, body: { type: '/problems/unavailable' } });
    const answer = await call('GET', `/v1/messages/${body.id}`);
    expect(answer).toMatchObject({ status: 503, body: { type: '/problems/unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('2');
    messageLog = await startApp('message-log', api.servers);
    expect((await call('GET', `/v1/messages/${body.id}`)).status).toBe(200);
  }, 20_000);
});
