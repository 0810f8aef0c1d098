import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newApiKey, verifyWebhook } from '@heliograph/credential';
import { headOf, newId, type MessageReported } from '@heliograph/message';
import { putTenant, readAudit } from '@heliograph/registry';
import { createHeard, eventually, testMessage, testTenant } from '@heliograph/testbed';
import type { z } from 'zod';
import type { Endpoint } from '../src/http/endpoint.ts';
import { problemDetails } from '../src/http/schema.ts';
import { openApi, putKey, type Api } from './api.ts';
import { startApp, type AppProcess } from './app-process.ts';
import { webhookEndpoints } from '../src/webhook/endpoints.ts';
import type { addressList, deliveryList, webhook, webhookTestResult } from '../src/webhook/schema.ts';

const other = newApiKey();
/** May look at its messages, and at no webhook. */
const user = newApiKey();

let api: Api;
/** dlr-forwarder is another app, so a process of its own. */
let forwarder: AppProcess;
let receiver: Server;
let receiverUrl: string;
/** What the receiver answers by path; a path that is not here answers 200. */
const answers = new Map<string, number>();
/** What it waits for before it answers. */
const held = new Map<string, Promise<void>>();
const received = createHeard<{ path: string; headers: IncomingHttpHeaders; body: string }>();

beforeAll(async () => {
  api = await openApi({ schemas: ['registry', 'dlr', 'http_api'] });
  await putTenant(api.database, { id: 'other', name: 'Other', pricePlanId: 'standard' });
  await putKey(api.database, other, { id: 'other-api', tenantId: 'other', role: 'tenant-admin' });
  await putKey(api.database, user, { id: 'acme-user', tenantId: testTenant.id });
  [receiver, receiverUrl] = await startReceiver();
  forwarder = await startApp('dlr-forwarder', api.servers);
  api.alsoStop(() => forwarder.end());
  await api.start({ env: { ALLOW_PRIVATE_WEBHOOKS: 'true', WEBHOOK_EGRESS_IPS: '192.0.2.0/28, 2001:db8::1' } });
}, 60_000);

afterAll(async () => {
  await api?.stop();
  receiver?.closeAllConnections();
  receiver?.close();
}, 30_000);

async function startReceiver(): Promise<[Server, string]> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      void Promise.resolve(held.get(path)).then(() => response.writeHead(answers.get(path) ?? 200).end('thanks'));
      received.hear({ path, headers: request.headers, body: Buffer.concat(chunks).toString() });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

type Name = keyof typeof webhookEndpoints;

interface Asked {
  readonly body?: unknown;
  readonly key?: string;
  readonly id?: string;
  readonly query?: string;
}

/** Every answer fits what its endpoint declares. */
async function call<Body>(name: Name, { body, key = testTenant.apiKey, id = '', query = '' }: Asked = {}) {
  const { method, path, answer }: Endpoint = webhookEndpoints[name];
  const response = await api.ask(method.toUpperCase(), path.replace('{id}', id) + query, body, { key });
  const given = (await response.json()) as Body;
  const declared = response.ok ? answer.schemas[0] : problemDetails;
  expect(declared?.safeParse(given)).toMatchObject({ success: true });
  return { status: response.status, body: given };
}

type Shown = z.infer<typeof webhook>;
type Page = z.infer<typeof deliveryList>;

async function report(path: string): Promise<MessageReported> {
  const message = headOf(testMessage({ tenant: testTenant.id, webhook: receiverUrl + path }));
  const event: MessageReported = { type: 'message.reported', at: Date.now(), message, state: 'delivered' };
  await api.queue.publish(event);
  return event;
}

async function deliveryOf({ message }: MessageReported, state: string): Promise<Page['deliveries'][number]> {
  return eventually(`the delivery is ${state}`, async () => {
    const { body } = await call<Page>('webhookDeliveries', { query: '?limit=100' });
    return body.deliveries.find(({ messageId, state: its }) => messageId === message.id && its === state);
  });
}

