import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newWebhookSecret } from '@heliograph/credential';
import { newId, type MessageHead, type MessageReported, type MessageSent } from '@heliograph/message';
import { putSmppConnector, smppConnectorSettings } from '@heliograph/registry';
import { eventually, quietLog } from '@heliograph/testbed';
import { lookAtClock, openDatabase, type Database } from '../src/database.ts';
import { createReceiptBook } from '../src/report/receipt-book.ts';
import { startReporting, type Reporting } from '../src/report/reporting.ts';
import type { StartOptions } from '../src/start.ts';
import { createWebhookOutbox, type ClaimedWebhook } from '../src/webhook/outbox.ts';
import { startEndpoint, type Endpoint } from './endpoint.ts';
import { messageHead, startPlatform, type Platform } from './platform.ts';

const fiveMinutesMs = 300_000;

/** The clock of this process, and so of the forwarder in it, is so far ahead; PostgreSQL and nats-server have the right time. */
let aheadMs = 0;
const rightNow = Date.now;
Date.now = () => rightNow() + aheadMs;

let platform: Platform;
let endpoint: Endpoint;
let forwarder: { stop(): Promise<void> } | undefined;
let tenants = 0;
let tenant: string;
let path: string;

beforeAll(async () => {
  platform = await startPlatform();
  endpoint = await startEndpoint();
}, 60_000);
afterAll(async () => {
  Date.now = rightNow;
  await endpoint.stop();
  await platform.stop();
}, 60_000);

beforeEach(async () => {
  tenant = `tenant-${++tenants}`;
  path = `/${tenant}`;
  await platform.tenant({ id: tenant, url: endpoint.url + path, secrets: [newWebhookSecret()] });
});
afterEach(async () => {
  aheadMs = 0;
  await forwarder?.stop();
  forwarder = undefined;
  await platform.rows('truncate dlr.webhook_delivery, dlr.webhook_attempt, dlr.webhook_endpoint');
});

async function start(options: StartOptions = {}, env: Record<string, string> = {}): Promise<void> {
  const quick = { WEBHOOK_POLL_MS: '20', ALLOW_PRIVATE_WEBHOOKS: 'true' };
  forwarder = await platform.forwarder({ ...quick, ...env }, { webhookTimeoutMs: 2_000, ...options });
}

async function end(count: number): Promise<void> {
  const reported = (): MessageReported => ({
    type: 'message.reported',
    at: Date.now(),
    message: messageHead({ tenant, door: 'http', registeredDelivery: 0 }),
    state: 'delivered',
  });
  await Promise.all(Array.from({ length: count }, () => platform.queue.publish(reported())));
}

/** Resolves when so many deliveries are as wanted. */
function untilRows(count: number, condition: string): Promise<true> {
  return eventually(`${count} deliveries with ${condition}`, async () => {
    const rows = await platform.rows(`select 1 from dlr.webhook_delivery where tenant = $1 and ${condition}`, [tenant]);
    return rows.length === count;
  });
}

