import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashPassword } from '@heliograph/credential';
import { putCredential } from '@heliograph/registry';
import { browserWaitMs, launchBrowser, testTenant } from '@heliograph/testbed';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { generate } from 'selfsigned';
import { openApi, type Api } from './api.ts';

/** What only a browser decides: which cookies it keeps and sends, and what it says of the page that asks. */
const login = { login: 'jo', password: 'correct horse battery staple' };
const somewhere = '/v1/sessions/00000000-0000-4000-8000-000000000000';

let api: Api;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
}, browserWaitMs);

beforeAll(async () => {
  api = await openApi();
  await putCredential(api.database, {
    id: 'jo',
    tenantId: testTenant.id,
    kind: 'person',
    role: 'tenant-admin',
    login: login.login,
    verifier: await hashPassword(login.password),
  });
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }]);
  const { folder } = api.servers;
  const files = { HTTP_TLS_CERT_FILE: join(folder, 'cert.pem'), HTTP_TLS_KEY_FILE: join(folder, 'key.pem') };
  writeFileSync(files.HTTP_TLS_CERT_FILE, cert);
  writeFileSync(files.HTTP_TLS_KEY_FILE, key);
  await api.start({ instance: 'plain' });
  await api.start({ instance: 'secure', env: files });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await api?.stop();
}, 30_000);

const plainBase = (): string => api.url('');

/** An empty page of that origin, as a page that we or somebody else would have there. */
async function openPage(context: BrowserContext, origin: string, content = ''): Promise<Page> {
  const page = await context.newPage();
  await page.route(`${origin}/page`, (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html>${content}` }));
  await page.goto(`${origin}/page`);
  return page;
}

interface Answer {
  readonly status: number;
  readonly body: { readonly csrfToken?: string; readonly type?: string };
}

/** The page's own fetch. */
function call(page: Page, method: string, path: string, fields: { body?: object; token?: string } = {}): Promise<Answer> {
  return page.evaluate(
    async ({ method, path, body, token }) => {
      const response = await fetch(path, {
        method,
        headers: { ...(body ? { 'Content-Type': 'application/json' } : {}), ...(token ? { 'X-CSRF-Token': token } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
    },
    { method, path, ...fields },
  );
}

async function logIn(context: BrowserContext, origin: string): Promise<{ page: Page; token: string }> {
  const page = await openPage(context, origin);
  const { status, body } = await call(page, 'POST', '/v1/session', { body: login });
  expect(status).toBe(200);
  return { page, token: body.csrfToken as string };
}

describe('a page of ours', () => {
  it('logs in, acts with the token, is loaded again, and logs out', async () => {
    const context = await browser.newContext();
    const { page, token } = await logIn(context, plainBase());
    expect(await context.cookies()).toMatchObject([
      { name: 'heliograph', domain: '127.0.0.1', path: '/', httpOnly: true, secure: false, sameSite: 'Strict' },
    ]);
    expect(await page.evaluate(() => (globalThis as unknown as { document: { cookie: string } }).document.cookie)).toBe('');
    expect(await call(page, 'DELETE', somewhere)).toMatchObject({ status: 403, body: { type: '/problems/csrf' } });
    expect(await call(page, 'DELETE', somewhere, { token })).toMatchObject({ status: 404 });
    await page.reload();
    expect(await call(page, 'GET', '/v1/session')).toMatchObject({ status: 200, body: { csrfToken: token } });
    expect(await call(page, 'DELETE', '/v1/session', { token })).toMatchObject({ status: 204 });
    expect(await context.cookies()).toEqual([]);
    expect(await call(page, 'GET', '/v1/session')).toMatchObject({ status: 401 });
    await context.close();
  }, 30_000);

  it('over TLS has a cookie that is bound to this host and never goes without TLS', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const origin = api.url('', 1).replace('http:', 'https:');
    const { page, token } = await logIn(context, origin);
    expect(await context.cookies()).toMatchObject([
      { name: '__Host-heliograph', domain: '127.0.0.1', path: '/', httpOnly: true, secure: true, sameSite: 'Strict' },
    ]);
    expect(await call(page, 'DELETE', somewhere, { token })).toMatchObject({ status: 404 });
    await context.close();
  }, 30_000);
});

describe('a page of another origin', () => {
  /** Same site, as another port is none to a cookie: SameSite=Strict lets it through. */
  const otherPort = 'http://127.0.0.1:1';
  const otherSite = 'http://localhost:1';

  async function submitForm(context: BrowserContext, origin: string, path: string, body: string) {
    const page = await openPage(context, origin);
    const answered = page.waitForResponse(`${plainBase()}${path}`);
    await page.setContent(
      `<form method="post" enctype="text/plain" action="${plainBase()}${path}"><input name='${body}' value=""></form><script>document.forms[0].submit()</script>`,
    );
    const response = await answered;
    const { cookie } = await response.request().allHeaders();
    return { status: response.status(), cookie };
  }

  it.each([
    ['another port, whose request has the cookie', otherPort, 403],
    ['another site, whose request has none', otherSite, 401],
  ])(
    'at %s sends no message with a form',
    async (_, origin, status) => {
      const context = await browser.newContext();
      await logIn(context, plainBase());
      const answer = await submitForm(context, origin, '/v1/messages', '{"to":"+31612345678","text":"x","reference":"');
      expect([answer.status, answer.cookie !== undefined]).toEqual([status, status === 403]);
      await context.close();
    },
    30_000,
  );

  it.each([otherPort, otherSite])(
    'at %s logs nobody in, and reads nothing',
    async (origin) => {
      const context = await browser.newContext();
      expect(await submitForm(context, origin, '/v1/session', JSON.stringify(login))).toMatchObject({ status: 403 });
      expect(await context.cookies()).toEqual([]);
      await logIn(context, plainBase());
      const page = await openPage(context, origin);
      const read = page.evaluate(async (url) => (await fetch(url, { credentials: 'include' })).status, `${plainBase()}/v1/session`);
      await expect(read).rejects.toThrow('Failed to fetch');
      await context.close();
    },
    30_000,
  );
});
