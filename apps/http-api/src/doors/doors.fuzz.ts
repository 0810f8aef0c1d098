import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import fc from 'fast-check';
import { newId } from '@heliograph/message';
import { credentialDefaults } from '@heliograph/registry';
import { callerOfCredential } from '../caller/caller.ts';
import { createApp } from '../http/app.ts';
import { listen, type Listening } from '../http/listen.ts';
import { createHistory } from '../history/history.ts';
import { createForeignDoors } from './doors.ts';

/**
 * Queries, forms and bodies of chance at every door. The seed is printed; FUZZ_SEED repeats a run, FUZZ_REQUESTS sets its length. Each must be
 * answered in time, as JSON, never with 500, and never quote its input or a stack; afterwards a good request still passes.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 0x7fffffff);
const numRuns = Number(process.env['FUZZ_REQUESTS'] ?? 1_000);
const answerWithinMs = 5_000;

const key = '0123456789abcdef'.repeat(4);
const credential = {
  ...credentialDefaults,
  id: 'sms-1',
  tenantId: 'acme',
  kind: 'sms_user',
  login: 'shop',
  verifier: createHash('sha256').update(key).digest('hex'),
  secretSetAt: new Date(0),
} as const;
const tenant = {
  id: 'acme',
  name: 'Acme',
  enabled: true,
  pricePlanId: 'p',
  defaultCountry: '',
  segmentsPerSecond: 0,
  parameterSecrets: true,
};
const snapshot = {
  credentialByLogin: (kind: string, login: string) => (kind === 'sms_user' && login === 'shop' ? credential : undefined),
  tenants: new Map([['acme', tenant]]),
};

let server: Listening;
const submitted: unknown[] = [];
const failures: unknown[] = [];

beforeAll(async () => {
  console.info(`fuzz seed ${seed}`);
  const log = { debug() {}, info() {}, error: (...line: unknown[]) => void failures.push(line) };
  const doors = createForeignDoors({
    // whoever says so is in: what comes behind is what is tried
    authenticate: (_request, response, next) => {
      response.locals.caller = callerOfCredential({ ...credential, role: 'tenant-admin' });
      next();
    },
    noted: (handler) => handler,
    history: createHistory({ asking: { ask: async () => undefined }, changes: { make: async () => ({ ok: true }) } }),
    accept: {
      async submit(submission) {
        submitted.push(submission);
        return { ok: true, id: newId(), to: submission.to.addr, segments: 1, microCredits: 1n };
      },
    },
    asking: { ask: async () => undefined },
    registry: { current: snapshot as never },
    log,
  });
  // the API itself is empty here
  const api = { endpoints: {}, api: {}, authenticate: {} as never, persons: {} as never, idempotency: {} as never };
  const app = createApp({ ...api, bodyOctetsMax: 1024, doors, tls: false, log });
  server = await listen({ app, host: '127.0.0.1', port: 0 });
});
afterAll(() => server?.stop(0));

const paths = [
  '/api/send',
  '/smsapi/send',
  '/api/sms/send/enhanced',
  '/api/sms/test',
  '/api/sms/status',
  '/api/database/stats',
  '/api/database/reset',
];
const names = ['smsUser', 'smsKey', 'to', 'message', 'phone', 'id', '__proto__', 'constructor', 'to[]', 'to.x', ''];
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...names) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);
const value = fc.oneof(
  fc.constantFrom(
    'shop',
    key,
    '+15551234567',
    ' 15551234567',
    '%',
    '%00',
    '%ff',
    '%c3%28',
    '\0',
    '\ud83d',
    '=1+1',
    '../../etc',
    "' OR 1=1--",
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ minLength: 5_000, maxLength: 9_000 }),
);
/** All that any door wants, with one value of chance or none: most of what is written gets through. */
const good = { smsUser: 'shop', smsKey: key, to: '+15551234567', phone: '+15551234567', message: 'x' };
const nearlyGood = fc
  .tuple(fc.constantFrom(...Object.keys(good), 'other', 'more'), value)
  .map(([changed, to]) => ({ ...good, [changed]: to.toWellFormed() }));
