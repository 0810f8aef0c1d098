import { createHash } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newWebhookSecret, verifyWebhook } from '@heliograph/credential';
import {
  newId,
  webhookSubjects,
  type BalanceLow,
  type FinalState,
  type InboundDelivered,
  type InboundMatched,
  type MessageHead,
  type MessageReported,
  type ReportDelivered,
  type WebhookDeliveriesAnswer,
} from '@heliograph/message';
import { registryChanged } from '@heliograph/registry';
import { createHeard, eventually } from '@heliograph/testbed';
import { publicLookup } from '@heliograph/webhook';
import { generate } from 'selfsigned';
import { openDatabase } from '../src/database.ts';
import { endpointOf } from '../src/webhook/webhook.ts';
import { createPoster } from '../src/webhook/post.ts';
import { createWebhookOutbox } from '../src/webhook/outbox.ts';
import { startEndpoint, type Endpoint, type Received } from './endpoint.ts';
import { messageHead, startPlatform, type Platform } from './platform.ts';

let platform: Platform;
let endpoint: Endpoint;
let forwarder: { stop(): Promise<void> } | undefined;
let tenants = 0;

beforeAll(async () => {
  platform = await startPlatform();
  endpoint = await startEndpoint();
}, 60_000);
afterAll(async () => {
  await endpoint.stop();
  await platform.stop();
}, 60_000);

let tenant: string;
let secrets: string[];
beforeEach(() => {
  tenant = `tenant-${++tenants}`;
  secrets = [newWebhookSecret()];
});
afterEach(async () => {
  await forwarder?.stop();
  forwarder = undefined;
  await platform.rows('truncate dlr.webhook_delivery, dlr.webhook_attempt, dlr.webhook_endpoint');
});

const quick = { WEBHOOK_POLL_MS: '20', ALLOW_PRIVATE_WEBHOOKS: 'true' };
const start = async (env: Record<string, string> = {}, webhookDelaysMs: readonly number[] = [0, 30, 30, 30], webhookTimeoutMs = 2_000) =>
  (forwarder = await platform.forwarder({ ...quick, ...env }, { webhookDelaysMs, webhookTimeoutMs }));

/** Tells the forwarder that a message has ended. */
async function ended(changes: Partial<MessageHead> = {}, state: FinalState = 'delivered'): Promise<MessageReported> {
  const message = messageHead({ tenant, door: 'http', registeredDelivery: 0, ...changes });
  const event: MessageReported = { type: 'message.reported', at: Date.parse('2026-11-20T10:00:05Z'), message, state };
  await platform.queue.publish(event);
  return event;
}

async function delivered({ message }: MessageReported): Promise<ReportDelivered> {
  const [event] = await platform.reported.until((one) => one.type === 'report.delivered' && one.messageId === message.id);
  return event as ReportDelivered;
}

interface Row {
  id: string;
  attempt: number;
  last_status: number | null;
  last_error: string;
  result: string;
  done: boolean;
}

/** The delivery's row once it is as wanted: it is written after the try, so a reader may be early. */
async function row({ message }: { message: { id: string } }, wanted: (row: Row) => boolean): Promise<Row> {
  return eventually('the row of the delivery', async () => {
    const [found] = await platform.rows<Row>(
      `select replace(id::text, '-', '') id, attempt, last_status, last_error, result, next_at is null done from dlr.webhook_delivery where message_id = $1`,
      [message.id],
    );
    return found && wanted(found) && found;
  });
}

function isSigned({ headers, body }: Received, withSecrets: string[]): boolean {
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => String(headers[name])) as [
    string,
    string,
    string,
  ];
  return verifyWebhook({ secrets: withSecrets, id, timestamp, signature, body }, Date.now() / 1000);
}

