import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { hashPassword, wrapLegacyVerifier } from '@heliograph/credential';
import { putCredential } from '@heliograph/registry';
import { eventually, quietLog, testTenant } from '@heliograph/testbed';
import type { PGStore } from 'connect-pg-simple';
import pg from 'pg';
import type { z } from 'zod';
import { problemDetails } from '../src/http/schema.ts';
import { person } from '../src/persons/schema.ts';
import { openSessionStore } from '../src/persons/store.ts';
import { openApi, type Api } from './api.ts';

/** Why a session ends, as the login of the person to whom it happens. */
const endings: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
  'is disabled': (id) => api.database.credential.update({ where: { id }, data: { enabled: false } }),
  'is removed': (id) => api.database.credential.delete({ where: { id } }),
  'has expired': (id) => api.database.credential.update({ where: { id }, data: { expiresAt: new Date() } }),
  'got another password': (id) => api.database.credential.update({ where: { id }, data: { secretSetAt: new Date() } }),
  'may not come from here': (id) => api.database.credential.update({ where: { id }, data: { allowIps: ['198.51.100.0/24'] } }),
};

const password = 'correct horse battery staple';
/** A credential that is taken back is refused everywhere within a second; as much again for a machine that is busy with other tests. */
const withinMs = 2_000;

let api: Api;
let sessions: pg.Client;
/** What must be in no log: cookies and tokens. */
const secrets = new Set<string>([password]);

beforeAll(async () => {
  api = await openApi();
  sessions = new pg.Client({ connectionString: api.servers.databaseUrl });
  await sessions.connect();
  api.alsoStop(() => sessions.end());
  // before the services start, as a login that is tried before they know it counts as a guess
  for (const login of ['jo', 'guessed', 'changer', 'hijacked', 'long-enough-login', ...Object.keys(endings)]) await putPerson(login);
  await putPerson('reader', { role: 'tenant-user' });
  await putPerson('op', { tenantId: '', role: 'operator-admin' });
  const hex = createHash('sha256').update(password).digest('hex');
  await putPerson('imported', { verifier: (await wrapLegacyVerifier('sha256', hex)) as string });
  for (const instance of ['one', 'two']) await api.start({ instance });
}, 60_000);

afterAll(() => api?.stop(), 30_000);

async function putPerson(login: string, fields: Partial<Parameters<typeof putCredential>[1]> = {}): Promise<void> {
  await putCredential(api.database, {
    id: idOfPerson(login),
    tenantId: testTenant.id,
    kind: 'person',
    role: 'tenant-admin',
    name: `Name of ${login}`,
    login,
    verifier: await hashPassword(password),
    ...fields,
  });
}

function idOfPerson(login: string): string {
  return `person-${login.replaceAll(' ', '-')}`;
}

