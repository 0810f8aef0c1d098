import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { historySubjects, type MarginsAnswer, type MarginsQuestion } from '@heliograph/message';
import { readAudit } from '@heliograph/registry';
import { testTenant } from '@heliograph/testbed';
import { endpoints } from '../src/api.ts';
import type { Endpoint } from '../src/http/endpoint.ts';
import { startApi, type Api } from './api.ts';

let api: Api;

beforeAll(async () => {
  api = await startApi({ funds: 1_000_000_000n });
}, 60_000);

afterAll(() => api?.stop(), 30_000);

const call: Api['call'] = (...request) => api.call(...request);
const csv = (path: string, text: string, type = 'text/csv') => call('POST', path, text, { headers: { 'Content-Type': type } });
const fits = (name: keyof typeof endpoints, body: unknown) =>
  expect((endpoints[name] as Endpoint).answer.schemas[0]?.safeParse(body)).toMatchObject({ success: true });
const plan = '/v1/price-plans/standard';
const putPlan = (...prices: object[]) => call('PUT', plan, { name: 'Standard', prices });
const lastAudit = async () => (await readAudit(api.database, { limit: 1 }))[0];

/** What sending it would cost and what it then does cost, or why it is refused. */
async function sold(to: string, text = 'Hello') {
  const asked = { to, text, from: 'Acme' };
  const preview = await call('POST', '/v1/messages:preview', asked, { key: testTenant.apiKey });
  const sent = await call('POST', '/v1/messages', asked, { key: testTenant.apiKey });
  const [shown] = preview.body.messages;
  if (shown.error) {
    expect(sent.body).toEqual({ ...shown.error, errors: sent.body.errors });
    return shown.error.type;
  }
  expect(sent).toMatchObject({ status: 202, body: { credits: shown.credits, segments: shown.segments } });
  return shown.credits;
}

const hourMs = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + hours * hourMs).toISOString();

describe('a price plan', () => {
  it('200: with prices of networks and dates; the most specific that is valid counts, at once', async () => {
    for (const [prefix, mcc, mnc] of [
      ['316', '204', '04'],
      ['3165', '204', '16'],
    ] as const)
      expect(await call('PUT', `/v1/number-ranges/${prefix}`, { mcc, mnc })).toMatchObject({ status: 201, body: { prefix, mcc, mnc } });
    const put = await putPlan(
      { prefix: '', credits: '1' },
      { prefix: '31', credits: '2' },
      { prefix: '44', credits: '3', validFrom: inHours(1) },
      { prefix: '49', credits: '4', validUntil: inHours(-1) },
      { prefix: '49', credits: '5', validFrom: inHours(-1), validUntil: inHours(1) },
      { mcc: '204', credits: '6' },
      { mcc: '204', mnc: '16', credits: '7.5' },
    );
    expect(put.status).toBe(200);
    fits('putPricePlan', put.body);
    expect((await call('GET', plan)).body).toEqual(put.body);
    const prices = ['+15551234567', '+31201234567', '+447912345678', '+4915112345678', '+31612345678', '+31651234567'].map((to) =>
      sold(to),
    );
    expect(await Promise.all(prices)).toEqual(['1.000000', '2.000000', '1.000000', '5.000000', '6.000000', '7.500000']);
    expect(await sold('+31651234567', 'a'.repeat(161))).toBe('15.000000');
  });

  it('a number without a price, or whose price is out of date, is refused', async () => {
    await putPlan({ prefix: '44', credits: '1', validUntil: inHours(-1) }, { prefix: '31', credits: '1' });
    expect(await Promise.all(['+447912345678', '+15551234567'].map((to) => sold(to)))).toEqual([
      '/problems/no_price',
      '/problems/no_price',
    ]);
    await putPlan({ prefix: '', credits: '1' });
  });

  it.each<[string, object[], string]>([
    ['neither prefix nor network', [{ credits: '1' }], '/prices/0/prefix'],
    ['both', [{ prefix: '31', mcc: '204', credits: '1' }], '/prices/0/mcc'],
    ['a network without its country', [{ prefix: '31', mnc: '04', credits: '1' }], '/prices/0/mnc'],
    ['a country that is none', [{ mcc: 'NL', credits: '1' }], '/prices/0/mcc'],
    ['an end before the beginning', [{ prefix: '', credits: '1', validFrom: inHours(1), validUntil: inHours(0) }], '/prices/0/validUntil'],
    ['a beginning before 1970', [{ prefix: '', credits: '1', validFrom: '1969-12-31T23:59:59Z' }], '/prices/0/validFrom'],
    [
      'two of the same at once',
      [
        { mcc: '204', credits: '1' },
        { mcc: '204', credits: '2', validFrom: inHours(1) },
      ],
      '/prices/1/mcc',
    ],
  ])('422: %s', async (_, prices, field) => {
    const answer = await putPlan(...prices);
    expect(answer).toMatchObject({ status: 422, body: { type: '/problems/invalid', errors: [{ field }] } });
  });

  it('200: its prices are read in pages, without a gap', async () => {
    const prices = Array.from({ length: 25 }, (_, i) => ({ prefix: String(100 + i), credits: '1.000000' }));
    const dated = [
      { mcc: '204', credits: '1.000000', validUntil: '2030-01-01T00:00:00.000Z' },
      { mcc: '204', credits: '2.000000', validFrom: '2030-01-01T00:00:00.000Z' },
    ];
    await call('PUT', '/v1/price-plans/paged', { name: 'Paged', prices: [...prices, ...dated] });
    const seen: unknown[] = [];
    for (let after = ''; ;) {
      const { status, body } = await call('GET', `/v1/price-plans/paged/prices?limit=2${after}`);
      expect(status).toBe(200);
      fits('prices', body);
      seen.push(...body.prices);
      if (body.next === null) break;
      after = `&after=${body.next}`;
    }
    expect(seen).toEqual([...dated, ...prices]);
  });

  it.each(['limit=0', 'limit=1001', 'after=x', 'after=1', "after='.-.-.-"])('422: a page with %s', async (query) => {
    expect((await call('GET', `${plan}/prices?${query}`)).status).toBe(422);
  });
});