const nearlyGoodForm = nearlyGood.map((fields) => new URLSearchParams(fields).toString());
/** A raw text: escaped, half escaped, or not at all. */
const pairs = fc
  .array(fc.tuple(name, value, fc.nat(2)), { maxLength: 60 })
  .map((all) => all.map(([n, v, how]) => `${n}${how === 2 ? '' : '='}${how === 0 ? encodeURIComponent(v.toWellFormed()) : v}`).join('&'));
const json = fc.oneof(
  fc.dictionary(name, fc.oneof(value, fc.jsonValue()), { maxKeys: 8 }).map((all) => JSON.stringify(all)),
  fc.json(),
  value,
);
const deep = fc.nat(40_000).map((depth) => `{"to":${'['.repeat(depth)}`);
const types = [
  'application/json',
  'application/x-www-form-urlencoded',
  'application/json; charset=utf-8',
  'multipart/form-data',
  'text/plain',
  '',
];

const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'POST', 'HEAD', 'PUT', 'OPTIONS'),
  path: fc.constantFrom(...paths),
  // what is no HTTP is listen.spec.ts's: a query here is one line of at most what a header may have
  query: fc.oneof(pairs, nearlyGoodForm).map((text) => text.replace(/[\x00-\x20#\x7f]/g, '+').slice(0, 8_000)),
  type: fc.constantFrom(...types),
  body: fc.oneof(
    pairs,
    nearlyGoodForm,
    nearlyGood.map((fields) => JSON.stringify(fields)),
    json,
    deep,
    fc.uint8Array({ maxLength: 2_000 }).map((octets) => Buffer.from(octets).toString('latin1')),
  ),
});
type FuzzRequest = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** By hand: fetch would mend the address. */
async function ask({ method, path, query, type, body }: FuzzRequest): Promise<{ status: number; head: string; text: string }> {
  const octets = Buffer.from(body);
  const socket = connect(server.port, '127.0.0.1');
  socket.setTimeout(answerWithinMs, () => socket.destroy(new Error('no answer in time')));
  const typed = type === '' ? '' : `Content-Type: ${type}\r\n`;
  socket.write(`${method} ${path}?${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${typed}Content-Length: ${octets.length}\r\n\r\n`);
  socket.write(octets);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } catch (error) {
    // answered before it had read the body: the answer is here, the rest of the body was refused
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET' && (error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
  const whole = Buffer.concat(chunks).toString();
  const end = whole.indexOf('\r\n\r\n');
  return { status: Number(whole.slice(9, 12)), head: whole.slice(0, end), text: whole.slice(end + 4) };
}

describe('the doors', () => {
  it('answer whatever comes, in JSON, and never with 500', async () => {
    const seen = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(request, async (given) => {
        const { status, head, text } = await ask(given);
        seen.set(status, (seen.get(status) ?? 0) + 1);
        expect(failures).toEqual([]);
        // 404: the status of a message whose id is none
        if (status === 404) expect(given.path).toBe('/api/sms/status');
        expect([200, 400, 401, 404, 405, 413, 415, 422, 503]).toContain(status);
        // 400 may be of the parser of HTTP, before any door
        if (given.method !== 'HEAD' && !head.includes('problem+json')) expect(Object.keys(JSON.parse(text)).length).toBeGreaterThan(0);
        expect(text).not.toMatch(/\bat .*\.[tj]s:\d|node_modules/);
        expect(text.includes(key)).toBe(false);
      }),
      { seed, numRuns },
    );
    // inputs that were all refused at the first step would prove little
    for (const status of [200, 400, 405, 415, 422]) expect([status, (seen.get(status) ?? 0) > 0]).toEqual([status, true]);
  }, 60_000);

  it('send what is good afterwards', async () => {
    const query = `smsUser=shop&smsKey=${key}&to=+15551234567&message=x`;
    expect(await ask({ method: 'GET', path: '/smsapi/send', query, type: '', body: '' })).toMatchObject({ status: 200 });
    expect(submitted.at(-1)).toMatchObject({ to: { addr: ' 15551234567' }, content: { text: 'x' } });
  });
});
