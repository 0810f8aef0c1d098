import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createVault, newApiKey } from '@heliograph/credential';
import { leaseSubjects, type BalanceAnswer, type TopUpQuestion } from '@heliograph/message';
import { putTenant, watchRegistry, type RegistryWatch } from '@heliograph/registry';
import { eventually, quietLog, testTenant } from '@heliograph/testbed';
import { controlEndpoints } from '../src/control/endpoints.ts';
import type { Endpoint } from '../src/http/endpoint.ts';
import { problemDetails } from '../src/http/schema.ts';
import { masterKey, openApi, operator, putKey, type Api } from './api.ts';

const vault = createVault(Buffer.from(masterKey, 'hex'));
const user = newApiKey();
const otherAdmin = newApiKey();
/** Must be in no answer, no audit row and no log line. */
const secrets = { password: 'hunter22', pem: '-----BEGIN PRIVATE KEY-----\nMIIhidden\n-----END PRIVATE KEY-----\n' };

let api: Api;
/** As any other service has it: told by broadcast alone. */
let elsewhere: RegistryWatch;
const answered: string[] = [];

beforeAll(async () => {
  api = await openApi({ funds: 1_000_000_000n });
  const { servers, database, queue } = api;
  await putTenant(database, { id: 'other', name: 'Other', pricePlanId: 'standard' });
  await putKey(database, user, { id: 'user', tenantId: testTenant.id, role: 'tenant-user' });
  await putKey(database, otherAdmin, { id: 'other-api', tenantId: 'other', role: 'tenant-admin' });
  await actAsLedger();
  elsewhere = await watchRegistry({ databaseUrl: servers.databaseUrl, listen: queue.listen, log: quietLog, pollMs: 3_600_000 });
  api.alsoStop(elsewhere.stop);
  for (const instance of ['one', 'two']) await api.start({ instance });
}, 60_000);

afterAll(() => api?.stop(), 30_000);

/** billing-credits is another app; what it says on the wire is all that counts here. */
async function actAsLedger(): Promise<void> {
  const posted = new Map<string, string>();
  const balance: BalanceAnswer = {
    fundsMicroCredits: '1000000000',
    balanceMicroCredits: '947000000',
    leasedMicroCredits: '50000000',
    chargedMicroCredits: '4000000',
    refundedMicroCredits: '1000000',
    limitMicroCredits: '0',
    overdrawnMicroCredits: '0',
  };
  await api.queue.answer(leaseSubjects.balance, 'billing', () => balance);
  await api.queue.answer<TopUpQuestion>(leaseSubjects.topUp, 'billing', ({ tenant, key, microCredits }) => {
    const before = posted.get(`${tenant} ${key}`);
    posted.set(`${tenant} ${key}`, before ?? microCredits);
    if (before !== undefined && before !== microCredits) return { kind: 'refused', reason: 'key_reused' };
    return { kind: before === undefined ? 'posted' : 'repeated', ...balance };
  });
}

interface Call {
  readonly body?: unknown;
  readonly key?: string;
  readonly service?: number;
  readonly type?: string;
  readonly requestId?: string;
}

interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly body: Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
}

async function call(
  method: string,
  path: string,
  { body, key = operator.key, service = 0, type = 'application/json', requestId }: Call = {},
) {
  const headers = {
    ...(body === undefined ? {} : { 'Content-Type': type }),
    ...(requestId === undefined ? {} : { 'X-Request-Id': requestId }),
  };
  const response = await api.ask(method, path, body, { key, service, headers });
  const text = await response.text();
  answered.push(text);
  const answer: Answer = { status: response.status, location: response.headers.get('location'), body: text === '' ? {} : JSON.parse(text) };
  if (!response.ok) expect(problemDetails.safeParse(answer.body)).toMatchObject({ success: true });
  return answer;
}

