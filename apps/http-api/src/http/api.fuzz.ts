import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { leaseSubjects, type BalanceAnswer } from '@heliograph/message';
import fc from 'fast-check';
import { keys, startDoorService, to, type DoorService } from '../../test/doors/service.ts';
import { askRaw, type RawAnswer } from '../../test/raw.ts';
import { endpoints } from '../api.ts';
import { creditsText } from '../credits/credits.ts';
import type { Endpoint } from './endpoint.ts';
import { createOpenApi } from './openapi.ts';
import { problems } from './problem.ts';
import { problemDetails } from './schema.ts';

/**
 * Hostile requests to every endpoint of a real http-api with real PostgreSQL, NATS and message-log. The seed is printed; FUZZ_SEED repeats a run,
 * FUZZ_REQUESTS sets its length. Every answer must be one that the document declares, come in time and quote nothing of the inside; what is
 * refused must have stored and charged nothing; what is accepted is there exactly once.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 0x7fffffff);
const numRuns = Number(process.env['FUZZ_REQUESTS'] ?? 300);
/** Pulling events may wait for as long as it is asked to: that is asked for with some seconds at most. */
const answerWithinMs = 8_000;
const bodyOctetsMax = 1024 * 1024;

let service: DoorService;
let port: number;
/** Credits text by id of message: what was answered. */
const accepted = new Map<string, string>();
const statuses = new Map<number, number>();

beforeAll(async () => {
  console.info(`fuzz seed ${seed}`);
  service = await startDoorService({ history: true });
  port = Number(new URL(service.base).port);
  const balance: BalanceAnswer = {
    fundsMicroCredits: '10',
    balanceMicroCredits: '4',
    leasedMicroCredits: '3',
    chargedMicroCredits: '4',
    refundedMicroCredits: '1',
    limitMicroCredits: '0',
    overdrawnMicroCredits: '0',
  };
  await service.queue.answer(leaseSubjects.balance, 'billing', () => balance);
  await service.queue.answer(leaseSubjects.topUp, 'billing', () => ({ kind: 'posted', ...balance }));
  await service.queue.answer(leaseSubjects.adjust, 'billing', () => ({ kind: 'refused', reason: 'below_limit' }));
  await service.queue.answer(leaseSubjects.limit, 'billing', () => ({ beforeMicroCredits: '0', ...balance }));
  await service.queue.answer(leaseSubjects.lowBalance, 'billing', () => ({ thresholds: ['5'], before: [] }));
  await service.queue.answer(leaseSubjects.refunds, 'billing', () => ({ refunds: [] }));
  await service.queue.answer(leaseSubjects.statement, 'billing', () => ({
    openingMicroCredits: '10',
    lines: [{ day: '2026-11-20', kind: 'charge', microCredits: '-3' }],
  }));
}, 60_000);
afterAll(() => service?.stop(), 30_000);

const document = createOpenApi(endpoints);
const all = Object.entries(endpoints as Readonly<Record<string, Endpoint>>);

const withBodies = all.flatMap(([, { body }], i) => (body ? [i] : []));

/** What a text may be made of; `@deep` and the numbers are written as they are. */
const texts: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud83d',
  '\udc00\ud83d',
  '\ufeffx',
  '\u202ex',
  '😀',
  '__proto__',
  'constructor',
  "'; DROP TABLE tenant;--",
  '=1+1',
  '../../etc/passwd',
  '${7*7}',
  '%00%ff',
  'a\r\nX: y',
  'x'.repeat(41),
  'x'.repeat(256),
  'x'.repeat(70_000),
  '0000-01-01T00:00:00+23:59',
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59-23:59',
  '2026-02-30T00:00:00Z',
  'https://example.com/\0',
  'https://u:p@example.com:0/x#y',
  'https://example.com/' + 'x'.repeat(2_020),
  'http://169.254.169.254/',
  to,
  '31',
  'acme',
  'test',
  'plan',
  'north',
  'admin-key',
  '0'.repeat(32),
  '1e3',
  '0x10',
  '-1',
  '5e-324',
  '9'.repeat(400),
];
const rawNumbers = ['1e400', '-1e400', '1e308', '5e-324', '-0', '0.1', '-1', '2147483648', '9007199254740993', '1e21', '1'.repeat(5_000)];
const deepMark = '@deep';
const names = ['__proto__', 'constructor', 'prototype', 'toString', '', '/', '~', 'a.b', '\ud83d', 'x'.repeat(9_000), '\0'];

