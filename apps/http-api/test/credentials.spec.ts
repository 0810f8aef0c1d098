import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { newApiKey, verifyPassword } from '@heliograph/credential';
import { putTenant, type Scope } from '@heliograph/registry';
import { createSession, type Session } from '@heliograph/smpp';
import { eventually, testTenant } from '@heliograph/testbed';
import { credential, credentialList, madeCredential } from '../src/credentials/schema.ts';
import { problemDetails } from '../src/http/schema.ts';
import { openApi, putKey, type Api } from './api.ts';
import { startApp } from './app-process.ts';

const keys = { operator: newApiKey(), other: newApiKey(), narrow: newApiKey(), user: newApiKey(), old: newApiKey() };
const keyFailuresMax = 20;
/** How long a secret that is not good any more may be, and what the machine needs beside. */
const withinMs = 1_500;

let api: Api;
let smppPort: number | undefined;
/** Of smpp-ingress. */
const logged: string[] = [];
/** Every secret that this run has made: none may be in a log. */
const secrets = new Set<string>([testTenant.apiKey, testTenant.password, ...Object.values(keys).map(({ key }) => key)]);

beforeAll(async () => {
  api = await openApi();
  await putTenant(api.database, { id: 'other', name: 'Other', pricePlanId: 'standard' });
  const seeded = {
    operator: { tenantId: '', role: 'operator-admin' },
    other: { tenantId: 'other', role: 'tenant-admin' },
    narrow: { tenantId: 'acme', role: 'tenant-admin', scopes: ['credentials:read', 'credentials:write', 'messages:send'] as Scope[] },
    user: { tenantId: 'acme', role: 'tenant-user' },
    old: { tenantId: 'other', role: 'tenant-user', secretSetAt: new Date(Date.now() - 80 * 24 * 3_600_000) },
  } as const;
  for (const [name, fields] of Object.entries(seeded)) {
    await putKey(api.database, keys[name as keyof typeof keys], { id: `${name}-key`, ...fields });
  }
  for (const instance of ['one', 'two']) await api.start({ instance, env: { HTTP_KEY_FAILURES: String(keyFailuresMax) } });
  const ingress = await startApp('smpp-ingress', api.servers, (text) => void logged.push(text));
  api.alsoStop(ingress.end);
  smppPort = ingress.ports.smpp;
}, 60_000);

afterAll(() => api?.stop(), 30_000);

interface Call {
  readonly body?: unknown;
  readonly key?: string;
  readonly tenant?: string;
  readonly service?: number;
}

const shapes = { GET: credential, PATCH: credential, POST: madeCredential } as const;

