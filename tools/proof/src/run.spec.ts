import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Difference, ProvenTenant } from './ledger.ts';
import { run } from './run.ts';

const key = 'a'.repeat(64);
const nowMs = Date.parse('2026-11-20T12:00:00Z');

const right = (tenant: string): ProvenTenant => ({
  tenant,
  funds: '100.000000',
  balance: '-9.999999',
  leased: '10.000000',
  charged: '100.000000',
  refunded: '0.000001',
  holds: true,
});
const difference: Difference = {
  id: '7',
  kind: 'refund',
  tenant: 'acme',
  subject: '2026-11-20T11:00:00.000Z',
  unit: 'credits',
  expected: '1.000000',
  found: '2.000000',
  samples: ['0'.repeat(32)],
  foundAt: '2026-11-20T11:30:00.000Z',
};

/** http-api as this tool sees it: a page has one thing, to see that pages are followed. */
let server: Server;
let url: string;
let tenants: ProvenTenant[];
let differences: Difference[];
let comparedAt: string | null;
let busy: number;

beforeEach(async () => {
  [tenants, differences, comparedAt, busy] = [[right('acme'), right('zeta')], [], '2026-11-20T11:59:00.000Z', 0];
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end(JSON.stringify(body));
    if (request.headers.authorization !== `Bearer ${key}`) return answer(401, { type: '/problems/not_authenticated' });
    if (busy-- > 0) return answer(503, { type: '/problems/unavailable' });
    const all = pathname === '/v1/proof' ? tenants : differences;
    const at = Number(searchParams.get('after') ?? searchParams.get('before') ?? 0);
    const next = at + 1 < all.length ? String(at + 1) : null;
    return answer(
      200,
      pathname === '/v1/proof'
        ? { tenants: tenants.slice(at, at + 1), next, comparedAt }
        : { differences: differences.slice(at, at + 1), next },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => void server.close());

async function call(args: string[] = ['--url', url], env: Record<string, string> = { HELIOGRAPH_OPERATOR_KEY: key }) {
  const [printed, warned]: [string[], string[]] = [[], []];
  const code = await run({ args, env, nowMs, print: (text) => printed.push(text), warn: (text) => warned.push(text) });
  return { code, out: printed.join(''), error: warned.join('') };
}

describe('the proof', () => {
  it('of a ledger that is right shows every tenant and ends with 0', async () => {
    const { code, out } = await call();
    expect(code).toBe(0);
    expect(out.split('\n').slice(0, 3)).toEqual([
      'tenant       funds    balance     leased     charged  refunded  holds',
      'acme    100.000000  -9.999999  10.000000  100.000000  0.000001  yes',
      'zeta    100.000000  -9.999999  10.000000  100.000000  0.000001  yes',
    ]);
    expect(out).toContain('All of it holds');
  });

  it.each<[string, () => void, string]>([
    ['billing-credits says that a tenant does not hold', () => (tenants[1] = { ...right('zeta'), holds: false }), 'for 1 tenant'],
    ['it says that one holds whose sum is wrong', () => (tenants[0] = { ...right('acme'), refunded: '0.000002' }), 'for 1 tenant'],
    ['something differs from the history', () => (differences = [difference, difference]), '2 differences'],
    ['nothing was compared yet', () => (comparedAt = null), 'not compared'],
    ['nothing was compared lately', () => (comparedAt = '2026-11-20T11:54:00.000Z'), 'last compared'],
  ])('ends with 1 when %s', async (_, spoil, reason) => {
    spoil();
    const { code, out } = await call();
    expect(code).toBe(1);
    expect(out).toContain('Not proven');
    expect(out).toContain(reason);
  });

  it('says what differs', async () => {
    differences = [difference];
    const line = (await call()).out.split('\n').find((text) => text.startsWith('refund'));
    expect(line?.split(/ {2,}/)).toEqual([
      'refund',
      'acme',
      difference.subject,
      '1.000000',
      '2.000000',
      'credits',
      difference.foundAt,
      difference.samples[0],
    ]);
  });

  it('is JSON for a program', async () => {
    differences = [difference];
    const { code, out } = await call(['--url', url, '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({ holds: false, reasons: [expect.any(String)], tenants, differences: [difference], comparedAt });
  });

  it('is asked for again when the platform is busy', async () => {
    busy = 2;
    expect((await call()).code).toBe(0);
  });

  it.each<[string, string[], Record<string, string>, string]>([
    ['the key is not good', [], { HELIOGRAPH_OPERATOR_KEY: 'b'.repeat(64) }, '401'],
    ['there is no key', [], {}, 'HELIOGRAPH_OPERATOR_KEY'],
    ['the key file is not there', ['--key-file', '/nowhere/key'], {}, 'ENOENT'],
  ])('ends with 1 when %s', async (_, args, env, reason) => {
    const { code, error } = await call(['--url', url, ...args], env);
    expect(code).toBe(1);
    expect(error).toContain(reason);
    expect(error).not.toContain('b'.repeat(64));
  });

  it('ends with 1 when nobody answers', async () => {
    await new Promise((resolve) => server.close(resolve));
    expect(await call()).toMatchObject({ code: 1, error: expect.stringContaining('does not answer') });
  });
});

it.each([
  ['no URL', []],
  ['a URL that would carry the key in clear', ['--url', 'http://198.51.100.1']],
  ['an unknown option', ['--ulr', 'https://gateway.example']],
])('%s is refused with exit code 2', async (_, args) => {
  expect(await call(args)).toMatchObject({ code: 2, out: '' });
});

it('tells how it is called', async () => {
  expect(await call(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('--key-file FILE') });
});