describe('webhooks of a process whose clock is wrong for a while', () => {
  test('do not wait for that time to come: those that were owed while it was five minutes ahead', async () => {
    const first = Promise.withResolvers<void>();
    endpoint.onPath(path, (attempt, response) => {
      if (attempt > 1) return 204;
      void first.promise.then(() => response.writeHead(204).end());
      return undefined;
    });
    await start({ webhookTimeoutMs: 10_000 }, { WEBHOOKS_PER_ENDPOINT: '1' });
    aheadMs = fiveMinutesMs;
    await end(30);
    await untilRows(30, `result = 'pending'`);
    aheadMs = 0;
    first.resolve();
    await untilRows(30, `result = 'delivered'`);
  }, 30_000);

  test('are tried again after their delay: those that failed while it was five minutes ahead', async () => {
    endpoint.onPath(path, (attempt) => (attempt === 1 ? 404 : 204));
    await start({ webhookDelaysMs: [0, 500] });
    aheadMs = fiveMinutesMs;
    await end(1);
    await untilRows(1, 'attempt = 1');
    aheadMs = 0;
    await untilRows(1, `result = 'delivered'`);
  }, 30_000);

  test('are tried again not before their delay: those that failed while it was five minutes behind', async () => {
    const came: number[] = [];
    endpoint.onPath(path, (attempt) => {
      came.push(performance.now());
      return attempt === 1 ? 404 : 204;
    });
    await start({ webhookDelaysMs: [0, 1_000] });
    aheadMs = -fiveMinutesMs;
    await end(1);
    await untilRows(1, 'attempt = 1');
    aheadMs = 0;
    await untilRows(1, `result = 'delivered'`);
    const [first, second] = came as [number, number];
    expect(second - first).toBeGreaterThanOrEqual(1_000);
  }, 30_000);

  test.each([
    ['fails', {}, 500],
    ['asks for a pause', { 'retry-after': '1' }, 429],
  ])(
    'come when their endpoint is well, which %s while the clock is five minutes ahead',
    async (_, headers, status) => {
      let isWell = false;
      endpoint.onPath(path, (__, response) => void response.writeHead(isWell ? 204 : status, headers).end());
      const options = { webhookDelaysMs: [0, ...Array.from({ length: 50 }, () => 20)], probeDelaysMs: [200] };
      await start(options, { WEBHOOKS_PER_ENDPOINT: '1' });
      aheadMs = fiveMinutesMs;
      await end(10);
      await eventually('trouble is known', async () => {
        const rows = await platform.rows(`select 1 from dlr.webhook_endpoint where probe_at is not null or paused_until is not null`);
        return rows.length === 1;
      });
      aheadMs = 0;
      isWell = true;
      await untilRows(10, `result = 'delivered'`);
    },
    30_000,
  );

  test.each([fiveMinutesMs, -fiveMinutesMs])(
    'are its own for 90 s, when it takes them while it is %d ms ahead',
    async (wrongMs) => {
      endpoint.onPath(path, () => undefined);
      await start();
      aheadMs = wrongMs;
      await end(1);
      await endpoint.until(path, 1);
      const rows = await platform.rows<{ lease_s: number }>(
        `select extract(epoch from next_at - now())::float8 lease_s from dlr.webhook_delivery where attempt = 0 and next_at > now()`,
      );
      expect(rows).toHaveLength(1);
      expect(rows[0]?.lease_s).toBeGreaterThan(80);
      expect(rows[0]?.lease_s).toBeLessThanOrEqual(90.1);
    },
    30_000,
  );
});

test('a message ends as no_report after its time, and no earlier when the clock of the process is five minutes ahead', async () => {
  const settings = smppConnectorSettings.parse({ host: 'h', port: 1, noReportAfterS: 60 });
  await putSmppConnector(platform.registry, { id: 'slow', groupId: 'slow', enabled: true, settings, secret: '' });
  await start();
  aheadMs = fiveMinutesMs;
  const sent = async (agoMs: number): Promise<MessageHead> => {
    const message = messageHead({ tenant });
    const at = rightNow() - agoMs;
    await platform.queue.publish({ type: 'message.sent', at, message, connector: 'slow', group: 'slow', providerIds: [newId()] });
    return message;
  };
  const ended = ({ id }: MessageHead) => platform.reported.until((one) => one.type === 'message.reported' && one.message.id === id);
  const waiting = await sent(0);
  // two rounds, so that whatever the first says has been heard
  await ended(await sent(61_000));
  await ended(await sent(61_000));
  expect(platform.reported.all.filter((one) => one.type === 'message.reported' && one.message.id === waiting.id)).toEqual([]);
}, 30_000);