describe('the webhook of a message', () => {
  test("is posted at once to the tenant's URL, signed, and told as delivered", async () => {
    const path = `/${tenant}`;
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets });
    await start({ WEBHOOK_POLL_MS: '1h' });
    const event = await ended({ reference: 'order 7' });
    const [got] = (await endpoint.until(path, 1)) as [Received];
    expect(isSigned(got, secrets)).toBe(true);
    expect(isSigned(got, [newWebhookSecret()])).toBe(false);
    expect(got.headers['content-type']).toBe('application/json');
    expect(JSON.parse(got.body)).toMatchObject({ type: 'message.delivered', data: { id: event.message.id, reference: 'order 7' } });
    expect(await delivered(event)).toMatchObject({ tenant, via: 'webhook', state: 'delivered', attempt: 1 });
    expect(await row(event, ({ done }) => done)).toEqual({
      id: got.headers['webhook-id'],
      attempt: 1,
      last_status: 200,
      last_error: '',
      result: 'delivered',
      done: true,
    });
  }, 15_000);

  test('carries the notice of a low balance, once however often it was published, tried again as a report is, and told to nobody else', async () => {
    const path = `/${tenant}`;
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets });
    endpoint.onPath(path, (attempt) => (attempt === 1 ? 500 : 200));
    await start();
    const notice: BalanceLow = {
      type: 'balance.low',
      at: Date.now(),
      id: newId(),
      tenant,
      thresholdMicroCredits: '50000000',
      spendableMicroCredits: '49500000',
    };
    await platform.queue.publish(notice);
    await platform.queue.publish(notice);
    const event = await ended();
    const got = await endpoint.until(path, 3);
    const notices = got.filter(({ body }) => JSON.parse(body).type === 'balance.low');
    expect(notices.every((one) => isSigned(one, secrets))).toBe(true);
    expect(new Set(notices.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size).toBe(1);
    expect(JSON.parse(notices[0]!.body).data).toEqual({ id: notice.id, threshold: '50.000000', credits: '49.500000' });
    await row({ message: { id: notice.id } }, ({ result }) => result === 'delivered');
    await delivered(event);
    expect(platform.reported.all.filter((one) => one.type !== 'message.reported' && one.messageId === notice.id)).toEqual([]);
    const { deliveries } = await platform.queue
      .ask<WebhookDeliveriesAnswer>(webhookSubjects.deliveries, { tenant, limit: 10 }, 2_000)
      .then((a) => a!);
    expect(deliveries.map(({ reported, messageId }) => [reported, messageId]).sort()).toEqual([
      ['balance.low', undefined],
      ['delivered', event.message.id],
    ]);
  }, 15_000);

  test("carries a handset's message, once however often it was matched, tried again as a report is, and told as delivered", async () => {
    const path = `/${tenant}`;
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets });
    endpoint.onPath(path, (attempt) => (attempt === 1 ? 500 : 200));
    const told = createHeard<InboundDelivered>();
    const reader = platform.queue.readFromPosition({
      stage: 'log',
      stream: 'MATCHED',
      position: async () => 0,
      gatherMs: 0,
      eventsMax: 100,
      handle: async (deliveries) => {
        for (const { event } of deliveries) if (event.type === 'inbound.delivered') told.hear(event);
      },
    });
    await start();
    const inbound = { id: newId(), connector: 'carrier', from: '+447912345678', to: '+31699887766', receivedAtMs: Date.now(), parts: 3 };
    const content = { kind: 'text', text: 'Grüße\0 😀' } as const;
    const event: InboundMatched = { type: 'inbound.matched', at: Date.now(), tenant, route: 'r1', inbound: { ...inbound, content } };
    await platform.queue.publish(event);
    await platform.queue.publish(event);
    await told.until((one) => one.inboundId === inbound.id);
    expect(told.all).toMatchObject([{ tenant, via: 'webhook', attempt: 2 }]);
    const got = await endpoint.until(path, 2);
    expect(got.every((one) => isSigned(one, secrets))).toBe(true);
    expect(new Set(got.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size).toBe(1);
    expect(JSON.parse(got[0]!.body)).toMatchObject({
      type: 'message.received',
      data: { id: inbound.id, text: 'Grüße\ufffd 😀', parts: 3 },
    });
    await row({ message: inbound }, ({ result }) => result === 'delivered');
    expect(platform.reported.all.filter((one) => one.type !== 'message.reported' && one.messageId === inbound.id)).toEqual([]);
    const answer = await platform.queue.ask<WebhookDeliveriesAnswer>(webhookSubjects.deliveries, { tenant, limit: 10 }, 2_000);
    expect(answer?.deliveries).toMatchObject([{ reported: 'message.received', messageId: inbound.id, state: 'delivered' }]);
    await reader.stop();
  }, 15_000);

  test("goes to the message's own URL before the tenant's", async () => {
    const path = `/own-${tenant}`;
    await platform.tenant({ id: tenant, url: `${endpoint.url}/${tenant}`, secrets });
    await start();
    await ended({ webhook: endpoint.url + path });
    const [got] = (await endpoint.until(path, 1)) as [Received];
    expect(isSigned(got, secrets)).toBe(true);
    expect(endpoint.received(`/${tenant}`)).toEqual([]);
  }, 15_000);

  test('is signed with the new secret first and with the old ones whose grace lasts, while a secret rotates', async () => {
    const path = `/${tenant}`;
    secrets.push(newWebhookSecret(), newWebhookSecret());
    const oldUntil = [new Date(Date.now() + 3_600_000), new Date(Date.now() - 1)];
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets, oldUntil });
    await start();
    await ended();
    const [got] = (await endpoint.until(path, 1)) as [Received];
    expect(secrets.map((secret) => isSigned(got, [secret]))).toEqual([true, true, false]);
    const [first] = String(got.headers['webhook-signature']).split(' ');
    expect(isSigned({ ...got, headers: { ...got.headers, 'webhook-signature': first } }, secrets.slice(0, 1))).toBe(true);
  }, 15_000);

  test('is signed with the old secret no longer once its grace ends, without a change of the registry', async () => {
    const path = `/${tenant}`;
    secrets.push(newWebhookSecret());
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets, oldUntil: [new Date(Date.now() + 1_500)] });
    await start();
    const signatures = async (count: number) => {
      await ended();
      return String((await endpoint.until(path, count))[count - 1]?.headers['webhook-signature']).split(' ').length;
    };
    expect(await signatures(1)).toBe(2);
    let count = 1;
    await eventually('one signature', async () => (await signatures(++count)) === 1);
  }, 15_000);

  test('is posted once however often the event comes', async () => {
    const path = `/${tenant}`;
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets });
    await start();
    const event = await ended();
    await platform.queue.publish(event);
    await delivered(event);
    await platform.queue.publish(event);
    await delivered(await ended());
    expect(endpoint.received(path)).toHaveLength(2);
  }, 15_000);

  test('is tried again after a 500, with the same id and body and a new signature', async () => {
    const path = `/${tenant}`;
    endpoint.onPath(path, (attempt) => (attempt < 3 ? 500 : 204));
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets });
    await start();
    const event = await ended();
    const tries = await endpoint.until(path, 3);
    expect(new Set(tries.map(({ headers, body }) => `${String(headers['webhook-id'])} ${body}`)).size).toBe(1);
    expect(tries.every((one) => isSigned(one, secrets))).toBe(true);
    expect(await delivered(event)).toMatchObject({ attempt: 3 });
    expect(await row(event, ({ done }) => done)).toMatchObject({ attempt: 3, last_status: 204, result: 'delivered' });
  }, 15_000);

  test('is given up after the last try, with the last status kept, and told as exhausted', async () => {
    const path = `/${tenant}`;
    endpoint.onPath(path, () => 503);
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets });
    await start({}, [0, 10]);
    const event = await ended();
    expect(await row(event, ({ done }) => done)).toMatchObject({ attempt: 2, last_status: 503, result: 'exhausted' });
    const [exhausted] = await platform.reported.until((one) => one.type === 'report.exhausted' && one.messageId === event.message.id);
    expect(exhausted).toMatchObject({ tenant, via: 'webhook', state: 'delivered', attempts: 2 });
  }, 15_000);

  test('is not sent where a redirect points', async () => {
    const path = `/${tenant}`;
    endpoint.onPath(path, (_, response) => void response.writeHead(302, { location: `${endpoint.url}/elsewhere-${tenant}` }).end());
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets });
    await start({}, [0]);
    const event = await ended();
    expect(await row(event, ({ done }) => done)).toMatchObject({ last_status: 302, result: 'exhausted' });
    expect(endpoint.received(`/elsewhere-${tenant}`)).toEqual([]);
  }, 15_000);

  test('answered with 410 is the last for the endpoint, until the webhook is saved again', async () => {
    const path = `/${tenant}`;
    endpoint.onPath(path, (attempt) => (attempt === 1 ? 410 : 200));
    const webhook = { id: tenant, url: endpoint.url + path, secrets };
    await platform.tenant(webhook);
    await start();
    expect(await row(await ended(), ({ done }) => done)).toMatchObject({ attempt: 1, last_status: 410, result: 'gone' });
    await forwarder?.stop();
    await start(); // what one process heard, the next knows
    await ended();
    await platform.tenant(webhook);
    platform.queue.broadcast(registryChanged, {});
    // the registry is read by the time a second message gets through
    await eventually('a report is posted again', async () => {
      const event = await ended();
      return Promise.race([delivered(event), platform.rows('select pg_sleep(0.1)').then(() => undefined)]);
    });
    const ids = endpoint.received(path).map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(ids.length);
  }, 15_000);

  test('is refused at a private address, named or written out, and at the name of one', async () => {
    const { port } = new URL(endpoint.url);
    await platform.tenant({ id: tenant, url: '', secrets });
    await start({ ALLOW_PRIVATE_WEBHOOKS: 'false' }, [0]);
    for (const url of [
      `http://127.0.0.1:${port}/${tenant}`,
      `http://0x7f.1:${port}/${tenant}`,
      `http://[::ffff:127.0.0.1]:${port}/${tenant}`,
      `http://localhost:${port}/${tenant}`,
    ]) {
      expect(await row(await ended({ webhook: url }), ({ done }) => done)).toMatchObject({
        last_status: null,
        last_error: 'private address',
        result: 'exhausted',
      });
    }
    expect(endpoint.received(`/${tenant}`)).toEqual([]);
  }, 15_000);

  test('to an endpoint that never answers ends the try in time and delays no other', async () => {
    const path = `/${tenant}`;
    const silent = await startEndpoint();
    silent.onPath('/silent', () => undefined);
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets });
    await start({ WEBHOOKS_PER_ENDPOINT: '2' }, [0], 1_500);
    const stuck: MessageReported[] = [];
    for (let i = 0; i < 10; i++) stuck.push(await ended({ webhook: `${silent.url}/silent` }));
    await silent.until('/silent', 2);
    await delivered(await ended());
    expect(silent.received('/silent')).toHaveLength(2);
    expect(await row(stuck[0] as MessageReported, ({ done }) => done)).toMatchObject({
      last_status: null,
      last_error: 'timeout',
      result: 'exhausted',
    });
    await silent.stop();
  }, 15_000);

  test('that a killed process had taken comes back when its lease ends', async () => {
    const path = `/${tenant}`;
    await platform.tenant({ id: tenant, url: endpoint.url + path, secrets });
    const database = openDatabase(platform.databaseUrl, 1);
    const outbox = createWebhookOutbox(database);
    const messageId = newId();
    const lane = endpointOf(tenant, endpoint.url);
    const nowMs = Date.now();
    await outbox.put([{ id: newId(), messageId, tenant, state: 'expired', url: endpoint.url + path, endpoint: lane, body: '{}' }], nowMs);
    const [taken] = await outbox.claim({ nowMs, leaseMs: 300, perEndpoint: 10, room: new Map() });
    expect(taken).toMatchObject({ messageId, attempts: 0 });
    expect(await outbox.claim({ nowMs, leaseMs: 300, perEndpoint: 10, room: new Map() })).toEqual([]);
    await start();
    await endpoint.until(path, 1);
    const [event] = await platform.reported.until((one) => one.type === 'report.delivered' && one.messageId === messageId);
    expect(event).toMatchObject({ state: 'expired', attempt: 1 });
    // the first process was not dead but slow: what it says counts no more
    const attempt = { atMs: nowMs, latencyMs: 7, status: 500, error: '', bodySha256: '' };
    if (taken) await outbox.settle([{ webhook: taken, attempt, nextAtMs: undefined, result: 'exhausted' }]);
    expect(await row({ message: { id: messageId } }, ({ done }) => done)).toMatchObject({
      attempt: 1,
      last_status: 200,
      result: 'delivered',
    });
    await database.$disconnect();
  }, 15_000);

  test('is not owed by a tenant without a secret or a URL', async () => {
    await platform.tenant({ id: tenant, url: `${endpoint.url}/${tenant}`, secrets: [] });
    await platform.tenant({ id: `${tenant}-off`, url: `${endpoint.url}/${tenant}`, secrets, enabled: false });
    await platform.tenant({ id: `${tenant}-on`, url: `${endpoint.url}/${tenant}-on`, secrets });
    await start();
    await ended();
    await ended({ tenant: `${tenant}-off` });
    await delivered(await ended({ tenant: `${tenant}-on` }));
    expect(endpoint.received(`/${tenant}`)).toEqual([]);
    expect(await platform.rows(`select 1 from dlr.webhook_delivery where tenant = any ($1)`, [[tenant, `${tenant}-off`]])).toEqual([]);
  }, 15_000);
});

