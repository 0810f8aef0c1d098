import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createVault, newApiKey } from '@heliograph/credential';
import { putTenant, registryChanged } from '@heliograph/registry';
import { eventually, testTenant } from '@heliograph/testbed';
import { problemDetails } from '../src/http/schema.ts';
import { webhook } from '../src/webhook/schema.ts';
import { masterKey, openApi, putKey, type Api } from './api.ts';

const vault = createVault(Buffer.from(masterKey, 'hex'));
const other = newApiKey();
const url = 'https://sms.example.com/reports';
const none = { url: '', enabled: false, secrets: [], oldSecrets: [], endpoint: null };

let api: Api;
let told = 0;

beforeAll(async () => {
  api = await openApi({ schemas: ['registry'] });
  await putTenant(api.database, { id: 'other', name: 'Other', pricePlanId: 'standard' });
  await putKey(api.database, other, { id: 'other-api', tenantId: 'other', role: 'tenant-admin' });
  api.queue.listen(registryChanged, () => told++);
  for (const instance of ['one', 'two']) await api.start({ instance });
}, 60_000);

afterAll(() => api?.stop(), 30_000);

async function call(method: string, { body, key = testTenant.apiKey, service = 0, type = 'application/json' }: Call = {}) {
  const headers = body === undefined ? {} : { 'Content-Type': type };
  const response = await api.ask(method, '/v1/webhook', body, { key, service, headers });
  const answer = (await response.json()) as { url: string; enabled: boolean; secrets: string[] };
  const declared = response.ok ? webhook.safeParse(answer) : problemDetails.safeParse(answer);
  expect(declared).toMatchObject({ success: true });
  if (response.ok) expect(response.headers.get('cache-control')).toBe('no-store');
  return { status: response.status, body: answer };
}

interface Call {
  readonly body?: unknown;
  readonly key?: string;
  readonly service?: number;
  readonly type?: string;
}

describe('GET and PUT /v1/webhook', () => {
  it('200: none at first', async () => {
    expect(await call('GET')).toEqual({ status: 200, body: none });
  });

  it('200: set by several at once, it gets one secret, sealed in the registry; whoever set it finds it', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => call('PUT', { body: { url }, service: i % 2 })));
    const [first] = answers;
    expect(first).toMatchObject({ status: 200, body: { url, enabled: true, secrets: [expect.stringMatching(/^whsec_/)] } });
    for (const answer of answers) expect(answer).toEqual(first);
    for (const service of [0, 1]) expect(await call('GET', { service })).toEqual(first);
    const { secrets } = await api.database.webhook.findUniqueOrThrow({ where: { tenantId: testTenant.id } });
    expect(secrets.map((sealed) => vault.open(sealed, `webhook:${testTenant.id}`))).toEqual(first?.body.secrets);
  });

  it('200: set again it keeps its secret, is sealed anew, and every service is told', async () => {
    const before = await api.database.webhook.findUniqueOrThrow({ where: { tenantId: testTenant.id } });
    const { body: shown } = await call('GET');
    const toldBefore = told;
    expect(await call('PUT', { body: { url, enabled: false } })).toEqual({ status: 200, body: { ...shown, enabled: false } });
    expect(await call('PUT', { body: { url: '' } })).toEqual({ status: 200, body: { ...shown, url: '' } });
    const after = await api.database.webhook.findUniqueOrThrow({ where: { tenantId: testTenant.id } });
    expect(after.secrets).toHaveLength(1);
    expect(after.secrets).not.toEqual(before.secrets);
    await eventually('both changes are told', () => told === toldBefore + 2);
  });

  it('200: another tenant sees nothing of it, and changes only its own', async () => {
    const ours = await call('GET');
    expect((await call('GET', { key: other.key })).body).toEqual(none);
    const { body: theirs } = await call('PUT', { key: other.key, body: { url: 'https://other.example.com/' } });
    expect(theirs.secrets).not.toEqual(ours.body.secrets);
    expect(await call('GET')).toEqual(ours);
  });

  it.each<[string, unknown, string, string]>([
    ['http', { url: 'http://sms.example.com/' }, 'bad_webhook', '/url'],
    ['a private address', { url: 'https://10.0.0.1/' }, 'bad_webhook', '/url'],
    ['no URL', { url: 'nonsense' }, 'bad_webhook', '/url'],
    ['a NUL', { url: 'https://sms.example.com/\0' }, 'bad_webhook', '/url'],
    ['a URL that is too long', { url: `${url}/${'x'.repeat(2_048)}` }, 'invalid', '/url'],
    ['nothing', {}, 'invalid', '/url'],
    ['a secret of its own choice', { url, secrets: ['whsec_x'] }, 'invalid', '/secrets'],
    ['another tenant', { url, tenantId: 'other' }, 'invalid', '/tenantId'],
    ['a word for enabled', { url, enabled: 'yes' }, 'invalid', '/enabled'],
  ])('422: %s, and nothing changes', async (_, body, reason, field) => {
    const before = await call('GET');
    const answer = await call('PUT', { body });
    expect(answer).toMatchObject({ status: 422, body: { type: `/problems/${reason}`, errors: [{ field }] } });
    expect(await call('GET')).toEqual(before);
  });

  it.each<[number, string, Call]>([
    [400, 'PUT', { body: '{' }],
    [401, 'GET', { key: '' }],
    [401, 'PUT', { key: '', body: { url } }],
    [405, 'DELETE', {}],
    [415, 'PUT', { body: 'url=x', type: 'application/x-www-form-urlencoded' }],
  ])('%i: %s with %j', async (status, method, asked) => {
    expect((await call(method, asked)).status).toBe(status);
  });

  // It is the last to change this tenant's webhook.
  it('500: a secret of another master key is not shown, not overwritten, and said in the log', async () => {
    const foreign = createVault(Buffer.alloc(32, 9)).seal('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', `webhook:${testTenant.id}`);
    await api.database.webhook.update({ where: { tenantId: testTenant.id }, data: { secrets: [foreign] } });
    expect((await call('PUT', { body: { url } })).status).toBe(500);
    expect((await api.database.webhook.findUniqueOrThrow({ where: { tenantId: testTenant.id } })).secrets).toEqual([foreign]);
    expect(api.lines.join('')).toContain('cannot be read');
  });
});

it('no secret is in the log', () => {
  expect(api.lines.length).toBeGreaterThan(10);
  expect(api.lines.join('')).not.toMatch(/whsec_/);
});

// Last, as it takes away the api.database.
it('503 when the database is away: a change is refused, what is set is still known', async () => {
  const before = await call('GET', { key: other.key });
  await api.database.$executeRaw`ALTER TABLE "registry"."webhook" RENAME TO "webhook_away"`;
  const answer = await call('PUT', { key: other.key, body: { url } });
  expect(answer).toMatchObject({ status: 503, body: { type: '/problems/unavailable' } });
  expect(await call('GET', { key: other.key })).toEqual(before);
});