const hostile: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...texts) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 2, arbitrary: fc.constantFrom(...rawNumbers).map((text) => rawJson(text)) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, true, [], {}, [null], [[]], { toString: 1 }) },
  { weight: 1, arbitrary: fc.constant(deepMark) },
  { weight: 1, arbitrary: fc.constant(Array.from({ length: 1_000 }, (_, i) => `bad ${i} number`.padEnd(40, '9'))) },
  { weight: 1, arbitrary: fc.constant(Array.from({ length: 3_000 }, () => 'x')) },
  { weight: 1, arbitrary: fc.jsonValue() },
);

/** TypeScript does not know it yet. */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}

function written(value: unknown): string {
  const depth = 12_000;
  return JSON.stringify(value).replaceAll(JSON.stringify(deepMark), '['.repeat(depth) + ']'.repeat(depth));
}

type Change = (body: Record<string, unknown>, value: unknown, name: string, pick: number) => string;

/** How a body that is good goes bad. */
const changes: readonly Change[] = [
  (body) => written(body),
  (body) => written(body),
  ...Array.from(
    { length: 8 },
    (): Change => (body, value, _name, pick) => written({ ...body, [at([...Object.keys(body), 'x'], pick)]: value }),
  ),
  // as an own name, also __proto__
  (body, value, name) =>
    written(body).replace(/^\{/, () => `{${JSON.stringify(name)}:${written(value)}${Object.keys(body).length > 0 ? ',' : ''}`),
  // twice: the last one counts
  (body, value, _name, pick) =>
    written(body).replace(
      /\}$/,
      () => `${Object.keys(body).length > 0 ? ',' : ''}${JSON.stringify(at([...Object.keys(body), 'x'], pick))}:${written(value)}}`,
    ),
  (_body, value) => written(value),
  (body) => `\ufeff${written(body)}`,
  (body) => written(body).slice(0, -1),
  (body) => written(body).padEnd(bodyOctetsMax + 10),
  (_body, _value, name) => `{${Array.from({ length: 30_000 }, (_, i) => `${JSON.stringify(name + i)}:1`).join()}}`,
  (body, value, name, pick) => written(inside(body, value, { name, pick })),
  (body, value, name, pick) => written(inside(body, value, { name, pick })),
];

function at(candidates: readonly string[], pick: number): string {
  return candidates[pick % candidates.length] as string;
}

/** The value deep inside, where an example has something to be inside of. */
function inside(body: Record<string, unknown>, value: unknown, { name, pick }: { name: string; pick: number }): unknown {
  const nested = Object.entries(body).find(([, one]) => typeof one === 'object' && one !== null);
  if (!nested) return { ...body, [name]: value };
  const [key, one] = nested;
  if (Array.isArray(one)) return { ...body, [key]: [value, ...one] };
  const fields = one as Record<string, unknown>;
  return { ...body, [key]: { ...fields, [at([...Object.keys(fields), name], pick)]: value } };
}

/** Fields of the schema that an example may not have. */
function goodBodies(endpoint: Endpoint): Record<string, unknown>[] {
  const shown = Object.values(endpoint.examples ?? {}) as Record<string, unknown>[];
  const shape = (endpoint.body as unknown as { shape?: object } | undefined)?.shape ?? {};
  return [...shown, ...Object.keys(shape).map((field) => ({ ...shown[0], [field]: shown[0]?.[field] ?? null }))];
}

