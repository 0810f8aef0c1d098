import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  historySubjects,
  newId,
  routeFactsSubject,
  type RecordedAnswer,
  type RecordedMessage,
  type RecordedQuestion,
  type RouteFactsAnswer,
} from '@heliograph/message';
import { readAudit, watchRegistry, type RegistryWatch } from '@heliograph/registry';
import { eventually, quietLog, testTenant } from '@heliograph/testbed';
import { endpoints } from '../src/api.ts';
import type { Endpoint } from '../src/http/endpoint.ts';
import { openApi, operator, type Answer, type Api } from './api.ts';

let api: Api;
/** As any other service has it. */
let elsewhere: RegistryWatch;
/** What the router would answer; undefined: it is away. */
let facts: RouteFactsAnswer | undefined;
/** What message-log would have, the newest first. */
let traffic: RecordedMessage[] = [];

beforeAll(async () => {
  api = await openApi({ funds: 1_000_000_000n });
  const { servers, queue } = api;
  await queue.answer(routeFactsSubject, 'router', () => facts ?? new Promise<object>(() => {}));
  await queue.answer<RecordedQuestion>(historySubjects.recorded, 'message-log', recorded);
  elsewhere = await watchRegistry({ databaseUrl: servers.databaseUrl, listen: queue.listen, log: quietLog, pollMs: 3_600_000 });
  api.alsoStop(elsewhere.stop);
  await api.start();
  for (const id of ['north', 'south']) await ok('PUT', `/v1/connectors/${id}`, { settings: { host: '127.0.0.1', port: 1 } });
}, 60_000);

afterAll(() => api?.stop(), 30_000);

/** Only the route that the tests' tenant has. */
beforeEach(async () => {
  const { id } = await ok('POST', '/v1/route-drafts', {});
  await ok('PUT', `/v1/route-drafts/${id}/routes`, { routes: { default: { targets: [{ connectorId: testTenant.connector }] } } });
  await ok('POST', `/v1/route-drafts/${id}:publish`, { force: true });
  facts = { connectors: {} };
  traffic = [];
});

function recorded({ limit, before }: RecordedQuestion): RecordedAnswer {
  const from = before === undefined ? 0 : traffic.findIndex(({ id }) => id === before) + 1;
  const messages = traffic.slice(from, from + Math.min(limit, 3));
  return { messages, ...(from + messages.length < traffic.length ? { next: messages.at(-1)?.id ?? '' } : {}) };
}

const call = (method: string, path: string, body?: unknown, key = operator.key): Promise<Answer> => api.call(method, path, body, { key });

async function ok(method: string, path: string, body?: unknown) {
  const answer = await call(method, path, body);
  expect([answer.status, answer.body]).toEqual([expect.any(Number), answer.status < 300 ? expect.anything() : {}]);
  return answer.body;
}

const fits = (name: keyof typeof endpoints, body: unknown) =>
  expect((endpoints[name] as Endpoint).answer.schemas[0]?.safeParse(body)).toMatchObject({ success: true });
const to = (connectorId: string, rest: object = {}) => ({ targets: [{ connectorId }], ...rest });
const published = async () => (await ok('GET', '/v1/routes?limit=100')).routes.map(({ id }: { id: string }) => id);
const version = async () => (await ok('GET', '/v1/route-versions?limit=1')).versions[0].version as number;
const begin = async (note = '') => (await ok('POST', '/v1/route-drafts', { note })).id as string;
const lastAudit = async (limit = 1) => (await readAudit(api.database, { limit })).map(({ action, subject }) => [action, subject]);

