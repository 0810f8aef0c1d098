import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '@heliograph/credential';
import { headOf, newId, type FinalState, type Message, type MessageReported } from '@heliograph/message';
import { putTenant, readAudit } from '@heliograph/registry';
import { eventually, testMessage, testTenant } from '@heliograph/testbed';
import { events as eventsSchema } from '../src/events/schema.ts';
import { erased as erasedSchema, stats as statsSchema } from '../src/history/schema.ts';
import { messageList } from '../src/messages/schema.ts';
import { problemDetails } from '../src/http/schema.ts';
import { openApi, putKey, type Api } from './api.ts';
import { startApp, type AppProcess } from './app-process.ts';

const schemas = { '/v1/events': eventsSchema, '/v1/stats': statsSchema, '/v1/history/erase': erasedSchema, '/v1/messages': messageList };
const keys = { user: newApiKey(), other: newApiKey() };

let api: Api;
let messageLog: AppProcess;

beforeAll(async () => {
  api = await openApi({ schemas: ['registry', 'message_log', 'http_api'] });
  await putTenant(api.database, { id: 'other', name: 'Other', pricePlanId: 'standard' });
  await putKey(api.database, keys.user, { id: 'user', tenantId: testTenant.id, role: 'tenant-user' });
  await putKey(api.database, keys.other, { id: 'other', tenantId: 'other', role: 'tenant-admin' });
  messageLog = await startApp('message-log', api.servers);
  api.alsoStop(() => messageLog.end());
  await api.start();
}, 60_000);

afterAll(() => api?.stop(), 30_000);

/** Every answer fits what the document says of it. */
async function call(method: string, address: string, key: string = testTenant.apiKey) {
  const response = await api.ask(method, address, undefined, { key });
  const body = await response.json();
  const path = address.replace(/\?.*/, '') as keyof typeof schemas;
  expect((response.ok ? schemas[path] : problemDetails).safeParse(body)).toMatchObject({ success: true });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
  return { status: response.status, body: body as any, headers: response.headers };
}

async function publish(message: Message, state?: FinalState, acceptedBefore = false): Promise<void> {
  if (!acceptedBefore) await api.queue.publish({ type: 'message.submitted', at: message.acceptedAtMs, message });
  const reported: Omit<MessageReported, 'state'> = { type: 'message.reported', at: message.acceptedAtMs + 3_000, message: headOf(message) };
  if (state) await api.queue.publish({ ...reported, state, errorCode: '000' });
}

function messageOf(tenant: string, special: Partial<Message> = {}): Message {
  return testMessage({ id: newId(), tenant, acceptedAtMs: Date.now(), reference: 'order 7', ...special });
}

describe('GET /v1/events', () => {
  it('200: the reports, with the body that a webhook would have got, once each, by following next', async () => {
    const messages = Array.from({ length: 5 }, () => messageOf('other'));
    for (const message of messages) await publish(message, 'delivered');
    const seen: { data: { id: string } }[] = [];
    let after = '';
    await eventually('all events', async () => {
      const { status, body } = await call('GET', `/v1/events?limit=2${after}`, keys.other.key);
      expect(status).toBe(200);
      seen.push(...body.events);
      after = `&after=${body.next}`;
      return seen.length >= messages.length && !body.more;
    });
    expect(seen.map(({ data }) => data.id).sort()).toEqual(messages.map(({ id }) => id).sort());
    const [message] = messages as [Message];
    expect(seen.find(({ data }) => data.id === message.id)).toEqual({
      cursor: expect.any(String),
      type: 'message.delivered',
      timestamp: new Date(message.acceptedAtMs + 3_000).toISOString(),
      data: {
        id: message.id,
        to: message.to,
        from: message.from.addr,
        state: 'delivered',
        reference: 'order 7',
        segments: 1,
        error_code: '000',
        reason: null,
        accepted_at: new Date(message.acceptedAtMs).toISOString(),
        done_at: new Date(message.acceptedAtMs + 3_000).toISOString(),
      },
    });
  });

  it('200: waits for one that comes, and answers at once then; with nothing when none comes in time', async () => {
    const { body: now } = await call('GET', '/v1/events?after=now');
    expect(now).toMatchObject({ events: [], more: false });
    const { body: none } = await call('GET', `/v1/events?after=${now.next}&wait=1`);
    expect(none).toEqual({ events: [], next: now.next, more: false });
    const startMs = performance.now();
    const waiting = call('GET', `/v1/events?after=${now.next}&wait=30`);
    const message = messageOf(testTenant.id);
    await publish(message, 'undelivered');
    const { body } = await waiting;
    expect(body.events.map(({ data }: { data: { id: string } }) => data.id)).toEqual([message.id]);
    expect(performance.now() - startMs).toBeLessThan(10_000);
  }, 40_000);

  it('200: of a message that is reported twice, both, in their order', async () => {
    const { body: now } = await call('GET', '/v1/events?after=now');
    const message = messageOf(testTenant.id);
    await publish(message, 'no_report');
    const first = await call('GET', `/v1/events?after=${now.next}&wait=30`);
    await publish(message, 'delivered', true);
    const second = await call('GET', `/v1/events?after=${first.body.next}&wait=30`);
    const ofIt = [...first.body.events, ...second.body.events].filter(({ data }) => data.id === message.id);
    expect(ofIt.map(({ type }) => type)).toEqual(['message.no_report', 'message.delivered']);
  }, 60_000);

  it.each(['after=yesterday', 'after=1', 'after=1-1-1', 'limit=0', 'limit=1001', 'wait=31', 'wait=-1', 'since=now'])(
    '422: %s',
    async (query) => {
      const { status, body } = await call('GET', `/v1/events?${query}`);
      expect([status, body.errors[0].field]).toEqual([422, `?${query.split('=')[0]}`]);
    },
  );

  it('401 without a key; a stop lets go whoever waits', async () => {
    expect((await call('GET', '/v1/events', 'f'.repeat(64))).status).toBe(401);
    const waiting = call('GET', '/v1/events?after=now&wait=30', keys.other.key);
    // it waits when it has looked: another, that does not wait, has looked after it
    await call('GET', '/v1/events?after=now', keys.other.key);
    const startMs = performance.now();
    await api.services[0]?.stop();
    expect((await waiting).body.events).toEqual([]);
    expect(performance.now() - startMs).toBeLessThan(10_000);
    await api.start();
  }, 40_000);

  it('503 when message-log does not answer, at once when nobody listens', async () => {
    await messageLog.end();
    const { status, headers } = await call('GET', '/v1/events?wait=30');
    expect([status, headers.get('retry-after')]).toEqual([503, '2']);
    expect((await call('GET', '/v1/stats')).status).toBe(503);
    messageLog = await startApp('message-log', api.servers);
  }, 40_000);
});

