import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { sendingBegun, type Message, type MessageFailed, type MessageSent, type SendingBegun } from '@heliograph/message';
import type { Running } from '@heliograph/service';
import { startPlatform, type Platform } from './platform.ts';

jest.setTimeout(20_000);

let platform: Platform;
const apps: Running[] = [];
let carriers: Carrier[] = [];

beforeAll(async () => {
  platform = await startPlatform();
  // two processes of it: whatever they do, each message ends once
  for (let i = 0; i < 2; i++) apps.push(await platform.startApp());
}, 60_000);
afterEach(async () => {
  for (const carrier of carriers) await carrier.stop();
  carriers = [];
});
afterAll(async () => {
  for (const app of apps) await app.stop();
  await platform?.stop();
});

const outcomesOf = (messages: readonly Message[]): (MessageSent | MessageFailed)[] => {
  const ids = new Set(messages.map(({ id }) => id));
  return platform.seen.filter((event): event is MessageSent | MessageFailed => 'message' in event && ids.has(event.message.id));
};
const settled = (messages: readonly Message[]) => platform.until(() => new Set(outcomesOf(messages).map(idOf)).size === messages.length);
const idOf = (event: MessageSent | MessageFailed): string => event.message.id;

const many = (connector: string, count: number, special: Partial<Message> = {}) =>
  Promise.all(Array.from({ length: count }, (_, i) => platform.route(connector, { content: { kind: 'text', text: `n${i}` }, ...special })));

function registryChanged(): void {
  platform.queue.broadcast('registry.changed', {});
}

async function remove(id: string): Promise<void> {
  await platform.database.connector.delete({ where: { id } });
  registryChanged();
}

async function disabledConnector(id: string): Promise<void> {
  await platform.connector(id, { port: 1 }, { enabled: false });
}

test('a removed connector that no process has ever run: its messages fail, each once, whatever their class', async () => {
  const messages = (await Promise.all((['otp', 'normal', 'bulk'] as const).map((name) => many('never', 50, { class: name })))).flat();
  registryChanged();
  await settled(messages);
  for (const event of outcomesOf(messages))
    expect(event).toMatchObject({ type: 'message.failed', by: 'never', state: 'failed', reason: 'connector_removed' });
  expect(outcomesOf(messages)).toHaveLength(messages.length);
});

test('a connector that is removed in the middle of work: each message is sent or has failed, none both', async () => {
  const carrier = await startCarrier({ systemId: 'midway', password: 'secret', behaviour: 'slow', options: { slowMs: 200 } });
  carriers.push(carrier);
  await platform.connector('midway', { port: carrier.port, window: 5, responseTimeoutMs: 3_000 });
  const messages = await many('midway', 100);
  await platform.until(() => outcomesOf(messages).length >= 10);
  await remove('midway');
  await settled(messages);
  const outcomes = outcomesOf(messages);
  const sent = outcomes.filter(({ type }) => type === 'message.sent');
  expect(outcomes).toHaveLength(messages.length);
  expect(carrier.stats()).toMatchObject({ distinct: sent.length, duplicates: 0 });
  expect(outcomes.filter((event) => event.type === 'message.failed' && event.reason === 'connector_removed')).toHaveLength(
    messages.length - sent.length,
  );
  expect(sent.length).toBeLessThan(messages.length);
});

test("a disabled connector's messages expire on time, and wait for it otherwise: enabled again, it sends them", async () => {
  await disabledConnector('resting');
  const brief = await many('resting', 5, { validUntilMs: Date.now() + 4_000 });
  const patient = await many('resting', 5);
  registryChanged();
  await settled(brief);
  for (const event of outcomesOf(brief)) {
    expect(event).toMatchObject({ type: 'message.failed', by: 'resting', state: 'expired', reason: 'expired' });
    expect(event.at).toBeGreaterThanOrEqual(event.message.validUntilMs);
  }
  expect(outcomesOf(patient)).toEqual([]);
  const carrier = await startCarrier({ systemId: 'resting', password: 'secret' });
  carriers.push(carrier);
  // a window whose bound on what is unacknowledged is another than that of who held the messages until now
  await platform.connector('resting', { port: carrier.port, window: 2_000 });
  await settled(patient);
  expect(outcomesOf(patient).map(({ type }) => type)).toEqual(patient.map(() => 'message.sent'));
  expect(carrier.stats()).toMatchObject({ messages: 5, duplicates: 0 });
});