interface Call {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Browser {
  cookie: string;
  csrfToken: string;
  /** Of the services. */
  service: number;
  call(method: string, path: string, call?: Call): Promise<{ status: number; type: string; headers: Headers; body: unknown }>;
  /** With the CSRF token of the last login. */
  change(method: string, path: string, call?: Call): ReturnType<Browser['call']>;
  logIn(login: string, given?: string): Promise<z.infer<typeof person>>;
}

/** What a browser keeps, and no more. */
function newBrowser(service = 0): Browser {
  const browser: Browser = {
    cookie: '',
    csrfToken: '',
    service,
    async call(method, path, { body, headers = {} } = {}) {
      const given = { ...(browser.cookie === '' ? {} : { Cookie: browser.cookie }), ...headers };
      const response = await api.ask(method, path, body === undefined ? undefined : JSON.stringify(body), {
        key: '',
        headers: given,
        service: browser.service,
      });
      const [set] = response.headers.getSetCookie();
      if (set !== undefined) browser.cookie = /Expires=Thu, 01 Jan 1970/.test(set) ? '' : (set.split(';')[0] as string);
      if (browser.cookie !== '') secrets.add(browser.cookie.slice('heliograph='.length));
      const text = await response.text();
      const answer: unknown = text === '' ? undefined : JSON.parse(text);
      if (response.status >= 400) expect(problemDetails.safeParse(answer)).toMatchObject({ success: true });
      const type = (answer as { type?: string } | undefined)?.type?.slice('/problems/'.length) ?? '';
      return { status: response.status, type, headers: response.headers, body: answer };
    },
    change: (method, path, { body, headers } = {}) =>
      browser.call(method, path, { body, headers: { 'X-CSRF-Token': browser.csrfToken, ...headers } }),
    async logIn(login, given = password) {
      const answer = await browser.call('POST', '/v1/session', { body: { login, password: given } });
      expect(answer).toMatchObject({ status: 200 });
      const shown = person.parse(answer.body);
      browser.csrfToken = shown.csrfToken;
      secrets.add(shown.csrfToken);
      return shown;
    },
  };
  return browser;
}

async function loggedIn(login = 'jo', service = 0): Promise<Browser> {
  const browser = newBrowser(service);
  await browser.logIn(login);
  return browser;
}

/** Something that only who is let in gets 404 from. */
const somewhere = '/v1/sessions/00000000-0000-4000-8000-000000000000';

describe('POST /v1/session', () => {
  it('200: who it is, and a cookie that lets in', async () => {
    const browser = newBrowser();
    const answer = await browser.call('POST', '/v1/session', { body: { login: 'jo', password } });
    expect(person.parse(answer.body)).toMatchObject({
      credential: 'person-jo',
      name: 'Name of jo',
      role: 'tenant-admin',
      scopes: expect.arrayContaining(['messages:send', 'webhook:write']) as unknown,
      tenant: testTenant.id,
      csrfToken: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
    });
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^heliograph=[^;]+; Path=\/; Expires=[^;]+ GMT; HttpOnly; SameSite=Strict$/),
    ]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await browser.call('GET', '/v1/sessions')).toMatchObject({ status: 200, body: { sessions: [] } });
    expect(await browser.call('GET', '/v1/session')).toMatchObject({ status: 200, body: answer.body });
  });

  it('200: an operator names the tenant it is about', async () => {
    const browser = newBrowser();
    expect(await browser.logIn('op')).toMatchObject({ tenant: null, role: 'operator-admin' });
    expect(await browser.call('GET', '/v1/sessions')).toMatchObject({ status: 400, type: 'tenant_needed' });
    expect(await browser.call('GET', '/v1/sessions', { headers: { 'Heliograph-Tenant': testTenant.id } })).toMatchObject({ status: 200 });
  });

  it('200: a new id, whatever came with the request; the session before has ended', async () => {
    const browser = await loggedIn();
    const { cookie } = browser;
    await browser.logIn('jo');
    expect(browser.cookie).not.toBe(cookie);
    browser.cookie = cookie;
    expect(await browser.call('GET', '/v1/session')).toMatchObject({ status: 401 });
    const fixed = newBrowser();
    fixed.cookie = 'heliograph=s%3Achosen.by-an-attacker';
    await fixed.logIn('jo');
    expect(fixed.cookie).not.toContain('chosen');
  });

  it('200: a verifier of another product is made ours, and the session goes on', async () => {
    const browser = await loggedIn('imported');
    const { verifier } = await api.database.credential.findUniqueOrThrow({ where: { id: 'person-imported' } });
    expect(verifier).toMatch(/^\$argon2id\$/);
    expect(await browser.call('GET', '/v1/session')).toMatchObject({ status: 200 });
  });

  it.each([
    ['a wrong password', { login: 'jo', password: 'guess' }],
    ['a login that nobody has', { login: 'nobody', password }],
    ['a system id', { login: testTenant.systemId, password: testTenant.password }],
  ])('401: %s, all alike, and no cookie', async (_, body) => {
    const answer = await newBrowser().call('POST', '/v1/session', { body });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 401,
      body: {
        type: '/problems/not_authenticated',
        title: 'A valid credential is needed',
        status: 401,
        detail: 'the login or the password is wrong',
      },
    });
  });

  it.each([{ 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }, { Origin: 'http://evil.example' }])(
    '403: a page of another origin, %j',
    async (headers) => {
      const answer = await newBrowser().call('POST', '/v1/session', { body: { login: 'jo', password }, headers });
      expect(answer).toMatchObject({ status: 403, type: 'csrf' });
    },
  );

  it.each<[string, object]>([
    ['nothing', {}],
    ['no password', { login: 'jo' }],
    ['an empty password', { login: 'jo', password: '' }],
    ['a password that is too long', { login: 'jo', password: 'x'.repeat(257) }],
    ['a tenant', { login: 'jo', password, tenant: testTenant.id }],
  ])('422: %s', async (_, body) => {
    expect(await newBrowser().call('POST', '/v1/session', { body })).toMatchObject({ status: 422, type: 'invalid' });
  });

  it('429: guessed too often, with the right password, too; another login is let in', async () => {
    const browser = newBrowser();
    for (let guess = 0; guess < 10; guess++) {
      expect(await browser.call('POST', '/v1/session', { body: { login: 'guessed', password: `guess ${guess}` } })).toMatchObject({
        status: 401,
      });
    }
    const locked = await browser.call('POST', '/v1/session', { body: { login: 'guessed', password } });
    expect([locked.status, locked.type, locked.headers.get('retry-after')]).toEqual([429, 'throttled', '600']);
    await browser.logIn('jo');
  }, 20_000);
});