const get = (path: string, asked?: Call) => call('GET', path, asked);
const put = (path: string, body: unknown, asked?: Call) => call('PUT', path, { ...asked, body });
const remove = (path: string) => call('DELETE', path);

const lastAudit = async (tenant?: string) => (await get(`/v1/audit?limit=1${tenant ? `&tenant=${tenant}` : ''}`)).body.entries[0];
const auditCount = () => api.database.audit.count();

const tenantBody = { name: 'New', pricePlanId: 'standard' };
const connectorBody = { settings: { host: '127.0.0.1', port: 1 } };
const planBody = { name: 'Plan', prices: [{ prefix: '', credits: '1' }] };
const withId = (path: string, id: string) => path.replaceAll(/\{\w+\}/g, id);
const all = Object.entries(controlEndpoints) as [string, Endpoint][];
const withBody = all.filter(([, { body }]) => body !== undefined);
const withIds = all.filter(([, { path }]) => path.includes('{id}'));
const asking = ({ body, examples }: Endpoint): Call => (body ? { body: Object.values(examples ?? {})[0] } : {});

describe.each(all)('%s', (_name, endpoint) => {
  const { method, path } = endpoint;
  const to = withId(path, 'some-id');

  it('401 without a key', async () => {
    expect((await call(method.toUpperCase(), to, { ...asking(endpoint), key: '' })).status).toBe(401);
  });

  it('403 with the key of a tenant user', async () => {
    const answer = await call(method.toUpperCase(), to, { ...asking(endpoint), key: user.key });
    expect(answer).toMatchObject({ status: 403, body: { type: '/problems/not_permitted' } });
  });

  it('403 with the key of a tenant admin, but for its own audit log', async () => {
    const answer = await call(method.toUpperCase(), to, { ...asking(endpoint), key: testTenant.apiKey });
    expect(answer.status).toBe(path === '/v1/audit' ? 200 : 403);
  });
});

describe.each(withBody)('%s', (_name, { method, path, body: schema }) => {
  const to = withId(path, 'some-id');
  const mayBeEmpty = schema?.safeParse({}).success === true;

  it.each([
    [400, '{', 'application/json'],
    [415, 'name=x', 'application/x-www-form-urlencoded'],
    ...(mayBeEmpty ? [] : [[422, '{}', 'application/json'] as const]),
    [422, '[]', 'application/json'],
    [422, '{"__proto__":{"name":"x"}}', 'application/json'],
  ])('%i: %s as %s', async (status, body, type) => {
    expect((await call(method.toUpperCase(), to, { body, type })).status).toBe(status);
  });
});

describe.each(withIds)('%s', (_name, endpoint) => {
  const { method, path } = endpoint;

  it.each(['A', '-a', 'a_b', 'a'.repeat(41), '%00', "'%20OR%201=1", '..%2f'])('422: the id %s', async (id) => {
    const answer = await call(method.toUpperCase(), withId(path, id), asking(endpoint));
    expect(answer).toMatchObject({ status: 422, body: { type: '/problems/invalid', errors: [{ field: '{id}' }] } });
  });

  it('400: an id that cannot be read', async () => {
    expect((await call(method.toUpperCase(), withId(path, '%ff'), asking(endpoint))).status).toBe(400);
  });

  if (method !== 'put')
    it('404: an id that nothing has', async () => {
      const answer = await call(method.toUpperCase(), withId(path, 'nobody'), asking(endpoint));
      expect(answer).toMatchObject({ status: 404, body: { type: '/problems/not_found' } });
    });
});

