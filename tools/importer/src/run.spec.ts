import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { topUpKey } from './plan.ts';
import { run } from './run.ts';

const file = join(import.meta.dirname, '../testdata/01-contract.csv');
const key = 'a'.repeat(64);

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly tenant: string | undefined;
  readonly body: Record<string, unknown>;
}

/** A control plane that keeps what it is told, and refuses as the real one does. */
let server: Server;
let url: string;
let asked: Asked[];
let credentials: Map<string, string>;
let balances: Map<string, { tenant: string; credits: string }>;
let tenants: Set<string>;
/** Status that the next credential is answered with. */
let failOnce: number | undefined;

beforeEach(async () => {
  asked = [];
  credentials = new Map();
  balances = new Map();
  tenants = new Set(['acme']);
  failOnce = undefined;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>) : {};
      const { status, answer } =
        request.headers.authorization === `Bearer ${key}`
          ? decide(request.method!, request.url!, request.headers['heliograph-tenant'] as string, body)
          : { status: 401, answer: { type: '/problems/not_authenticated' } };
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => void server.close());

function decide(
  method: string,
  path: string,
  tenant: string | undefined,
  body: Record<string, unknown>,
): { status: number; answer: object } {
  asked.push({ method, path, tenant, body });
  const [, id = '', topUp] = /^\/v1\/tenants\/([^/]+)(\/top-ups)?$/.exec(path) ?? [];
  if (path.startsWith('/v1/credentials?')) {
    // a page each, to see that they are followed
    const all = [...credentials];
    const at = Number(/after=(\d+)/.exec(path)?.[1] ?? 0);
    const page = all.slice(at, at + 1).map(([login, owner]) => ({ kind: 'smpp', login, tenant: owner }));
    return { status: 200, answer: { credentials: page, next: at + 1 < all.length ? String(at + 1) : null } };
  }
  if (path === '/v1/credentials') {
    const status = failOnce ?? 201;
    failOnce = undefined;
    if (status === 201) credentials.set(body['login'] as string, tenant ?? '');
    return { status, answer: { type: '/problems/invalid', detail: 'not this one' } };
  }
  if (topUp) {
    balances.set(body['key'] as string, { tenant: id, credits: body['credits'] as string });
    return { status: 200, answer: {} };
  }
  if (method === 'PUT') tenants.add(id);
  return tenants.has(id) ? { status: 200, answer: {} } : { status: 404, answer: { type: '/problems/not_found', detail: 'no such tenant' } };
}

async function call(args: string[], env: Record<string, string> = { HELIOGRAPH_OPERATOR_KEY: key }) {
  const [printed, warned]: string[][] = [[], []];
  const code = await run({ args, env, print: (text) => printed!.push(text), warn: (text) => warned!.push(text) });
  return { code, out: printed!.join(''), error: warned!.join('') };
}

const changes = () => asked.filter(({ method }) => method !== 'GET');