it('409: nothing to rotate and nothing to test before a webhook is set', async () => {
  expect(await call('rotateWebhookSecret', { body: {} })).toMatchObject({ status: 409, body: { type: '/problems/webhook_closed' } });
  expect(await call('testWebhook', { body: {} })).toMatchObject({ status: 409, body: { type: '/problems/webhook_closed' } });
});

describe('POST /v1/webhook/secret:rotate', () => {
  it('200: the new secret signs first, the old one too until its grace ends', async () => {
    const { body: set } = await call<Shown>('putWebhook', { body: { url: `${receiverUrl}/own` } });
    expect(set).toMatchObject({ oldSecrets: [], endpoint: { circuit: 'closed', gone: false } });
    const beforeMs = Date.now();
    const { status, body: rotated } = await call<Shown>('rotateWebhookSecret', { body: {} });
    expect([status, rotated.secrets.length, rotated.secrets[1], rotated.url]).toEqual([200, 2, set.secrets[0], set.url]);
    expect(rotated.oldSecrets).toMatchObject([{ secret: set.secrets[0] }]);
    const untilMs = Date.parse(rotated.oldSecrets[0]?.until ?? '') - beforeMs - 86_400_000;
    expect(untilMs).toBeGreaterThanOrEqual(0);
    expect(untilMs).toBeLessThan(60_000);
    expect((await call<Shown>('webhook')).body).toMatchObject({ secrets: rotated.secrets, oldSecrets: rotated.oldSecrets });
    await eventually('both sign', async () => {
      const posted = await postedTest();
      return rotated.secrets.every((secret) => isSigned(posted, secret));
    });
    const { body: ended } = await call<Shown>('rotateWebhookSecret', { body: { graceSeconds: 0 } });
    expect([ended.secrets.length, ended.oldSecrets, rotated.secrets.includes(ended.secrets[0] ?? '')]).toEqual([1, [], false]);
    await eventually('only the newest signs', async () => {
      const posted = await postedTest();
      return isSigned(posted, ended.secrets[0] ?? '') && String(posted.headers['webhook-signature']).split(' ').length === 1;
    });
    const [last] = await readAudit(api.database, { tenantId: testTenant.id, limit: 1 });
    expect(last).toMatchObject({ action: 'webhook.secret_rotated', actor: testTenant.apiCredential });
    expect(
      JSON.stringify(await api.database.audit.findMany(), (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toMatch(/whsec_/);
  }, 30_000);

  it.each([
    ['a negative grace', { graceSeconds: -1 }],
    ['a grace of more than a week', { graceSeconds: 604_801 }],
    ['a secret of its own choice', { secret: 'whsec_x' }],
  ])('422: %s', async (_, body) => {
    expect((await call('rotateWebhookSecret', { body })).status).toBe(422);
  });

  async function postedTest() {
    const count = received.all.length;
    await call('testWebhook', { body: {} });
    const posted = received.all[count];
    if (!posted) throw new Error('the test was not posted');
    return posted;
  }
});

function isSigned({ headers, body }: (typeof received.all)[number], secret: string): boolean {
  const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) => String(headers[`webhook-${name}`])) as [
    string,
    string,
    string,
  ];
  return verifyWebhook({ secrets: [secret], id, timestamp, signature, body }, Date.now() / 1000);
}

describe('POST /v1/webhook:test', () => {
  it('200: says what the endpoint answered, and posts a signed webhook.test', async () => {
    const { status, body } = await call<z.infer<typeof webhookTestResult>>('testWebhook', { body: { url: `${receiverUrl}/test` } });
    expect([status, body]).toEqual([200, { delivered: true, status: 200, error: null, latencyMs: expect.any(Number) }]);
    const [posted] = await received.until(({ path }) => path === '/test');
    expect(JSON.parse(posted?.body ?? '')).toMatchObject({ type: 'webhook.test', data: {} });
    const { secrets } = (await call<Shown>('webhook')).body;
    expect(posted && isSigned(posted, secrets[0] ?? '')).toBe(true);
  });

  it.each([
    ['an error of the endpoint', '/broken', { delivered: false, status: 500, error: null }],
    ['a redirect, which is not followed', '/moved', { delivered: false, status: 302, error: null }],
  ])('200: %s', async (_, path, result) => {
    answers.set(path, Number(result.status));
    expect((await call('testWebhook', { body: { url: receiverUrl + path } })).body).toMatchObject(result);
  });

  it('200: nobody listens there', async () => {
    expect((await call('testWebhook', { body: { url: 'http://127.0.0.1:1/' } })).body).toMatchObject({
      delivered: false,
      status: null,
      error: 'ECONNREFUSED',
    });
  });

  it('429: two others are under way', async () => {
    const release = Promise.withResolvers<void>();
    held.set('/held', release.promise);
    const body = { url: `${receiverUrl}/held` };
    const tests = [call('testWebhook', { body }), call('testWebhook', { body })];
    await received.until(({ path }) => path === '/held', 2);
    expect(await call('testWebhook', { body })).toMatchObject({ status: 429, body: { type: '/problems/throttled' } });
    release.resolve();
    for (const { status } of await Promise.all(tests)) expect(status).toBe(200);
  });

  it('422: no web address', async () => {
    expect(await call('testWebhook', { body: { url: 'ftp://example.com/' } })).toMatchObject({
      status: 422,
      body: { errors: [{ field: '/url' }] },
    });
  });
});

describe('GET /v1/webhook/deliveries', () => {
  it('200: shows each delivery with its attempts, by state and by page, to its tenant alone', async () => {
    answers.set('/flaky', 503);
    const well = await report('/well');
    const body = createHash('sha256').update('thanks').digest('hex');
    expect(await deliveryOf(well, 'delivered')).toMatchObject({
      type: 'message.delivered',
      url: `${receiverUrl}/well`,
      attempts: [{ attempt: 1, status: 200, latencyMs: expect.any(Number), bodySha256: body }],
    });
    // after the first is there: within a millisecond ids have no order
    const flaky = await report('/flaky');
    const pending = await eventually('its first try is recorded', async () => {
      const found = await deliveryOf(flaky, 'pending');
      return found.attempts.length === 1 && found;
    });
    expect(pending).toMatchObject({ attempts: [{ attempt: 1, status: 503 }], nextAt: expect.any(String) });
    const only = await call<Page>('webhookDeliveries', { query: '?state=delivered' });
    expect(only.body.deliveries.every(({ state }) => state === 'delivered')).toBe(true);
    const first = await call<Page>('webhookDeliveries', { query: '?limit=1' });
    const second = await call<Page>('webhookDeliveries', { query: `?limit=1&before=${first.body.next}` });
    expect([first, second].map((page) => page.body.deliveries[0]?.messageId)).toEqual([flaky.message.id, well.message.id]);
    expect(second.body.next).toBeNull();
    expect((await call<Page>('webhookDeliveries', { key: other.key })).body).toEqual({ deliveries: [], next: null });
    answers.delete('/flaky');
  }, 30_000);

  it.each(['?state=lost', '?limit=0', '?limit=101', '?before=x', '?after=1'])('422: %s', async (query) => {
    expect((await call('webhookDeliveries', { query })).status).toBe(422);
  });
});

describe('POST /v1/webhook/deliveries/{id}:replay', () => {
  it('202: posts it again at once, with the same id, and records it', async () => {
    const event = await report('/replayed');
    const { id } = await deliveryOf(event, 'delivered');
    expect(await call('replayWebhookDelivery', { id })).toEqual({ status: 202, body: { id, state: 'pending' } });
    const posts = await received.until(({ path }) => path === '/replayed', 2);
    expect(posts.map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
    expect(posts[0]?.body).toBe(posts[1]?.body);
    await eventually('both attempts are recorded', async () => {
      const { attempts } = await deliveryOf(event, 'delivered');
      return attempts.length === 2 && attempts[1]?.attempt === 2;
    });
  }, 30_000);

  it("404: another tenant's, an id of nothing, and what is no id", async () => {
    const { id } = await deliveryOf(await report('/theirs'), 'delivered');
    for (const asked of [{ id, key: other.key }, { id: newId() }, { id: 'nonsense' }])
      expect(await call('replayWebhookDelivery', asked)).toMatchObject({ status: 404, body: { type: '/problems/not_found' } });
  });

  it('409: its endpoint answered 410, until the webhook is set again', async () => {
    answers.set('/gone', 410);
    const { id } = await deliveryOf(await report('/gone'), 'failed');
    expect((await call('replayWebhookDelivery', { id })).status).toBe(409);
    answers.delete('/gone');
    await call('putWebhook', { body: { url: `${receiverUrl}/own` } });
    await eventually('it may be posted again', async () => (await call('replayWebhookDelivery', { id })).status === 202);
    await received.until(({ path, headers }) => path === '/gone' && headers['webhook-id'] === id, 2);
  }, 30_000);
});

it('GET /v1/webhook shows the circuit of an endpoint that fails; a test that gets through closes it', async () => {
  answers.set('/own', 500);
  for (let i = 0; i < 6; i++) await report('/own');
  const open = await eventually('open', async () => {
    const { endpoint } = (await call<Shown>('webhook')).body;
    return endpoint?.circuit === 'open' && endpoint;
  });
  expect(open).toMatchObject({ lastError: 'HTTP 500', gone: false, since: expect.any(String) });
  answers.delete('/own');
  await call('testWebhook', { body: {} });
  expect((await call<Shown>('webhook')).body.endpoint).toMatchObject({ circuit: 'closed' });
}, 30_000);

it('GET /v1/webhook/addresses shows what the operator has said', async () => {
  const { body } = await call<z.infer<typeof addressList>>('webhookAddresses');
  expect(body).toEqual({ addresses: ['192.0.2.0/28', '2001:db8::1'], note: 'Webhooks come from these addresses.' });
});

it.each<[number, Name, Asked]>([
  [400, 'rotateWebhookSecret', { body: '{' }],
  [401, 'webhookDeliveries', { key: '' }],
  [401, 'replayWebhookDelivery', { key: '', id: 'x' }],
  [403, 'webhookDeliveries', { key: user.key }],
  [403, 'rotateWebhookSecret', { key: user.key, body: {} }],
  [403, 'testWebhook', { key: user.key, body: {} }],
  [403, 'replayWebhookDelivery', { key: user.key, id: 'x' }],
  [403, 'webhookAddresses', { key: user.key }],
])('%i: %s', async (status, name, asked) => {
  expect((await call(name, asked)).status).toBe(status);
});

// Last, as it takes dlr-forwarder away.
it('a report that was owed when dlr-forwarder was killed is posted by the next; meanwhile 503, and the webhook is shown all the same', async () => {
  await forwarder.end('SIGKILL');
  const event = await report('/after');
  expect(await call('webhookDeliveries')).toMatchObject({ status: 503 });
  expect(await call('replayWebhookDelivery', { id: newId() })).toMatchObject({ status: 503 });
  expect(await call('testWebhook', { body: {} })).toMatchObject({ status: 503 });
  expect(await call<Shown>('webhook')).toMatchObject({ status: 200, body: { endpoint: null } });
  forwarder = await startApp('dlr-forwarder', api.servers);
  await received.until(({ path }) => path === '/after');
  expect((await deliveryOf(event, 'delivered')).attempts).toHaveLength(1);
}, 60_000);