describe('a route', () => {
  const whole = {
    rank: 10,
    note: 'login codes',
    when: {
      prefixes: ['31', '32'],
      networks: ['204', '20416'],
      tenants: [testTenant.id],
      senders: ['Shop', '316*'],
      classes: ['otp'],
      text: '(?i)code [0-9]{4,8}',
      times: [{ days: ['mon', 'sun'], from: '22:00', until: '06:00', zone: 'Europe/Amsterdam' }],
    },
    targets: [
      { connectorId: 'north', weight: 3, tier: 0, sender: 'Codes' },
      { connectorId: 'south', weight: 1, tier: 1, senders: { Shop: 'Winkel' } },
    ],
    choose: 'least_cost',
    sticky: true,
    qualityMin: 0.8,
    cascade: { on: ['refused', 'no_receipt'], noReceiptS: 60, attemptsMax: 2, costMax: '0.5' },
  };

  it('200: a whole rule is kept as it was given, in a version of its own, and every service has it', async () => {
    const before = await version();
    const made = await call('PUT', '/v1/routes/codes', whole);
    expect(made).toEqual({ status: 201, body: { id: 'codes', ...whole } });
    fits('putRoute', made.body);
    expect((await call('GET', '/v1/routes/codes')).body).toEqual(made.body);
    expect(await version()).toBe(before + 1);
    expect(await lastAudit()).toEqual([['route.created', 'codes']]);
    await eventually('it is in the snapshot', () => elsewhere.current.routes.rule('codes')?.rank === 10);
    expect(await call('PUT', '/v1/routes/codes', whole)).toMatchObject({ status: 200 });
    expect(await version()).toBe(before + 1);
    expect((await call('DELETE', '/v1/routes/codes')).status).toBe(204);
    expect(await call('GET', '/v1/routes/codes')).toMatchObject({ status: 404 });
  });

  it('200: the short form is a rule', async () => {
    const { body } = await call('PUT', '/v1/routes/short', { prefix: '31', connectorId: 'north' });
    expect(body).toMatchObject({ id: 'short', when: { prefixes: ['31'] }, targets: [{ connectorId: 'north', weight: 1, tier: 0 }] });
    fits('route', body);
  });

  it.each<[string, object, string, string]>([
    ['an unknown connector', to('nobody'), 'unknown_reference', '/targets/0/connectorId'],
    ['an unknown connector, in short', { prefix: '', connectorId: 'nobody' }, 'unknown_reference', '/connectorId'],
    ['an unknown tenant', to('north', { when: { tenants: [testTenant.id, 'nobody'] } }), 'unknown_reference', '/when/tenants/1'],
    ['neither targets nor reject', { when: {} }, 'invalid', '/targets'],
    ['a pattern that is none', to('north', { when: { text: 'a(' } }), 'invalid', '/when/text'],
    ['a pattern that needs backtracking', to('north', { when: { text: '(a)\\1' } }), 'invalid', '/when/text'],
    [
      'a zone that is none',
      to('north', { when: { times: [{ from: '01:00', until: '02:00', zone: 'Mars' }] } }),
      'invalid',
      '/when/times/0/zone',
    ],
    ['a prefix twice', { ...to('north', { when: { prefixes: ['31'] } }), prefix: '32' }, 'invalid', '/prefix'],
    ['a connector twice', { ...to('north'), connectorId: 'south' }, 'invalid', '/connectorId'],
    ['a cascade with nowhere to go', to('north', { cascade: { on: ['refused'] } }), 'invalid', '/cascade'],
    ['a field that is none', to('north', { id: 'x' }), 'invalid', '/id'],
  ])('422: with %s', async (_, body, reason, field) => {
    const before = await version();
    expect(await call('PUT', '/v1/routes/bad', body)).toMatchObject({
      status: 422,
      body: { type: `/problems/${reason}`, errors: expect.arrayContaining([expect.objectContaining({ field })]) },
    });
    expect(await version()).toBe(before);
  });

  it('409: a connector that a route or a draft leads to is not deleted', async () => {
    await ok('PUT', '/v1/connectors/west', { settings: { host: '127.0.0.1', port: 1 } });
    await ok('PUT', '/v1/routes/to-west', to('west'));
    const refused = async () => (await call('DELETE', '/v1/connectors/west')).body.detail;
    expect(await refused()).toBe('the route to-west leads to it');
    await call('DELETE', '/v1/routes/to-west');
    const id = await begin();
    await ok('PUT', `/v1/route-drafts/${id}/routes/drafted`, to('west'));
    expect(await refused()).toBe(`the route drafted of the draft ${id} leads to it`);
    await call('DELETE', `/v1/route-drafts/${id}`);
    expect((await call('DELETE', '/v1/connectors/west')).status).toBe(204);
  });
});