const percentGarbage = ['%', '%zz', '%00', '%ff', '%c3%28', '%u0041', '+', '%ed%a0%80'];
const queryTexts = [
  ...percentGarbage,
  ...texts.filter((text) => text.length < 2_000).map((text) => encodeURIComponent(text.toWellFormed())),
];
const queryValue = fc.oneof(fc.constantFrom(...queryTexts), fc.nat(3).map(String));
const querySuffix = fc.constantFrom('', '', '', '[]', '[x][y]', '%5B%5D', '.x');
const hostileId = fc.constantFrom(
  'fuzz',
  'victim',
  '0'.repeat(32),
  'f'.repeat(32),
  '00000000-0000-4000-8000-000000000000',
  '%00',
  '%ff',
  '%',
  '..',
  '%2e%2e',
  '..%2f..',
  '__proto__',
  'constructor',
  'x'.repeat(3_000),
  '%F0%9F%98%80',
  "'%20OR%201=1--",
  '*',
  '$1',
  'a%0d%0aX:%20y',
  'others-sms',
);
const headerLine = fc.constantFrom(
  'Idempotency-Key: again',
  `Idempotency-Key: ${'x'.repeat(300)}`,
  'Idempotency-Key: "no end',
  'Idempotency-Key: "\\x"',
  'Idempotency-Key: \xe9',
  'Idempotency-Key: a\r\nIdempotency-Key: b',
  'Heliograph-Tenant: other',
  'Heliograph-Tenant: __proto__',
  'Heliograph-Tenant: nobody',
  'Heliograph-Tenant: acme\r\nHeliograph-Tenant: other',
  `X-Request-Id: ${'x'.repeat(200)}`,
  "X-Request-Id: ' OR 1=1",
  'Cookie: heliograph=s%3Ax.y',
  'Cookie: heliograph=%00; heliograph=j%3A%7B%7D; __proto__=1',
  `Cookie: heliograph=${'x'.repeat(8_000)}`,
  'Expect: 100-continue',
  'Expect: nonsense',
  'Origin: null\r\nSec-Fetch-Site: cross-site',
  'X-HTTP-Method-Override: DELETE',
  'Content-Encoding: gzip',
  'Content-Encoding: deflate',
  'Content-Encoding: br',
  'Content-Encoding: gzip, gzip',
  'Content-Encoding: rot13',
  `X-Much: ${'x'.repeat(20_000)}`,
  'Upgrade: h2c\r\nConnection: Upgrade',
  'Range: bytes=0-',
  'If-None-Match: *',
  'Accept: text/html',
  'X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: evil.example',
);
const types = ['application/json; charset=utf-16', 'text/plain', '__proto__', ''];
const callers = {
  admin: `X-API-Key: ${keys.admin.key}`,
  operator: `Authorization: Bearer ${keys.operator.key}\r\nHeliograph-Tenant: acme`,
  operatorOfNone: `Authorization: bearer ${keys.operator.key}`,
  device: `X-API-Key: ${keys.device.key}`,
  nobody: '',
  garbage: `Authorization: Bearer ${'f'.repeat(64)}`,
  two: `X-API-Key: ${keys.admin.key}\r\nX-API-Key: ${keys.other.key}`,
  basic: 'Authorization: Basic Og==',
};

