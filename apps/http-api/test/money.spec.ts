/** What tenants and operators see and do of money, with the real billing-credits and message-log beside. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '@heliograph/credential';
import { headOf, newId, type BalanceLow, type Message } from '@heliograph/message';
import { putTenant } from '@heliograph/registry';
import { createHeard, eventually, testMessage, testTenant } from '@heliograph/testbed';
import { parse } from 'csv-parse/sync';
import { creditEndpoints } from '../src/credits/endpoints.ts';
import type { Endpoint } from '../src/http/endpoint.ts';
import { problemDetails } from '../src/http/schema.ts';
import { usageEndpoints } from '../src/usage/endpoints.ts';
import { openApi, operator, putKey, type Api } from './api.ts';
import { startApp } from './app-process.ts';

const user = newApiKey();
const stranger = newApiKey();
const credit = 1_000_000n;
/** Three pages of usage. */
const messagesMany = 1_100;

let api: Api;
const notices = createHeard<BalanceLow>();
const acceptedAtMs = Date.now() - 1_000;
const special = testMessage({
  acceptedAtMs,
  to: '+31612345678',
  from: { addr: '=1+1', ton: 5, npi: 0 },
  reference: '@SUM(A1)',
  charge: { lease: '', microCredits: '2500000' },
});
const many = Array.from({ length: messagesMany }, () =>
  testMessage({ id: newId(), acceptedAtMs: acceptedAtMs + 1, charge: { lease: '', microCredits: '1000000' } }),
);

beforeAll(async () => {
  api = await openApi({ schemas: ['registry', 'http_api', 'billing', 'message_log'] });
  await putTenant(api.database, { id: 'other', name: 'Other', pricePlanId: 'standard' });
  await putKey(api.database, user, { id: 'user', tenantId: testTenant.id, role: 'tenant-user' });
  await putKey(api.database, stranger, { id: 'stranger', tenantId: 'other', role: 'tenant-admin' });
  await api.queue.workEach({
    stage: 'webhook',
    stream: 'REPORTED',
    eventsInFlightMax: 10_000,
    async handle({ event }) {
      if (event.type === 'balance.low') notices.hear(event);
      return { kind: 'done', events: [] };
    },
  });
  for (const { end } of await Promise.all([startApp('billing-credits', api.servers), startApp('message-log', api.servers)]))
    api.alsoStop(end);
  await api.start();
}, 60_000);

afterAll(() => api?.stop(), 30_000);

interface Call {
  readonly body?: object;
  readonly key?: string;
  readonly accept?: string;
  readonly tenant?: string;
}

async function ask(method: string, path: string, { body, key = testTenant.apiKey, accept, tenant }: Call = {}) {
  const response = await api.ask(method, path, body, { key, tenant, headers: accept === undefined ? {} : { Accept: accept } });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
  const parsed: any = json && text !== '' ? JSON.parse(text) : undefined;
  if (!response.ok) expect(problemDetails.safeParse(parsed)).toMatchObject({ success: true });
  return { status: response.status, headers: response.headers, text, body: parsed };
}

const get = (path: string, call?: Call) => ask('GET', path, call);
const post = (path: string, body: object, call: Call = {}) => ask('POST', path, { key: operator.key, ...call, body });
const put = (path: string, body: object, call: Call = {}) => ask('PUT', path, { key: operator.key, ...call, body });
const ofTenant = `/v1/tenants/${testTenant.id}`;
const table = (text: string): Record<string, string>[] => parse(text, { columns: true }) as Record<string, string>[];
const submit = (message: Message) => api.queue.publish({ type: 'message.submitted', at: message.acceptedAtMs, message });
const audited = async () =>
  (await get(`/v1/audit?tenant=${testTenant.id}&limit=100`, { key: operator.key })).body.entries as {
    action: string;
    before: object | null;
    after: object;
  }[];

