import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { contentOf } from './index.ts';
import { run } from './run.ts';

const key = 'k'.repeat(64);
const id = '0'.repeat(31);
const to = '+31612345678';

/** http-api as this tool sees it: two messages on two pages; `charged` is the ledger's word. */
let server: Server;
let url: string;
let folder: string;
let charged: string;
let asked: { path: string; tenant: string | undefined }[];

beforeEach(async () => {
  [charged, asked] = ['2.000000', []];
  folder = mkdtempSync(join(tmpdir(), 'heliograph-checker-'));
  mkdirSync(join(folder, 'journals'));
  const at = (line: object): string => `${JSON.stringify({ atMs: 1, ...line })}\n`;
  const lines = [1, 2].flatMap((n) => {
    const content = contentOf(to.slice(1), `text ${n}`);
    return [
      { kind: 'asked', tenant: 'acme', ref: `${n}`, content, door: 'http', reportWanted: true },
      { kind: 'accepted', tenant: 'acme', ref: `${n}`, id: id + n },
      { kind: 'arrived', provider: 'carrier', content, taken: true },
      { kind: 'reported', tenant: 'acme', id: id + n, state: 'delivered', by: 'webhook' },
    ];
  });
  writeFileSync(join(folder, 'journals', 'acme.jsonl'), lines.map(at).join(''));
  writeFileSync(join(folder, 'key'), `${key}\n`);
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    asked.push({ path: pathname, tenant: request.headers['heliograph-tenant'] as string | undefined });
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.headers.authorization !== `Bearer ${key}`) return answer(401, { type: '/problems/not_authenticated', detail: 'no' });
    if (pathname === '/v1/messages') {
      const n = searchParams.get('before') === null ? 1 : 2;
      return answer(200, { messages: [{ id: id + n, to, text: `text ${n}`, state: 'delivered' }], next: n === 1 ? id + n : null });
    }
    if (pathname === '/v1/usage') {
      return response.end(
        `id,accepted,credits,refunded,reference\r\n${[1, 2].map((n) => `${id}${n},x,1.000000,0.000000,"a\n""b"""\r\n`).join('')}`,
      );
    }
    if (pathname === '/v1/differences') return answer(200, { differences: [], next: null });
    return answer(200, { funds: '10.000000', balance: '3.000000', leased: '5.000000', charged, refunded: '0.000000' });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

async function call(
  more: readonly string[] = [],
  env: Record<string, string> = { HELIOGRAPH_KEY_ACME: key },
  tenants = ['--tenant', 'acme'],
) {
  const [printed, warned]: [string[], string[]] = [[], []];
  const args = ['--journals', join(folder, 'journals'), '--url', url, ...tenants, ...more];
  const code = await run({ args, env, print: (text) => printed.push(text), warn: (text) => warned.push(text) });
  return { code, out: printed.join(''), error: warned.join('') };
}

describe('the checker', () => {
  it('ends with 0 when all of it holds, and says so for people', async () => {
    const { code, out, error } = await call();
    expect([code, error]).toEqual([0, '']);
    expect(out).toContain('ok      1  no loss: every accepted message is in exactly one final state\n           accepted     2\n');
    expect(out).toMatch(/All of it holds\.\n$/);
  });

  it('ends with 1 when something is broken, and says what', async () => {
    charged = '3.000000';
    const { code, out } = await call();
    expect(code).toBe(1);
    expect(out).toContain('BROKEN  4');
    expect(out).toContain('!  charged: tenant acme: the ledger has 3.000000, the messages 2.000000: 1.000000 too much');
    expect(out).toMatch(/Broken: 4\.\n$/);
  });

  it('prints JSON for programs', async () => {
    expect(JSON.parse((await call(['--json'])).out)).toMatchObject({
      ok: true,
      invariants: [{ invariant: 1, counts: { accepted: 2 } }, {}, {}, {}, {}, {}],
    });
  });

  it('takes the key of a file, or asks as an operator, who can also ask for differences', async () => {
    expect((await call([], {}, ['--tenant', `acme=${join(folder, 'key')}`])).code).toBe(0);
    expect(asked.every(({ tenant }) => tenant === undefined)).toBe(true);
    expect((await call([], { HELIOGRAPH_OPERATOR_KEY: key }, [])).code).toBe(0);
    expect(asked).toContainEqual({ path: '/v1/usage', tenant: 'acme' });
    expect(asked).toContainEqual({ path: '/v1/differences', tenant: undefined });
  });

  it('looks for secrets in logs', async () => {
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'logs', 'a.log'), `{"key":"${key}"}\n`);
    const { code, out } = await call(['--logs', join(folder, 'logs'), '--secret-file', join(folder, 'key')]);
    expect(code).toBe(1);
    expect(out).toContain(`leak: ${join(folder, 'logs', 'a.log')}:1`);
    expect(out).not.toContain(key);
  });

  it.each<[string, () => ReturnType<typeof call>, string]>([
    [
      'a key that is not good',
      () => call([], { HELIOGRAPH_KEY_ACME: 'x' }),
      'tenant acme: /v1/messages?limit=100: 401 /problems/not_authenticated no',
    ],
    ['a key that is not there', () => call([], {}), 'tenant acme: its API key is needed: HELIOGRAPH_KEY_ACME, or --tenant acme=FILE'],
    ['no key at all', () => call([], {}, []), 'an API key is needed'],
    [
      'a tenant of the journals without a key',
      () => call([], { HELIOGRAPH_KEY_ZETA: key }, ['--tenant', 'zeta']),
      'tenant acme: a journal names it',
    ],
    ['nobody there', () => call(['--url', 'http://127.0.0.1:1']), 'http://127.0.0.1:1 does not answer'],
    ['a folder that is not there', () => call(['--journals', join(folder, 'none')]), 'ENOENT'],
    ['a line that is none', () => (writeFileSync(join(folder, 'journals', 'b'), 'x\n'), call()), join('journals', 'b:1: is not JSON')],
  ])('%s is said in a line, and ends with 1', async (_, act, message) => {
    const { code, error, out } = await act();
    expect([code, out]).toEqual([1, '']);
    expect(error).toContain(message);
    expect(error.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['an option that is none', ['--none'], "Unknown option '--none'"],
    ['a key that would go unprotected', ['--url', 'http://sms.example.com'], '--url must be https'],
    ['a number that is none', ['--wait-s', 'soon'], '--wait-s must be a whole number'],
    ['a time that is none', ['--since', 'yesterday'], '--since must be a time'],
    ['logs without secrets', ['--logs', '.'], '--logs and --secret-file go together'],
  ])('%s is a wrong call: 2', async (_, args, message) => {
    const { code, error } = await call(args);
    expect(code).toBe(2);
    expect(error).toContain(message);
  });
});