async function call(method: string, path: string, { body, key = testTenant.apiKey, tenant, service = 0 }: Call = {}) {
  const response = await api.ask(method, `/v1/${path}`, body, { ...(key === '' ? { key } : { bearer: key }), tenant, service });
  const text = await response.text();
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
  const answer = (text === '' ? undefined : JSON.parse(text)) as any;
  if (!response.ok) expect(problemDetails.safeParse(answer)).toMatchObject({ success: true });
  else if (/^credentials\//.test(path) && answer)
    expect(shapes[method as keyof typeof shapes].safeParse(answer)).toMatchObject({ success: true });
  if (typeof answer?.secret === 'string') secrets.add(answer.secret);
  return { status: response.status, headers: response.headers, body: answer };
}

/** A new credential of acme's, unless another's key or tenant is named. */
async function make(body: object, asked: Omit<Call, 'body'> = {}) {
  const { status, body: made } = await call('POST', 'credentials', { ...asked, body });
  expect([status, made.detail]).toEqual([201, undefined]);
  return made as { id: string; login: string; secret: string };
}

const statusWith = async (key: string, service = 0): Promise<number> => (await call('GET', 'credentials?limit=1', { key, service })).status;
const admin = { kind: 'api_key', role: 'tenant-admin' } as const;

interface Client {
  readonly session: Session;
  readonly status: number | string;
  readonly ended: Promise<string>;
}

async function bind(systemId: string, password: string): Promise<Client> {
  const socket = connectSocket(smppPort ?? 0, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const session = createSession({
    socket,
    role: 'esme',
    timers: { sessionInitMs: 20_000, enquireLinkMs: 60_000, inactivityMs: 60_000, responseMs: 20_000 },
    windowMax: 10,
    receiveWindowMax: 10,
    onRequest: (_, reply) => void reply.ok(),
    onClose: ({ code }) => resolve(code),
  });
  const answer = await session.bind({ command: 'bind_transceiver', system_id: systemId, password, interface_version: 0x34 });
  return { session, ended, status: answer.kind === 'response' ? answer.pdu.status : answer.kind };
}

/** It is told over NATS: a bind right after the answer may come before. */
const bound = (systemId: string, password: string): Promise<Client> =>
  eventually(
    `${systemId} can bind`,
    async () => {
      const client = await bind(systemId, password);
      return client.status === 0 && client;
    },
    1_000,
  );

const auditOf = (subject: string) => api.database.audit.findMany({ where: { subject }, orderBy: { id: 'asc' } });

describe('POST /v1/credentials', () => {
  it('201: an API key, shown once, good at once, everywhere within a second', async () => {
    const made = await make({ ...admin, name: 'shop', allowIps: ['127.0.0.0/8'] });
    expect(made).toMatchObject({ tenant: 'acme', kind: 'api_key', role: 'tenant-admin', mode: 'live', name: 'shop', rotationDue: false });
    expect(made.secret).toMatch(/^[0-9a-f]{64}$/);
    expect(await statusWith(made.secret)).toBe(200);
    await eventually('the other service knows it', async () => (await statusWith(made.secret, 1)) === 200, 1_000);
    const { body } = await call('GET', `credentials/${made.id}`);
    expect([body.name, body.secret]).toEqual(['shop', undefined]);
    const row = await api.database.credential.findUniqueOrThrow({ where: { id: made.id } });
    expect(JSON.stringify(row)).not.toContain(made.secret);
  });

  it('201: a system id with a password of 8 characters, that binds', async () => {
    const made = await make({ kind: 'smpp', login: 'acme2', sessions: 3 });
    expect([made.secret.length, made.login]).toEqual([8, 'acme2']);
    const client = await bound('acme2', made.secret);
    await client.session.unbind();
  });

  it('201: an operator makes an operator, and credentials of the tenant that he names', async () => {
    const { key } = keys.operator;
    expect(await make({ kind: 'api_key' }, { key })).toMatchObject({ tenant: null, role: 'operator-admin' });
    expect(await make({ kind: 'sms_user', login: 'shop' }, { key, tenant: 'other' })).toMatchObject({
      tenant: 'other',
      role: 'tenant-user',
    });
  });

  it('201: a hash of another product is stored wrapped, binds, and is upgraded at the first good bind with the session left open', async () => {
    const hex = '806aabe39fc215f7f8cf030900a2cae1c3e63157';
    const body = { kind: 'smpp', login: 'Test2', legacyVerifier: { form: 'sha1-utf16le', hex } };
    const made = await make(body, { key: keys.operator.key, tenant: 'acme' });
    expect(made.secret).toBeNull();
    const stored = async () => (await api.database.credential.findUniqueOrThrow({ where: { id: made.id } })).verifier;
    expect(await stored()).toMatch(/^sha1-utf16le\$\$argon2id\$/);
    const client = await bound('Test2', 'Pwd2');
    const upgraded = await eventually('its verifier is upgraded', async () => (await stored()).startsWith('$argon2id$') && stored());
    expect(await verifyPassword(upgraded, 'Pwd2')).toBe(true);
    expect((await auditOf(made.id)).map(({ action, actor }) => [action, actor])).toEqual([
      ['credential.created', 'operator-key'],
      ['credential.upgraded', 'smpp-ingress'],
    ]);
    await (await bound('Test2', 'Pwd2')).session.unbind();
    expect(client.session.state).toBe('bound_trx');
    await client.session.unbind();
  });

  it('409: a login that another has; other kinds may have it', async () => {
    await make({ kind: 'sms_user', login: 'taken' });
    const answer = await call('POST', 'credentials', { key: keys.other.key, body: { kind: 'sms_user', login: 'taken' } });
    expect(answer).toMatchObject({ status: 409, body: { type: '/problems/login_taken', errors: [{ field: '/login' }] } });
    await make({ kind: 'smpp', login: 'taken' });
  });

  it.each<[number, string, object, Call]>([
    [400, 'a body that is no JSON', {}, { body: '{' }],
    [401, 'no key', admin, { key: '' }],
    [403, 'a user', admin, { key: keys.user.key }],
    [403, 'an operator, by a tenant', { kind: 'api_key', role: 'operator-admin' }, {}],
    [403, 'more than one has', { kind: 'api_key' }, { key: keys.narrow.key }],
    [403, 'a hash, by a tenant', { kind: 'smpp', login: 'x', legacyVerifier: { form: 'sha256', hex: 'a'.repeat(64) } }, {}],
    [404, 'a tenant that is not there', admin, { key: keys.operator.key, tenant: 'nobody' }],
    [422, 'a role without a tenant', admin, { key: keys.operator.key }],
    [422, 'a scope that its role has not', { kind: 'api_key', scopes: ['tenants:write'] }, {}],
    [422, 'a field that is none', { kind: 'api_key', tenantId: 'other' }, {}],
    [422, 'a verifier of its own', { kind: 'api_key', verifier: 'x' }, {}],
    [422, 'a kind that is none', { kind: 'root' }, {}],
  ])('%i: %s', async (status, _, body, asked) => {
    expect((await call('POST', 'credentials', { body, ...asked })).status).toBe(status);
  });
});

describe('GET /v1/credentials', () => {
  it("200: a tenant's own, a page at a time, without secrets", async () => {
    const ids: string[] = [];
    for (let after = ''; ;) {
      const { body } = await call('GET', `credentials?limit=3${after}`);
      expect(credentialList.safeParse(body)).toMatchObject({ success: true });
      ids.push(...body.credentials.map(({ id }: { id: string }) => id));
      expect(JSON.stringify(body)).not.toMatch(/verifier|argon2|[0-9a-f]{64}/);
      if (body.next === null) break;
      after = `&after=${body.next}`;
    }
    const rows = await api.database.credential.findMany({ where: { tenantId: 'acme' }, orderBy: { id: 'asc' } });
    expect(rows.length).toBeGreaterThan(5);
    expect(ids).toEqual(rows.map(({ id }) => id));
  });

  it('200: an operator sees all, or those of the tenant that he names', async () => {
    const tenantsOf = async (tenant?: string) => {
      const { body } = await call('GET', 'credentials', { key: keys.operator.key, ...(tenant === undefined ? {} : { tenant }) });
      return new Set(body.credentials.map((one: { tenant: string | null }) => one.tenant));
    };
    expect([await tenantsOf(), await tenantsOf('other')]).toEqual([new Set([null, 'acme', 'other']), new Set(['other'])]);
  });

  it("404: another tenant's, an operator's, and one that is not there", async () => {
    for (const id of ['other-key', 'operator-key', 'nobody', '%00', "';--"]) {
      const [looked, changed, removed, reset] = await Promise.all([
        call('GET', `credentials/${id}`),
        call('PATCH', `credentials/${id}`, { body: { enabled: false } }),
        call('DELETE', `credentials/${id}`),
        call('POST', `credentials/${id}/reset`, { body: {} }),
      ]);
      expect([id, looked.status, changed.status, removed.status, reset.status]).toEqual([id, 404, 404, 404, 404]);
    }
  });

  it('422: a page that is none', async () => {
    for (const query of ['limit=0', 'limit=x', 'page=2', 'after=%00']) expect((await call('GET', `credentials?${query}`)).status).toBe(422);
  });

  it('shows when and from where a credential was used, at every door', async () => {
    const made = await make({ kind: 'smpp', login: 'seen' });
    const [{ session }, before] = [await bound('seen', made.secret), Date.now()];
    for (const id of [made.id, testTenant.apiCredential]) {
      const shown = await eventually(
        `${id} was seen`,
        async () => {
          const { body } = await call('GET', `credentials/${id}`);
          return body.lastUsedAt !== null && body;
        },
        25_000,
      );
      expect(shown.lastUsedFrom).toBe('127.0.0.1');
      expect(Math.abs(Date.parse(shown.lastUsedAt) - before)).toBeLessThan(60_000);
    }
    await session.unbind();
  }, 60_000);
});

describe('PATCH /v1/credentials/{id}', () => {
  it('200: takes effect at once, for keys and for sessions; what is not given stays', async () => {
    const [key, smpp] = [await make({ ...admin, name: 'a' }), await make({ kind: 'smpp', login: 'patched' })];
    const client = await bound('patched', smpp.secret);
    const { body } = await call('PATCH', `credentials/${key.id}`, { body: { allowIps: ['203.0.113.0/24'] } });
    expect(body).toMatchObject({ name: 'a', role: 'tenant-admin', allowIps: ['203.0.113.0/24'] });
    const begunMs = performance.now();
    expect((await call('PATCH', `credentials/${smpp.id}`, { body: { enabled: false } })).body.enabled).toBe(false);
    await client.ended;
    await eventually('the other service refuses the key', async () => (await statusWith(key.secret, 1)) === 401, withinMs);
    expect(performance.now() - begunMs).toBeLessThan(withinMs);
    expect([await statusWith(key.secret), (await bind('patched', smpp.secret)).status]).toEqual([401, 0x0d]);
  });

  it('200: an expiry in the past is one; null takes it away', async () => {
    const { id, secret } = await make(admin);
    const statuses = [];
    for (const expiresAt of ['2026-01-01T01:00:00+01:00', null]) {
      const { body } = await call('PATCH', `credentials/${id}`, { body: { expiresAt } });
      statuses.push(body.expiresAt, await statusWith(secret));
    }
    expect(statuses).toEqual(['2026-01-01T00:00:00.000Z', 401, null, 200]);
  });

  it('403: nobody changes, resets or deletes what may do more than he, nor lifts anything above himself', async () => {
    const asked = { key: keys.narrow.key };
    const small = await make({ kind: 'api_key', scopes: ['messages:send'] }, asked);
    const answers = [
      await call('PATCH', `credentials/${small.id}`, { ...asked, body: { scopes: [] } }),
      await call('PATCH', `credentials/${testTenant.apiCredential}`, { ...asked, body: { enabled: false } }),
      await call('DELETE', `credentials/${testTenant.apiCredential}`, asked),
      await call('POST', `credentials/${testTenant.apiCredential}/reset`, { ...asked, body: {} }),
      await call('PATCH', `credentials/narrow-key`, { ...asked, body: { role: 'operator-admin' } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    expect((await call('DELETE', `credentials/${small.id}`, asked)).status).toBe(204);
  });

  it.each<[number, object]>([
    [422, { secret: 'x' }],
    [422, { login: 'x' }],
    [422, { mode: 'test' }],
    [422, { allowIps: ['nonsense'] }],
    [422, { expiresAt: 'tomorrow' }],
    [422, { window: 0 }],
    [422, { scopes: ['prices:write'] }],
  ])('%i: %j', async (status, body) => {
    expect((await call('PATCH', `credentials/${testTenant.smppCredential}`, { body })).status).toBe(status);
  });
});

describe('POST /v1/credentials/{id}/reset', () => {
  it('200: without a grace the old key is refused everywhere within a second, and sessions are closed', async () => {
    const [key, smpp] = [await make(admin), await make({ kind: 'smpp', login: 'reset0' })];
    const client = await bound('reset0', smpp.secret);
    expect(await statusWith(key.secret, 1)).toBe(200);
    const begunMs = performance.now();
    const reset = async ({ id }: typeof key): Promise<typeof key> => (await call('POST', `credentials/${id}/reset`, { body: {} })).body;
    const [newKey, newPassword] = await Promise.all([reset(key), reset(smpp)]);
    expect(await statusWith(key.secret)).toBe(401);
    await client.ended;
    await eventually('the other service refuses it', async () => (await statusWith(key.secret, 1)) === 401, withinMs);
    expect(performance.now() - begunMs).toBeLessThan(withinMs);
    expect((await bind('reset0', smpp.secret)).status).toBe(0x0d);
    expect([newKey.secret === key.secret, newKey.login === key.login, newPassword.login]).toEqual([false, false, 'reset0']);
    expect([await statusWith(newKey.secret), await statusWith(newKey.secret, 1)]).toEqual([200, 200]);
    await (await bound('reset0', newPassword.secret)).session.unbind();
  });

  it('200: with a grace both are good, sessions stay; a second reset ends the first secret', async () => {
    const [key, smpp] = [await make(admin), await make({ kind: 'smpp', login: 'reset1' })];
    const client = await bound('reset1', smpp.secret);
    const again = async () => (await call('POST', `credentials/${key.id}/reset`, { body: { graceSeconds: 3600 } })).body;
    const second = await again();
    expect(Date.parse(second.previousUntil) - Date.now()).toBeGreaterThan(3_500_000);
    expect([await statusWith(key.secret), await statusWith(second.secret)]).toEqual([200, 200]);
    const third = await again();
    const statuses = await Promise.all([key.secret, second.secret, third.secret].map((one) => statusWith(one)));
    expect(statuses).toEqual([401, 200, 200]);

    const { body: reset } = await call('POST', `credentials/${smpp.id}/reset`, { body: { graceSeconds: 3600 } });
    const both = [await bound('reset1', reset.secret), await bound('reset1', smpp.secret)];
    expect(client.session.state).toBe('bound_trx');
    await call('POST', `credentials/${smpp.id}/reset`, { body: { graceSeconds: 0 } });
    await Promise.all([client, ...both].map(({ ended }) => ended));
  });

  it('200: one resets oneself', async () => {
    const { id, secret } = await make(admin);
    const { body } = await call('POST', `credentials/${id}/reset`, { key: secret, body: {} });
    expect([await statusWith(secret), await statusWith(body.secret)]).toEqual([401, 200]);
  });

  it('200: several at once end with one secret that is good', async () => {
    const { id } = await make(admin);
    const answers = await Promise.all([0, 1, 0, 1].map((service) => call('POST', `credentials/${id}/reset`, { service, body: {} })));
    const statuses = () => Promise.all(answers.map(({ body }) => statusWith(body.secret)));
    await eventually('one is good', async () => (await statuses()).filter((status) => status === 200).length === 1, withinMs);
  });

  it('422: a grace for an SMS_KEY or a person; without it they are reset', async () => {
    for (const body of [
      { kind: 'sms_user', login: 'graceless' },
      { kind: 'person', login: 'ann@acme.example' },
    ]) {
      const { id } = await make(body);
      const reset = (graceSeconds: number) => call('POST', `credentials/${id}/reset`, { body: { graceSeconds } });
      expect(await reset(1)).toMatchObject({ status: 422, body: { errors: [{ field: '/graceSeconds' }] } });
      expect((await reset(0)).status).toBe(200);
    }
  });

  it.each([{ graceSeconds: -1 }, { graceSeconds: 604_801 }, { graceSeconds: 1.5 }, { secret: 'x' }])('422: %j', async (body) => {
    expect((await call('POST', `credentials/${testTenant.apiCredential}/reset`, { body })).status).toBe(422);
  });
});

describe('DELETE /v1/credentials/{id}', () => {
  it('204: refused everywhere within a second, sessions closed, gone', async () => {
    const [key, smpp] = [await make(admin), await make({ kind: 'smpp', login: 'gone' })];
    const client = await bound('gone', smpp.secret);
    const begunMs = performance.now();
    for (const { id } of [key, smpp]) expect((await call('DELETE', `credentials/${id}`)).status).toBe(204);
    await client.ended;
    await eventually('the other service refuses it', async () => (await statusWith(key.secret, 1)) === 401, withinMs);
    expect(performance.now() - begunMs).toBeLessThan(withinMs);
    for (const { id } of [key, smpp]) {
      expect((await call('GET', `credentials/${id}`)).status).toBe(404);
      expect((await call('DELETE', `credentials/${id}`)).status).toBe(404);
    }
    await make({ kind: 'smpp', login: 'gone' });
  });
});

it('each change is on record, with who made it, and with no verifier; what changed nothing is not', async () => {
  const { id } = await make(admin);
  for (const name of ['a', 'a', 'b']) await call('PATCH', `credentials/${id}`, { body: { name } });
  await call('PATCH', `credentials/${id}`, { body: { window: 0 } });
  await call('POST', `credentials/${id}/reset`, { body: { graceSeconds: 60 } });
  await call('DELETE', `credentials/${id}`);
  const entries = await auditOf(id);
  expect(entries.map(({ action }) => action)).toEqual([
    'credential.created',
    'credential.changed',
    'credential.changed',
    'credential.reset',
    'credential.deleted',
  ]);
  for (const entry of entries)
    expect(entry).toMatchObject({ actor: testTenant.apiCredential, tenantId: 'acme', address: expect.stringContaining('127.0.0.1') });
  expect(entries[2]).toMatchObject({ before: { name: 'a' }, after: { name: 'b' } });
  expect(JSON.stringify(entries.map(({ before, after }) => [before, after]))).not.toMatch(/verifier|argon2|[0-9a-f]{64}/i);
});

it('a secret that is soon 90 days old is said so, in every answer and in the listing', async () => {
  const { headers } = await call('GET', 'balance', { key: keys.old.key });
  const shown = (await call('GET', 'credentials/old-key', { key: keys.other.key })).body;
  expect(headers.get('heliograph-rotate-by')).toBe(shown.rotateBy.slice(0, 10));
  expect([shown.rotationDue, Math.round((Date.parse(shown.rotateBy) - Date.now()) / 86_400_000)]).toEqual([true, 10]);
  expect((await call('GET', 'credentials')).headers.get('heliograph-rotate-by')).toBeNull();
  expect(api.lines.filter((line) => line.includes('are to be rotated')).length).toBe(2);
});

// Last but two: from here on this network is told to slow down.
it('wrong keys: all the same answer; too many are told to slow down, and a good one is let in all the same', async () => {
  const [walled, disabled, expired] = [
    await make({ ...admin, allowIps: ['203.0.113.0/24'] }),
    await make(admin),
    await make({ ...admin, expiresAt: '2026-01-01T00:00:00Z' }),
  ];
  await call('PATCH', `credentials/${disabled.id}`, { body: { enabled: false } });
  const service = 1;
  const good = async () => statusWith(testTenant.apiKey, service);
  // who is let in is read from the snapshot, and so is this: what was changed before it is known there as well
  const url = 'https://example.com/known';
  await call('PUT', 'webhook', { body: { url } });
  await eventually('they are known there', async () => (await call('GET', 'webhook', { service })).body.url === url);
  const wrong = [newApiKey().key, 'nonsense', walled.secret, disabled.secret, expired.secret];
  const answers = [];
  for (const key of wrong) answers.push(await call('GET', 'credentials', { key, service }));
  expect(new Set(answers.map(({ status, body, headers }) => JSON.stringify([status, body, headers.get('www-authenticate')]))).size).toBe(1);
  expect(answers[0]?.status).toBe(401);
  for (let i = 0; i < keyFailuresMax; i++) await statusWith('nonsense', service);
  const slowed = await call('GET', 'credentials', { key: walled.secret, service });
  expect(slowed).toMatchObject({ status: 429, body: { type: '/problems/throttled' } });
  expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(Number(slowed.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  expect([await good(), await statusWith('', service)]).toEqual([200, 401]);
});

// Last but one, as it takes away the api.database.
it('503 when the database is away: nothing is changed, and who is let in goes on', async () => {
  await api.database.$executeRaw`ALTER TABLE "registry"."credential" RENAME TO "credential_away"`;
  const answers = [
    await call('GET', 'credentials'),
    await call('GET', 'credentials/narrow-key'),
    await call('POST', 'credentials', { body: admin }),
    await call('PATCH', 'credentials/narrow-key', { body: { name: 'x' } }),
    await call('POST', 'credentials/narrow-key/reset', { body: {} }),
    await call('DELETE', 'credentials/narrow-key'),
  ];
  expect(answers.map(({ status, body }) => [status, body.type])).toEqual(answers.map(() => [503, '/problems/unavailable']));
  for (const { body } of answers) expect(JSON.stringify(body)).not.toMatch(/relation|select|prisma/i);
});

it('no secret is in the log of either service', () => {
  const all = [...api.lines, ...logged];
  expect(all.length).toBeGreaterThan(100);
  const text = all.join('');
  expect([...secrets].filter((secret) => text.includes(secret))).toEqual([]);
  expect(secrets.size).toBeGreaterThan(20);
  expect(text).not.toMatch(/argon2id/);
});
