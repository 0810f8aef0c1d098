import { describe, expect, test } from '@jest/globals';
import { headOf, isId, testDeliveries, type Message, type MessageRouted } from '@heliograph/message';
import { testMessage } from '@heliograph/testbed';
import { deliver } from './deliver.ts';

const atMs = 1_000_000;
const first = { stepsTaken: 0, cancelled: false, optedOut: false };

function routed(to: string, special: Partial<Message> = {}): MessageRouted {
  const message = testMessage({
    to,
    test: true,
    acceptedAtMs: atMs,
    validUntilMs: atMs + 60_000,
    charge: { lease: '', microCredits: '0' },
    ...special,
  });
  return { type: 'message.routed', at: atMs, message, connector: 'test', route: 'test' };
}

/** How it ends, when it is asked whenever it wants to be. */
function followed(event: MessageRouted) {
  const said: { type: string; state?: string; afterMs: number }[] = [];
  let [now, stepsTaken] = [atMs, 0];
  for (;;) {
    const made = deliver(event, { stepsTaken, cancelled: false, optedOut: false }, now);
    for (const one of made.events) said.push({ type: one.type, ...('state' in one ? { state: one.state } : {}), afterMs: one.at - atMs });
    if (made.nextAtMs === undefined) return said;
    expect(made.nextAtMs).toBeGreaterThan(now);
    ({ stepsTaken } = made);
    now = made.nextAtMs;
  }
}

const sent = { type: 'message.sent', afterMs: 0 };
const receipt = (state: string, afterMs = 0) => ({ type: 'receipt.received', state, afterMs });

test.each([
  ['0001', [sent, receipt('delivered')]],
  ['0002', [sent, receipt('undelivered')]],
  ['0003', [{ type: 'message.failed', state: 'rejected', afterMs: 0 }]],
  ['0004', [sent, receipt('expired')]],
  ['0005', [{ type: 'message.failed', state: 'failed', afterMs: 0 }]],
  ['0006', [sent, receipt('no_report')]],
  ['0007', [sent, receipt('delivered', 10_000)]],
  ['0008', [sent, receipt('sent', 1_000), receipt('delivered', 3_000)]],
  ['0009', [{ ...sent, afterMs: 10_000 }, receipt('delivered', 10_000)]],
  ['7777', [sent, receipt('delivered')]],
])('a message to the test number that ends in %s', (end, events) => {
  expect(followed(routed(`+1555010${end}`))).toEqual(events);
});

test('every number of the table has a case above', () => {
  expect(testDeliveries.map(({ number }) => number.slice(-4))).toEqual(Array.from({ length: 9 }, (_, i) => `000${i + 1}`));
});

test('a message of a credential in test mode to any other number is delivered', () => {
  expect(followed(routed('+31612345678'))).toEqual([sent, receipt('delivered')]);
});

test('every segment has an id and a receipt of its own, and they are the same when it is asked again', () => {
  const event = routed('+15550100001', { segments: 3 });
  const { events } = deliver(event, first, atMs);
  const [made, ...receipts] = events;
  expect(made).toMatchObject({ type: 'message.sent', connector: 'test', group: 'test', message: headOf(event.message) });
  expect(made).toMatchObject({ providerIds: receipts.map((one) => one.type === 'receipt.received' && one.providerId) });
  const ids = receipts.map((one) => (one.type === 'receipt.received' ? one.id : ''));
  expect([new Set(ids).size, ids.every(isId)]).toEqual([3, true]);
  expect(deliver(event, first, atMs).events).toEqual(events);
  expect(JSON.stringify(events)).not.toContain('hello');
});

test('steps that were missed while nobody was there are all taken', () => {
  const { events, nextAtMs } = deliver(routed('+15550100008'), first, atMs + 3_600);
  expect([events.map(({ type }) => type), nextAtMs]).toEqual([['message.sent', 'receipt.received', 'receipt.received'], undefined]);
});

describe('a message that waits for its provider', () => {
  const waits = routed('+15550100009');

  test('is looked at again soon, and never later than its validity ends', () => {
    expect(deliver(waits, first, atMs)).toEqual({ events: [], stepsTaken: 0, nextAtMs: atMs + 500 });
    const short = routed('+15550100009', { validUntilMs: atMs + 100 });
    expect(deliver(short, first, atMs)).toMatchObject({ nextAtMs: atMs + 100 });
  });

  test('and is cancelled ends so', () => {
    expect(deliver(waits, { ...first, cancelled: true, optedOut: false }, atMs + 500)).toMatchObject({
      events: [{ type: 'message.failed', by: 'test', state: 'cancelled', reason: 'cancelled' }],
    });
  });

  test('and whose validity has ended expires', () => {
    const event = routed('+15550100009', { validUntilMs: atMs + 100 });
    const made = deliver(event, first, atMs + 100);
    expect(made).toMatchObject({ events: [{ type: 'message.failed', state: 'expired', reason: 'expired' }] });
    expect(made.nextAtMs).toBeUndefined();
  });
});

test('a message that was sent goes on although it is to be cancelled, and after its validity', () => {
  const event = routed('+15550100007', { validUntilMs: atMs + 1_000 });
  expect(deliver(event, { stepsTaken: 1, cancelled: true, optedOut: false }, atMs + 10_000)).toMatchObject({
    events: [{ state: 'delivered' }],
  });
});