const request = fc
  .record({
    which: fc.oneof({ weight: 3, arbitrary: fc.nat(all.length - 1) }, { weight: 1, arbitrary: fc.constantFrom(...withBodies) }),
    caller: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('admin', 'operator', 'operatorOfNone') },
      { weight: 1, arbitrary: fc.constantFrom('device', 'nobody', 'garbage', 'two', 'basic') },
    ) as fc.Arbitrary<keyof typeof callers>,
    id: hostileId,
    query: fc.array(fc.tuple(fc.nat(12), querySuffix, queryValue), { maxLength: 5 }),
    header: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: headerLine }),
    type: fc.oneof({ weight: 19, arbitrary: fc.constant('application/json') }, { weight: 1, arbitrary: fc.constantFrom(...types) }),
    example: fc.nat(40),
    change: fc.nat(changes.length - 1),
    value: hostile,
    name: fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 5 })),
    pick: fc.nat(30),
    packed: fc.nat(19),
  })
  .map(({ which, caller, id, query, header, type, example, change, value, name, pick, packed }) => {
    const [operation, endpoint] = all[which] as [string, Endpoint];
    const bodies = goodBodies(endpoint);
    const good = { ...(bodies[example % Math.max(1, bodies.length)] ?? {}) };
    const text = (changes[change] as Change)(good, value, name, pick);
    const known = [...Object.keys(endpoint.query?.shape ?? {}), '__proto__', 'x', ''];
    const search = query.map(([n, suffix, given]) => `${known[n % known.length]}${suffix}=${given}`).join('&');
    const octets = packed === 0 ? gzipSync(text) : packed === 1 ? Buffer.from(text, 'utf16le') : Buffer.from(text);
    const path = endpoint.path.replaceAll(/\{\w+\}/g, () => id) + (search === '' ? '' : `?${search}`);
    const typed = type === '' ? [] : [`Content-Type: ${type}`];
    const lines = [
      `${endpoint.method.toUpperCase()} ${path} HTTP/1.1`,
      'Host: x',
      'Connection: close',
      ...[callers[caller], header].filter((line) => line !== ''),
      ...(packed === 0 ? ['Content-Encoding: gzip'] : []),
      ...typed,
      `Content-Length: ${octets.length}`,
    ];
    return { operation, id, head: lines.join('\r\n') + '\r\n\r\n', octets };
  });
type FuzzRequest = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** Of Node's own parser, before any endpoint. */
const beforeEndpoints = [400, 431];
/** Where an id leads elsewhere. */
const elsewhere = [404, 405];
const leads = new Set(['%', '..', '%2e%2e', '*']);

function expectDeclared({ operation, id, head }: FuzzRequest, { status, head: answerHead, text }: RawAnswer): void {
  const endpoint = endpoints[operation as keyof typeof endpoints] as Endpoint;
  const declared: number[] = Object.keys(document.paths[endpoint.path]?.[endpoint.method]?.responses ?? {}).map(Number);
  const may = [...declared, ...beforeEndpoints, ...(leads.has(id) ? elsewhere : [])];
  expect({ operation, status, text: text.slice(0, 300), may: may.includes(status) }).toMatchObject({ may: true });
  expect(status).not.toBe(500);
  expect(text).not.toMatch(
    /\bat .*\.[tj]s|node_modules|\/work\/|select |insert into|prisma|postgres|duplicate key|syntax error|file:\/\//i,
  );
  expect(text.includes(keys.admin.key) || text.includes(keys.operator.key)).toBe(false);
  // an answer does not grow beyond what was asked
  expect(text.length).toBeLessThan(300_000 + 2 * head.length);
  if (status >= 400) {
    expect(answerHead).toMatch(/content-type: application\/problem\+json/i);
    const said = problemDetails.parse(JSON.parse(text));
    expect(Object.keys(problems)).toContain(said.type.slice('/problems/'.length));
    expect(said.status).toBe(status);
  } else if (status === 204) {
    expect(text).toBe('');
  } else {
    const body: unknown = JSON.parse(text);
    const shaped = endpoint.answer.schemas.map((schema) => schema.safeParse(body));
    expect({ operation, text: text.slice(0, 500), shaped: shaped.some(({ success }) => success) }).toMatchObject({ shaped: true });
  }
}

