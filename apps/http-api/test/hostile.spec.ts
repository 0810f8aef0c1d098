import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { newApiKey } from '@heliograph/credential';
import {
  newId,
  sessionKey,
  sessionPresence,
  sessionSubjects,
  webhookSubjects,
  type WebhookReplayQuestion,
  type InboundMessage,
} from '@heliograph/message';
import { credentialDefaults } from '@heliograph/registry';
import { startTelemetry, type Telemetry } from '@heliograph/service';
import { eventually, testMessage } from '@heliograph/testbed';
import { endpoints } from '../src/api.ts';
import type { Endpoint } from '../src/http/endpoint.ts';
import { problemDetails } from '../src/http/schema.ts';
import { keys, person, startDoorService, to, type DoorService } from './doors/service.ts';
import { askRaw } from './raw.ts';

/** Requests that mean harm, to http-api on real servers; those of chance are in src/http/api.fuzz.ts, slow ones in src/http/listen.spec.ts. */
let service: DoorService;
let port: number;
let telemetry: Telemetry;
let collector: Server;
/** All that was exported: spans, lines and metrics. */
const exported: Buffer[] = [];

beforeAll(async () => {
  collector = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => exported.push(chunk)).on('end', () => response.end());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => collector.once('listening', resolve));
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  telemetry = await startTelemetry({ name: 'http-api', version: '1', instance: 'test', endpoint, traceSampleRatio: 1 });
  service = await startDoorService({ history: true });
  port = Number(new URL(service.base).port);
}, 60_000);

afterAll(async () => {
  await service?.stop();
  await telemetry?.stop();
  collector?.close();
}, 30_000);