describe('the history', () => {
  const tenant = testTenant.id;

  it('is searched: GET /v1/messages', async () => {
    const wanted = messageOf(tenant, { to: '+31611111111', from: { addr: 'Shop', ton: 5, npi: 0 }, reference: 'order 8', class: 'otp' });
    await publish(wanted, 'delivered');
    await publish(messageOf(tenant, { reference: 'order 8' }));
    const find = async (query: string): Promise<string[]> => {
      const { status, body } = await call('GET', `/v1/messages?${query}`);
      expect(status).toBe(200);
      return body.messages.map(({ id }: { id: string }) => id);
    };
    await eventually('both', async () => (await find('reference=order%208')).length === 2);
    await eventually('its state', async () => (await find('reference=order+8&state=delivered')).length === 1);
    for (const query of [
      'to=%2B31611111111',
      'to=+31611111111',
      'from=Shop&class=otp',
      'reference=order%208&to=%2B31611111111&state=delivered',
    ])
      expect([query, await find(query)]).toEqual([query, [wanted.id]]);
    expect(await find(`since=${new Date(wanted.acceptedAtMs).toISOString()}&from=Shop`)).toEqual([wanted.id]);
    expect(await find(`until=${new Date(wanted.acceptedAtMs).toISOString()}&from=Shop`)).toEqual([]);
    expect(await find('from=%00')).toEqual([]);
  }, 40_000);

  it.each(['state=gone', 'to=0612345678', 'class=fast', 'since=yesterday', 'until=1', 'from=', 'q=hello'])(
    '422: GET /v1/messages?%s',
    async (query) => {
      const { status, body } = await call('GET', `/v1/messages?${query}`);
      expect([status, body.errors[0].field]).toEqual([422, `?${query.split('=')[0]}`]);
    },
  );

  it('is counted: GET /v1/stats', async () => {
    const before = (await call('GET', '/v1/stats')).body.byState;
    await publish(messageOf(tenant), 'rejected');
    await publish(messageOf(tenant, { acceptedAtMs: Date.now() }));
    const { byState } = await eventually('the counts', async () => {
      const { body } = await call('GET', '/v1/stats', keys.user.key);
      return body.byState.rejected === before.rejected + 1 && body.byState.accepted === before.accepted + 1 && body;
    });
    expect(byState.delivered).toBe(before.delivered);
    const { body } = await call('GET', '/v1/stats?since=2026-01-01T10:30:00Z');
    expect([body.since, body.byState]).toEqual(['2026-01-01T10:00:00.000Z', byState]);
    expect((await call('GET', '/v1/stats?since=2100-01-01T00:00:00Z')).body.byState.rejected).toBe(0);
    expect((await call('GET', '/v1/stats?since=soon')).status).toBe(422);
  }, 40_000);

  it('is erased by a tenant-admin alone, and that is on record: POST /v1/history/erase', async () => {
    expect((await call('POST', '/v1/history/erase', keys.user.key)).status).toBe(403);
    const others = (await call('GET', '/v1/stats', keys.other.key)).body;
    const { body: before } = await call('GET', '/v1/stats');
    const { status, body } = await call('POST', '/v1/history/erase');
    const ended = before.byState.delivered + before.byState.undelivered + before.byState.rejected + before.byState.no_report;
    expect([status, body]).toEqual([200, { erased: ended, more: false }]);
    expect((await call('GET', '/v1/events')).body.events).toEqual([]);
    const after = (await call('GET', '/v1/stats')).body.byState;
    expect([after.delivered, after.accepted]).toEqual([0, before.byState.accepted]);
    expect((await call('GET', '/v1/stats', keys.other.key)).body).toEqual(others);
    const [entry] = await readAudit(api.database, { limit: 1 });
    expect(entry).toMatchObject({ actor: testTenant.apiCredential, action: 'history.erase_asked', subject: tenant, tenantId: tenant });
  }, 40_000);
});