describe('POST of a CSV of prices', () => {
  const path = '/v1/price-plans/bulk/prices';
  const shown = async () =>
    (await call('GET', path)).body.prices.map(({ prefix, mcc = '', mnc = '', credits }: Record<string, string>) => [
      prefix ?? mcc + mnc,
      credits,
    ]);

  it('200: replaces those that it names, takes away those without credits, and leaves the others', async () => {
    await call('PUT', '/v1/price-plans/bulk', { name: 'Bulk', prices: ['1', '2', '3'].map((prefix) => ({ prefix, credits: prefix })) });
    const answer = await csv(path, 'prefix,mcc,mnc,credits\n2,,,2.5\n3,,,\n,204,04,4\n');
    expect(answer).toEqual({ status: 200, body: { given: 2, priceCount: 3 } });
    fits('postPrices', answer.body);
    expect(await shown()).toEqual([
      ['20404', '4.000000'],
      ['1', '1.000000'],
      ['2', '2.500000'],
    ]);
    expect(await lastAudit()).toMatchObject({
      action: 'price_plan.prices_changed',
      subject: 'bulk',
      before: { priceCount: 3 },
      after: { priceCount: 3 },
    });
  });

  it('200: replaces all of them, and may come as JSON', async () => {
    const answer = await call('POST', `${path}?replace=all`, { csv: 'prefix,credits\n9,9\n' });
    expect(answer).toEqual({ status: 200, body: { given: 1, priceCount: 1 } });
    expect(await shown()).toEqual([['9', '9.000000']]);
  });

  it('200: thousands at once', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `${1_000_000 + i},1\n`);
    expect(await csv(`${path}?replace=all`, `prefix,credits\n${lines.join('')}`)).toEqual({
      status: 200,
      body: { given: 20_000, priceCount: 20_000 },
    });
    expect(await csv(`${path}?replace=all`, 'prefix,credits\n9,9\n')).toMatchObject({ status: 200 });
  }, 20_000);

  it.each([
    [422, 'a fault in one line', 'prefix,credits\n5,5\n6,six\n', 'text/csv', 'invalid'],
    [422, 'no prices', 'prefix,credits\n', 'text/csv; charset=utf-8; header=present', 'invalid'],
    [415, 'another charset', 'prefix,credits\n5,5\n', 'text/csv; charset=utf-16', 'unsupported_media_type'],
    [415, 'another type', 'prefix,credits\n5,5\n', 'text/plain', 'unsupported_media_type'],
    [400, 'what is no JSON', 'prefix,credits\n5,5\n', 'application/json', 'malformed_json'],
  ])('%i: %s, and nothing is changed', async (status, _, text, type, reason) => {
    const before = await shown();
    expect(await csv(path, text, type)).toMatchObject({ status, body: { type: `/problems/${reason}` } });
    expect(await shown()).toEqual(before);
  });

  it('413: more than a body may have', async () => {
    expect((await csv(path, `prefix,credits\n${'5,5\n'.repeat(1_000_000)}`)).status).toBe(413);
  });

  it('415: to an endpoint that takes none', async () => {
    expect((await call('PUT', plan, 'x', { headers: { 'Content-Type': 'text/csv' } })).status).toBe(415);
  });
});

