import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newApiKey } from '@heliograph/credential';
import { startTelemetry, type Telemetry } from '@heliograph/service';
import { eventually } from '@heliograph/testbed';
import { form, json, keys, smsUser, startDoorService, to, type Called, type DoorService, type Holder } from './service.ts';

/** contracts.md §2: `GET` or `POST /smsapi/send` with smsUser, smsKey, to and message. */
let service: DoorService;
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
  service = await startDoorService();
}, 60_000);

afterAll(async () => {
  await service?.stop();
  await telemetry?.stop();
  collector?.close();
}, 30_000);

const proof = (holder: Holder) => ({ smsUser: `sms_${holder}`, smsKey: keys[holder].key });
const post = (fields: Record<string, string>) => service.call('POST', '/smsapi/send', form(fields));
const get = (query: string) => service.call('GET', `/smsapi/send?${query}`);

async function acceptedAs(answer: Called): Promise<object | undefined> {
  expect([answer.status, answer.body]).toEqual([200, { id: answer.body.id, to, status: 'accepted', segments: 1 }]);
  const [event] = await service.submitted.until((one) => one.message.id === answer.body.id);
  return event?.message;
}

describe('GET /smsapi/send', () => {
  it("200: as in the product's own examples, with an unescaped plus", async () => {
    const answer = await get(`smsUser=sms_user&smsKey=${keys.user.key}&to=${to}&message=Hello+you`);
    expect(await acceptedAs(answer)).toMatchObject({ to, tenant: 'acme', credential: 'user-sms', content: { text: 'Hello you' } });
  });

  it('200: with an escaped plus', async () => {
    const message = 'Dag € & 100%';
    expect(await acceptedAs(await get(String(new URLSearchParams({ ...proof('user'), to, message }))))).toMatchObject({
      content: { text: message },
    });
  });

  it('405: HEAD, which means no sending', async () => {
    const before = service.submitted.all.length;
    const response = await fetch(`${service.base}/smsapi/send?${new URLSearchParams({ ...proof('user'), to, message: 'x' })}`, {
      method: 'HEAD',
    });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
    // what is sent after it comes alone
    const answer = await post({ ...proof('user'), to, message: 'after' });
    await acceptedAs(answer);
    expect(service.submitted.all.slice(before).map(({ message }) => message.id)).toEqual([answer.body.id]);
  });
});