describe('a session', () => {
  it.each([
    ['no cookie', ''],
    ['a cookie of nobody', 'heliograph=x'],
    ['a cookie that was not signed here', `heliograph=s%3A${'x'.repeat(32)}.${'y'.repeat(43)}`],
  ])('401: %s', async (_, cookie) => {
    for (const path of ['/v1/session', '/v1/sessions']) {
      const browser = newBrowser();
      browser.cookie = cookie;
      const answer = await browser.call('GET', path);
      expect(answer).toMatchObject({ status: 401, type: 'not_authenticated' });
      expect(answer.headers.get('www-authenticate')).toBeTruthy();
    }
  });

  it('401: an API key has no session; elsewhere it counts, and the cookie beside it does not', async () => {
    const headers = { 'X-API-Key': testTenant.apiKey };
    expect(await newBrowser().call('GET', '/v1/session', { headers })).toMatchObject({ status: 401 });
    const browser = await loggedIn();
    expect(await browser.call('DELETE', somewhere, { headers })).toMatchObject({ status: 404 });
    expect(await browser.call('GET', '/v1/sessions', { headers: { 'X-API-Key': 'wrong' } })).toMatchObject({ status: 401 });
  });

  it('403: may do what its person may', async () => {
    const browser = await loggedIn('reader');
    expect(await browser.change('DELETE', somewhere)).toMatchObject({ status: 403, type: 'not_permitted' });
  });

  it('is known to every http-api, and after a restart', async () => {
    const browser = await loggedIn('jo', 0);
    browser.service = 1;
    expect(await browser.change('DELETE', somewhere)).toMatchObject({ status: 404 });
    await api.services[1]?.stop();
    await api.start({ instance: 'two' });
    expect(await browser.change('DELETE', somewhere)).toMatchObject({ status: 404 });
  });

  it('is prolonged by each request', async () => {
    const browser = await loggedIn();
    const id = digestOf(browser.cookie);
    await sessions.query(`UPDATE http_api.session SET expire = now() + interval '1 minute' WHERE sid = $1`, [id]);
    const { headers } = await browser.call('GET', '/v1/sessions');
    const { rows } = await sessions.query('SELECT expire FROM http_api.session WHERE sid = $1', [id]);
    const [row] = rows as { expire: Date }[];
    expect(Number(row?.expire) - Date.now()).toBeGreaterThan(29 * 60_000);
    const [, expires] = /Expires=([^;]+)/.exec(headers.getSetCookie()[0] as string) ?? [];
    expect(Math.abs(Date.parse(expires as string) - Date.now() - 30 * 60_000)).toBeLessThan(10_000);
  });

  it.each([
    ['30 minutes without a request', `expire = now() - interval '1 second'`],
    ['12 hours, however busy', `sess = jsonb_set(sess, '{passport,user,endsAtMs}', '1')`],
  ])('401: it ends after %s', async (_, change) => {
    const browser = await loggedIn();
    await sessions.query(`UPDATE http_api.session SET ${change} WHERE sid = $1`, [digestOf(browser.cookie)]);
    expect(await browser.call('GET', '/v1/sessions')).toMatchObject({ status: 401 });
    expect(browser.cookie).toBe('');
  });

  it.each(Object.entries(endings))('401: it ends within a second once its person %s, though nobody says so', async (login, change) => {
    const browsers = await Promise.all([loggedIn(login, 0), loggedIn(login, 1)]);
    const ids = browsers.map(({ cookie }) => digestOf(cookie));
    await change(idOfPerson(login));
    for (const browser of browsers)
      await eventually('it has ended', async () => (await browser.call('GET', '/v1/sessions')).status === 401, withinMs);
    expect((await sessions.query('SELECT FROM http_api.session WHERE sid = ANY($1)', [ids])).rowCount).toBe(0);
  });

  it('is stored by the digest of its id, so that who reads the table cannot take it over', async () => {
    const browser = await loggedIn();
    const { rows } = await sessions.query('SELECT sid, sess::text FROM http_api.session');
    const id = idOf(browser.cookie);
    expect(rows.map((row: { sid: string }) => row.sid)).toContain(digestOf(browser.cookie));
    expect(JSON.stringify(rows)).not.toContain(id);
    expect(JSON.stringify(rows)).not.toContain(password);
  });
});