describe('claiming what is due', () => {
  test('takes of each host as much as there is room for, the oldest first', async () => {
    const database = openDatabase(platform.databaseUrl, 1);
    const outbox = createWebhookOutbox(database);
    const past = Date.parse('2020-01-01T00:00:00Z');
    const webhook = (host: string, i: number) => ({
      id: newId(),
      messageId: newId(),
      tenant,
      state: 'delivered' as const,
      url: `http://${host}/${i}`,
      endpoint: host,
      body: '{}',
    });
    for (let i = 0; i < 4; i++)
      await outbox.put(
        ['a.example', 'b.example', 'c.example'].map((host) => webhook(host, i)),
        past + i,
      );
    const claim = {
      nowMs: past + 10,
      leaseMs: 60_000,
      perEndpoint: 2,
      room: new Map([
        ['a.example', 0],
        ['b.example', 1],
      ]),
    };
    const urls = (await outbox.claim(claim)).map(({ url }) => url).sort();
    expect(urls).toEqual(['http://b.example/0', 'http://c.example/0', 'http://c.example/1']);
    await database.$disconnect();
  });
});

describe('posting', () => {
  test('takes the status and cuts off an answer that is too long or never ends', async () => {
    endpoint.onPath('/long', (_, response) => {
      response.writeHead(200);
      const more = (): void => {
        if (response.destroyed || response.closed) return;
        response.write('x'.repeat(16_384), () => setImmediate(more));
      };
      more();
    });
    const poster = createPoster({ allowPrivate: true, timeoutMs: 2_000 });
    expect(await poster.post({ url: `${endpoint.url}/long`, headers: {}, body: '{}' })).toMatchObject({ kind: 'answered', status: 200 });
    poster.close();
  });

  test('over a kept connection that the other side has closed meanwhile is made again at once', async () => {
    endpoint.onPath('/closing', (attempt, response) => {
      if (attempt === 2) return void response.destroy();
      return 200;
    });
    const poster = createPoster({ allowPrivate: true, timeoutMs: 2_000 });
    const posting = { url: `${endpoint.url}/closing`, headers: {}, body: '{}' };
    expect(await poster.post(posting)).toMatchObject({ status: 200 });
    // until the answer's body is read the connection is not free; another request then shows that it is kept
    await new Promise((resolve) => setImmediate(resolve));
    expect(await poster.post(posting)).toMatchObject({ status: 200 });
    expect(endpoint.received('/closing')).toHaveLength(3);
    poster.close();
  });

  test('of a body that trickles waits for two seconds of it', async () => {
    endpoint.onPath('/trickle', (_, response) => void response.writeHead(200).write('a'));
    const poster = createPoster({ allowPrivate: true, timeoutMs: 10_000 });
    const answer = await poster.post({ url: `${endpoint.url}/trickle`, headers: {}, body: '{}' });
    expect(answer).toMatchObject({ status: 200, bodySha256: createHash('sha256').update('a').digest('hex') });
    poster.close();
  });

  test('goes to an https endpoint whose certificate verifies, and to no other', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    });
    const secure = createServer({ cert, key }, (_, response) => response.writeHead(204).end());
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const { port } = secure.address() as AddressInfo;
    const posting = { headers: {}, body: '{}' };
    const verifying = createPoster({ allowPrivate: true });
    expect(await verifying.post({ ...posting, url: `https://localhost:${port}/` })).toMatchObject({ kind: 'failed' });
    const trusting = createPoster({ allowPrivate: true, ca: cert });
    expect(await trusting.post({ ...posting, url: `https://localhost:${port}/` })).toMatchObject({ kind: 'answered', status: 204 });
    expect(await trusting.post({ ...posting, url: `https://127.0.0.1:${port}/` })).toEqual({
      kind: 'failed',
      reason: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    verifying.close();
    trusting.close();
    await new Promise((resolve) => secure.close(resolve));
  });

  test('connects to the address that was looked up and checked, once: a name server has no second answer to give', async () => {
    const { port } = new URL(endpoint.url);
    const answers = ['10.0.0.1', '127.0.0.1', '169.254.169.254'];
    const asked: string[] = [];
    const system = (_: string, __: object, callback: (error: null, addresses: object[]) => void) => {
      asked.push(answers[0] as string);
      callback(null, [{ address: answers.shift(), family: 4 }]);
    };
    const poster = createPoster({ allowPrivate: false, lookup: publicLookup(system as never) });
    const url = `http://rebinding.example:${port}/rebound`;
    expect(await poster.post({ url, headers: {}, body: '{}' })).toEqual({ kind: 'failed', reason: 'private address' });
    expect(await poster.post({ url, headers: {}, body: '{}' })).toEqual({ kind: 'failed', reason: 'private address' });
    expect(asked).toEqual(['10.0.0.1', '127.0.0.1']);
    expect(endpoint.received('/rebound')).toEqual([]);
    poster.close();
  });

  test('to a port where nobody listens says so', async () => {
    const poster = createPoster({ allowPrivate: true, timeoutMs: 2_000 });
    expect(await poster.post({ url: 'http://127.0.0.1:1/', headers: {}, body: '{}' })).toEqual({ kind: 'failed', reason: 'ECONNREFUSED' });
    poster.close();
  });
});
