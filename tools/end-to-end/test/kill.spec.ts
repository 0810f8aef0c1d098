import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { eventually } from '@heliograph/testbed';
import { connectStubborn, type StubbornClient } from '../src/stubborn-client.ts';
import { createStubbornHttpClient, type StubbornSubmitter } from '../src/stubborn-http-client.ts';
import { startStack, type Stack } from '../src/stack.ts';

const messages = 2_000;
const credit = 1_000_000n;
/** Of the demo connector: what may have been on its way to the carrier when it died. */
const connectorWindow = 100;

let carrier: Carrier;
let stack: Stack;
let client: StubbornClient;

beforeAll(async () => {
  carrier = await startCarrier({ options: { receiptDelayMs: 20 } });
  // trimmed as soon as every reader has a record: what a reader looks for after a crash must still be there
  const env = { REPLAY_WINDOW_MS: '1s', TRIM_EVERY_MS: '1s' };
  stack = await startStack({ carrierPort: carrier.port, balance: 100_000, env });
  client = await connectStubborn(stack.ready.smpp);
}, 120_000);

afterAll(async () => {
  await client?.close();
  await stack?.stop();
  await carrier?.stop();
}, 60_000);

let numbers = 10_000_000;

/** What a connector process may have sent without a durable note of it: its window, and what was answered in the moment before. */
const unnotedMax = connectorWindow + 64;

test.each([
  ['smpp-ingress', 0],
  ['router', 0],
  ['connector-smpp', unnotedMax],
  ['dlr-forwarder', 0],
  ['billing-credits', 0],
  ['message-log', 0],
  ['nats', unnotedMax],
  ['postgres', 0],
  ['http-api', 0],
])(
  `kill -9 of %s in the middle of ${messages} messages: none is lost, each is charged once and reported`,
  async (service, duplicatesMax) => {
    const door = service === 'http-api' ? createStubbornHttpClient(stack) : bySmpp;
    const [before, charged, resubmitted] = [carrier.stats(), await chargedCredits(), door.resubmitted];
    const texts = new Map(Array.from({ length: messages }, (_, i) => [`4479${numbers++}`, `${service} ${i}`]));
    let answered = 0;
    let killed: Promise<void> | undefined;
    const ids = await Promise.all(
      [...texts].map(async ([to, text]) => {
        const id = await door.submit(to, text);
        if (++answered === messages / 4) killed = stack.killAndRestart(service);
        return id;
      }),
    );
    await killed;
    expect(new Set(ids).size).toBe(messages);

    await eventually('every message is reported', () => door.delivered(ids), 90_000);
    const after = carrier.stats();
    // What the client submitted again after a lost answer is another message, and was charged as one.
    const again = door.resubmitted - resubmitted;
    const arrived = after.messages - before.messages;
    expect(arrived).toBeGreaterThanOrEqual(messages);
    expect(arrived).toBeLessThanOrEqual(messages + again + duplicatesMax);
    for (const [to, text] of texts) expect(carrier.messages({ to })[0]?.text).toBe(text);

    const chargedNow = await eventually('every charge is posted', async () => {
      const now = (await chargedCredits()) - charged;
      return now >= BigInt(messages) * credit && now;
    });
    expect(chargedNow <= BigInt(messages + again) * credit).toBe(true);
    if (again === 0) expect(chargedNow).toBe(BigInt(messages) * credit);
    console.log(`${service}: ${arrived - messages} arrived twice, ${again} submitted again by the client, ${chargedNow / credit} charged`);
  },
  150_000,
);

/** The SMPP client knows by its receipts. */
const bySmpp: StubbornSubmitter = {
  submit: (to, text) => client.submit(to, text),
  get resubmitted() {
    return client.resubmitted;
  },
  delivered: async (ids) => ids.every((id) => client.receipts.get(id)?.state === 'DELIVERED'),
};

async function chargedCredits(): Promise<bigint> {
  const { charged } = await eventually('the balance', () => stack.balance());
  return BigInt(charged.replace('.', ''));
}

test('what every reader had was trimmed on the way', async () => {
  const log = readFileSync(join(stack.ready.data, 'logs', 'message-log.log'), 'utf8');
  const { health } = JSON.parse(log.split('\n').findLast((line) => line.includes('"msg":"ready"')) as string).ports as { health: number };
  await eventually('every stream is trimmed', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${health}/metrics`)).text();
    return ['SUBMITTED', 'ROUTED', 'OUTCOMES', 'RECEIPTS', 'REPORTED'].every((stream) =>
      new RegExp(`heliograph_message_log_trimmed_total{.*stream="${stream}".*} [1-9]`).test(metrics),
    );
  });
});

test('after all of it, the money adds up', async () => {
  const { credits, charged, funds } = await stack.balance();
  const [left, spent, paid] = [credits, charged, funds].map((text) => BigInt(text.replace('.', '')));
  expect((left as bigint) + (spent as bigint)).toBe(paid);
});