describe('versions', () => {
  it('200: newest first, in pages, with what they changed and what they were', async () => {
    await ok('PUT', '/v1/routes/one', to('north'));
    await ok('PUT', '/v1/routes/one', to('south'));
    await call('DELETE', '/v1/routes/one');
    const { versions, next } = await ok('GET', '/v1/route-versions?limit=3');
    fits('routeVersions', { versions, next });
    const counts = ({ added, changed, removed }: Record<string, number>) => [added, changed, removed];
    expect(versions.map(counts)).toEqual([
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ]);
    expect(next).toBe(versions[2].version);
    expect((await ok('GET', `/v1/route-versions?limit=1&before=${next}`)).versions[0].version).toBe(next - 1);
    const page = await ok('GET', `/v1/route-versions/${versions[1].version}/routes?after=default`);
    expect(page).toMatchObject({ routes: [{ id: 'one', targets: [{ connectorId: 'south' }] }], next: null });
    fits('versionRoutes', page);
  });

  it('200: rolled back at once, on record, as another version', async () => {
    await ok('PUT', '/v1/routes/one', to('north'));
    const first = await version();
    await ok('PUT', '/v1/routes/one', to('south'));
    await ok('PUT', '/v1/routes/two', to('south'));
    const back = await ok('POST', `/v1/route-versions/${first}:rollBack`, { note: 'it was better' });
    expect(back).toEqual({ version: first + 3, added: 0, changed: 1, removed: 1 });
    expect(await published()).toEqual(['default', 'one']);
    expect((await ok('GET', '/v1/routes/one')).targets[0].connectorId).toBe('north');
    expect((await ok('GET', '/v1/route-versions?limit=1')).versions[0]).toMatchObject({
      rolledBackTo: first,
      note: 'it was better',
      publishedBy: 'operator',
    });
    expect(await lastAudit()).toEqual([['routes.rolled_back', String(back.version)]]);
    expect(await ok('POST', `/v1/route-versions/${first}:rollBack`, {})).toEqual({
      version: back.version,
      added: 0,
      changed: 0,
      removed: 0,
    });
  });

  it('422: one of whose connectors is gone is not rolled back to', async () => {
    await ok('PUT', '/v1/connectors/gone', { settings: { host: '127.0.0.1', port: 1 } });
    await ok('PUT', '/v1/routes/to-gone', to('gone'));
    const then = await version();
    await call('DELETE', '/v1/routes/to-gone');
    await call('DELETE', '/v1/connectors/gone');
    expect(await call('POST', `/v1/route-versions/${then}:rollBack`, {})).toMatchObject({
      status: 422,
      body: { type: '/problems/unknown_reference', detail: 'there is no connector with the id gone' },
    });
  });

  it('404: one that there never was', async () => {
    expect((await call('POST', '/v1/route-versions/999999:rollBack', {})).status).toBe(404);
    expect((await call('GET', '/v1/route-versions/0/routes')).status).toBe(404);
  });
});