describe('the answers of GET and PUT', () => {
  it.each([
    ['tenant', '/v1/tenants/shape', tenantBody, { defaultCountry: '', enabled: true, segmentsPerSecond: 0, parameterSecrets: false }],
    [
      'connector',
      '/v1/connectors/shape',
      connectorBody,
      { groupId: 'shape', enabled: true, kind: 'smpp', passwordSet: false, tlsKeySet: false },
    ],
    [
      'route',
      '/v1/routes/shape',
      { prefix: '999', connectorId: testTenant.connector },
      { when: { prefixes: ['999'] }, targets: [{ connectorId: testTenant.connector, weight: 1, tier: 0 }], rank: 1_000, choose: 'weight' },
    ],
    [
      'pricePlan',
      '/v1/price-plans/shape',
      planBody,
      { refunds: ['rejected', 'failed', 'expired', 'cancelled'], prices: [{ prefix: '', credits: '1.000000' }] },
    ],
  ] as const)('a %s that is put is there, with its defaults, and in the list', async (name, path, body, defaults) => {
    const shape = (controlEndpoints[name] as Endpoint).answer.schemas[0];
    const made = await put(path, body);
    expect(made).toMatchObject({ status: 201, location: path, body: defaults });
    expect(shape?.safeParse(made.body)).toMatchObject({ success: true });
    expect(await get(path, { service: 1 })).toEqual({ status: 200, location: null, body: made.body });
    expect(await put(path, body)).toEqual({ status: 200, location: null, body: made.body });

    const list = await get(`${path.slice(0, path.lastIndexOf('/'))}?limit=100`);
    expect(list.status).toBe(200);
    expect((controlEndpoints[`${name}s`] as Endpoint).answer.schemas[0]?.safeParse(list.body)).toMatchObject({ success: true });
    const items = Object.values(list.body).find(Array.isArray) as { id: string }[];
    expect(items.map(({ id }) => id)).toContain('shape');
  });

  it('pages follow each other without a gap', async () => {
    for (const id of ['page-a', 'page-b', 'page-c']) await put(`/v1/price-plans/${id}`, planBody);
    const whole = (await get('/v1/price-plans?limit=100')).body;
    expect(whole.next).toBeNull();
    const seen: string[] = [];
    for (let after: string | null = ''; after !== null;) {
      const { body }: Answer = await get(`/v1/price-plans?limit=2${after === '' ? '' : `&after=${after}`}`);
      seen.push(...body.pricePlans.map(({ id }: { id: string }) => id));
      after = body.next;
    }
    expect(seen).toEqual(whole.pricePlans.map(({ id }: { id: string }) => id));
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'after=A', 'colour=red'])('422: a list with %s', async (query) => {
    for (const path of ['/v1/tenants', '/v1/connectors', '/v1/routes', '/v1/price-plans'])
      expect((await get(`${path}?${query}`)).status).toBe(422);
  });
});

