import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { connectorTenants, type ConnectorTenants, type Message, type MessageSent } from '@heliograph/message';
import type { Running } from '@heliograph/service';
import { eventually } from '@heliograph/testbed';
import { unnotedMax } from '../src/send/slots.ts';
import { startPlatform, type Platform } from './platform.ts';

jest.setTimeout(120_000);

let platform: Platform;
let apps: Running[] = [];
let carriers: Carrier[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => void (platform = await startPlatform()), 60_000);
afterEach(async () => {
  for (const app of apps) await app.stop();
  apps = [];
  for (const carrier of carriers) await carrier.stop();
  carriers = [];
  await platform.database.connector.deleteMany();
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await platform?.stop();
});

async function provider(id: string): Promise<Carrier> {
  const carrier = await startCarrier({ systemId: id, password: 'secret', options: { receiptDelayMs: 60_000 } });
  carriers.push(carrier);
  return carrier;
}

let texts = 0;
const many = (connector: string, tenant: string, count: number) =>
  Promise.all(
    Array.from({ length: count }, () =>
      platform.route(connector, { tenant, registeredDelivery: 0, content: { kind: 'text', text: `${tenant} ${texts++}` } }),
    ),
  );
const sentOf = (messages: readonly Message[]): MessageSent[] => {
  const ids = new Set(messages.map(({ id }) => id));
  return platform.seen.filter((event): event is MessageSent => event.type === 'message.sent' && ids.has(event.message.id));
};
/** Looked at only when as much has been seen as there is to see: each look goes through all. */
const sent = (messages: readonly Message[]) =>
  platform.until((seen) => seen.length >= messages.length && sentOf(messages).length >= messages.length);
const setAside = (connector: string) => platform.queue.subjects('BACKLOG', `message.backlogged.${connector}.>`);

test('a tenant with 20,000 in front of a slow provider does not delay the 20 of another; a change of its settings in the middle loses and doubles none', async () => {
  const carrier = await provider('slow');
  const settings = { port: carrier.port, window: 50 };
  await platform.connector('slow', { ...settings, segmentsPerSecond: 500 });
  const many20k = await many('slow', 'large', 20_000);
  apps.push(await platform.startApp());
  await eventually('the queue has formed', () => carrier.stats().messages > 100);
  const few: Message[] = [];
  const delays: number[] = [];
  for (let i = 0; i < 20; i++) {
    const routedAtMs = Date.now();
    const [one] = (await many('slow', 'small', 1)) as [Message];
    await sent([one]);
    delays.push((sentOf([one])[0] as MessageSent).at - routedAtMs);
    few.push(one);
  }
  console.log(`the 20 left after ${delays.join(', ')} ms`);
  expect(Math.max(...delays)).toBeLessThan(2_000);
  expect(await setAside('slow')).toEqual(['message.backlogged.slow.normal.large']);
  expect(carrier.stats().messages).toBeLessThan(15_000);
  await platform.connector('slow', { ...settings, segmentsPerSecond: 0 });
  await sent([...many20k, ...few]);
  expect(carrier.stats()).toMatchObject({ messages: 20_020, distinct: 20_020, duplicates: 0 });
  expect(sentOf([...many20k, ...few])).toHaveLength(20_020);
  await eventually('its queue is empty', async () => (await setAside('slow')).length === 0);
});

test('a tenant that is alone is not set aside, however long the queue; when another one comes it is, and that one is not delayed', async () => {
  const carrier = await provider('alone');
  await platform.connector('alone', { port: carrier.port, window: 50, segmentsPerSecond: 500 });
  apps.push(await platform.startApp());
  const seen = new Map<string, number>();
  const tell = () => {
    const tenants = [...seen].map(([tenant, atMs]) => ({ tenant, atMs }));
    const lanes = [{ connector: 'alone', class: 'normal', tenants }] as const;
    platform.queue.broadcast(connectorTenants, { atMs: Date.now(), lanes } satisfies ConnectorTenants);
  };
  const routed = async (tenant: string, count: number) => {
    seen.set(tenant, Date.now());
    tell();
    return many('alone', tenant, count);
  };
  tell();
  const telling = setInterval(tell, 200);
  const asides: string[] = [];
  const looking = setInterval(async () => asides.push(...(await setAside('alone'))), 50);
  try {
    const many5k = await routed('large', 5_000);
    await sent(many5k.slice(0, 2_000));
    expect(asides).toEqual([]);
    const atMs = Date.now();
    const few = await routed('small', 1);
    await sent(few);
    const delayMs = (sentOf(few)[0] as MessageSent).at - atMs;
    console.log(`the other one left after ${delayMs} ms`);
    expect(delayMs).toBeLessThan(2_000);
    await eventually('it was seen to be set aside', () => asides.includes('message.backlogged.alone.normal.large'));
    await platform.connector('alone', { port: carrier.port, window: 50, segmentsPerSecond: 0 });
    await sent(many5k);
    expect(carrier.stats()).toMatchObject({ messages: 5_001, distinct: 5_001, duplicates: 0 });
  } finally {
    clearInterval(telling);
    clearInterval(looking);
  }
});

/** A process of its own, to be killed. */
async function startChild(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'src', 'main.ts')], {
    env: { ...process.env, NODE_OPTIONS: '', ...platform.env, PORT: '0', HEALTH_PORT: '0' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
  return child;
}

test('kill -9 while messages are set aside, and again while they are sent: none is lost, twice at most what was in the window or just answered', async () => {
  const carrier = await provider('killed');
  const settings = { port: carrier.port, window: 20 };
  await platform.connector('killed', { ...settings, segmentsPerSecond: 300 });
  const messages = [...(await many('killed', 'large', 6_000)), ...(await many('killed', 'small', 100))];
  for (const share of [0.01, 0.1]) {
    const child = await startChild();
    await eventually('some are sent', () => carrier.stats().distinct > share * messages.length);
    expect(child.exitCode).toBe(null);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(await setAside('killed')).toContain('message.backlogged.killed.normal.large');
  await platform.connector('killed', { ...settings, segmentsPerSecond: 0 });
  apps.push(await platform.startApp());
  await sent(messages);
  const stats = carrier.stats();
  console.log(`twice at the provider: ${stats.duplicates}`);
  expect(stats.distinct).toBe(messages.length);
  expect(stats.duplicates).toBeLessThanOrEqual(2 * unnotedMax({ ...settings, binds: 1 }));
  expect(sentOf(messages)).toHaveLength(messages.length);
});

test('what was set aside of a connector that is removed ends with the rest', async () => {
  const carrier = await provider('gone');
  await platform.connector('gone', { port: carrier.port, window: 10, segmentsPerSecond: 20 });
  const messages = await many('gone', 'large', 1_000);
  apps.push(await platform.startApp());
  await eventually('some are set aside', async () => (await setAside('gone')).length > 0);
  await platform.database.connector.delete({ where: { id: 'gone' } });
  platform.queue.broadcast('registry.changed', {});
  const ids = new Set(messages.map(({ id }) => id));
  const ended = () => platform.seen.filter((event) => 'message' in event && ids.has(event.message.id));
  await platform.until((seen) => seen.length >= messages.length && ended().length >= messages.length);
  expect(ended()).toHaveLength(messages.length);
  expect(ended().filter(({ type }) => type === 'message.failed').length).toBeGreaterThan(800);
  await eventually('its queue is empty', async () => (await setAside('gone')).length === 0);
});