describe('an import', () => {
  it('changes nothing without --apply, and asks nobody without --url', async () => {
    const { code, out } = await call([file, '--tenant', 'acme']);
    expect(code).toBe(0);
    expect(out).toContain('2 to bring in, 0 there already');
    expect(asked).toEqual([]);
    await call([file, '--tenant', 'acme', '--url', url]);
    expect(changes()).toEqual([]);
  });

  it('with --apply brings credits and credentials in, and a second time changes nothing', async () => {
    const args = [file, '--tenant', 'acme', '--url', url, '--apply'];
    expect(await call(args)).toMatchObject({ code: 0, error: '' });
    expect([...credentials]).toEqual([
      ['Test1', 'acme'],
      ['Test2', 'acme'],
    ]);
    expect([...balances.values()]).toEqual([{ tenant: 'acme', credits: '10.000000' }]);
    expect([...balances.keys()][0]).toMatch(/^import [0-9a-f]{32} Test1$/);
    expect(asked.find(({ body }) => body['login'] === 'Test1')?.body).toEqual({
      kind: 'smpp',
      name: 'imported from SmppServerUsers',
      login: 'Test1',
      addressRange: '+31699887766',
      legacyVerifier: { form: 'sha1-utf16le', hex: 'DC215545BA63D605FBCD647A9555270F566D918B' },
    });
    const before = changes().length;
    const again = await call(args);
    expect(again).toMatchObject({ code: 0, error: '' });
    expect(again.out).toContain('0 brought in, 2 there already');
    expect(changes()).toHaveLength(before);
  });

  it('with a tenant each makes those that are not there', async () => {
    tenants.add('test2');
    expect((await call([file, '--tenant-per-user', '--price-plan', 'old', '--url', url, '--apply'])).code).toBe(0);
    expect([...credentials]).toEqual([
      ['Test1', 'test1'],
      ['Test2', 'test2'],
    ]);
    expect(changes().filter(({ method }) => method === 'PUT')).toMatchObject([
      { path: '/v1/tenants/test1', body: { name: 'test1', pricePlanId: 'old' } },
    ]);
  });

  it('goes on after a refusal, and the same file mends it with the credits given once', async () => {
    failOnce = 422;
    const args = [file, '--tenant', 'acme', '--url', url, '--apply'];
    const { code, out } = await call(args);
    expect(code).toBe(1);
    expect(out).toContain('line 2: system id Test1: 422 /problems/invalid not this one');
    expect([...credentials.keys()]).toEqual(['Test2']);
    expect((await call(args)).code).toBe(0);
    expect([...credentials.keys()]).toEqual(['Test2', 'Test1']);
    expect(balances.size).toBe(1);
  });

  it('asks again when the platform is busy', async () => {
    failOnce = 503;
    expect((await call([file, '--tenant', 'acme', '--url', url, '--apply'])).code).toBe(0);
  });

  it.each([
    ['the tenant is not there', ['--tenant', 'nobody'], { HELIOGRAPH_OPERATOR_KEY: key }, 'tenant nobody: 404'],
    ['the key is not good', ['--tenant', 'acme'], { HELIOGRAPH_OPERATOR_KEY: 'b'.repeat(64) }, '401'],
    ['there is no key', ['--tenant', 'acme'], {}, 'HELIOGRAPH_OPERATOR_KEY'],
    ['the key file is not there', ['--tenant', 'acme', '--key-file', '/nowhere/key'], {}, 'ENOENT'],
  ])('ends with 1 and changes nothing when %s', async (_, args, env, reason) => {
    const { code, error } = await call([file, ...args, '--url', url, '--apply'], env as Record<string, string>);
    expect(code).toBe(1);
    expect(error).toContain(reason);
    expect(error).not.toContain('b'.repeat(64));
    expect(changes()).toEqual([]);
  });

  it('says when nobody answers', async () => {
    const { port } = server.address() as AddressInfo;
    server.close();
    const { code, error } = await call([file, '--tenant', 'acme', '--url', `http://127.0.0.1:${port}`]);
    expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining('ECONNREFUSED') });
  });
});

it.each([
  ['no file', ['--tenant', 'a']],
  ['two files', ['a', 'b', '--tenant', 'a']],
  ['no owner', [file]],
  ['two kinds of owner', [file, '--tenant', 'a', '--tenant-per-user']],
  ['an unknown form of password', [file, '--tenant', 'a', '--passwords', 'md5']],
  ['an unknown format', [file, '--tenant', 'a', '--format', 'xml']],
  ['a URL that would carry the key in clear', [file, '--tenant', 'a', '--url', 'http://198.51.100.1']],
  ['--apply to nowhere', [file, '--tenant', 'a', '--apply']],
  ['an unknown option', [file, '--tenat', 'a']],
])('%s is refused with exit code 2', async (_, args) => {
  expect(await call(args)).toMatchObject({ code: 2, out: '' });
  expect(asked).toEqual([]);
});

it('the key of a top-up is as the ledger keeps it', () => {
  expect(topUpKey('f00', 'Test1')).toBe('import f00 Test1');
});