describe('a PUT that does not fit is 422, names the field, and changes nothing', () => {
  const settings = connectorBody.settings;
  const price = { prefix: '', credits: '1' };
  it.each<[string, string, unknown, string, string]>([
    ['an unknown price plan', '/v1/tenants/t', { ...tenantBody, pricePlanId: 'none' }, 'unknown_reference', '/pricePlanId'],
    ['a country that is none', '/v1/tenants/t', { ...tenantBody, defaultCountry: 'XX' }, 'invalid', '/defaultCountry'],
    ['a country in small letters', '/v1/tenants/t', { ...tenantBody, defaultCountry: 'nl' }, 'invalid', '/defaultCountry'],
    ['a pace below nothing', '/v1/tenants/t', { ...tenantBody, segmentsPerSecond: -1 }, 'invalid', '/segmentsPerSecond'],
    ['a NUL in a name', '/v1/tenants/t', { ...tenantBody, name: 'a\0b' }, 'invalid', '/name'],
    ['half a character in a name', '/v1/tenants/t', { ...tenantBody, name: 'a\ud800' }, 'invalid', '/name'],
    ['no name', '/v1/tenants/t', { ...tenantBody, name: '' }, 'invalid', '/name'],
    ['a field that is none', '/v1/tenants/t', { ...tenantBody, id: 'x' }, 'invalid', '/id'],
    ['a prefix with a plus sign', '/v1/routes/r', { prefix: '+31', connectorId: testTenant.connector }, 'invalid', '/prefix'],
    ['a prefix of 16 digits', '/v1/routes/r', { prefix: '1'.repeat(16), connectorId: testTenant.connector }, 'invalid', '/prefix'],
    ['an unknown connector', '/v1/routes/r', { prefix: '31', connectorId: 'none' }, 'unknown_reference', '/connectorId'],
    ['the connector of test messages', '/v1/routes/r', { prefix: '31', connectorId: 'test' }, 'unknown_reference', '/connectorId'],
    ['the reserved id', '/v1/connectors/test', connectorBody, 'invalid', '{id}'],
    ['a port that is none', '/v1/connectors/c', { settings: { ...settings, port: 70_000 } }, 'invalid', '/settings/port'],
    ['a setting that is none', '/v1/connectors/c', { settings: { ...settings, hots: 'x' } }, 'invalid', '/settings/hots'],
    [
      'a sealed key from outside',
      '/v1/connectors/c',
      { settings: { ...settings, tlsKeySealed: 'v1.x' } },
      'invalid',
      '/settings/tlsKeySealed',
    ],
    [
      'settings that contradict',
      '/v1/connectors/c',
      { settings: { ...settings, tlsServerName: 'a.example' } },
      'invalid',
      '/settings/tlsServerName',
    ],
    [
      'a key without a certificate',
      '/v1/connectors/c',
      { settings: { ...settings, tls: true }, tlsKey: secrets.pem },
      'invalid',
      '/settings/tlsCertificatePem',
    ],
    ['a NUL in a setting', '/v1/connectors/c', { settings: { ...settings, host: 'a\0' } }, 'invalid', '/settings'],
    ['a password that no bind can carry', '/v1/connectors/c', { settings, password: '123456789' }, 'invalid', '/password'],
    ['another kind', '/v1/connectors/c', { settings, kind: 'http' }, 'invalid', '/kind'],
    ['a price as a float', '/v1/price-plans/p', { ...planBody, prices: [{ prefix: '', credits: 0.85 }] }, 'invalid', '/prices/0/credits'],
    [
      'a price of seven places',
      '/v1/price-plans/p',
      { ...planBody, prices: [{ prefix: '', credits: '0.0000001' }] },
      'invalid',
      '/prices/0/credits',
    ],
    [
      'a price below nothing',
      '/v1/price-plans/p',
      { ...planBody, prices: [{ prefix: '', credits: '-1' }] },
      'invalid',
      '/prices/0/credits',
    ],
    ['a prefix with letters', '/v1/price-plans/p', { ...planBody, prices: [{ prefix: 'x', credits: '1' }] }, 'invalid', '/prices/0/prefix'],
    ['two prices of a prefix', '/v1/price-plans/p', { ...planBody, prices: [price, price] }, 'invalid', '/prices/1/prefix'],
    ['a refund of what was delivered', '/v1/price-plans/p', { ...planBody, refunds: ['delivered'] }, 'invalid', '/refunds/0'],
  ])('%s', async (_, path, body, reason, field) => {
    const before = await auditCount();
    expect(await put(path, body)).toMatchObject({ status: 422, body: { type: `/problems/${reason}`, errors: [{ field }] } });
    expect((await get(path)).status).toBe(404);
    expect(await auditCount()).toBe(before);
  });
});

