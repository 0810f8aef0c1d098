import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '@heliograph/credential';
import { form, json, keys, person, startDoorService, to, type Called, type DoorService, type Holder } from './service.ts';

/** contracts.md §3: three ways in, roles, and two bodies that are known octet for octet. */
let service: DoorService;

beforeAll(async () => {
  service = await startDoorService({ history: true });
}, 60_000);
afterAll(() => service?.stop(), 30_000);

interface Request {
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

const as = (holder: Holder) => ({ 'X-API-Key': keys[holder].key });

function call(method: string, path: string, { headers, ...more }: Request = {}, holder: Holder = 'user'): Promise<Called> {
  return service.call(method, path, { ...more, headers: { ...headers, ...as(holder) } });
}

const endpoints = [
  ['POST', '/api/sms/send/enhanced'],
  ['POST', '/api/sms/test'],
  ['GET', '/api/sms/status'],
  ['GET', '/api/database/stats'],
  ['POST', '/api/database/reset'],
] as const;

describe.each(endpoints)('%s %s', (method, path) => {
  it.each<[string, Record<string, string>]>([
    ['without a key', {}],
    ['with an unknown key', { 'X-API-Key': newApiKey().key }],
    ['with an unknown bearer token', { Authorization: `Bearer ${newApiKey().key}` }],
    ['with garbage', { Authorization: 'Basic x' }],
  ])('401 %s: octet for octet', async (_, headers) => {
    const { status, text } = await service.call(method, path, { headers });
    expect([status, text]).toEqual([401, '{"error":"Authentication required","message":"Please provide valid API key"}']);
  });

  it('403 to a device: octet for octet', async () => {
    const { status, text } = await call(method, path, {}, 'device');
    expect([status, text]).toEqual([403, '{"error":"Insufficient permissions","message":"Admin role required"}']);
  });

  it('400 to an operator who names no tenant', async () => {
    expect((await call(method, path, {}, 'operator')).status).toBe(400);
  });

  it('405 to another method', async () => {
    const answer = await call('PUT', path);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, method]);
  });
});

describe.each([
  ['/api/sms/send/enhanced', 'normal'],
  ['/api/sms/test', 'otp'],
])('POST %s', (path, messageClass) => {
  it.each([
    ['X-API-Key', { 'X-API-Key': keys.user.key }],
    ['a bearer token', { Authorization: `Bearer ${keys.user.key}` }],
  ])('200: a message by %s is accepted', async (_, headers) => {
    const { body: sent, headers: type } = json({ phone: to, message: 'Hello' });
    const answer = await service.call('POST', path, { body: sent, headers: { ...type, ...headers } });
    const { id } = answer.body;
    expect([answer.status, answer.body]).toEqual([200, { success: true, id, phone: to, status: 'accepted', segments: 1 }]);
    const [event] = await service.submitted.until((one) => one.message.id === id);
    expect(event?.message).toMatchObject({ tenant: 'acme', credential: 'user-key', to, class: messageClass, content: { text: 'Hello' } });
  });

  it('200: a form', async () => {
    expect((await call('POST', path, form({ phone: to, message: 'x' }))).status).toBe(200);
  });

  it.each<[string, number, string, () => Promise<Called>]>([
    ['half of JSON', 400, 'The body is not JSON', () => call('POST', path, { ...json({}), body: '{' })],
    ['no credit', 402, 'Not enough credit', () => call('POST', path, json({ phone: to, message: 'x' }), 'poor')],
    ['too much', 413, 'The body is too large', () => call('POST', path, json({ phone: to, message: 'x'.repeat(300_000) }))],
    ['another media type', 415, 'The body must be JSON or a form, in UTF-8', () => call('POST', path, { body: 'x' })],
    ['no phone', 422, 'Some fields are wrong', () => call('POST', path, json({ message: 'x' }))],
    ['no number', 422, 'The recipient is not a phone number', () => call('POST', path, json({ phone: '=1+1', message: 'x' }))],
    ['no text', 422, 'The text is empty', () => call('POST', path, json({ phone: to, message: '' }))],
  ])('%s: %i in general words', async (_, status, error, request) => {
    const answer = await request();
    expect([answer.status, answer.body]).toEqual([status, { error, message: 'Please correct the request' }]);
  });

  it('503: the bank is away', async () => {
    const answer = await call('POST', path, json({ phone: to, message: 'x' }), 'unlucky');
    expect([answer.status, answer.body]).toEqual([503, { error: 'Not possible at the moment', message: 'Please try again later' }]);
    expect(answer.headers.get('retry-after')).toBe('2');
  });
});