describe('an adjustment', () => {
  it('201: once for its key; 409 to the key with another amount, and to what is not there; all of it on record', async () => {
    expect((await post(`${ofTenant}/top-ups`, { credits: '2000', key: 'paid' })).status).toBe(201);
    const body = { credits: '-12.5', key: 'ticket', reason: 'entered twice' };
    const first = await post(`${ofTenant}/adjustments`, body);
    expect(first).toMatchObject({ status: 201, body: { tenant: testTenant.id, key: 'ticket', credits: '-12.500000' } });
    expect((await post(`${ofTenant}/adjustments`, body)).body).toEqual(first.body);
    expect(await post(`${ofTenant}/adjustments`, { ...body, credits: '12.5' })).toMatchObject({
      status: 409,
      body: { type: '/problems/key_reused', errors: [{ field: '/key' }] },
    });
    expect(await post(`${ofTenant}/adjustments`, { ...body, credits: '-1987.500001', key: 'all' })).toMatchObject({
      status: 409,
      body: { type: '/problems/below_limit', errors: [{ field: '/credits' }] },
    });
    expect((await get('/v1/balance')).body).toMatchObject({ credits: '1987.500000', funds: '1987.500000' });
    const actions = (await audited()).map(({ action }) => action).filter((action) => action.startsWith('adjustment'));
    expect(actions.toReversed()).toEqual(
      ['asked', 'posted', 'asked', 'repeated', 'asked', 'refused', 'asked', 'refused'].map((word) => `adjustment.${word}`),
    );
  });

  it.each([
    ['nothing', { credits: '0', key: 'k', reason: 'r' }, '/credits'],
    ['nothing with a minus', { credits: '-0.000000', key: 'k', reason: 'r' }, '/credits'],
    ['more than the ledger takes', { credits: '-12345678901', key: 'k', reason: 'r' }, '/credits'],
    ['no reason', { credits: '1', key: 'k', reason: '' }, '/reason'],
    ['no key', { credits: '1', reason: 'r' }, '/key'],
  ])('422: %s', async (_, body, field) => {
    expect(await post(`${ofTenant}/adjustments`, body)).toMatchObject({ status: 422, body: { errors: [{ field }] } });
  });

  it('403 to a tenant, 404 for an unknown one', async () => {
    const body = { credits: '1', key: 'k', reason: 'r' };
    expect((await post(`${ofTenant}/adjustments`, body, { key: testTenant.apiKey })).status).toBe(403);
    expect((await post('/v1/tenants/nobody/adjustments', body)).status).toBe(404);
    expect((await put(`${ofTenant}/credit-limit`, { credits: '1' }, { key: testTenant.apiKey })).status).toBe(403);
    expect((await put('/v1/tenants/nobody/credit-limit', { credits: '1' })).status).toBe(404);
  });
});

describe('a credit limit', () => {
  it('200: is shown with the balance, and on record with what it was', async () => {
    expect(await put(`${ofTenant}/credit-limit`, { credits: '5' })).toMatchObject({ status: 200, body: { limit: '5.000000' } });
    expect((await get('/v1/balance')).body).toMatchObject({ limit: '5.000000', overdrawn: '0.000000' });
    expect((await put(`${ofTenant}/credit-limit`, { credits: '0' })).status).toBe(200);
    expect((await audited()).find(({ action }) => action === 'credit_limit.changed')).toMatchObject({
      before: { credits: '5.000000' },
      after: { credits: '0.000000' },
    });
  });

  it('422: below zero', async () => {
    expect((await put(`${ofTenant}/credit-limit`, { credits: '-1' })).status).toBe(422);
  });
});

describe('thresholds', () => {
  it("are the tenant-admin's to set, and those of who pays later may be below zero", async () => {
    expect((await get('/v1/low-balance')).body).toEqual({ thresholds: [] });
    const body = { thresholds: ['10', '1986', '-5.5', '10'] };
    const set = await put('/v1/low-balance', body, { key: testTenant.apiKey });
    expect(set).toMatchObject({ status: 200, body: { thresholds: ['1986.000000', '10.000000', '-5.500000'] } });
    expect((await get('/v1/low-balance', { key: user.key })).body).toEqual(set.body);
    expect((await put('/v1/low-balance', body, { key: user.key })).status).toBe(403);
    expect((await put('/v1/low-balance', { thresholds: ['x'] }, { key: testTenant.apiKey })).status).toBe(422);
    expect((await put('/v1/low-balance', { thresholds: Array(11).fill('1') }, { key: testTenant.apiKey })).status).toBe(422);
    expect((await audited()).find(({ action }) => action === 'low_balance.changed')).toMatchObject({
      before: { thresholds: [] },
      after: set.body,
    });
  });

  it('are told of once when they are crossed', async () => {
    await submit(special);
    const [notice] = await notices.until(() => true);
    expect(notice).toMatchObject({ tenant: testTenant.id, thresholdMicroCredits: '1986000000', spendableMicroCredits: '1985000000' });
    await Promise.all(many.map(submit));
    const reported = { type: 'message.reported', at: Date.now(), state: 'failed' } as const;
    await api.queue.publish({ ...reported, message: headOf(special) });
    await eventually('all of it is posted', async () => (await get('/v1/balance')).body.refunded === '2.500000');
    expect(notices.all).toHaveLength(1);
  }, 30_000);
});