describe('a connector', () => {
  const path = '/v1/connectors/sealed';
  const stored = () => api.database.connector.findUniqueOrThrow({ where: { id: 'sealed' } });
  const tlsSettings = {
    ...connectorBody.settings,
    tls: true,
    tlsCertificatePem: '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n',
  };
  const sealedKey = async () => String(((await stored()).settings as Record<string, unknown>)['tlsKeySealed']);

  it('keeps its password sealed, shows none, and keeps it when a PUT says nothing of it', async () => {
    expect(await put(path, { ...connectorBody, password: secrets.password })).toMatchObject({ body: { passwordSet: true } });
    const { secret } = await stored();
    expect(vault.open(secret, 'connector:sealed')).toBe(secrets.password);
    expect(await put(path, { ...connectorBody, enabled: false })).toMatchObject({ body: { passwordSet: true, enabled: false } });
    expect((await stored()).secret).toBe(secret);
    expect((await get(path)).body).toEqual(expect.not.objectContaining({ password: expect.anything(), secret: expect.anything() }));
  });

  it('loses it when a PUT says that there is none', async () => {
    expect(await put(path, { ...connectorBody, password: '' })).toMatchObject({ body: { passwordSet: false } });
    expect((await stored()).secret).toBe('');
  });

  it('keeps its private key sealed beside its certificate, and loses both together', async () => {
    expect(await put(path, { settings: tlsSettings, tlsKey: secrets.pem })).toMatchObject({ body: { tlsKeySet: true } });
    expect(vault.open(await sealedKey(), 'connector-tls-key:sealed')).toBe(secrets.pem);
    expect(await put(path, { settings: tlsSettings })).toMatchObject({ body: { tlsKeySet: true } });
    expect(vault.open(await sealedKey(), 'connector-tls-key:sealed')).toBe(secrets.pem);
    expect((await get(path)).body.settings).not.toHaveProperty('tlsKeySealed');
    expect(await put(path, connectorBody)).toMatchObject({ body: { tlsKeySet: false } });
    expect(await sealedKey()).toBe('');
  });

  it('that is given its password again is a change on record, which does not say the password', async () => {
    const before = await auditCount();
    await put(path, { ...connectorBody, password: secrets.password });
    await put(path, { ...connectorBody, password: secrets.password });
    expect(await auditCount()).toBe(before + 2);
    expect(await lastAudit()).toMatchObject({ action: 'connector.changed', subject: 'sealed', after: { secretsGiven: ['password'] } });
  });

  it('409: is not deleted while a route leads to it; 204 after that', async () => {
    const route = '/v1/routes/to-sealed';
    await put(route, { prefix: '998', connectorId: 'sealed' });
    expect(await remove(path)).toMatchObject({ status: 409, body: { type: '/problems/in_use' } });
    expect((await remove(route)).status).toBe(204);
    expect(await remove(path)).toMatchObject({ status: 204, body: {} });
    expect((await get(path)).status).toBe(404);
    expect(await lastAudit()).toMatchObject({ action: 'connector.deleted', subject: 'sealed', before: { id: 'sealed' }, after: null });
  });

  it('of the reserved id that is there from before can be seen and deleted', async () => {
    await api.database.connector.create({ data: { id: 'test', kind: 'smpp', groupId: 'test', settings: connectorBody.settings } });
    expect((await put('/v1/connectors/test', connectorBody)).status).toBe(422);
    expect((await get('/v1/connectors/test')).status).toBe(200);
    expect((await remove('/v1/connectors/test')).status).toBe(204);
  });
});