describe('POST /smsapi/send', () => {
  it('200: a form, with the plus escaped or not', async () => {
    expect(await acceptedAs(await post({ ...proof('user'), to, message: 'x' }))).toMatchObject({ to });
    const { headers } = form({});
    const body = `smsUser=sms_user&smsKey=${keys.user.key}&to=${to}&message=x`;
    expect(await acceptedAs(await service.call('POST', '/smsapi/send', { headers, body }))).toMatchObject({ to });
  });

  it('200: each SMS_USER of a tenant by its own key', async () => {
    expect(await acceptedAs(await post({ ...proof('admin'), to, message: 'x' }))).toMatchObject({
      tenant: 'acme',
      credential: 'admin-sms',
    });
    expect((await post({ smsUser: 'sms_admin', smsKey: keys.user.key, to, message: 'x' })).status).toBe(401);
  });

  it.each<[string, number, string, () => Promise<Called>]>([
    ['a name given twice', 400, 'bad_request', () => get(`smsUser=a&smsUser=b&smsKey=${keys.user.key}&to=1&message=x`)],
    ['a NUL', 400, 'bad_request', () => post({ ...proof('user'), to, message: 'a\0b' })],
    ['no credit', 402, 'no_credit', () => post({ ...proof('poor'), to, message: 'x' })],
    ['a device', 403, 'not_permitted', () => post({ ...proof('device'), to, message: 'x' })],
    ['too much', 413, 'too_large', () => post({ ...proof('user'), to, message: 'x'.repeat(300_000) })],
    ['another media type', 415, 'unsupported_media_type', () => service.call('POST', '/smsapi/send', { body: 'x' })],
    ['no recipient', 422, 'invalid', () => post({ ...proof('user'), message: 'x' })],
    ['no text', 422, 'invalid', () => post({ ...proof('user'), to })],
    ['two numbers', 422, 'bad_number', () => post({ ...proof('user'), to: `${to},+31687654321`, message: 'x' })],
    ['a number that is none', 422, 'bad_number', () => post({ ...proof('user'), to: 'me', message: 'x' })],
    ['a text of no characters', 422, 'empty_text', () => post({ ...proof('user'), to, message: '' })],
    ['a bank that is away', 503, 'unavailable', () => post({ ...proof('unlucky'), to, message: 'x' })],
  ])('%s: %i %s', async (_, status, error, request) => {
    const answer = await request();
    expect([answer.status, answer.body]).toEqual([status, { error, message: expect.stringMatching(/^[A-Z][\w ,-]+$/) }]);
  });

  it('429 with Retry-After: too fast', async () => {
    expect((await post({ ...proof('hasty'), to, message: 'x'.repeat(161) })).status).toBe(200);
    const answer = await post({ ...proof('hasty'), to, message: 'x' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '4']);
  });

  it('401: one answer to an unknown name, a wrong key, no key, an API key and a tenant that does not let secrets be parameters', async () => {
    const answers = await Promise.all([
      post({ smsUser: 'nobody', smsKey: keys.user.key, to, message: 'x' }),
      post({ smsUser: 'sms_user', smsKey: newApiKey().key, to, message: 'x' }),
      post({ smsUser: 'sms_user', to, message: 'x' }),
      post({ to, message: 'x' }),
      post({ smsUser: keys.user.lookupId, smsKey: keys.user.key, to, message: 'x' }),
      post({ ...proof('careful'), to, message: 'x' }),
      get(''),
      service.call('POST', '/smsapi/send', { ...json({ smsUser: 5, smsKey: null }) }),
    ]);
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['401 {"error":"not_authenticated","message":"A valid credential is needed"}']),
    );
  });

  it('says in the log alone why a good key is refused', async () => {
    await post({ ...proof('careful'), to, message: 'x' });
    const line = service.lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'SMS_USER refused');
    expect(line).toMatchObject({ level: 'info', credential: 'careful-sms', why: 'parameter secrets are off' });
  });

  it('tells that a key is to be changed soon, as it does for API keys', async () => {
    await service.putCredential({ ...smsUser('user'), secretSetAt: new Date(Date.now() - 80 * 24 * 3600 * 1000) });
    await eventually('the notice', async () => (await post({ ...proof('user'), to, message: 'x' })).headers.has('heliograph-rotate-by'));
  });

  it('a reset: the new key works at once, the old one is refused at once', async () => {
    const { key, digest } = newApiKey();
    const before = smsUser('other');
    expect((await post({ ...proof('other'), to, message: 'x' })).status).toBe(200);
    const grace = { previousLogin: before.login, previousVerifier: before.verifier, previousUntil: new Date(Date.now() + 60_000) };
    await service.putCredential({ ...before, ...grace, verifier: digest, secretSetAt: new Date() });
    const sentAtMs = Date.now();
    await eventually('the new key', async () => (await post({ smsUser: 'sms_other', smsKey: key, to, message: 'x' })).status === 200);
    expect((await post({ ...proof('other'), to, message: 'x' })).status).toBe(401);
    expect(Date.now() - sentAtMs).toBeLessThan(1_000);
  });
});

// last: it reads what all of the others have left behind
describe('the secrets of all these requests', () => {
  it('are in no log line, no span and no metric', async () => {
    // an endpoint and a client that fail in the middle
    await fetch(`${service.base}/smsapi/nothing?smsKey=${keys.user.key}`);
    await fetch(`${service.base}/smsapi/send?smsKey=${keys.user.key}&x=%zz`, { method: 'DELETE' });
    const metrics = await telemetry.prometheus();
    await telemetry.stop();
    const traces = Buffer.concat(exported).toString('latin1');
    // it would find them: the span of the acceptance and the lines of the answers are there
    expect(traces).toMatch(/accept[^]*tenant[^]*acme/);
    expect(service.lines.length).toBeGreaterThan(30);
    const all = [service.lines.join(''), traces, metrics].join('\n');
    for (const { key } of Object.values(keys)) expect(all.includes(key)).toBe(false);
    for (const text of ['smsKey', 'Hello you', to, to.slice(1), encodeURIComponent(to)])
      expect([text, all.includes(text)]).toEqual([text, false]);
  });
});