it('expired sessions are deleted by and by, and no others', async () => {
  const [over, going] = [await loggedIn(), await loggedIn()].map(({ cookie }) => digestOf(cookie));
  await sessions.query(`UPDATE http_api.session SET expire = now() - interval '5 seconds' WHERE sid = $1`, [over]);
  const { store, close } = openSessionStore({ databaseUrl: api.servers.databaseUrl, log: quietLog });
  await promisify((done: (error: Error | null) => void) => (store as PGStore).pruneSessions(done))();
  await close();
  const { rows } = await sessions.query('SELECT sid FROM http_api.session WHERE sid = ANY($1)', [[over, going]]);
  expect(rows).toEqual([{ sid: going }]);
});

/** The cookie is `s:<id>.<signature>`. */
function idOf(cookie: string): string {
  return decodeURIComponent(cookie.slice('heliograph=s%3A'.length)).split('.')[0] as string;
}

function digestOf(cookie: string): string {
  return createHash('sha256').update(idOf(cookie)).digest('hex');
}

describe('a request of a session that changes something', () => {
  it('needs its token, and comes from a page of this origin', async () => {
    const browser = await loggedIn();
    const other = await loggedIn();
    const token = browser.csrfToken;
    const refused: Record<string, string>[] = [
      {},
      { 'X-CSRF-Token': '' },
      { 'X-CSRF-Token': token.toUpperCase() },
      { 'X-CSRF-Token': other.csrfToken },
      { 'X-CSRF-Token': token, 'Sec-Fetch-Site': 'cross-site' },
      { 'X-CSRF-Token': token, 'Sec-Fetch-Site': 'same-site' },
      { 'X-CSRF-Token': token, Origin: 'http://127.0.0.1:1' },
      { 'X-CSRF-Token': token, Origin: 'null' },
    ];
    for (const headers of refused) {
      for (const [method, path] of [
        ['DELETE', somewhere],
        ['POST', '/v1/messages'],
        ['DELETE', '/v1/session'],
      ] as const)
        expect(await browser.call(method, path, { headers })).toMatchObject({ status: 403, type: 'csrf' });
    }
    const origin = api.url('');
    for (const headers of [{}, { 'Sec-Fetch-Site': 'same-origin' }, { Origin: origin }])
      expect(await browser.change('DELETE', somewhere, { headers })).toMatchObject({ status: 404 });
  });

  it('403: a foreign page reads nothing either', async () => {
    const browser = await loggedIn();
    const answer = await browser.call('GET', '/v1/session', { headers: { 'Sec-Fetch-Site': 'cross-site' } });
    expect(answer).toMatchObject({ status: 403, type: 'csrf' });
  });
});

describe('DELETE /v1/session', () => {
  it('204: it has ended, and no other of the person', async () => {
    const [browser, other] = [await loggedIn(), await loggedIn()];
    const { cookie } = browser;
    expect(await browser.change('DELETE', '/v1/session')).toMatchObject({ status: 204 });
    expect(browser.cookie).toBe('');
    browser.cookie = cookie;
    for (browser.service of [0, 1]) expect(await browser.call('GET', '/v1/session')).toMatchObject({ status: 401 });
    expect(await other.call('GET', '/v1/session')).toMatchObject({ status: 200 });
  });
});

