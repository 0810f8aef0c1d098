import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createVault, newApiKey } from '@heliograph/credential';
import { openQueue, type Queue } from '@heliograph/queue';
import { credentialDefaults, openRegistry, putCredential, putTenant, registryChanged, type RegistryDatabase } from '@heliograph/registry';
import { createLog, readConfig, type Running } from '@heliograph/service';
import { eventually, quietLog, seedTenant, startServers, testTenant, type TestServers } from '@heliograph/testbed';
import { config as schema } from '../src/config.ts';
import { problemDetails } from '../src/http/schema.ts';
import { webhook } from '../src/webhook/schema.ts';
import { start } from '../src/start.ts';

const masterKey = 'a5'.repeat(32);
const vault = createVault(Buffer.from(masterKey, 'hex'));
const other = newApiKey();
const url = 'https://sms.example.com/reports';
const none = { url: '', enabled: false, secrets: [], oldSecrets: [], endpoint: null };

let servers: TestServers;
let database: RegistryDatabase;
let queue: Queue;
let services: Running[] = [];
const logged: string[] = [];
let told = 0;

beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'] });
  await seedTenant(servers.databaseUrl);
  database = openRegistry(servers.databaseUrl, 1);
  await putTenant(database, {
    id: 'other',
    name: 'Other',
    enabled: true,
    pricePlanId: 'standard',
    defaultCountry: '',
    segmentsPerSecond: 0,
  });
  await putCredential(database, {
    ...credentialDefaults,
    id: 'other-api',
    tenantId: 'other',
    kind: 'api_key',
    role: 'tenant-admin',
    login: other.lookupId,
    verifier: other.digest,
    enabled: true,
    window: 1,
    sessions: 1,
  });
  queue = await openQueue({ url: servers.natsUrl, name: 'test', log: quietLog });
  queue.listen(registryChanged, () => told++);
  services = [await startService('one'), await startService('two')];
}, 60_000);

afterAll(async () => {
  for (const service of services) await service.stop();
  await queue?.close();
  await database?.$disconnect();
  await servers?.stop();
}, 30_000);

function startService(instance: string): Promise<Running> {
  const log = createLog({ name: 'test', level: 'debug', instance, destination: { write: (line) => void logged.push(line) } });
  const config = readConfig(schema, {
    DATABASE_URL: servers.databaseUrl,
    NATS_URL: servers.natsUrl,
    HTTP_PORT: '0',
    MASTER_KEY: masterKey,
  });
  return start({ name: 'http-api', instance, config, log });
}

async function call(method: string, { body, key = testTenant.apiKey, service = 0, type = 'application/json' }: Call = {}) {
  const response = await fetch(`http://127.0.0.1:${services[service]?.ports?.http}/v1/webhook`, {
    method,
    headers: { ...(key === '' ? {} : { 'X-API-Key': key }), ...(body === undefined ? {} : { 'Content-Type': type }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
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
    const { secrets } = await database.webhook.findUniqueOrThrow({ where: { tenantId: testTenant.id } });
    expect(secrets.map((sealed) => vault.open(sealed, `webhook:${testTenant.id}`))).toEqual(first?.body.secrets);
  });

  it('200: set again it keeps its secret, is sealed anew, and every service is told', async () => {
    const before = await database.webhook.findUniqueOrThrow({ where: { tenantId: testTenant.id } });
    const { body: shown } = await call('GET');
    const toldBefore = told;
    expect(await call('PUT', { body: { url, enabled: false } })).toEqual({ status: 200, body: { ...shown, enabled: false } });
    expect(await call('PUT', { body: { url: '' } })).toEqual({ status: 200, body: { ...shown, url: '' } });
    const after = await database.webhook.findUniqueOrThrow({ where: { tenantId: testTenant.id } });
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
    await database.webhook.update({ where: { tenantId: testTenant.id }, data: { secrets: [foreign] } });
    expect((await call('PUT', { body: { url } })).status).toBe(500);
    expect((await database.webhook.findUniqueOrThrow({ where: { tenantId: testTenant.id } })).secrets).toEqual([foreign]);
    expect(logged.join('')).toContain('cannot be read');
  });
});

it('no secret is in the log', () => {
  expect(logged.length).toBeGreaterThan(10);
  expect(logged.join('')).not.toMatch(/whsec_/);
});

// Last, as it takes away the database.
it('503 when the database is away: a change is refused, what is set is still known', async () => {
  const before = await call('GET', { key: other.key });
  await database.$executeRaw`ALTER TABLE "registry"."webhook" RENAME TO "webhook_away"`;
  const answer = await call('PUT', { key: other.key, body: { url } });
  expect(answer).toMatchObject({ status: 503, body: { type: '/problems/unavailable' } });
  expect(await call('GET', { key: other.key })).toEqual(before);
});
