/** Guards and what they hold, over HTTP: http-api alone on real servers; what other services would do with a held message is done here. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '@heliograph/credential';
import { headOf, historySubjects, type HeldQuestion, type Message, type MessageQuestion, type MessageSubmitted } from '@heliograph/message';
import { putTenant, readAudit } from '@heliograph/registry';
import { testMessage, testTenant, type Heard } from '@heliograph/testbed';
import { hearSubmitted, openApi, operator, putKey, type Answer, type Api } from './api.ts';

const [user, other] = [newApiKey(), newApiKey()];
const keys = { operator: operator.key, admin: testTenant.apiKey, user: user.key, other: other.key };

let api: Api;
let submitted: Heard<MessageSubmitted>;

beforeAll(async () => {
  api = await openApi({ funds: 1_000_000_000n });
  await putTenant(api.database, { id: 'other', name: 'Other', pricePlanId: 'standard' });
  await putKey(api.database, user, { id: 'acme-user', tenantId: testTenant.id, role: 'tenant-user' });
  await putKey(api.database, other, { id: 'other-admin', tenantId: 'other', role: 'tenant-admin' });
  submitted = await hearSubmitted(api.queue);
  await api.start();
}, 60_000);

afterAll(() => api?.stop(), 30_000);

interface Call {
  readonly as?: keyof typeof keys;
  readonly body?: object;
  readonly tenant?: string;
}

const call = (method: string, path: string, { as = 'operator', body, tenant }: Call = {}): Promise<Answer> =>
  api.call(method, path, body, { key: keys[as], tenant });

const ofTenant = `/v1/tenants/${testTenant.id}/guards`;
const none = { dailyCap: null, destinationCaps: [], segmentsMax: null, allow: [], deny: [], velocity: null };
const send = (to: string, text = 'Hello') => call('POST', '/v1/messages', { as: 'admin', body: { to, text } });
const auditOf = async (action: string) => (await readAudit(api.database, { limit: 100 })).filter((entry) => entry.action === action);

describe('guards', () => {
  it('200: are none at first, for the tenant and for operators', async () => {
    const nothing = { operator: { ...none, allowPremium: [] }, own: none };
    expect(await call('GET', '/v1/guards', { as: 'admin' })).toEqual({ status: 200, body: nothing });
    expect(await call('GET', '/v1/guards', { as: 'user' })).toEqual({ status: 200, body: nothing });
    expect(await call('GET', ofTenant)).toEqual({ status: 200, body: nothing });
  });

  it('200: of both levels stand side by side, exact to the micro-credit, and each change is on record', async () => {
    const given = { dailyCap: '999999999999.999999', destinationCaps: [{ prefix: '44', credits: '0.000001' }], allowPremium: ['8816'] };
    const shown = { ...none, ...given };
    expect(await call('PUT', ofTenant, { body: given })).toMatchObject({ status: 200, body: { operator: shown, own: none } });
    const own = { segmentsMax: 2, velocity: { messages: 5, windowSeconds: 60 } };
    const both = { operator: shown, own: { ...none, segmentsMax: 2, velocity: { ...own.velocity, prefixes: [] } } };
    expect(await call('PUT', '/v1/guards', { as: 'admin', body: own })).toEqual({ status: 200, body: both });
    expect(await call('GET', ofTenant)).toEqual({ status: 200, body: both });
    expect(await call('GET', '/v1/guards', { as: 'other' })).toMatchObject({ body: { operator: none, own: none } });
    expect(await auditOf('guards.changed')).toMatchObject([
      { tenantId: testTenant.id, actor: testTenant.apiCredential, before: { own: none }, after: both },
      { tenantId: testTenant.id, actor: 'operator', subject: testTenant.id },
    ]);
    await call('PUT', '/v1/guards', { as: 'admin', body: own });
    expect(await auditOf('guards.changed')).toHaveLength(2);
    await call('PUT', ofTenant, { body: {} });
    await call('PUT', '/v1/guards', { as: 'admin', body: {} });
  });

  it.each<[number, string, string, string, Call]>([
    [403, 'set by a user of the tenant', 'PUT', '/v1/guards', { as: 'user', body: {} }],
    [403, "set on the operator's side by the tenant", 'PUT', ofTenant, { as: 'admin', body: {} }],
    [403, "read of another's by a tenant", 'GET', '/v1/tenants/other/guards', { as: 'admin' }],
    [404, 'of a tenant that is not there', 'PUT', '/v1/tenants/nobody/guards', { body: {} }],
    [422, 'of no possible tenant', 'GET', '/v1/tenants/No-One/guards', {}],
    [422, 'that would open premium ranges for itself', 'PUT', '/v1/guards', { as: 'admin', body: { allowPremium: ['979'] } }],
    [422, 'with a cap that is a number', 'PUT', ofTenant, { body: { dailyCap: 5 } }],
    [422, 'with a cap below zero', 'PUT', ofTenant, { body: { dailyCap: '-1' } }],
    [422, 'with an empty prefix', 'PUT', ofTenant, { body: { destinationCaps: [{ prefix: '', credits: '1' }] } }],
    [422, 'with a plus sign', 'PUT', ofTenant, { body: { deny: ['+44'] } }],
    [422, 'with a window of nothing', 'PUT', ofTenant, { body: { velocity: { messages: 1, windowSeconds: 0 } } }],
  ])('%i: %s', async (status, _, method, path, request) => {
    expect((await call(method, path, request)).status).toBe(status);
  });
});

describe('a message that the guards refuse', () => {
  it.each<[number, string, object, string, string, string]>([
    [422, 'destination_denied', { deny: ['316'] }, '+31612345678', 'Hello', '/to'],
    [422, 'destination_denied', { allow: ['32'] }, '+31612345678', 'Hello', '/to'],
    [422, 'destination_denied', {}, '+979123456789', 'Hello', '/to'],
    [422, 'too_many_segments', { segmentsMax: 1 }, '+31612345678', 'a'.repeat(161), '/text'],
  ])('%i %s: costs nothing', async (status, reason, guards, to, text, field) => {
    await call('PUT', ofTenant, { body: guards });
    const before = api.bank.left;
    const heardBefore = submitted.all.length;
    const refusal = { status, body: { type: `/problems/${reason}`, errors: [{ field }] } };
    expect(await send(to, text)).toMatchObject(refusal);
    const preview = await call('POST', '/v1/messages:preview', { as: 'admin', body: { to, text } });
    expect(preview.body.messages).toMatchObject([{ error: { type: `/problems/${reason}` } }]);
    expect([api.bank.left, submitted.all.length]).toEqual([before, heardBefore]);
    await call('PUT', ofTenant, { body: {} });
  });

  it('202: a test number is nobody, so none of it holds there', async () => {
    await call('PUT', ofTenant, { body: { allow: ['32'], segmentsMax: 1 } });
    expect(await send('+15550100001', 'a'.repeat(161))).toMatchObject({ status: 202 });
    await call('PUT', ofTenant, { body: {} });
  });
});

describe('messages that are held', () => {
  /** As the router does it; what others ask message-log about them is answered here. */
  const waiting: Message[] = [];
  beforeAll(async () => {
    await api.queue.answer<HeldQuestion>(historySubjects.held, 'message-log', ({ tenant, limit }) => ({
      messages: waiting
        .filter((one) => tenant === undefined || one.tenant === tenant)
        .slice(0, limit)
        .map((one) => ({ ...headOf(one), content: one.content, microCredits: '1', state: 'scheduled', stateAtMs: 0, providerIds: [] })),
    }));
    // cancelled as soon as somebody looks twice
    const asked = new Set<string>();
    await api.queue.answer<MessageQuestion>(historySubjects.get, 'message-log', ({ tenant, id }) => {
      const one = waiting.find((message) => message.id === id && message.tenant === tenant);
      const state = asked.has(id) ? 'cancelled' : 'scheduled';
      asked.add(id);
      return one ? { message: { ...headOf(one), microCredits: '1', state, stateAtMs: 0, providerIds: [] } } : {};
    });
  });

  async function hold(held: 'operator' | 'own', tenant: string = testTenant.id): Promise<Message> {
    const now = Date.now();
    const message = testMessage({ held, tenant, acceptedAtMs: now, validUntilMs: now + 60_000 });
    await api.queue.publish({ type: 'message.due', at: now, message, dueAtMs: message.validUntilMs });
    waiting.push(message);
    return message;
  }

  it('202: what is too much for one block is accepted, charged and held, also a login code', async () => {
    await call('PUT', '/v1/guards', { as: 'admin', body: { velocity: { messages: 2, windowSeconds: 60 } } });
    const before = submitted.all.length;
    for (let i = 0; i < 3; i++)
      expect(
        await call('POST', '/v1/messages', { as: 'admin', body: { to: `+3161234500${i}`, text: 'Code', class: 'otp' } }),
      ).toMatchObject({ status: 202, body: { credits: '1.000000' } });
    await submitted.until(() => submitted.all.length >= before + 3);
    expect(submitted.all.slice(before).map(({ message }) => message.held)).toEqual([undefined, undefined, 'own']);
    await call('PUT', '/v1/guards', { as: 'admin', body: {} });
  });

  it('200: operators see those of all, or of one; tenants their own', async () => {
    const [mine, others] = [await hold('own'), await hold('operator', 'other')];
    const ids = async (request: Call) => (await call('GET', '/v1/held', request)).body.messages.map(({ id }: { id: string }) => id);
    expect(await ids({})).toEqual([mine.id, others.id]);
    expect(await ids({ tenant: 'other' })).toEqual([others.id]);
    expect(await ids({ as: 'admin' })).toEqual([mine.id]);
    expect((await call('GET', '/v1/held', { as: 'other' })).body).toMatchObject({
      messages: [{ id: others.id, tenant: 'other', heldBy: 'operator', held: true, state: 'scheduled' }],
      next: null,
    });
  });

  it('200: go on when they are released, and that is on record', async () => {
    const message = await hold('own');
    expect(await call('POST', `/v1/held/${message.id}:release`, { as: 'other' })).toMatchObject({ status: 404 });
    expect(await call('POST', `/v1/held/${message.id}:release`, { as: 'user' })).toMatchObject({ status: 403 });
    expect(await call('POST', `/v1/held/${message.id}:release`, { as: 'admin' })).toEqual({
      status: 200,
      body: { id: message.id, outcome: 'released' },
    });
    expect(await auditOf('held.release_asked')).toMatchObject([
      { tenantId: testTenant.id, subject: message.id, actor: testTenant.apiCredential },
    ]);
    // it comes due this moment, or did
    expect([404, 409]).toContain((await call('POST', `/v1/held/${message.id}:release`)).status);
  });

  it('403: by the operator are not released by their tenant, but by the operator', async () => {
    const message = await hold('operator');
    expect(await call('POST', `/v1/held/${message.id}:release`, { as: 'admin' })).toMatchObject({ status: 403 });
    expect(await call('POST', `/v1/held/${message.id}:release`)).toMatchObject({ status: 200 });
  });

  it('200: are cancelled when they are rejected', async () => {
    const message = await hold('operator');
    expect(await call('POST', `/v1/held/${message.id}:reject`, { as: 'admin' })).toEqual({
      status: 200,
      body: { id: message.id, outcome: 'rejected' },
    });
  });

  it('409: are those alone that wait for a review; 404: and that wait at all', async () => {
    const now = Date.now();
    const message = testMessage({ acceptedAtMs: now, sendAtMs: now + 30_000, validUntilMs: now + 60_000 });
    await api.queue.publish({ type: 'message.due', at: now, message, dueAtMs: now + 30_000 });
    expect(await call('POST', `/v1/held/${message.id}:release`)).toMatchObject({ status: 409, body: { type: '/problems/not_held' } });
    for (const id of ['0'.repeat(32), 'nonsense']) expect((await call('POST', `/v1/held/${id}:reject`)).status).toBe(404);
  });
});