describe('PUT /v1/session/password', () => {
  const next = 'staple battery horse correct';
  secrets.add(next);

  it('200: the other sessions end everywhere, this one goes on everywhere, and it is on record', async () => {
    const [browser, other, elsewhere] = [await loggedIn('changer'), await loggedIn('changer'), await loggedIn('changer', 1)];
    const before = { ...browser };
    const answer = await browser.change('PUT', '/v1/session/password', { body: { old: password, new: next } });
    expect(answer).toMatchObject({ status: 200, body: { credential: 'person-changer' } });
    browser.csrfToken = person.parse(answer.body).csrfToken;
    expect([browser.cookie === before.cookie, browser.csrfToken === before.csrfToken]).toEqual([false, false]);
    for (browser.service of [1, 0]) expect(await browser.change('DELETE', somewhere)).toMatchObject({ status: 404 });
    for (const one of [other, elsewhere])
      await eventually('it has ended', async () => (await one.call('GET', '/v1/session')).status === 401, withinMs);

    for (const service of [0, 1]) {
      const old = await newBrowser(service).call('POST', '/v1/session', { body: { login: 'changer', password } });
      expect(old).toMatchObject({ status: 401 });
      await newBrowser(service).logIn('changer', next);
    }
    const [entry, ...more] = await api.database.audit.findMany({ where: { subject: 'person-changer' } });
    expect([entry, more]).toMatchObject([
      { actor: 'person-changer', tenantId: testTenant.id, action: 'credential.password_changed', address: '127.0.0.1' },
      [],
    ]);
    expect(entry?.requestId).toBe(answer.headers.get('x-request-id'));
    expect(JSON.stringify([entry?.before, entry?.after])).not.toContain('argon2');
  });

  it.each([
    ['too short', { old: password, new: 'x'.repeat(11) }, '/new'],
    ['your login', { old: password, new: 'LONG-ENOUGH-LOGIN' }, '/new'],
    ['not your password', { old: 'guess', new: next }, '/old'],
    ['nothing', {}, '/old'],
  ])('422: %s', async (_, body, field) => {
    const browser = await loggedIn('long-enough-login');
    const answer = await browser.change('PUT', '/v1/session/password', { body });
    expect(answer).toMatchObject({ status: 422, type: 'invalid' });
    expect(problemDetails.parse(answer.body).errors?.[0]).toMatchObject({ field });
    expect(await browser.call('GET', '/v1/session')).toMatchObject({ status: 200 });
  });

  it('429: the old password guessed too often', async () => {
    const browser = await loggedIn('hijacked');
    for (let guess = 0; guess < 10; guess++)
      await browser.change('PUT', '/v1/session/password', { body: { old: `guess ${guess}`, new: next } });
    expect(await browser.change('PUT', '/v1/session/password', { body: { old: password, new: next } })).toMatchObject({ status: 429 });
  }, 20_000);

  it('401: not logged in', async () => {
    const answer = await newBrowser().call('PUT', '/v1/session/password', { body: { old: password, new: next } });
    expect(answer).toMatchObject({ status: 401 });
  });
});

it('401: the sessions of a tenant that is disabled end within a second', async () => {
  const browser = await loggedIn();
  await api.database.tenant.update({ where: { id: testTenant.id }, data: { enabled: false } });
  await eventually('it has ended', async () => (await browser.call('GET', '/v1/sessions')).status === 401, withinMs);
  await api.database.tenant.update({ where: { id: testTenant.id }, data: { enabled: true } });
  await eventually('it is enabled again', async () => {
    return (await newBrowser().call('GET', '/v1/sessions', { headers: { 'X-API-Key': testTenant.apiKey } })).status === 200;
  });
});

it('no password, cookie or token is in the log', () => {
  expect(api.lines.length).toBeGreaterThan(100);
  const lines = api.lines.join('');
  for (const secret of secrets) expect(lines).not.toContain(secret);
});

// Last, as it takes away the table.
it('503 when sessions cannot be looked up or stored; API keys go on', async () => {
  const browser = await loggedIn();
  await sessions.query('ALTER TABLE http_api.session RENAME TO session_away');
  expect(await browser.call('GET', '/v1/sessions')).toMatchObject({ status: 503, type: 'unavailable' });
  expect(await newBrowser().call('POST', '/v1/session', { body: { login: 'jo', password } })).toMatchObject({ status: 503 });
  for (const what of ['looked up', 'stored']) expect(api.lines.join('')).toContain(`session cannot be ${what}`);
  expect(await newBrowser().call('GET', '/v1/sessions', { headers: { 'X-API-Key': testTenant.apiKey } })).toMatchObject({ status: 200 });
});