test('a disabled connector that is removed: what waited for it fails', async () => {
  await disabledConnector('leaving');
  const messages = await many('leaving', 5);
  registryChanged();
  await remove('leaving');
  await settled(messages);
  expect(outcomesOf(messages)).toMatchObject(messages.map(() => ({ state: 'failed', reason: 'connector_removed' })));
});

test("a disabled connector's messages that are cancelled end as cancelled; the others are sent when it is enabled again", async () => {
  await disabledConnector('shut');
  const [taken, kept] = [await many('shut', 5), await many('shut', 5)];
  registryChanged();
  await platform.cancel(taken);
  await settled(taken);
  expect(outcomesOf(taken)).toMatchObject(
    taken.map(() => ({ type: 'message.failed', by: 'shut', state: 'cancelled', reason: 'cancelled' })),
  );
  const carrier = await startCarrier({ systemId: 'shut', password: 'secret' });
  carriers.push(carrier);
  await platform.connector('shut', { port: carrier.port });
  await settled(kept);
  expect(outcomesOf([...taken, ...kept])).toHaveLength(10);
  expect(carrier.stats()).toMatchObject({ messages: 5, duplicates: 0 });
});

test('a backlog that waits for a slow provider: what is cancelled is never sent, and what was begun is said to be', async () => {
  const carrier = await startCarrier({ systemId: 'tired', password: 'secret', behaviour: 'slow', options: { slowMs: 300 } });
  carriers.push(carrier);
  const begun = new Set<string>();
  platform.queue.listen<SendingBegun>(sendingBegun, ({ id }) => void begun.add(id));
  await platform.connector('tired', { port: carrier.port, window: 2, binds: 1, responseTimeoutMs: 5_000 });
  const messages = await many('tired', 60);
  await platform.until(() => outcomesOf(messages).length >= 4);
  const sentBefore = new Set(outcomesOf(messages).map(idOf));
  const waiting = messages.filter(({ id }) => !sentBefore.has(id));
  await platform.cancel(waiting);
  await settled(messages);
  const outcomes = outcomesOf(messages);
  const sent = outcomes.filter(({ type }) => type === 'message.sent').map(idOf);
  expect(outcomes).toHaveLength(messages.length);
  for (const event of outcomes)
    if (event.type === 'message.failed') expect(event).toMatchObject({ state: 'cancelled', reason: 'cancelled' });
  expect(carrier.stats()).toMatchObject({ distinct: sent.length, duplicates: 0 });
  expect(sent.length).toBeLessThan(messages.length / 2);
  // whoever asked for a message that went out all the same has been told, unless it was sent before the mark came
  const cancelled = outcomes.filter(({ type }) => type === 'message.failed').map(idOf);
  expect(cancelled.filter((id) => begun.has(id))).toEqual([]);
  expect(begun.size).toBeGreaterThan(0);
});

test('what was cancelled while no process of it ran is not sent by the one that starts', async () => {
  const carrier = await startCarrier({ systemId: 'later', password: 'secret' });
  carriers.push(carrier);
  for (const app of apps.splice(0)) await app.stop();
  await platform.connector('later', { port: carrier.port });
  const [taken, kept] = [await many('later', 5), await many('later', 5)];
  await platform.cancel(taken);
  apps.push(await platform.startApp());
  await settled([...taken, ...kept]);
  expect(outcomesOf(taken)).toMatchObject(taken.map(() => ({ state: 'cancelled' })));
  expect(carrier.stats()).toMatchObject({ messages: 5, duplicates: 0 });
});