describe('a draft', () => {
  it('holds nothing until it is published, and then everything at once', async () => {
    await ok('PUT', '/v1/routes/old', to('north'));
    const id = await begin('the move');
    await ok('PUT', `/v1/route-drafts/${id}/routes/new`, { prefix: '49', connectorId: 'south' });
    await ok('PUT', `/v1/route-drafts/${id}/routes/default`, to('south'));
    const head = await ok('DELETE', `/v1/route-drafts/${id}/routes/old`);
    expect(head).toMatchObject({ id, note: 'the move', base: await version(), added: 1, changed: 1, removed: 1, conflicts: 0 });
    fits('deleteDraftRoute', head);
    expect(await published()).toEqual(['default', 'old']);
    const shown = await ok('GET', `/v1/route-drafts/${id}?limit=2`);
    fits('routeDraft', shown);
    expect(shown.changes.map(({ id: of, change }: { id: string; change: string }) => [of, change])).toEqual([
      ['default', 'changed'],
      ['new', 'added'],
    ]);
    expect(shown.changes[0]).toMatchObject({ before: to(testTenant.connector), after: to('south'), conflict: false });
    expect((await ok('GET', `/v1/route-drafts/${id}?after=${shown.next}`)).changes).toMatchObject([
      { id: 'old', change: 'removed', after: null },
    ]);
    const list = await ok('GET', '/v1/route-drafts?limit=100');
    fits('routeDrafts', list);
    expect(list.drafts).toContainEqual(head);

    const before = await version();
    const done = await ok('POST', `/v1/route-drafts/${id}:publish`);
    expect(done).toEqual({ version: before + 1, added: 1, changed: 1, removed: 1 });
    expect(await published()).toEqual(['default', 'new']);
    expect((await lastAudit(2)).sort()).toEqual([
      ['route_draft.deleted', id],
      ['routes.published', String(done.version)],
    ]);
    expect((await call('GET', `/v1/route-drafts/${id}`)).status).toBe(404);
    await eventually('every service has it', () => elsewhere.current.routes.version === done.version);
    expect(elsewhere.current.routes.size).toBe(2);
  });

  it('is published beside what others changed meanwhile', async () => {
    const id = await begin();
    await ok('PUT', `/v1/route-drafts/${id}/routes/mine`, to('north'));
    await ok('PUT', '/v1/routes/theirs', to('south'));
    await ok('POST', `/v1/route-drafts/${id}:publish`, {});
    expect(await published()).toEqual(['default', 'mine', 'theirs']);
  });

  it('409: not where somebody else changed the same route, unless it is forced', async () => {
    const id = await begin();
    await ok('PUT', `/v1/route-drafts/${id}/routes/default`, to('north'));
    await ok('PUT', `/v1/route-drafts/${id}/routes/mine`, to('north'));
    await ok('PUT', '/v1/routes/default', to('south'));
    const before = await version();
    const refused = await call('POST', `/v1/route-drafts/${id}:publish`, {});
    expect(refused).toMatchObject({ status: 409, body: { type: '/problems/conflict' } });
    expect(refused.body.errors).toEqual([{ field: '{id}', message: expect.stringContaining('route default') }]);
    expect((await ok('GET', `/v1/route-drafts/${id}`)).conflicts).toBe(1);
    expect(await version()).toBe(before);
    await ok('POST', `/v1/route-drafts/${id}:publish`, { force: true });
    expect((await ok('GET', '/v1/routes/default')).targets[0].connectorId).toBe('north');
  });

  it.each<[string, string, object, number, string]>([
    ['an unknown connector', '/routes/x', to('nobody'), 422, '/targets/0/connectorId'],
    [
      'an unknown connector in a table',
      '/routes',
      { routes: { ok: to('north'), x: to('nobody') } },
      422,
      '/routes/x/targets/0/connectorId',
    ],
    ['an id that is none in a table', '/routes', { routes: { 'Not-One': to('north') } }, 422, '/routes/Not-One'],
    ['a rule that is none in a table', '/routes', { routes: { x: { targets: [] } } }, 422, '/routes/x/targets'],
    ['an id that is none', '/routes/Not-One', to('north'), 422, '{routeId}'],
  ])('422: takes no %s', async (_, path, body, status, field) => {
    const id = await begin();
    expect(await call('PUT', `/v1/route-drafts/${id}${path}`, body)).toMatchObject({ status, body: { errors: [{ field }] } });
    expect(await ok('GET', `/v1/route-drafts/${id}`)).toMatchObject({ added: 0, changes: [] });
  });

  it('of 10,000 routes is taken and published within seconds', async () => {
    const routes = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [
        `r-${i}`,
        {
          when: { prefixes: [String(10_000_000 + i * 7)], classes: ['otp'] },
          targets: [{ connectorId: i % 2 ? 'north' : 'south' }, { connectorId: testTenant.connector, tier: 1 }],
        },
      ]),
    );
    const id = await begin();
    const beganMs = performance.now();
    expect(await ok('PUT', `/v1/route-drafts/${id}/routes`, { routes })).toMatchObject({ added: 10_000, removed: 1 });
    const putMs = performance.now() - beganMs;
    const done = await ok('POST', `/v1/route-drafts/${id}:publish`, {});
    const publishedMs = performance.now() - beganMs - putMs;
    await eventually('every service has it', () => elsewhere.current.routes.version === done.version, 10_000);
    console.info(
      `10,000 routes: put ${putMs.toFixed(0)} ms, published ${publishedMs.toFixed(0)} ms, elsewhere after ${(performance.now() - beganMs).toFixed(0)} ms`,
    );
    expect(elsewhere.current.routes.size).toBe(10_000);
    expect(putMs + publishedMs).toBeLessThan(10_000);
  }, 60_000);
});

