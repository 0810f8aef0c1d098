import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  newId,
  type FinalState,
  type MessageHead,
  type MessageReported,
  type MessageSent,
  type ReceiptReceived,
} from '@heliograph/message';
import { eventually } from '@heliograph/testbed';
import { masterKey, messageHead, startPlatform, type Platform } from './platform.ts';

let platform: Platform;
const children: ChildProcess[] = [];

beforeAll(async () => void (platform = await startPlatform()), 60_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await platform.stop();
}, 60_000);

/** A process that can be killed. */
function forwarderProcess(): ChildProcess {
  const child = spawn(process.execPath, [new URL('../src/main.ts', import.meta.url).pathname], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: platform.databaseUrl,
      NATS_URL: platform.natsUrl,
      MASTER_KEY: masterKey,
      LOG_LEVEL: 'error',
      NODE_OPTIONS: '',
      PORT: '0',
      HEALTH_PORT: '0',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  return child;
}

interface Case {
  readonly head: MessageHead;
  readonly sent: MessageSent;
  readonly receipts: readonly ReceiptReceived[];
}

function cases(count: number): Case[] {
  return Array.from({ length: count }, (_, i) => {
    const at = Date.now();
    const head = messageHead({ segments: 1 + (i % 3) });
    const providerIds = Array.from({ length: 1 + (i % 3) }, newId);
    const receipt = (providerId: string, state: FinalState): ReceiptReceived => ({
      type: 'receipt.received',
      at,
      id: newId(),
      connector: 'c',
      group: 'g',
      providerId,
      state,
      errorCode: '',
    });
    const receipts = providerIds.map((id) => receipt(id, i % 5 === 0 ? 'undelivered' : 'delivered'));
    // a provider that says it twice, and otherwise
    if (i % 20 === 0) receipts.push(receipt(providerIds[0] as string, 'expired'));
    return { head, sent: { type: 'message.sent', at, message: head, connector: 'c', group: 'g', providerIds }, receipts };
  });
}

/** In groups, the receipts of each with the messages of the next, or before their own. */
async function publish(all: readonly Case[], group: number, between: (done: number) => Promise<void>): Promise<void> {
  for (let i = 0; i <= all.length; i += group) {
    const now = all.slice(i, i + group);
    const before = all.slice(Math.max(0, i - group), i);
    await Promise.all([
      ...before.flatMap(({ receipts }, n) => (n % 10 ? receipts.map((one) => platform.queue.publish(one)) : [])),
      ...now.flatMap(({ receipts }, n) => (n % 10 ? [] : receipts.map((one) => platform.queue.publish(one)))),
      ...now.map(({ sent }) => platform.queue.publish(sent)),
    ]);
    await between(i);
  }
}

function statesOf(all: readonly Case[], from: number): Map<string, string[]> {
  const states = new Map<string, string[]>(all.map(({ head }) => [head.id, []]));
  for (const event of platform.reported.all.slice(from)) {
    if (event.type === 'message.reported') states.get((event as MessageReported).message.id)?.push(event.state);
  }
  return states;
}

async function rowsOf(all: readonly Case[]): Promise<number> {
  const [row] = await platform.rows<{ n: number }>('select count(*)::int n from dlr.sent_message where message_id = any ($1::uuid[])', [
    all.map(({ head }) => head.id),
  ]);
  return row?.n ?? 0;
}

/** A process begins with the book: until the messages are newer than itself, and it has seen that there is no other. */
async function untilHeld(): Promise<void> {
  await eventually('a message ends in memory', async () => {
    const one = cases(1);
    await publish(one, 1, async () => {});
    await platform.reported.until((event) => event.type === 'message.reported' && event.message.id === one[0]?.head.id);
    return (await rowsOf(one)) === 0;
  });
}

function untilReported(all: readonly Case[], from: number, withinMs: number): Promise<unknown> {
  const left = new Set(all.map(({ head }) => head.id));
  let at = from;
  return eventually(
    'all reported',
    () => {
      for (const event of platform.reported.all.slice(at)) {
        at++;
        if (event.type === 'message.reported') left.delete(event.message.id);
      }
      return left.size === 0;
    },
    withinMs,
  );
}

const stateOf = (i: number): string => (i % 5 === 0 ? 'undelivered' : 'delivered');

test('messages that meet their receipts in memory are reported once each, and become no rows', async () => {
  const forwarder = await platform.forwarder();
  await untilHeld();
  const all = cases(3_000);
  await publish(all, 300, async () => {});
  await untilReported(all, 0, 30_000);
  expect(await rowsOf(all)).toBeLessThan(300);
  await forwarder.stop();
  const states = statesOf(all, 0);
  expect(all.map(({ head }) => states.get(head.id))).toEqual(all.map((_, i) => [stateOf(i)]));
  expect(new Set(platform.due.all.map(({ message }) => message.id)).size).toBe(platform.due.all.length);
}, 60_000);

test('what waits when the service stops goes to the book, and its receipts meet it there', async () => {
  const first = await platform.forwarder();
  await untilHeld();
  const from = platform.reported.all.length;
  const all = cases(200);
  await Promise.all(all.map(({ sent }) => platform.queue.publish(sent)));
  // one that comes after them ends: they have been taken
  await untilHeld();
  expect(await rowsOf(all)).toBe(0);
  await first.stop();
  expect(await rowsOf(all)).toBe(200);
  const second = await platform.forwarder();
  await Promise.all(all.flatMap(({ receipts }) => receipts.map((one) => platform.queue.publish(one))));
  await untilReported(all, from, 30_000);
  await second.stop();
  const states = statesOf(all, from);
  expect(all.map(({ head }) => states.get(head.id))).toEqual(all.map((_, i) => [stateOf(i)]));
}, 60_000);

test('what waits when the clock of the machine is set back goes to the book no later', async () => {
  const forwarder = await platform.forwarder();
  await untilHeld();
  const all = cases(200);
  await Promise.all(all.map(({ sent }) => platform.queue.publish(sent)));
  // one that comes after them ends: they have been taken
  await untilHeld();
  expect(await rowsOf(all)).toBe(0);
  const rightNow = Date.now;
  Date.now = () => rightNow() - 300_000;
  try {
    await eventually('rows', async () => (await rowsOf(all)) === 200);
  } finally {
    Date.now = rightNow;
  }
  await forwarder.stop();
}, 60_000);

test('kill -9 in the middle of 20,000 messages, twice: each is reported, none with two states', async () => {
  let child = forwarderProcess();
  await untilHeld();
  const from = platform.reported.all.length;
  const dueFrom = platform.due.all.length;
  const all = cases(20_000);
  await publish(all, 400, async (done) => {
    if (done !== 6_000 && done !== 14_000) return;
    // what it holds is neither all reported nor all to come
    child.kill('SIGKILL');
    await once(child, 'exit');
    child = forwarderProcess();
    await untilHeld();
  });
  await untilReported(all, from, 120_000);
  child.kill('SIGTERM');
  await once(child, 'exit');
  const states = statesOf(all, from);
  // of two receipts that contradict each other, the second may be handed out before the first comes again
  const said = all.map(({ head }, i) =>
    [...new Set(states.get(head.id))].map((state) => (i % 20 === 0 && state === 'expired' ? stateOf(i) : state)),
  );
  expect(all.filter(({ head }) => new Set(states.get(head.id)).size !== 1)).toEqual([]);
  expect(said).toEqual(all.map((_, i) => [stateOf(i)]));
  const due = new Set(platform.due.all.slice(dueFrom).map(({ message }) => message.id));
  expect(all.filter(({ head }) => !due.has(head.id))).toEqual([]);
  const twice = [...states.values()].filter((one) => one.length > 1).length;
  console.log(`reported twice after two kills: ${twice} of 20,000; rows: ${await rowsOf(all)}`);
}, 240_000);