describe('top-ups and balances', () => {
  const path = `/v1/tenants/${testTenant.id}`;

  it('200: the balance', async () => {
    const answer = await get(`${path}/balance`);
    expect(answer).toMatchObject({ status: 200, body: { credits: '997.000000', funds: '1000.000000' } });
    expect((controlEndpoints.tenantBalance as Endpoint).answer.schemas[0]?.safeParse(answer.body)).toMatchObject({ success: true });
  });

  it('201: and the same answer to the same key; 409 to the key with another amount', async () => {
    const body = { credits: '100.5', key: 'invoice 1', note: 'paid' };
    const first = await call('POST', `${path}/top-ups`, { body });
    expect(first).toMatchObject({ status: 201, body: { tenant: testTenant.id, key: 'invoice 1', credits: '100.500000' } });
    expect(await call('POST', `${path}/top-ups`, { body, service: 1 })).toEqual(first);
    const other = await call('POST', `${path}/top-ups`, { body: { ...body, credits: '100' } });
    expect(other).toMatchObject({ status: 409, body: { type: '/problems/key_reused', errors: [{ field: '/key' }] } });
    const { entries } = (await get(`/v1/audit?tenant=${testTenant.id}&limit=6`)).body;
    expect(entries.map(({ action }: { action: string }) => action)).toEqual([
      'top_up.refused',
      'top_up.asked',
      'top_up.repeated',
      'top_up.asked',
      'top_up.posted',
      'top_up.asked',
    ]);
    expect(entries[4].after).toEqual({ credits: '100.500000', key: 'invoice 1', note: 'paid' });
  });

  it.each([
    ['nothing', { credits: '0', key: 'k' }, '/credits'],
    ['less than nothing', { credits: '-1', key: 'k' }, '/credits'],
    ['a float', { credits: 1.5, key: 'k' }, '/credits'],
    ['more than the ledger takes', { credits: '12345678901', key: 'k' }, '/credits'],
    ['no key', { credits: '1' }, '/key'],
  ])('422: %s', async (_, body, field) => {
    expect(await call('POST', `${path}/top-ups`, { body })).toMatchObject({ status: 422, body: { errors: [{ field }] } });
  });
});

describe('the audit log', () => {
  it('says who did what, from where, and what was there before', async () => {
    await put('/v1/tenants/audited', tenantBody, { requestId: 'request-1' });
    expect(await lastAudit('audited')).toMatchObject({ action: 'tenant.created', before: null, after: { name: 'New' } });
    await put('/v1/tenants/audited', { ...tenantBody, name: 'Newer' }, { requestId: 'request-2' });
    const entry = await lastAudit('audited');
    expect(entry).toMatchObject({
      actor: 'operator',
      requestId: 'request-2',
      tenant: 'audited',
      action: 'tenant.changed',
      subject: 'audited',
      before: { name: 'New' },
      after: { name: 'Newer' },
    });
    expect(entry.address).toMatch(/127\.0\.0\.1$/);
  });

  it('of concurrent changes has each, and each begins with what the one before left', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `Name ${i}`);
    await put('/v1/tenants/raced', { ...tenantBody, name: 'Start' });
    const answers = await Promise.all(names.map((name, i) => put('/v1/tenants/raced', { ...tenantBody, name }, { service: i % 2 })));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    const entries = (await get('/v1/audit?tenant=raced&limit=100')).body.entries.toReversed();
    expect(entries).toHaveLength(names.length + 1);
    for (const [i, entry] of entries.entries()) expect(entry.before).toEqual(i === 0 ? null : entries[i - 1].after);
    expect(entries.at(-1).after).toEqual((await get('/v1/tenants/raced')).body);
    expect(new Set(entries.map(({ after }: { after: { name: string } }) => after.name))).toEqual(new Set(['Start', ...names]));
  });

  it('comes in pages, newest first', async () => {
    const whole = (await get('/v1/audit?limit=100')).body;
    const first = (await get('/v1/audit?limit=3')).body;
    const second = (await get(`/v1/audit?limit=3&before=${first.next}`)).body;
    expect([...first.entries, ...second.entries]).toEqual(whole.entries.slice(0, 6));
    expect((controlEndpoints.audit as Endpoint).answer.schemas[0]?.safeParse(whole)).toMatchObject({ success: true });
    const ids = whole.entries.map(({ id }: { id: string }) => Number(id));
    expect(ids).toEqual(ids.toSorted((a: number, b: number) => b - a));
  });

  it("shows a tenant its own entries, without the operators' addresses, and refuses it another's", async () => {
    expect((await put('/v1/webhook', { url: 'https://sms.example.com/reports' }, { key: testTenant.apiKey })).status).toBe(200);
    await put(`/v1/tenants/other`, { name: 'Other 2', pricePlanId: 'standard' });
    const { entries } = (await get('/v1/audit?limit=100', { key: testTenant.apiKey })).body;
    expect(new Set(entries.map(({ tenant }: { tenant: string }) => tenant))).toEqual(new Set([testTenant.id]));
    expect(entries[0]).toMatchObject({ action: 'webhook.created', actor: testTenant.apiCredential, address: expect.stringMatching(/127/) });
    expect(entries.find(({ actor }: { actor: string }) => actor === 'operator')).toMatchObject({ address: '' });
    const [own] = (await get('/v1/audit', { key: otherAdmin.key })).body.entries;
    expect(own).toMatchObject({ tenant: 'other', action: 'tenant.changed' });
    expect((await get('/v1/audit?tenant=other', { key: testTenant.apiKey })).status).toBe(403);
    expect((await get(`/v1/audit?tenant=${testTenant.id}`, { key: testTenant.apiKey })).body.entries).toEqual(entries.slice(0, 20));
  });

  it.each(['limit=0', 'before=x', 'before=-1', 'tenant=A', 'after=1'])('422: with %s', async (query) => {
    expect((await get(`/v1/audit?${query}`)).status).toBe(422);
  });

  it('takes no change of what is in it', async () => {
    await expect(api.database.$executeRaw`UPDATE "registry"."audit" SET "actor" = 'nobody'`).rejects.toThrow(/append-only/);
    await expect(api.database.$executeRaw`DELETE FROM "registry"."audit"`).rejects.toThrow(/append-only/);
  });
});

