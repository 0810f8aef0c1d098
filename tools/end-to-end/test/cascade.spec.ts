import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { eventually } from '@heliograph/testbed';
import { startStack, type Stack } from '../src/stack.ts';

/** Behaves as the last two digits of a number say: 90 takes it and never sends a receipt, 93 rejects, 94 lies, 95 drops, 96 is silent. */
let first: Carrier;
let second: Carrier;
let third: Carrier;
let stack: Stack;

const settings = { host: '127.0.0.1', unknownOutcome: 'fail' };
const ofFirst = { ...settings, respIdForm: 'hex', receiptIdForm: 'decimal' };
const cascade = (on: readonly string[], more: object = {}) => ({ on, costMax: 'none', ...more });
const both = [{ connectorId: 'first' }, { connectorId: 'second', tier: 1 }];

const rules = {
  usual: { when: { prefixes: ['447911'] }, targets: both, cascade: cascade(['refused', 'undelivered', 'no_receipt'], { noReceiptS: 10 }) },
  doubling: { when: { prefixes: ['447922'] }, targets: both, cascade: cascade(['refused', 'unknown']) },
  // the same, by a connector that has patience: on a busy machine the answer to one of many may take a second, and would be unknown
  patient: {
    when: { prefixes: ['447955'] },
    targets: [{ connectorId: 'patient' }, { connectorId: 'second', tier: 1 }],
    cascade: cascade(['undelivered', 'no_receipt'], { noReceiptS: 10 }),
  },
  none: { when: { prefixes: ['447933'] }, targets: both },
  away: {
    when: { prefixes: ['447944'] },
    targets: [{ connectorId: 'third' }, { connectorId: 'second', tier: 1 }],
    cascade: cascade(['unavailable'], { unavailableS: 1 }),
  },
};

beforeAll(async () => {
  first = await startCarrier({ byNumber: true, options: { receiptDelayMs: 3_600_000, dropAfter: 1 } });
  second = await startCarrier({ options: { receiptDelayMs: 20 } });
  third = await startCarrier();
  stack = await startStack({ carrierPort: second.port, balance: 2_000 });
  await put('/v1/connectors/first', { settings: { ...ofFirst, port: first.port, responseTimeoutMs: 500 } });
  await put('/v1/connectors/patient', { settings: { ...ofFirst, port: first.port } });
  await put('/v1/connectors/second', { settings: { ...settings, port: second.port } });
  await put('/v1/connectors/third', { settings: { ...settings, port: third.port } });
  await eventually('all are bound', () => first.stats().sessions > 1 && second.stats().sessions > 1 && third.stats().sessions > 0);
  for (const id of ['usual', 'doubling', 'patient', 'none', 'away'] as const) await put(`/v1/routes/${id}`, rules[id]);
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await first?.stop();
  await second?.stop();
  await third?.stop();
}, 60_000);

async function put(path: string, body: object): Promise<void> {
  const { url, operatorKey } = stack.ready.http;
  const headers = { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json' };
  const response = await fetch(url + path, { method: 'PUT', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

interface Trace {
  readonly hops: readonly {
    readonly event: string;
    readonly detail: { readonly connector?: string; readonly why?: string; readonly attempt?: number };
  }[];
}

/** Sends it, once the rule is known; waits for its end; gives its way: where it went and came back from, and why. */
async function sendTo(to: string): Promise<{ state: string; way: string[] }> {
  const response = await stack.post('/v1/messages', { to, text: `to ${to}` });
  expect(response.status).toBe(202);
  const { id } = (await response.json()) as { id: string };
  const ends = ['delivered', 'undelivered', 'rejected', 'failed', 'expired', 'no_report'];
  const { state } = await eventually(
    `the end of ${to}`,
    async () => {
      const found = await stack.get<{ state: string }>(`/v1/messages/${id}`);
      return ends.includes(found.state) && found;
    },
    25_000,
  );
  const { hops } = await stack.get<Trace>(`/v1/messages/${id}/trace`);
  const way = hops.flatMap(({ event, detail }) => {
    if (event === 'message.routed') return [`${detail.connector}`];
    return event === 'message.returned' ? [`${detail.why}`] : [];
  });
  return { state, way };
}

const arrived = (carrier: Carrier, to: string): number => carrier.messages({ to: to.slice(1) }).length;

test.each([
  ['rejected by its provider', '+447911000093', 'refused', 0],
  ['undelivered by its receipt, which came before the answer', '+447911000094', 'undelivered', 1],
  ['without a receipt in time', '+447911000090', 'no_receipt', 1],
])(
  'a message that is %s goes on to the next provider and is delivered',
  async (_, to, why, atFirst) => {
    expect(await sendTo(to)).toEqual({ state: 'delivered', way: ['first', why, 'second'] });
    expect([arrived(first, to), arrived(second, to)]).toEqual([atFirst, 1]);
  },
  30_000,
);

test.each([
  ['never answered', '+447911000096', 0],
  ['taken and then cut off', '+447911000095', 1],
])(
  'a message that was %s may be out: it is not sent again',
  async (_, to, atFirst) => {
    expect(await sendTo(to)).toEqual({ state: 'failed', way: ['first'] });
    expect([arrived(first, to), arrived(second, to)]).toEqual([atFirst, 0]);
  },
  30_000,
);

test('unless its rule says so: then it is', async () => {
  expect(await sendTo('+447922000096')).toEqual({ state: 'delivered', way: ['first', 'unknown', 'second'] });
}, 30_000);

test('without a policy it ends where it went first', async () => {
  expect(await sendTo('+447933000093')).toEqual({ state: 'rejected', way: ['first'] });
  expect(arrived(second, '+447933000093')).toBe(0);
}, 30_000);

const many = 400;

test.each([
  ['dlr-forwarder', 1_000],
  ['router', 2_000],
])(
  `kill -9 of %s in the middle of ${many} messages that go on: each arrives at the next provider once, and is delivered`,
  async (service, from) => {
    const numbers = Array.from({ length: many }, (_, i) => `+447955${from + i}94`);
    const [taken, before] = [first.stats().messages, second.stats().messages];
    const response = await stack.post('/v1/messages', { to: numbers, text: `while ${service} dies` });
    const { messages } = (await response.json()) as { messages: { id: string }[] };
    await eventually('a part is at the first', () => first.stats().messages > taken + many / 4);
    await stack.killAndRestart(service);
    await eventually('all are at the second', () => second.stats().messages >= before + many, 60_000);
    for (const { id } of messages)
      await eventually(
        'it is delivered',
        async () => (await stack.get<{ state: string }>(`/v1/messages/${id}`)).state === 'delivered',
        30_000,
      );
    expect(second.stats().messages - before).toBe(many);
    expect(numbers.filter((to) => arrived(second, to) !== 1)).toEqual([]);
  },
  180_000,
);

test('what waits for a provider that is away goes to the next when it has waited long enough', async () => {
  await third.stop();
  expect(await sendTo('+447944000001')).toEqual({ state: 'delivered', way: ['third', 'unavailable', 'second'] });
}, 40_000);