describe('a statement', () => {
  const today = new Date().toISOString().slice(0, 10);

  it('200: adds up to the balance, line by line', async () => {
    const { status, body } = await get('/v1/statement');
    expect(status).toBe(200);
    expect((creditEndpoints.statement as Endpoint).answer.schemas[0]?.safeParse(body)).toMatchObject({ success: true });
    expect(body).toMatchObject({ tenant: testTenant.id, from: `${today.slice(0, 7)}-01`, opening: '0.000000' });
    expect(body.closing).toBe((await get('/v1/balance')).body.credits);
    expect(body.lines.map(({ kind, credits, balance }: Record<string, string>) => [kind, credits, balance])).toEqual([
      ['top_up', '2000.000000', '2000.000000'],
      ['adjustment', '-12.500000', '1987.500000'],
      ['charge', '-1102.500000', '885.000000'],
      ['refund', '2.500000', '887.500000'],
    ]);
    expect(body.lines[1]).toMatchObject({ date: today, key: 'ticket', note: 'entered twice' });
  });

  it.each([
    ['the query', '?format=csv', undefined],
    ['the header', '', 'text/csv'],
  ])('200: as CSV by %s, from its opening to its closing', async (_, query, accept) => {
    const { headers, text } = await get(`/v1/statement${query}`, accept === undefined ? {} : { accept });
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="?statement-acme-[-0-9]+\.csv"?$/);
    expect(table(text).map(({ kind, credits, balance }) => [kind, credits, balance])).toEqual([
      ['opening', '', '0.000000'],
      ['top_up', '2000.000000', '2000.000000'],
      ['adjustment', '-12.500000', '1987.500000'],
      ['charge', '-1102.500000', '885.000000'],
      ['refund', '2.500000', '887.500000'],
      ['closing', '', '887.500000'],
    ]);
  });

  it('200: of days after it opens with what was left, also for operators, who name the tenant', async () => {
    const [from, until] = [1, 3].map((days) => new Date(Date.parse(today) + days * 24 * 3_600_000).toISOString().slice(0, 10));
    const { body } = await get(`/v1/statement?from=${from}&until=${until}`, { key: operator.key, tenant: testTenant.id });
    expect(body).toEqual({ tenant: testTenant.id, from, until, opening: '887.500000', lines: [], closing: '887.500000' });
    expect((await get('/v1/statement', { key: stranger.key })).body).toMatchObject({ tenant: 'other', lines: [], closing: '0.000000' });
  });

  it.each(['?from=2026-11-02&until=2026-11-01', '?from=yesterday', '?from=1999-01-01', '?format=xml', '?from=2026-11-01T00:00:00Z'])(
    '422: %s',
    async (query) => expect((await get(`/v1/statement${query}`)).status).toBe(422),
  );

  it('a HEAD has no body', async () => {
    expect(await ask('HEAD', '/v1/statement')).toMatchObject({ status: 200, text: '' });
  });
});

describe('usage', () => {
  const from = encodeURIComponent(new Date(acceptedAtMs).toISOString());

  it('200: has every message once, over pages, with what it cost and what was given back', async () => {
    const { status, body } = await get(`/v1/usage?from=${from}`);
    expect(status).toBe(200);
    expect((usageEndpoints.usage as Endpoint).answer.schemas[0]?.safeParse(body)).toMatchObject({ success: true });
    const records: { id: string; credits: string; refunded: string }[] = body.records;
    expect(records.map(({ id }) => id)).toEqual([special, ...many].map(({ id }) => id).toSorted());
    const total = (of: 'credits' | 'refunded') => records.reduce((sum, one) => sum + BigInt(one[of].replace('.', '')), 0n);
    expect([total('credits'), total('refunded')]).toEqual([1_102_500_000n, 2_500_000n]);
    expect(BigInt(messagesMany) * credit + 2_500_000n).toBe(total('credits'));
    expect(records.find(({ id }) => id === special.id)).toEqual({
      id: special.id,
      accepted: new Date(acceptedAtMs).toISOString(),
      to: '+31612345678',
      from: '=1+1',
      segments: 1,
      credits: '2.500000',
      refunded: '2.500000',
      state: 'failed',
      reference: '@SUM(A1)',
    });
  });

  it('200: as CSV, in which a formula is none and the plus of a number stays', async () => {
    const { headers, text } = await get(`/v1/usage?from=${from}`, { accept: 'text/csv' });
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const lines = table(text);
    expect(lines).toHaveLength(1 + messagesMany);
    expect(lines.find(({ id }) => id === special.id)).toMatchObject({ to: '+31612345678', from: "'=1+1", reference: "'@SUM(A1)" });
    expect(Object.keys(lines[0] ?? {})).not.toContain('connector');
  });

  it('200: with the connector for operators alone; nothing of another tenant', async () => {
    const { text } = await get(`/v1/usage?from=${from}&format=csv`, { key: operator.key, tenant: testTenant.id });
    expect(text.split('\r\n')[0]).toMatch(/,connector$/);
    expect((await get(`/v1/usage?from=${from}`, { key: stranger.key })).body).toMatchObject({ tenant: 'other', records: [] });
  });

  it('200: of a time has what was accepted in it', async () => {
    const until = encodeURIComponent(new Date(acceptedAtMs + 1).toISOString());
    const { body } = await get(`/v1/usage?from=${from}&until=${until}`);
    expect(body.records.map(({ id }: { id: string }) => id)).toEqual([special.id]);
  });

  it('422: an end before its beginning', async () => {
    expect((await get(`/v1/usage?from=${from}&until=2000-01-01T00:00:00Z`)).status).toBe(422);
  });
});
