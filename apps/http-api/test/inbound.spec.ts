import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '@heliograph/credential';
import {
  historySubjects,
  inboundMatchAgain,
  newId,
  type InboundListQuestion,
  type InboundQuestion,
  type LoggedInbound,
  type MatchAgainQuestion,
} from '@heliograph/message';
import { putTenant, watchRegistry, type RegistryWatch } from '@heliograph/registry';
import { eventually, quietLog, testTenant } from '@heliograph/testbed';
import { openApi, putKey, type Answer, type Api } from './api.ts';

const keys = { operator: newApiKey(), user: newApiKey() };
let api: Api;
let elsewhere: RegistryWatch;
const asked: InboundListQuestion[] = [];
const matchedAgain: MatchAgainQuestion[] = [];
let answer: object = { messages: [] };

const logged = (special: Partial<LoggedInbound> = {}): LoggedInbound => ({
  id: newId(),
  connector: 'carrier',
  from: '+31612345678',
  to: '+31699887766',
  content: { kind: 'text', text: 'hello' },
  receivedAtMs: Date.UTC(2026, 10, 20, 12),
  parts: 1,
  delivered: [],
  ...special,
});
const mine = logged({
  tenant: testTenant.id,
  route: 'r',
  credential: 'c',
  keyword: 'stop',
  optOut: 'stop',
  parts: 3,
  missing: [2],
  delivered: [{ via: 'smpp', atMs: Date.UTC(2026, 10, 20, 12, 1) }],
});
const stray = logged({ content: { kind: 'binary', octets: 'AAE=', udh: '0504' } });

beforeAll(async () => {
  api = await openApi();
  const { servers, database, queue } = api;
  await putTenant(database, { id: 'other', name: 'Other', pricePlanId: 'standard' });
  await putKey(database, keys.operator, { id: 'operator', tenantId: '', role: 'operator-admin' });
  await putKey(database, keys.user, { id: 'user', tenantId: testTenant.id });
  // message-log and the router are other apps
  await queue.answer<InboundListQuestion>(historySubjects.inbound, 'message-log', (question) => {
    asked.push(question);
    return answer;
  });
  await queue.answer<InboundQuestion>(historySubjects.inboundOne, 'message-log', ({ id, tenant }) => {
    const inbound = [mine, stray].find((one) => one.id === id && (tenant === undefined || one.tenant === tenant));
    return inbound ? { inbound } : {};
  });
  await queue.answer<MatchAgainQuestion>(inboundMatchAgain, 'router', (question) => {
    matchedAgain.push(question);
    return { tenant: 'other' };
  });
  elsewhere = await watchRegistry({ databaseUrl: servers.databaseUrl, listen: queue.listen, log: quietLog, pollMs: 3_600_000 });
  api.alsoStop(elsewhere.stop);
  await api.start();
}, 60_000);

afterAll(() => api?.stop(), 30_000);

const call = (method: string, path: string, { as = 'operator', body, tenant }: CallOptions = {}): Promise<Answer> =>
  api.call(method, path, body, { bearer: keys[as].key, tenant });
interface CallOptions {
  readonly as?: keyof typeof keys;
  readonly body?: object;
  readonly tenant?: string;
}

describe('inbound routes', () => {
  const route = { address: '+31699887766', tenantId: testTenant.id, credentialId: testTenant.smppCredential };
  const shown = {
    id: 'r1',
    address: '31699887766',
    match: 'exact',
    keyword: '',
    tenantId: testTenant.id,
    credentialId: testTenant.smppCredential,
  };

  it('are made, and hold everywhere at once', async () => {
    expect(await call('PUT', '/v1/inbound-routes/r1', { body: route })).toEqual({ status: 201, body: shown });
    expect(await call('PUT', '/v1/inbound-routes/r1', { body: route })).toEqual({ status: 200, body: shown });
    await eventually('the route', () => elsewhere.current.inbound.match('31699887766', '') !== undefined);
    const word = { address: '4040', keyword: 'Win', tenantId: 'other' };
    expect((await call('PUT', '/v1/inbound-routes/r2', { body: word })).body).toMatchObject({ keyword: 'win', credentialId: null });
    expect((await call('PUT', '/v1/inbound-routes/r3', { body: { ...word, address: '', match: 'prefix', keyword: '' } })).status).toBe(201);
    expect((await call('GET', '/v1/inbound-routes?limit=2')).body).toMatchObject({
      inboundRoutes: [{ id: 'r1' }, { id: 'r2' }],
      next: 'r2',
    });
    expect((await call('GET', '/v1/inbound-routes/r1')).body).toEqual(shown);
    const audit = await api.database.audit.findMany({ where: { subject: 'r1' } });
    expect(audit.map(({ action }) => action)).toEqual(['inbound_route.created']);
  });

  it.each<[string, object, number, string, string]>([
    ['a tenant that is not there', { ...route, address: '1', tenantId: 'nobody' }, 422, 'unknown_reference', '/tenantId'],
    ["another tenant's credential", { ...route, address: '1', tenantId: 'other' }, 422, 'unknown_reference', '/credentialId'],
    [
      'a credential that is no SMPP one',
      { ...route, address: '1', credentialId: testTenant.apiCredential },
      422,
      'unknown_reference',
      '/credentialId',
    ],
    ['what another is of, written otherwise', { ...route, address: '31699887766' }, 409, 'in_use', '/address'],
    ['a prefix of letters', { ...route, address: 'abc', match: 'prefix' }, 422, 'invalid', '/address'],
    ['an exact nothing', { ...route, address: '' }, 422, 'invalid', '/address'],
    ['two words', { ...route, keyword: 'two words' }, 422, 'invalid', '/keyword'],
    ['another match', { ...route, match: 'regex' }, 422, 'invalid', '/match'],
  ])('are refused with %s', async (_, body, status, reason, field) => {
    const refused = await call('PUT', '/v1/inbound-routes/r9', { body });
    expect([refused.status, refused.body.type, refused.body.errors?.[0]?.field]).toEqual([status, `/problems/${reason}`, field]);
  });

  it('are deleted', async () => {
    expect((await call('DELETE', '/v1/inbound-routes/r1')).status).toBe(204);
    expect((await call('DELETE', '/v1/inbound-routes/r1')).status).toBe(404);
    await eventually('that it is gone', () => elsewhere.current.inbound.match('31699887766', '')?.id === 'r3');
  });

  it("are no tenant's business", async () => {
    expect((await call('GET', '/v1/inbound-routes', { as: 'user' })).status).toBe(403);
    expect((await call('PUT', '/v1/inbound-routes/r1', { as: 'user', body: route })).status).toBe(403);
  });
});

