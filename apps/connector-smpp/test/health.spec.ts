import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startCarrier, type Carrier, type CarrierOptions } from '@heliograph/carrier-simulator';
import { connectorHealth, type ConnectorHealth, type ConnectorMode, type Message } from '@heliograph/message';
import { putConnectorMode } from '@heliograph/registry';
import type { Running } from '@heliograph/service';
import { createHeard, eventually } from '@heliograph/testbed';
import { startPlatform, type Platform } from './platform.ts';

jest.setTimeout(20_000);

let platform: Platform;
let app: Running;
let carriers: Carrier[] = [];
const told = createHeard<ConnectorHealth>();

beforeAll(async () => {
  platform = await startPlatform();
  platform.queue.listen<ConnectorHealth>(connectorHealth, told.hear);
  app = await platform.startApp();
}, 60_000);
afterEach(async () => {
  for (const carrier of carriers) await carrier.stop();
  carriers = [];
  await platform.database.connector.updateMany({ data: { enabled: false } });
  platform.queue.broadcast('registry.changed', {});
});
afterAll(async () => {
  await app?.stop();
  await platform?.stop();
});

async function provider(id: string, options: CarrierOptions = {}, settings: object = {}): Promise<Carrier> {
  const carrier = await startCarrier({ systemId: id, password: 'secret', ...options });
  carriers.push(carrier);
  await platform.connector(id, { port: carrier.port, ...settings });
  await untilTold(id, ({ links }) => links.bound === links.wanted);
  return carrier;
}

const newest = (id: string) => told.all.findLast(({ connector }) => connector === id);

/** From now on. */
async function untilTold(id: string, is: (health: ConnectorHealth) => boolean): Promise<ConnectorHealth> {
  const from = told.all.length;
  const news = (all: readonly ConnectorHealth[]) => all.slice(from).find((health) => health.connector === id && is(health));
  await told.when((all) => news(all) !== undefined);
  return news(told.all) as ConnectorHealth;
}

async function setMode(id: string, mode: ConnectorMode): Promise<void> {
  await putConnectorMode(platform.database, id, mode);
  platform.queue.broadcast('registry.changed', {});
  const line = `"mode":"${mode}"`;
  await eventually(`it is ${mode}`, () => platform.logged.some((logged) => logged.includes(line) && logged.includes(`"${id}"`)));
}

let made = 0;
const many = (connector: string, count: number, special: Partial<Message> = {}) =>
  Promise.all(
    Array.from({ length: count }, () => platform.route(connector, { content: { kind: 'text', text: `n${made++}` }, ...special })),
  );
const outcomeOf = ({ id }: Message) => platform.seen.find((event) => 'message' in event && event.message.id === id);
const settled = (messages: readonly Message[]) => platform.until(() => messages.every((message) => outcomeOf(message) !== undefined));

describe('a circuit', () => {
  test('opens when a provider falls silent: one message at a time tries; it closes when that is answered, and all go out', async () => {
    const carrier = await provider('silent', { behaviour: 'silent' }, { responseTimeoutMs: 200, window: 10 });
    const messages = await many('silent', 40);
    const opened = await untilTold('silent', ({ circuit, inFlight }) => circuit === 'open' && inFlight === 0);
    const before = opened.lastMinute.unknown;
    expect(carrier.stats().submits).toBe(before);
    // a window, and one more for each of the four that settle before the fifth opens it; or as many again, where all time out at one moment
    expect(before).toBeLessThanOrEqual(20);
    const trying = await untilTold('silent', ({ circuit }) => circuit === 'half-open');
    expect(trying).toMatchObject({ inFlight: 1, links: { bound: 1, wanted: 1 }, lastError: '5 in a row were not answered, or put off' });
    await untilTold('silent', ({ circuit }) => circuit === 'open');
    expect(carrier.stats().submits).toBe(before + 1);
    expect(newest('silent')?.lastMinute).toMatchObject({ accepted: 0, unknown: before + 1 });
    carrier.behave('normal');
    await untilTold('silent', ({ circuit }) => circuit === 'closed');
    await settled(messages);
    expect(messages.map((message) => outcomeOf(message)?.type)).toEqual(messages.map(() => 'message.sent'));
    expect(carrier.stats()).toMatchObject({ distinct: 40, duplicates: 0 });
  });

  test('stays closed for a provider that answers slowly, but well', async () => {
    const carrier = await provider('slow', { behaviour: 'slow', options: { slowMs: 800 } }, { window: 15 });
    const messages = await many('slow', 30);
    await settled(messages);
    expect(carrier.stats()).toMatchObject({ messages: 30, duplicates: 0 });
    expect(told.all.filter(({ connector, circuit }) => connector === 'slow' && circuit !== 'closed')).toEqual([]);
    const { lastMinute, responseMs } = await untilTold('slow', ({ lastMinute }) => lastMinute.accepted === 30);
    expect(lastMinute).toEqual({ accepted: 30, later: 0, throttled: 0, permanent: 0, unknown: 0 });
    expect(responseMs).toBeGreaterThan(500);
  });

  test('opens when no link is bound, and closes with the first that is', async () => {
    await platform.connector('away', { port: 1 });
    const open = await untilTold('away', ({ circuit }) => circuit === 'open');
    expect(open).toMatchObject({ links: { bound: 0, wanted: 1 }, lastError: expect.stringMatching(/^provider cannot be reached/) });
    const carrier = await startCarrier({ systemId: 'away', password: 'secret' });
    carriers.push(carrier);
    await platform.connector('away', { port: carrier.port });
    await untilTold('away', ({ circuit, links }) => circuit === 'closed' && links.bound === 1);
  });
});

describe('a connector that is paused', () => {
  test('sends nothing and keeps its links; resumed, it sends everything once', async () => {
    const carrier = await provider('paused');
    const first = await many('paused', 3);
    await settled(first);
    await setMode('paused', 'paused');
    const binds = carrier.stats().binds;
    const messages = await many('paused', 30);
    const waiting = await untilTold('paused', ({ waiting }) => waiting === 30);
    expect(waiting).toMatchObject({ circuit: 'closed', links: { bound: 1 }, inFlight: 0 });
    expect(carrier.stats()).toMatchObject({ messages: 3, sessions: 1 });
    await setMode('paused', 'running');
    await settled(messages);
    expect(carrier.stats()).toMatchObject({ messages: 33, duplicates: 0, binds });
  });

  test('still cancels, and ends what is over', async () => {
    const carrier = await provider('halted');
    await setMode('halted', 'paused');
    const cancelled = await many('halted', 1);
    const expired = await many('halted', 1, { validUntilMs: Date.now() + 1_000 });
    await untilTold('halted', ({ waiting }) => waiting === 2);
    await platform.cancel(cancelled);
    await settled([...cancelled, ...expired]);
    expect([...cancelled, ...expired].map(outcomeOf)).toMatchObject([{ reason: 'cancelled' }, { reason: 'expired' }]);
    expect(carrier.stats().submits).toBe(0);
  });

  test('is so from the beginning when it is started again; draining, it goes on', async () => {
    const carrier = await provider('restarted');
    await setMode('restarted', 'paused');
    await app.stop();
    app = await platform.startApp();
    const messages = await many('restarted', 5);
    await untilTold('restarted', ({ waiting, links }) => waiting === 5 && links.bound === 1);
    expect(carrier.stats().submits).toBe(0);
    await setMode('restarted', 'draining');
    await settled(messages);
    expect(carrier.stats()).toMatchObject({ messages: 5, duplicates: 0 });
  });
});