describe('every change takes effect without a restart', () => {
  const send = async () =>
    call('POST', '/v1/messages', { body: { to: '+31612345678', text: 'Hello' }, key: testTenant.apiKey, service: 1 });

  it("a price changes the next message's price, at another http-api too", async () => {
    expect((await send()).body.credits).toBe('1.000000');
    await put('/v1/price-plans/standard', {
      name: 'Standard',
      prices: [
        { prefix: '', credits: '1' },
        { prefix: '31', credits: '2.5' },
      ],
    });
    await eventually('the new price', async () => (await send()).body.credits === '2.500000');
  });

  it('a connector that is disabled is so for every service that is told', async () => {
    const { body } = await get(`/v1/connectors/${testTenant.connector}`);
    await put(`/v1/connectors/${testTenant.connector}`, { settings: body.settings, enabled: false });
    await eventually('the connector is disabled', () => elsewhere.current.connectors.get(testTenant.connector)?.enabled === false);
  });

  it('a tenant that is disabled is refused within a second', async () => {
    expect((await get('/v1/balance', { key: otherAdmin.key, service: 1 })).status).toBe(200);
    const { status } = await put('/v1/tenants/other', { name: 'Other', pricePlanId: 'standard', enabled: false });
    expect(status).toBe(200);
    await eventually(
      'its key is refused',
      async () => (await get('/v1/balance', { key: otherAdmin.key, service: 1 })).status === 401,
      1_000,
    );
  });
});

it('no secret is in an answer, in the audit log or in the log', async () => {
  const rows = JSON.stringify(await api.database.audit.findMany(), (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  expect(rows).toContain('connector.changed');
  const everything = [...api.lines, ...answered, rows].join('\n');
  for (const secret of [secrets.password, 'MIIhidden', operator.key, operator.digest, user.key, testTenant.apiKey, 'v1.'])
    expect(everything).not.toContain(secret);
  expect(rows).not.toMatch(/whsec_/);
});

// Last, as it takes away the table.
it('503 when the database is away, and nothing is half done', async () => {
  await api.database.$executeRaw`ALTER TABLE "registry"."audit" RENAME TO "audit_away"`;
  expect(await put('/v1/tenants/late', tenantBody)).toMatchObject({ status: 503, body: { type: '/problems/unavailable' } });
  expect((await get('/v1/audit')).status).toBe(503);
  expect(await api.database.tenant.findUnique({ where: { id: 'late' } })).toBeNull();
});