describe('a draft that is tried', () => {
  const message = (fields: Partial<RecordedMessage> = {}): RecordedMessage => ({
    id: newId(),
    tenant: testTenant.id,
    from: { addr: 'Shop', ton: 5, npi: 0 },
    to: '+31612345678',
    class: 'normal',
    segments: 2,
    microCredits: '2000000',
    acceptedAtMs: Date.now(),
    text: 'Hello',
    ...fields,
  });

  it('200: says how many messages of the recorded traffic would go elsewhere, and what that costs', async () => {
    await ok('PUT', '/v1/connectors/north/prices', { prices: [{ prefix: '', credits: '0.5' }] });
    await ok('PUT', `/v1/connectors/${testTenant.connector}/prices`, { prices: [{ prefix: '', credits: '0.75' }] });
    await ok('PUT', '/v1/routes/uk', { prefix: '44', connectorId: 'south' });
    traffic = [
      ...Array.from({ length: 4 }, () => message()),
      message({ to: '+447912345678' }),
      message({ to: '+32470123456' }),
      message({ text: 'Free bitcoin' }),
    ];
    const id = await begin();
    await ok('PUT', `/v1/route-drafts/${id}/routes/nl`, { prefix: '31', connectorId: 'north' });
    await ok('PUT', `/v1/route-drafts/${id}/routes/spam`, { rank: 1, when: { text: '(?i)bitcoin' }, reject: true });
    await ok('DELETE', `/v1/route-drafts/${id}/routes/uk`);
    // a provider that is away now says nothing about the routes
    facts = { connectors: { north: { available: false } } };
    const result = await ok('POST', `/v1/route-drafts/${id}:try`, { limit: 100 });
    fits('tryRouteDraft', result);
    expect(result).toMatchObject({
      messages: 7,
      changed: 6,
      unroutable: { before: 0, after: 1 },
      moves: [
        { from: testTenant.connector, to: 'north', messages: 4 },
        { from: 'south', to: testTenant.connector, messages: 1 },
        { from: testTenant.connector, to: null, messages: 1 },
      ],
      cost: { before: '9.000000', after: '7.000000' },
      facts: 'known',
    });
    expect(result.samples).toHaveLength(6);
    expect(result.samples[0]).toEqual({
      id: traffic[0]?.id,
      tenant: testTenant.id,
      to: '********5678',
      fromRoute: 'default',
      toRoute: 'nl',
      fromConnector: testTenant.connector,
      toConnector: 'north',
    });
    expect(JSON.stringify(result)).not.toContain('31612345678');
    expect(await ok('POST', `/v1/route-drafts/${id}:try`, { limit: 2 })).toMatchObject({ messages: 2 });
  });

  it('200: looks at each message at its own time', async () => {
    const at = (time: string) => Date.parse(`2026-11-18T${time}:00Z`);
    traffic = [message({ acceptedAtMs: at('12:00') }), message({ acceptedAtMs: at('03:00') })];
    const id = await begin();
    const times = [{ from: '02:00', until: '04:00', zone: 'UTC' }];
    await ok('PUT', `/v1/route-drafts/${id}/routes/night`, to('north', { rank: 1, when: { times } }));
    expect(await ok('POST', `/v1/route-drafts/${id}:try`, {})).toMatchObject({
      messages: 2,
      changed: 1,
      samples: [{ id: traffic[1]?.id }],
    });
  });

  it('404: when it is not there', async () => {
    expect((await call('POST', '/v1/route-drafts/nobody:try', {})).status).toBe(404);
  });
});

