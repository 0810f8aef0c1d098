import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '@heliograph/credential';
import { form, json, keys, startDoorService, to, type Called, type DoorService, type Holder } from './service.ts';

/** contracts.md §1: `POST /api/send` with a bearer key; its clients know 4xx as for good and 5xx as passing. */
let service: DoorService;

beforeAll(async () => {
  service = await startDoorService();
}, 60_000);
afterAll(() => service?.stop(), 30_000);

function send(
  request: { headers: Record<string, string>; body: string | Uint8Array },
  holder: Holder = 'user',
  headers: Record<string, string> = { Authorization: `Bearer ${keys[holder].key}` },
): Promise<Called> {
  return service.call('POST', '/api/send', { ...request, headers: { ...request.headers, ...headers } });
}

describe('POST /api/send', () => {
  it.each([
    ['JSON', json],
    ['a form', form],
  ])('200: a message as %s is accepted once', async (_, write) => {
    const message = `Dag € & ${Math.random()}`;
    const answer = await send(write({ to, message }));
    expect([answer.status, answer.body]).toEqual([200, { id: answer.body.id, to, status: 'CREATING', segments: 1 }]);
    const [event] = await service.submitted.until((one) => one.message.id === answer.body.id);
    expect(event?.message).toMatchObject({ to, tenant: 'acme', credential: 'user-key', content: { kind: 'text', text: message } });
  });

  it('200: an unescaped plus of a form is a plus, and names it does not know are ignored', async () => {
    const { headers } = form({});
    const answer = await send({ headers, body: `to=${to}&message=a+b&priority=5` });
    expect(answer).toMatchObject({ status: 200, body: { to } });
    const [event] = await service.submitted.until((one) => one.message.id === answer.body.id);
    expect(event?.message.content).toEqual({ kind: 'text', text: 'a b' });
  });

  it.each<[string, number, string, () => Promise<Called>]>([
    ['half of JSON', 400, 'malformed_json', () => send({ ...json({}), body: '{"to":' })],
    ['no object', 400, 'bad_request', () => send({ ...json({}), body: '[]' })],
    ['a name given twice', 400, 'bad_request', () => send({ ...form({}), body: `to=${to}&to=${to}&message=x` })],
    ['a NUL', 400, 'bad_request', () => send(form({ to, message: 'a\0b' }))],
    ['octets that are not UTF-8', 400, 'bad_request', () => send({ ...form({}), body: `to=${to}&message=%ff` })],
    ['no key', 401, 'not_authenticated', () => send(json({ to, message: 'x' }), 'user', {})],
    ['a key elsewhere', 401, 'not_authenticated', () => send(json({ to, message: 'x' }), 'user', { 'X-API-Key': keys.user.key })],
    [
      'an unknown key',
      401,
      'not_authenticated',
      () => send(json({ to, message: 'x' }), 'user', { Authorization: `Bearer ${newApiKey().key}` }),
    ],
    ['no credit', 402, 'no_credit', () => send(json({ to, message: 'x' }), 'poor')],
    ['a device', 403, 'not_permitted', () => send(json({ to, message: 'x' }), 'device')],
    ['too much', 413, 'too_large', () => send(json({ to, message: 'x'.repeat(300_000) }))],
    ['another media type', 415, 'unsupported_media_type', () => send({ headers: { 'Content-Type': 'text/plain' }, body: 'to=1' })],
    [
      'another encoding',
      415,
      'unsupported_media_type',
      () => send({ headers: { 'Content-Type': 'application/json; charset=latin1' }, body: '{}' }),
    ],
    ['no fields', 422, 'invalid', () => send(json({}))],
    ['a number for a text', 422, 'invalid', () => send(json({ to, message: 5 }))],
    ['a number that is none', 422, 'bad_number', () => send(json({ to: 'nonsense', message: 'x' }))],
    ['two numbers', 422, 'bad_number', () => send(json({ to: `${to},+31687654321`, message: 'x' }))],
    ['no text', 422, 'empty_text', () => send(json({ to, message: '' }))],
    ['half of a surrogate pair', 422, 'bad_encoding', () => send({ ...json({}), body: `{"to":"${to}","message":"\\ud83d"}` })],
    ['more than 255 segments', 422, 'text_too_long', () => send(json({ to, message: 'x'.repeat(40_000) }))],
    ['a number that no route leads to', 422, 'unroutable', () => send(json({ to: '+491711234567', message: 'x' }))],
    ['a number without a price', 422, 'no_price', () => send(json({ to: '+32470123456', message: 'x' }))],
  ])('%s: refused for good with %i %s, and in general words', async (_, status, error, request) => {
    const answer = await request();
    expect([answer.status, answer.body]).toEqual([status, { error, message: expect.stringMatching(/^[A-Z][\w ,-]+$/) }]);
    expect(answer.headers.get('retry-after')).toBeNull();
  });

  it('401 names the scheme (RFC 9110 §11.6.1)', async () => {
    expect((await send(json({ to, message: 'x' }), 'user', {})).headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
  });

  it('503 with Retry-After: what passes by itself, too fast as well', async () => {
    expect((await send(json({ to, message: 'x'.repeat(161) }), 'hasty')).status).toBe(200);
    const throttled = await send(json({ to, message: 'x' }), 'hasty');
    expect([throttled.status, throttled.body.error, throttled.headers.get('retry-after')]).toEqual([503, 'throttled', '4']);
    const unavailable = await send(json({ to, message: 'x' }), 'unlucky');
    expect([unavailable.status, unavailable.body.error, unavailable.headers.get('retry-after')]).toEqual([503, 'unavailable', '2']);
  });

  it.each(['GET', 'PUT', 'DELETE'])('405: %s', async (method) => {
    const answer = await service.call(method, '/api/send', { headers: { Authorization: `Bearer ${keys.user.key}` } });
    expect([answer.status, answer.body.error, answer.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'POST']);
  });
});