describe("webhooks that were put while PostgreSQL's clock was five minutes ahead", () => {
  test('are due when it is right again, the oldest first, but for those that a process had taken or put off', async () => {
    const database = openDatabase(platform.databaseUrl, 1);
    const outbox = createWebhookOutbox(database);
    const nowMs = rightNow();
    const wrongMs = nowMs + fiveMinutesMs;
    const put = (what: string, atMs: number): Promise<void> =>
      outbox.put(
        [
          {
            id: newId(),
            messageId: newId(),
            tenant,
            state: 'delivered',
            url: `http://a.example/${what}`,
            endpoint: 'a.example',
            body: '{}',
          },
        ],
        atMs,
      );
    const claim = async (atMs: number) => outbox.claim({ nowMs: atMs, leaseMs: 60_000, perEndpoint: 2, room: new Map() });
    await put('taken', wrongMs);
    await put('put off', wrongMs);
    const [, other] = await claim(wrongMs);
    const attempt = { atMs: wrongMs, latencyMs: 1, status: 500, error: '', bodySha256: '' };
    await outbox.settle([{ webhook: other as ClaimedWebhook, attempt, nextAtMs: wrongMs + 5_000, result: 'pending' }]);
    await put('third', wrongMs + 20);
    await put('first', wrongMs);
    await put('second', wrongMs + 10);
    await outbox.bringForward(wrongMs);
    expect(await claim(nowMs)).toEqual([]);
    await outbox.bringForward(nowMs);
    const claimed = [await claim(nowMs), await claim(nowMs), await claim(nowMs)];
    expect(claimed.map((some) => some.map(({ url }) => url.slice('http://a.example/'.length)).sort())).toEqual([
      ['first', 'second'],
      ['third'],
      [],
    ]);
    await database.$disconnect();
  });
});

describe('a process whose clock is wrong when it begins', () => {
  let database: Database;
  let reporting: Reporting | undefined;
  beforeEach(() => void (database = openDatabase(platform.databaseUrl, 2)));
  afterEach(async () => {
    await reporting?.stop(5_000);
    reporting = undefined;
    await database.$disconnect();
  });

  /** What waits in memory does so for the whole test. */
  async function begin(wrongMs: number): Promise<void> {
    aheadMs = wrongMs;
    const book = createReceiptBook(database, { noReportAfterMsOf: () => undefined });
    const settings = { holdMs: () => 600_000, hasOwnTime: () => false };
    reporting = await startReporting({ queue: platform.queue, book, log: quietLog, ...settings });
    aheadMs = 0;
  }

  async function send(): Promise<MessageSent> {
    const message = messageHead({ tenant });
    const sent = { type: 'message.sent', at: rightNow(), message, connector: 'c', group: 'g', providerIds: [newId()] } as const;
    await platform.queue.publish(sent);
    return sent;
  }

  const rowsOf = ({ message: { id } }: MessageSent) => platform.rows('select 1 from dlr.sent_message where message_id = $1', [id]);

  test.each([fiveMinutesMs, -fiveMinutesMs])(
    'by %d ms takes to the book what another may have had, and what is new it has alone',
    async (wrongMs) => {
      const before = await send();
      await begin(wrongMs);
      await eventually('it is in the book', async () => (await rowsOf(before)).length === 1);
      const sent = await send();
      const { message, connector, group, providerIds } = sent;
      const receipt = { connector, group, providerId: providerIds[0] as string, state: 'delivered', errorCode: '' } as const;
      await platform.queue.publish({ type: 'receipt.received', at: rightNow(), id: newId(), ...receipt });
      await platform.reported.until((one) => one.type === 'message.reported' && one.message.id === message.id);
      expect(await rowsOf(sent)).toEqual([]);
    },
    30_000,
  );
});

test("the clock that is looked at is PostgreSQL's, whatever the process's own says", async () => {
  const database = openDatabase(platform.databaseUrl, 1);
  aheadMs = fiveMinutesMs;
  const [before, ms, after] = [rightNow(), await lookAtClock(database), rightNow()];
  // it may be in a machine of its own
  const slackMs = 1_000;
  expect(ms).toBeGreaterThan(before - slackMs);
  expect(ms).toBeLessThan(after + slackMs);
  await database.$disconnect();
});