describe("a connector's prices", () => {
  const path = `/v1/connectors/${testTenant.connector}/prices`;
  const tenant = { name: 'Acme', pricePlanId: 'standard' };

  it('200, 204: are put, listed and taken away, on record', async () => {
    const put = await call('PUT', path, {
      prices: [
        { prefix: '31', credits: '0.7' },
        { mcc: '204', credits: '0.6' },
      ],
    });
    expect(put).toEqual({ status: 200, body: { priceCount: 2 } });
    expect((await lastAudit())?.action).toBe('connector.prices_changed');
    const page = await call('GET', path);
    fits('connectorPrices', page.body);
    expect(page.body).toEqual({
      prices: [
        { mcc: '204', credits: '0.600000' },
        { prefix: '31', credits: '0.700000' },
      ],
      next: null,
    });
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('GET', path)).body).toEqual({ prices: [], next: null });
  });

  it('404: of a connector that is not there', async () => {
    for (const [method, body] of [['GET'], ['PUT', { prices: [] }], ['DELETE']] as const)
      expect((await call(method, '/v1/connectors/nobody/prices', body)).status).toBe(404);
  });

  it('what would be sold at a loss is refused where the tenant is so, and only there', async () => {
    await call('PUT', path, {
      prices: [
        { prefix: '', credits: '1.000001' },
        { prefix: '44', credits: '1' },
      ],
    });
    expect(await sold('+31612345678')).toBe('1.000000');
    expect(await call('PUT', `/v1/tenants/${testTenant.id}`, { ...tenant, refuseAtLoss: true })).toMatchObject({
      body: { refuseAtLoss: true },
    });
    expect(await sold('+31612345678')).toBe('/problems/at_loss');
    expect(await sold('+447912345678')).toBe('1.000000');
    await call('DELETE', path);
    expect(await sold('+31612345678')).toBe('1.000000');
    await call('PUT', `/v1/tenants/${testTenant.id}`, tenant);
  });
});

describe('number ranges', () => {
  it('201, 200, 204, 404: are put, changed and forgotten', async () => {
    const path = '/v1/number-ranges/4915';
    expect((await call('PUT', path, { mcc: '262', mnc: '01' })).status).toBe(201);
    expect((await call('PUT', path, { mcc: '262', mnc: '02' })).status).toBe(200);
    expect((await lastAudit())?.action).toBe('number_range.changed');
    const page = await call('GET', '/v1/number-ranges?after=48');
    fits('numberRanges', page.body);
    expect(page.body).toEqual({ numberRanges: [{ prefix: '4915', mcc: '262', mnc: '02' }], next: null });
    expect((await call('GET', '/v1/number-ranges?limit=1&after=3')).body).toMatchObject({ numberRanges: [{ prefix: '316' }], next: '316' });
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('DELETE', path)).status).toBe(404);
  });

  it.each([
    ['a', { mcc: '262', mnc: '01' }],
    ['1'.repeat(16), { mcc: '262', mnc: '01' }],
    ['49', { mcc: '26', mnc: '01' }],
    ['49', { mcc: '262', mnc: '1' }],
  ])('422: %s as %p', async (prefix, body) => {
    expect((await call('PUT', `/v1/number-ranges/${prefix}`, body)).status).toBe(422);
  });
});

describe('GET /v1/margins', () => {
  const since = '2026-11-01T00:00:00Z';

  it('503: when nobody answers', async () => {
    expect((await call('GET', `/v1/margins?since=${since}&until=2026-11-02T00:00:00Z`)).status).toBe(503);
  }, 20_000);

  it('200: the sums, with what was earned on those whose cost is known', async () => {
    const asked: MarginsQuestion[] = [];
    const answer: MarginsAnswer = {
      groups: [
        {
          key: 'acme',
          messages: 3,
          segments: 4,
          chargedMicroCredits: '4000000',
          costMicroCredits: '2500000',
          chargedOfCostedMicroCredits: '2000000',
          withoutCost: 1,
        },
      ],
      more: false,
    };
    await api.queue.answer<MarginsQuestion>(historySubjects.margins, 'message-log', async (question) => (asked.push(question), answer));
    const { status, body } = await call('GET', `/v1/margins?since=${since}&until=2026-11-02T00:00:00Z&by=prefix&digits=3`);
    expect(status).toBe(200);
    fits('margins', body);
    expect(body.margins).toEqual([
      { key: 'acme', messages: 3, segments: 4, charged: '4.000000', cost: '2.500000', margin: '-0.500000', withoutCost: 1 },
    ]);
    expect(asked).toEqual([{ sinceMs: Date.parse(since), untilMs: Date.parse('2026-11-02T00:00:00Z'), by: 'prefix', digits: 3 }]);
  });

  it.each([
    '',
    `since=${since}&until=${since}`,
    `since=${since}&until=2026-12-03T00:00:00Z`,
    `since=${since}&by=colour`,
    `since=${since}&digits=16`,
  ])('422: with %p', async (query) => {
    expect((await call('GET', `/v1/margins?${query}`)).status).toBe(422);
  });

  it('403: to a tenant', async () => {
    expect((await call('GET', `/v1/margins?since=${since}`, undefined, { key: testTenant.apiKey })).status).toBe(403);
  });
});