describe('the explanation of a route', () => {
  const explain = (body: object) => ok('POST', '/v1/routes:explain', { tenant: testTenant.id, to: '+31612345678', ...body });

  it('200: says which rule decided and why each before it did not', async () => {
    await ok('PUT', '/v1/number-ranges/316', { mcc: '204', mnc: '04' });
    await ok('PUT', '/v1/connectors/north/prices', { prices: [{ prefix: '', credits: '0.5' }] });
    await ok('PUT', '/v1/routes/codes', to('north', { rank: 1, when: { classes: ['otp'] } }));
    await ok('PUT', '/v1/routes/nl', {
      rank: 5,
      when: { networks: ['20404'] },
      targets: [
        { connectorId: 'south', sender: 'Winkel' },
        { connectorId: 'north', tier: 1 },
      ],
    });
    facts = { connectors: { south: { available: false, quality: 0.25 } } };
    const told = await explain({ from: 'Shop', text: 'Hello' });
    fits('explainRoute', told);
    expect(told).toMatchObject({
      version: await version(),
      to: '+31612345678',
      network: { mcc: '204', mnc: '04' },
      senderAllowed: true,
      facts: 'known',
      decision: { route: 'nl', connector: 'north', credits: '0.500000' },
      routes: [
        { route: 'codes', outcome: 'did_not_fit', filter: 'classes', targets: [] },
        { route: 'nl', outcome: 'decided', filter: null },
      ],
    });
    expect(told.routes[1].targets).toMatchObject([
      { connector: 'north', chosen: true, sender: 'Shop', credits: '0.500000', quality: null, mode: 'running' },
      { connector: 'south', chosen: false, faults: ['unavailable'], sender: 'Winkel', credits: null, quality: 0.25 },
    ]);
    expect((await explain({ class: 'otp' })).decision).toMatchObject({ route: 'codes', connector: 'north' });
  });

  it('200: by an older version, by a draft, at another time', async () => {
    await ok('PUT', '/v1/routes/nl', { prefix: '31', connectorId: 'north' });
    const then = await version();
    await call('DELETE', '/v1/routes/nl');
    const id = await begin();
    const times = [{ from: '02:00', until: '04:00', zone: 'UTC' }];
    await ok('PUT', `/v1/route-drafts/${id}/routes/night`, to('south', { rank: 1, when: { times } }));
    const decided = async (body: object) => (await explain(body)).decision.connector;
    expect(await decided({})).toBe(testTenant.connector);
    expect(await decided({ version: then })).toBe('north');
    expect(await decided({ draft: id, at: '2026-12-24T03:00:00Z' })).toBe('south');
    expect(await decided({ draft: id, at: '2026-12-24T13:00:00+01:00' })).toBe(testTenant.connector);
    expect(await explain({ version: 0 })).toMatchObject({ decision: { route: null, connector: null, reason: 'unroutable' }, routes: [] });
  });

  it('200: the same message gets the same of several targets', async () => {
    await ok('PUT', '/v1/routes/nl', { when: { prefixes: ['31'] }, targets: [{ connectorId: 'north' }, { connectorId: 'south' }] });
    const first = await explain({});
    for (let n = 0; n < 3; n++) expect((await explain({ messageId: first.messageId })).decision).toEqual(first.decision);
    const seen = new Set(await Promise.all(Array.from({ length: 30 }, async () => (await explain({})).decision.connector)));
    expect(seen).toEqual(new Set(['north', 'south']));
  });

  it('200: senders that a provider does not take, and that the tenant may not use', async () => {
    await ok('PUT', '/v1/connectors/narrow', { settings: { host: '127.0.0.1', port: 1 }, senders: ['Shop', 'bank*'] });
    await ok('PUT', '/v1/routes/nl', { prefix: '31', connectorId: 'narrow' });
    expect((await ok('GET', '/v1/connectors/narrow')).senders).toEqual(['Shop', 'bank*']);
    const told = await explain({ from: 'Other' });
    expect(told).toMatchObject({ decision: { route: 'default' }, senderAllowed: true });
    expect(told.routes[0]).toMatchObject({ route: 'nl', outcome: 'had_no_target', targets: [{ faults: ['sender_not_allowed'] }] });
    expect((await explain({ from: 'Bank 24' })).decision.connector).toBe('narrow');
    const tenant = { name: 'Acme', pricePlanId: 'standard' };
    await ok('PUT', `/v1/tenants/${testTenant.id}`, { ...tenant, senders: ['Acme*'] });
    expect([(await explain({ from: 'Shop' })).senderAllowed, (await explain({ from: 'acme 2' })).senderAllowed]).toEqual([false, true]);
    await ok('PUT', `/v1/tenants/${testTenant.id}`, tenant);
  });

  it('200: says that the router does not answer', async () => {
    facts = undefined;
    expect(await explain({})).toMatchObject({ facts: 'unknown', decision: { connector: testTenant.connector } });
  });

  it.each<[string, object, string]>([
    ['no tenant of that id', { tenant: 'nobody' }, '/tenant'],
    ['no number', { to: 'nobody' }, '/to'],
    ['no sender', { from: 'much too long a sender' }, '/from'],
    ['no such version', { version: 999_999 }, '/version'],
    ['no such draft', { draft: 'nobody' }, '/draft'],
    ['both', { version: 1, draft: 'x' }, '/draft'],
  ])('422: %s', async (_, body, field) => {
    const asked = { tenant: testTenant.id, to: '+31612345678', ...body };
    expect(await call('POST', '/v1/routes:explain', asked)).toMatchObject({ status: 422, body: { errors: [{ field }] } });
  });
});