describe('messages from handsets', () => {
  it("are shown to their tenant without what is the operator's", async () => {
    const shown = {
      id: mine.id,
      from: '+31612345678',
      to: '+31699887766',
      text: 'hello',
      parts: 3,
      missing: [2],
      keyword: 'stop',
      optOut: 'stop',
      receivedAt: '2026-11-20T12:00:00.000Z',
      state: 'delivered',
      delivered: [{ via: 'smpp', at: '2026-11-20T12:01:00.000Z' }],
    };
    expect(await call('GET', `/v1/inbound/${mine.id}`, { as: 'user' })).toEqual({ status: 200, body: shown });
    expect((await call('GET', `/v1/inbound/${mine.id}`)).body).toEqual({
      ...shown,
      tenant: testTenant.id,
      connector: 'carrier',
      route: 'r',
    });
    expect((await call('GET', `/v1/inbound/${stray.id}`, { as: 'user' })).status).toBe(404);
    expect((await call('GET', '/v1/inbound/nonsense', { as: 'user' })).status).toBe(404);
  });

  it('are listed, and pulled, by what is asked', async () => {
    answer = { messages: [mine], next: mine.id };
    const list = await call('GET', '/v1/inbound?limit=1&from=+31612345678&to=4040&since=2026-11-20T13:00:00%2B01:00', { as: 'user' });
    expect(list.body).toMatchObject({ messages: [{ id: mine.id }], next: mine.id, more: true });
    expect(asked.at(-1)).toEqual({
      tenant: testTenant.id,
      limit: 1,
      from: '+31612345678',
      to: '4040',
      sinceMs: Date.UTC(2026, 10, 20, 12),
    });
    answer = { messages: [], next: '7-1' };
    expect((await call('GET', '/v1/inbound?after=0', { as: 'user' })).body).toEqual({ messages: [], next: '7-1', more: false });
    expect(asked.at(-1)).toEqual({ tenant: testTenant.id, limit: 20, after: '0-0' });
    await call('GET', '/v1/inbound', { tenant: 'other' });
    expect(asked.at(-1)).toEqual({ tenant: 'other', limit: 20 });
  });

  it("that are nobody's are for operators, with the reason", async () => {
    answer = { messages: [stray] };
    const { body } = await call('GET', '/v1/inbound?unmatched=true');
    expect(body).toMatchObject({
      messages: [{ id: stray.id, octets: 'AAE=', udh: '0504', state: 'unmatched', reason: 'Could not find a matching address range' }],
      next: null,
      more: false,
    });
    expect(asked.at(-1)).toEqual({ limit: 20 });
    expect((await call('GET', '/v1/inbound?unmatched=true', { as: 'user' })).status).toBe(403);
  });

  it.each<[string, number]>([
    ['/v1/inbound', 400],
    ['/v1/inbound?unmatched=true&after=0', 422],
    [`/v1/inbound?after=0&before=${'0'.repeat(32)}`, 422],
    ['/v1/inbound?after=nonsense', 422],
    ['/v1/inbound?unmatched=perhaps', 422],
  ])('GET %s by an operator is %i', async (path, status) => {
    expect((await call('GET', path)).status).toBe(status);
  });

  it("that are nobody's are matched again by operators, on record", async () => {
    expect(await call('POST', `/v1/inbound/${stray.id}:match`)).toEqual({
      status: 200,
      body: { id: stray.id, outcome: 'matched', tenant: 'other' },
    });
    const { delivered: _, ...inbound } = stray;
    expect(matchedAgain).toEqual([{ inbound }]);
    expect(await api.database.audit.findMany({ where: { subject: stray.id } })).toMatchObject([
      { action: 'inbound.match_asked', actor: 'operator' },
    ]);
    expect((await call('POST', `/v1/inbound/${mine.id}:match`)).body).toEqual({ id: mine.id, outcome: 'matched', tenant: testTenant.id });
    expect(matchedAgain).toHaveLength(1);
    expect((await call('POST', `/v1/inbound/${stray.id}:match`, { as: 'user' })).status).toBe(403);
    expect((await call('POST', `/v1/inbound/${newId()}:match`)).status).toBe(404);
  });
});