describe('the session of a person', () => {
  let cookie = '';
  let csrfToken = '';

  beforeAll(async () => {
    const { headers, body } = json(person);
    const response = await fetch(`${service.base}/v1/session`, { method: 'POST', headers, body });
    cookie = (response.headers.getSetCookie()[0] ?? '').split(';')[0] as string;
    ({ csrfToken } = (await response.json()) as { csrfToken: string });
  });

  it('opens the door, with the CSRF token where something is changed', async () => {
    expect((await service.call('GET', '/api/sms/status', { headers: { Cookie: cookie } })).status).toBe(200);
    const { headers, body } = json({ phone: to, message: 'x' });
    const sent = await service.call('POST', '/api/sms/test', { headers: { ...headers, Cookie: cookie, 'X-CSRF-Token': csrfToken }, body });
    expect(sent).toMatchObject({ status: 200, body: { success: true, phone: to } });
  });

  it('403 without the token: a form that a foreign page posts sends nothing', async () => {
    const { headers, body } = form({ phone: to, message: 'x' });
    const answer = await service.call('POST', '/api/sms/test', { headers: { ...headers, Cookie: cookie }, body });
    expect([answer.status, answer.body.error]).toEqual([403, expect.not.stringMatching('Insufficient permissions')]);
  });

  it('401: the door of Auron takes bearer keys alone', async () => {
    const { headers, body } = form({ to, message: 'x' });
    const answer = await service.call('POST', '/api/send', { headers: { ...headers, Cookie: cookie, 'X-CSRF-Token': csrfToken }, body });
    expect(answer.status).toBe(401);
  });
});

describe('POST /api/sms/send/enhanced', () => {
  it('429 with Retry-After: too fast', async () => {
    await call('POST', '/api/sms/send/enhanced', json({ phone: to, message: 'x'.repeat(161) }), 'hasty');
    const answer = await call('POST', '/api/sms/send/enhanced', json({ phone: to, message: 'x' }), 'hasty');
    expect([answer.status, answer.headers.get('retry-after'), answer.body]).toEqual([
      429,
      '4',
      { error: 'Too fast', message: 'Please try again later' },
    ]);
  });
});

describe('GET /api/sms/status', () => {
  it('200: a message by its id, and 404 for what is not of this tenant', async () => {
    const { body: sent } = await call('POST', '/api/sms/send/enhanced', json({ phone: to, message: 'x' }));
    const answer = await call('GET', `/api/sms/status?id=${sent.id}`);
    expect(answer).toMatchObject({ status: 200, body: { id: sent.id, phone: to, status: 'accepted', segments: 1 } });
    expect(Math.abs(Date.parse(answer.body.acceptedAt) - Date.now())).toBeLessThan(10_000);
    expect((await call('GET', `/api/sms/status?id=${sent.id}`, {}, 'other')).status).toBe(404);
    for (const id of ['0'.repeat(32), 'x', "'%20OR%201=1--", '']) expect((await call('GET', `/api/sms/status?id=${id}`)).status).toBe(404);
    expect((await call('GET', '/api/sms/status?id=1&id=2')).status).toBe(400);
  });

  it('200: the last twenty without one, newest first; an operator sees those of the tenant it names', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 21; i++) ids.unshift((await call('POST', '/api/sms/test', json({ phone: to, message: `${i}` }), 'other')).body.id);
    // found means: message-log has read as far
    await call('GET', `/api/sms/status?id=${ids[0]}`, {}, 'other');
    const { body } = await call('GET', '/api/sms/status', {}, 'other');
    expect(body.messages.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 20));
    const asOperator = await call('GET', '/api/sms/status', { headers: { 'Heliograph-Tenant': 'other' } }, 'operator');
    expect(asOperator.body).toEqual(body);
  });
});
