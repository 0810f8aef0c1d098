import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { preview } from '../src/messages/schema.ts';
import { startTestService, type TestService } from './service.ts';

const to = '+31612345678';
let service: TestService;

beforeAll(async () => {
  service = await startTestService(1_000_000_000n);
}, 60_000);

afterAll(() => service?.stop(), 30_000);

describe('POST /v1/messages:preview', () => {
  it.each([
    ['a text', { text: 'Hello' }, { encoding: 'gsm7', segments: 1, credits: '1.000000' }],
    ['a long one', { text: 'a'.repeat(400) }, { encoding: 'gsm7', segments: 3, credits: '3.000000' }],
    ['a Unicode one', { text: 'Привет '.repeat(15) }, { encoding: 'ucs2', segments: 2, credits: '2.000000' }],
    ['octets', { data: 'AAEC', udh: '0605040b8423f0' }, { encoding: 'binary', segments: 1, credits: '1.000000' }],
  ])('200: of %s it says what sending it then charges', async (_, content, expected) => {
    const body = { to, from: 'Acme', ...content };
    const shown = await service.post('/v1/messages:preview', body);
    expect([shown.status, preview.parse(shown.body).messages]).toMatchObject([200, [{ to, test: false, ...expected }]]);
    const sent = await service.post('/v1/messages', body);
    expect(sent).toMatchObject({ status: 202, body: { to, segments: expected.segments, credits: expected.credits } });
  });

  it('200: each recipient by itself, also when none would be accepted; nothing is stored', async () => {
    const before = service.submitted.all.length;
    const { status, body } = await service.post('/v1/messages:preview', {
      to: [to, 'nobody', '+15550100402', '+15550100001'],
      text: 'Größe – ok',
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      messages: [
        {
          to,
          encoding: 'ucs2',
          characters: 10,
          units: 10,
          unitsPerSegment: 70,
          octets: 20,
          segments: 1,
          credits: '1.000000',
          test: false,
        },
        {
          to: 'nobody',
          error: expect.objectContaining({ type: '/problems/bad_number', errors: [{ field: '/to/1', message: expect.any(String) }] }),
        },
        { to: '+15550100402', error: expect.objectContaining({ type: '/problems/no_credit' }) },
        expect.objectContaining({ to: '+15550100001', credits: '0.000000', test: true }),
      ],
      total: { messages: 2, segments: 2, credits: '1.000000' },
      forcesUcs2: ['–'],
    });
    const bad = await service.post('/v1/messages:preview', { to, text: 'x', from: 'Abcdefghijklm' });
    expect(bad).toMatchObject({
      status: 200,
      body: { messages: [{ error: { type: '/problems/bad_sender', errors: [{ field: '/from' }] } }] },
    });
    // what is accepted after it would come after it
    const { body: sent } = await service.post('/v1/messages', { to, text: 'x' });
    await service.submitted.until(({ message }) => message.id === sent.id);
    expect(service.submitted.all.slice(before).map(({ message }) => message.id)).toEqual([sent.id]);
  });

  it.each([
    ['neither text nor data', { to }, ['/text']],
    ['both', { to, text: 'x', data: 'AAEC' }, ['/data']],
    ['a header that cannot be read', { to, data: 'AAEC', udh: '09' }, ['/udh']],
  ])('422: %s, as sending it', async (_, body, fields) => {
    for (const path of ['/v1/messages', '/v1/messages:preview']) {
      const answer = await service.post(path, body);
      expect([answer.status, answer.body.errors.map(({ field }: { field: string }) => field)]).toEqual([422, fields]);
    }
  });

  it('422: octets that are too many for one segment, when they are sent', async () => {
    const data = Buffer.alloc(141).toString('base64');
    expect(await service.post('/v1/messages', { to, data })).toMatchObject({
      status: 422,
      body: { type: '/problems/text_too_long', errors: [{ field: '/data' }] },
    });
  });
});

describe('the pace', () => {
  const limit = ({ headers }: { headers: Headers }) => [headers.get('ratelimit-policy'), headers.get('ratelimit')];

  it('is said with each answer to POST /v1/messages, refused ones too, and a preview takes nothing of it', async () => {
    const text = 'a'.repeat(500);
    expect((await service.post('/v1/messages:preview', { to, text }, 'paced')).headers.get('ratelimit')).toBeNull();
    const first = await service.post('/v1/messages', { to, text }, 'paced');
    expect([first.status, ...limit(first)]).toEqual([202, '"segments";q=4;w=2', '"segments";r=0;t=2']);
    const second = await service.post('/v1/messages', { to, text }, 'paced');
    expect([second.status, ...limit(second)]).toEqual([429, '"segments";q=4;w=2', '"segments";r=0;t=2']);
    expect(second.headers.get('retry-after')).toBe('2');
  });

  it('holds for test messages as well', async () => {
    const answer = await service.post('/v1/messages', { to: '+15550100001', text: 'a'.repeat(500) }, 'paced');
    expect(answer.status).toBe(429);
  });

  it('is not spoken of where there is none', async () => {
    expect(limit(await service.post('/v1/messages', { to, text: 'x' }))).toEqual([null, null]);
  });
});