interface Call {
  readonly body?: unknown;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function call(method: string, path: string, { body, key = keys.admin.key, headers = {} }: Call = {}) {
  const response = await fetch(service.base + path, {
    method: method.toUpperCase(),
    headers: {
      ...(key === '' ? {} : { 'X-API-Key': key }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok && path.startsWith('/v1/')) expect(problemDetails.safeParse(JSON.parse(text))).toMatchObject({ success: true });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
  return { status: response.status, headers: response.headers, text, body: (text === '' ? undefined : JSON.parse(text)) as any };
}

const submit = (fields: object, asked: Call = {}) => call('POST', '/v1/messages', { ...asked, body: { to, text: 'x', ...fields } });

describe('a request of which it is not clear where it ends', () => {
  const line = 'POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  const body = JSON.stringify({ to, text: 'smuggled' });
  const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const inner = `${line}X-API-Key: KEY\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  it.each([
    ['a length and chunks', `Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}${inner}`],
    ['chunks and a length', `Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n${chunks}${inner}`],
    ['two lengths', `Content-Length: ${body.length}\r\nContent-Length: 1\r\n\r\n${body}${inner}`],
    ['a list of lengths', `Content-Length: ${body.length}, ${body.length}\r\n\r\n${body}${inner}`],
    ['a signed length', `Content-Length: +${body.length}\r\n\r\n${body}${inner}`],
    ['a length in hex', `Content-Length: 0x10\r\n\r\n${body}${inner}`],
    ['a length that is too long a number', `Content-Length: ${'9'.repeat(30)}\r\n\r\n${body}${inner}`],
    ['another encoding behind chunked', `Transfer-Encoding: chunked, identity\r\n\r\n${chunks}${inner}`],
    ['an encoding that is nearly chunked', `Transfer-Encoding: xchunked\r\n\r\n${chunks}${inner}`],
    ['chunked twice', `Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}${inner}`],
    ['a space before the colon', `Transfer-Encoding : chunked\r\n\r\n${chunks}${inner}`],
    ['a folded header', `Transfer-Encoding:\r\n chunked\r\n\r\n${chunks}${inner}`],
    ['a chunk of a size that is none', `Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n${inner}`],
    ['a chunk that is longer than it says', `Transfer-Encoding: chunked\r\n\r\n1\r\n${body}\r\n0\r\n\r\n${inner}`],
    ['lines that end in LF alone', `Content-Length: 0\n\n${inner}`],
    ['a NUL in a header', `X-Nul: a\0b\r\nContent-Length: 0\r\n\r\n${inner}`],
  ])('%s: at most one thing is done, and nothing that is hidden in it', async (_, rest) => {
    const marked = `smuggled ${randomUUID()}`;
    // the request in front is nobody's: only what hides behind it has a key
    const text = (line + rest).replaceAll('smuggled', marked).replaceAll('KEY', keys.admin.key);
    const { whole } = await askRaw(port, [text], 20_000);
    const statuses = [...whole.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses.every((status) => [400, 401].includes(status))).toBe(true);
    const after = await submit({ text: 'after' });
    await service.submitted.until(({ message }) => message.id === after.body.id);
    expect(service.submitted.all.filter(({ message }) => JSON.stringify(message.content).includes(marked))).toEqual([]);
  });
});

describe('a request that was found by fuzzing', () => {
  it.each<[string, string, string, unknown, number]>([
    ['a header of octets that is a number', 'POST', '/v1/messages', { to, data: 'SGVsbG8=', udh: 2147483648 }, 422],
    [
      'a header of octets that is deep',
      'POST',
      '/v1/messages',
      `{"to":"${to}","data":"SGVsbG8=","udh":${'['.repeat(12_000)}${']'.repeat(12_000)}}`,
      422,
    ],
    ['the same to preview', 'POST', '/v1/messages:preview', { to, data: 'SGVsbG8=', udh: 2147483648 }, 422],
    ['a time before the year 1', 'GET', '/v1/messages?since=0000-01-01T00:00:00Z', undefined, 422],
    ['a time after the year 9999 in UTC', 'GET', '/v1/stats?since=9999-12-31T23:59:59-23:59', undefined, 422],
    ['an end after the year 9999 in UTC', 'POST', '/v1/credentials', { kind: 'api_key', expiresAt: '9999-12-31T23:59:59-23:59' }, 422],
    ['an end before the year 1', 'PATCH', '/v1/credentials/device-key', { expiresAt: '0000-01-01T00:00:00+23:59' }, 422],
  ])('%s: refused', async (_, method, path, body, status) => {
    expect(await call(method, path, { body })).toMatchObject({ status });
  });

  it('thirty thousand names: as many faults as anybody reads', async () => {
    const body = Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`name-${i}`, 1]));
    const answer = await submit(body);
    expect([answer.status, answer.body.errors.length]).toEqual([422, 100]);
    const named = await submit({ ['x'.repeat(100_000)]: 1 });
    expect([named.status, named.body.errors[0].field.length]).toEqual([422, 201]);
  });

  it('If-None-Match: * is answered as if it were not there', async () => {
    expect(await call('GET', '/v1/credentials', { headers: { 'If-None-Match': '*' } })).toMatchObject({ status: 200 });
  });

  it('ten million octets that a thousand stand for: too large, and soon', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, '['));
    const head = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: ${keys.admin.key}\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
    expect(await askRaw(port, [head, bomb], 5_000)).toMatchObject({ status: 413 });
  });

  it.each(['TRACE', 'OPTIONS', 'HEAD', 'PROPFIND', 'PUT'])('%s tells nothing of the request and does nothing', async (method) => {
    const secret = `X-API-Key: ${keys.admin.key}`;
    const head = `${method} /v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${secret}\r\nContent-Length: 0\r\n\r\n`;
    const { status, whole } = await askRaw(port, [head], 5_000);
    expect([200, 204, 405]).toContain(status);
    expect(whole).not.toContain(keys.admin.key);
  });
});

/** What acme has, and how somebody of another tenant asks for it; a new endpoint with an id does not pass without its line here. */
describe('what belongs to another tenant', () => {
  const session = randomUUID();
  const delivery = newId();
  const inbound: InboundMessage = {
    id: newId(),
    connector: 'north',
    from: '+31612345678',
    to: '+31699887766',
    content: { kind: 'text', text: 'of acme' },
    receivedAtMs: Date.now(),
    parts: 1,
  };
  const waiting = { tenant: 'acme', held: 'own', acceptedAtMs: Date.now(), validUntilMs: Date.now() + 3600_000 } as const;
  const held = { toRelease: testMessage(waiting), toReject: testMessage(waiting) };
  let message = '';
  const ofAcme: Readonly<Record<string, () => string>> = {
    message: () => message,
    cancel: () => message,
    trace: () => message,
    credential: () => 'user-key',
    changeCredential: () => 'user-key',
    deleteCredential: () => 'user-key',
    resetCredential: () => 'user-key',
    closeSession: () => session,
    replayWebhookDelivery: () => delivery,
    releaseHeld: () => held.toRelease.id,
    rejectHeld: () => held.toReject.id,
    inboundMessage: () => inbound.id,
  };
  /** Their ids are of things of the platform: a tenant is told the same of all. */
  const ofOperators = /^\/v1\/((tenants|connectors|routes|route-versions|route-drafts|price-plans|inbound-routes)\/|inbound\/\{id\}:match)/;
  const withId = Object.entries(endpoints as Readonly<Record<string, Endpoint>>).filter(([, { path }]) => path.includes('{id}'));
  const own = withId.filter(([, { path }]) => !ofOperators.test(path));
  const operators = withId.filter(([, { path }]) => ofOperators.test(path));
  const ask = ({ method, path, examples }: Endpoint, id: string, asked: Call = {}) =>
    call(
      method,
      path.replaceAll(/\{\w+\}/g, () => id),
      { ...(examples ? { body: Object.values(examples)[0] } : {}), ...asked },
    );

  beforeAll(async () => {
    const sendAt = new Date(Date.now() + 3600_000).toISOString();
    message = (await submit({ send_at: sendAt, reference: 'of acme', text: 'of acme' })).body.id;
    await service.putCredential({ ...credentialDefaults, id: 'acme-smpp', tenantId: 'acme', kind: 'smpp', login: 'acme', verifier: 'x' });
    for (const one of Object.values(held)) {
      await service.queue.publish({ type: 'message.submitted', at: one.acceptedAtMs, message: one });
      await service.queue.publish({ type: 'message.due', at: one.acceptedAtMs, message: one, dueAtMs: one.validUntilMs });
    }
    const presence = await service.queue.presence(sessionPresence);
    await presence.add(sessionKey('acme-smpp', 'test-ingress', session));
    await service.queue.answer(sessionSubjects.close('test-ingress'), 'test', () => ({ found: true }));
    await service.queue.answer<WebhookReplayQuestion>(webhookSubjects.replay, 'test', ({ tenant, id }) => ({
      outcome: tenant === 'acme' && id === delivery ? 'replayed' : 'not_found',
    }));
    await service.queue.publish({ type: 'inbound.matched', at: inbound.receivedAtMs, inbound, tenant: 'acme', route: 'r' });
    await eventually('message-log has it', async () => (await call('GET', `/v1/inbound/${inbound.id}`)).status === 200);
  });

  it('has all endpoints with an id here', () => {
    expect(Object.keys(ofAcme).toSorted()).toEqual(own.map(([name]) => name).toSorted());
    expect(operators.length).toBeGreaterThan(5);
  });

  it.each(own)('%s: 404, as of what is not there, also when the header names the other', async (name, endpoint) => {
    const id = (ofAcme[name] as () => string)();
    const nothing = await ask(endpoint, newId(), { key: keys.other.key });
    for (const headers of [{}, { 'Heliograph-Tenant': 'acme' }, { 'Heliograph-Tenant': 'ACME' }] as const) {
      const answer = await ask(endpoint, id, { key: keys.other.key, headers });
      expect([answer.status, answer.text]).toEqual([404, nothing.text]);
    }
  });

  // after that, as it takes away what is there
  it.each(own)('%s: is there for its own', async (name, endpoint) => {
    expect((await ask(endpoint, (ofAcme[name] as () => string)())).status).toBeLessThan(300);
    if (name === 'deleteCredential') await service.putCredential(credentialOf('user'));
  });

  it.each(operators)('%s: 403, whether it is there or not', async (_, endpoint) => {
    const [there, other] = [await ask(endpoint, idThere(endpoint)), await ask(endpoint, 'nothing')];
    expect([there.status, there.text]).toEqual([403, other.text]);
  });

  it.each([
    '/v1/messages',
    '/v1/messages?reference=of%20acme',
    `/v1/messages?to=${encodeURIComponent(to)}`,
    '/v1/events',
    '/v1/credentials',
    '/v1/sessions',
    '/v1/audit?tenant=acme',
  ])('GET %s shows none of it', async (path) => {
    const { text } = await call('GET', path, { key: keys.other.key, headers: { 'Heliograph-Tenant': 'acme' } });
    for (const word of ['of acme', message, session, 'user-key', 'acme']) expect([word, text.includes(word)]).toEqual([word, false]);
  });

  it('is not found by its Idempotency-Key either', async () => {
    const headers = { 'Idempotency-Key': 'the same' };
    const [mine, others] = [await submit({}, { headers }), await submit({}, { headers, key: keys.other.key })];
    expect([mine.status, others.status, others.headers.get('idempotent-replayed')]).toEqual([202, 202, null]);
    expect(others.body.id).not.toBe(mine.body.id);
  });
});

function idThere({ path }: Endpoint): string {
  return path.startsWith('/v1/tenants')
    ? 'acme'
    : path.startsWith('/v1/connectors')
      ? 'north'
      : path.startsWith('/v1/routes')
        ? 'to-31'
        : path.startsWith('/v1/route-versions')
          ? '1'
          : 'plan';
}

function credentialOf(holder: 'user') {
  const { lookupId, digest } = keys[holder];
  return { ...credentialDefaults, id: `${holder}-key`, tenantId: 'acme', kind: 'api_key', login: lookupId, verifier: digest } as const;
}

// last: it reads what all of the others have left behind
describe('the secrets of all these requests, and of every other way that one comes', () => {
  const secrets = new Set<string>();
  /** A new secret, noted. */
  const word = (length = 24): string => {
    const text = randomUUID().replaceAll('-', '').slice(0, length);
    secrets.add(text);
    return text;
  };
  const noted = (secret: unknown): void => {
    expect(String(secret).length).toBeGreaterThan(5);
    secrets.add(String(secret));
  };

  it('keys, where they belong and where they do not', async () => {
    for (const { key } of Object.values(keys)) secrets.add(key);
    await call('GET', '/v1/balance', { key: newKey() });
    await call('GET', '/v1/balance', { key: '', headers: { Authorization: `Bearer ${newKey()}` } });
    await call('GET', '/v1/balance', { key: '', headers: { Authorization: `Basic ${btoa(`jo:${word()}`)}` } });
    await call('GET', `/v1/balance?key=${newKey()}`);
    await call('GET', `/v1/messages/${newKey()}`);
    await call('GET', `/v1/nothing/${newKey()}`);
    await call('DELETE', `/v1/credentials/${newKey()}`);
    await call('POST', '/api/send', { key: '', headers: { Authorization: `Bearer ${newKey()}` }, body: { to, message: word() } });
    await call('POST', '/smsapi/send', { key: '', body: { smsUser: 'sms_user', smsKey: newKey(), to, message: word() } });
    await call('POST', '/api/sms/send/enhanced', { body: { phone: to, message: word() } });
  });

  it('credentials that are made, and reset', async () => {
    const made = [
      { kind: 'api_key' },
      { kind: 'sms_user', login: 'secretly' },
      { kind: 'smpp', login: 'secretly', password: word(8) },
      { kind: 'person', login: 'secretly', password: word() },
    ];
    for (const body of made) {
      const answer = await call('POST', '/v1/credentials', { body });
      expect(answer).toMatchObject({ status: 201 });
      noted(answer.body.secret);
      const reset = await call('POST', `/v1/credentials/${answer.body.id}/reset`, { body: {} });
      noted(reset.body.secret);
    }
    const hex = word(32) + word(8);
    secrets.add(hex);
    const imported = { kind: 'smpp', login: 'imported', legacyVerifier: { form: 'sha1-utf16le', hex } };
    const headers = { 'Heliograph-Tenant': 'acme' };
    expect(await call('POST', '/v1/credentials', { body: imported, key: keys.operator.key, headers })).toMatchObject({ status: 201 });
    // refused ones
    for (const body of [{ kind: 'smpp', login: 'x', password: word() }, { kind: 'api_key', password: word() }, { kind: word() }])
      expect(await call('POST', '/v1/credentials', { body })).toMatchObject({ status: 422 });
    await call('POST', '/v1/credentials', { body: `{"kind":"person","password":"${word()}"` });
    await call('POST', '/v1/credentials', { body: `{"kind":"person","password":${word()}}` });
  });

  it('logins, right and wrong', async () => {
    secrets.add(person.password);
    for (const password of [word(), person.password.slice(1)])
      await call('POST', '/v1/session', { key: '', body: { login: 'nobody', password } });
    const login = await call('POST', '/v1/session', { key: '', body: person });
    expect(login).toMatchObject({ status: 200 });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] as string;
    noted(cookie.slice('heliograph='.length));
    noted(decodeURIComponent(cookie.slice('heliograph=s%3A'.length)).split('.')[0]);
    noted(login.body.csrfToken);
    const headers = { Cookie: cookie, 'X-CSRF-Token': login.body.csrfToken };
    const change = (old: string) => call('PUT', '/v1/session/password', { key: '', headers, body: { old, new: word() } });
    expect([(await change(word())).status, (await change(person.password)).status]).toEqual([422, 200]);
    await call('GET', '/v1/session', { key: '', headers: { Cookie: `heliograph=${word()}` } });
  });

  it('connectors and webhooks', async () => {
    const tlsKey = `-----BEGIN PRIVATE KEY-----\n${word()}\n-----END PRIVATE KEY-----\n`;
    const settings = { host: '127.0.0.1', port: 1 };
    for (const body of [
      { settings, password: word(8) },
      { settings, password: word(8), tlsKey },
      { settings, password: word() },
    ])
      await call('PUT', '/v1/connectors/secret', { key: keys.operator.key, body });
    const put = await call('PUT', '/v1/webhook', { body: { url: `https://jo:${word()}@example.com/${word()}` } });
    expect(put.status).toBe(200);
    const rotated = await call('POST', '/v1/webhook/secret:rotate', { body: {} });
    for (const secret of [...put.body.secrets, ...rotated.body.secrets]) noted(secret.slice('whsec_'.length));
    await call('POST', '/v1/webhook:test', { body: { url: `https://example.com/${word()}` } });
    await submit({ webhook: `https://example.com/${word()}` });
  });

  it('messages, with an Idempotency-Key and without', async () => {
    for (const headers of [{}, { 'Idempotency-Key': 'once' }, { 'Idempotency-Key': 'once' }]) await submit({ text: word() }, { headers });
    const text = word();
    for (let i = 0; i < 2; i++) await submit({ text, reference: 'again' }, { headers: { 'Idempotency-Key': 'twice' } });
    await submit({ to: 'nonsense', text: word() });
    await call('POST', '/v1/messages:preview', { body: { to, text: word() } });
  });

  it('a database that fails in the middle of it', async () => {
    const logged = service.lines.length;
    await service.registry.$executeRaw`ALTER TABLE "registry"."audit" RENAME TO "gone"`;
    const bodies = [
      { kind: 'person', login: 'failing', password: word() },
      { kind: 'smpp', login: 'failing', password: word(8) },
    ];
    for (const body of bodies) expect(await call('POST', '/v1/credentials', { body })).toMatchObject({ status: 503 });
    const settings = { host: '127.0.0.1', port: 1 };
    const connector = await call('PUT', '/v1/connectors/secret', { key: keys.operator.key, body: { settings, password: word(8) } });
    expect(connector.status).toBe(503);
    expect(await call('PUT', '/v1/webhook', { body: { url: `https://example.com/${word()}` } })).toMatchObject({ status: 503 });
    await service.registry.$executeRaw`ALTER TABLE "registry"."gone" RENAME TO "audit"`;
    // it says so, with the error
    expect(service.lines.slice(logged).filter((line) => line.includes('"level":"error"')).length).toBeGreaterThanOrEqual(4);
  });

  it('are in no log line, no span and no metric', async () => {
    const metrics = await telemetry.prometheus();
    await telemetry.stop();
    const traces = Buffer.concat(exported).toString('latin1');
    // it would find them: the span of the acceptance and the lines of the answers are there
    expect(traces).toMatch(/accept[^]*tenant[^]*acme/);
    expect(service.lines.length).toBeGreaterThan(100);
    const everything = [service.lines.join(''), traces, metrics].join('\n');
    // verifiers, too, are nobody's business
    expect(everything).not.toMatch(/argon2id/);
    expect(secrets.size).toBeGreaterThan(50);
    const found = [...secrets, to, to.slice(1)].filter((secret) => everything.includes(secret));
    expect(found.map((secret) => [secret, everything.slice(everything.indexOf(secret) - 300, everything.indexOf(secret) + 80)])).toEqual(
      [],
    );
  });

  function newKey(): string {
    const { key } = newApiKey();
    secrets.add(key);
    return key;
  }
});
