import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { reconcileSubjects, type DifferencesAnswer, type ProofAnswer } from '@heliograph/message';
import { testTenant } from '@heliograph/testbed';
import { differenceList, proof } from '../src/control/differences/schema.ts';
import { operator, startApi, type Answer, type Api } from './api.ts';

let api: Api;
/** What billing-credits was asked, the last first. */
const asked: object[] = [];

const found: DifferencesAnswer = {
  differences: [
    { id: '9', kind: 'charge', tenant: 'acme', subject: 'a lease', expected: '1500000', found: '2', samples: ['an id'], foundAtMs: 0 },
    {
      id: '8',
      kind: 'unended',
      tenant: 'acme',
      subject: 'messages',
      expected: '0',
      found: '12',
      samples: [],
      foundAtMs: 0,
      resolvedAtMs: 1_000,
      resolution: 'agrees',
    },
  ],
  next: '8',
};
const proven: ProofAnswer = {
  tenants: [
    {
      tenant: 'acme',
      fundsMicroCredits: '10000000',
      balanceMicroCredits: '-1',
      leasedMicroCredits: '5000000',
      chargedMicroCredits: '5000002',
      refundedMicroCredits: '1',
      holds: true,
      differences: 1,
    },
  ],
};

beforeAll(async () => {
  api = await startApi();
  await api.queue.answer<object>(reconcileSubjects.differences, 'billing', (question) => (asked.unshift(question), found));
  await api.queue.answer<object>(reconcileSubjects.proof, 'billing', (question) => (asked.unshift(question), proven));
}, 60_000);

afterAll(() => api?.stop(), 30_000);

const get = (path: string, bearer = operator.key): Promise<Answer> => api.call('GET', path, undefined, { bearer });

describe('GET /v1/differences', () => {
  it('shows what billing-credits found, in the units of each kind', async () => {
    const { status, body } = await get('/v1/differences');
    expect(status).toBe(200);
    expect(differenceList.parse(body)).toMatchObject({
      next: '8',
      differences: [
        { kind: 'charge', unit: 'credits', expected: '1.500000', found: '0.000002', resolvedAt: null, resolution: null },
        { kind: 'unended', unit: 'messages', expected: '0', found: '12', resolvedAt: '1970-01-01T00:00:01.000Z', resolution: 'agrees' },
      ],
    });
    expect(asked[0]).toEqual({ limit: 20 });
  });

  it('hands every filter on', async () => {
    expect((await get('/v1/differences?open=false&kind=refund&tenant=acme&before=9&limit=5')).status).toBe(200);
    expect(asked[0]).toEqual({ open: false, kind: 'refund', tenant: 'acme', before: '9', limit: 5 });
  });

  it.each(['open=yes', 'kind=none', 'before=x', 'limit=101', 'tenant=A'])('422 for a query with %s', async (query) => {
    expect(await get(`/v1/differences?${query}`)).toMatchObject({ status: 422 });
  });
});

describe('GET /v1/proof', () => {
  it('shows every account of a tenant, and that nothing was compared yet', async () => {
    const { status, body } = await get('/v1/proof?after=aaa&limit=1');
    expect(status).toBe(200);
    expect(proof.parse(body)).toEqual({
      tenants: [
        {
          tenant: 'acme',
          funds: '10.000000',
          balance: '-0.000001',
          leased: '5.000000',
          charged: '5.000002',
          refunded: '0.000001',
          holds: true,
          differences: 1,
        },
      ],
      next: null,
      comparedAt: null,
    });
    expect(asked[0]).toEqual({ limit: 1, after: 'aaa' });
  });
});

it.each(['/v1/differences', '/v1/proof'])('%s is for operators: 403 for a tenant, 401 for nobody', async (path) => {
  expect((await get(path, testTenant.apiKey)).status).toBe(403);
  expect((await get(path, 'x')).status).toBe(401);
});