/** What is stored, but for when a credential was last used. */
async function stored(): Promise<string> {
  const [row] = await service.registry.$queryRaw<object[]>`
    SELECT (SELECT max("number") FROM "registry"."revision") AS revision, (SELECT count(*) FROM "registry"."audit") AS audit,
           (SELECT count(*) FROM "http_api"."session") AS sessions, (SELECT count(*) FROM "http_api"."idempotency") AS keys`;
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

const innocent = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
const faults = (): string[] => service.lines.filter((line) => /"level":"(error|fatal)"/.test(line));

function note(text: string): void {
  const body = JSON.parse(text) as { id?: string; credits?: string; messages?: { id?: string; credits?: string }[] };
  for (const { id, credits = '' } of body.messages ?? [body]) if (id !== undefined) accepted.set(id, credits);
}

/** Asks, and checks all that must hold of every answer. */
async function tryOut(given: FuzzRequest): Promise<void> {
  const before = await stored();
  const answer = await askRaw(port, [given.head, given.octets], answerWithinMs);
  const { status, text } = answer;
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  expectDeclared(given, answer);
  expect(faults()).toEqual([]);
  expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(innocent);
  // the answer to a request with a key is kept, also that of a wrong one
  const mayKeep = status < 400 || (status === 422 && given.head.includes('Idempotency-Key'));
  if (!mayKeep) expect([given.operation, status, await stored()]).toEqual([given.operation, status, before]);
  if (status === 202 && given.operation === 'submit') note(text);
}

/** Every field of every body and every parameter of every query, with every text and number: what chance finds in days only. */
function everyField(): FuzzRequest[] {
  const values = [...texts, ...rawNumbers.map(rawJson), null, true, [], {}, [null], [[]], deepMark];
  return all.flatMap(([operation, endpoint]) => {
    const path = endpoint.path.replace('{routeId}', 'fuzz').replace('{id}', operation === 'changeCredential' ? 'device-key' : 'fuzz');
    const bodies = endpoint.body
      ? goodBodies(endpoint).flatMap((good) =>
          Object.keys(good).flatMap((field) => values.map((value) => written({ ...good, [field]: value }))),
        )
      : [];
    const searches = Object.keys(endpoint.query?.shape ?? {}).flatMap((name) => queryTexts.map((value) => `${path}?${name}=${value}`));
    const caller = isOfOperators(endpoint) ? 'operatorOfNone' : 'admin';
    const asked = [...bodies.map((body) => ({ path, body })), ...searches.map((search) => ({ path: search, body: '' }))];
    return asked.map((one) => {
      const octets = Buffer.from(one.body);
      const lines = [`${endpoint.method.toUpperCase()} ${one.path} HTTP/1.1`, 'Host: x', 'Connection: close', callers[caller]];
      const head = [...lines, 'Content-Type: application/json', `Content-Length: ${octets.length}`].join('\r\n') + '\r\n\r\n';
      return { operation, id: 'fuzz', head, octets };
    });
  });
}

function isOfOperators({ path }: Endpoint): boolean {
  return /^\/v1\/(tenants|connectors|routes|price-plans)/.test(path);
}

describe('the API', () => {
  it('answers whatever comes as its document says, and what it refuses leaves nothing behind', async () => {
    await fc.assert(fc.asyncProperty(request, tryOut), { seed, numRuns });
    // requests that were all refused at the first step would prove little
    for (const status of [200, 400, 401, 403, 404, 422]) expect([status, statuses.has(status)]).toEqual([status, true]);
  }, 600_000);

  it('takes no field for what it is not', async () => {
    const every = everyField();
    const some = fc.sample(
      fc.shuffledSubarray(every, { minLength: Math.min(numRuns, every.length), maxLength: Math.min(numRuns, every.length) }),
      {
        seed,
        numRuns: 1,
      },
    );
    for (const given of some.flat()) await tryOut(given);
    console.info([...statuses].map(([status, count]) => `${status}: ${count}`).join(', '));
  }, 600_000);

  it('has stored and charged what it accepted, and nothing else', async () => {
    const last = await askRaw(port, good({ to, text: 'the last' }), answerWithinMs);
    expect(last.status).toBe(202);
    note(last.text);
    await service.submitted.until(({ message }) => accepted.has(message.id), accepted.size);
    const charges = service.submitted.all.map(({ message: { id, charge } }) => [id, creditsText(BigInt(charge.microCredits))]);
    expect(charges.toSorted()).toEqual([...accepted].toSorted());
  }, 30_000);
});

function good(body: object): string[] {
  const text = JSON.stringify(body);
  return [
    `POST /v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${callers.admin}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  ];
}
