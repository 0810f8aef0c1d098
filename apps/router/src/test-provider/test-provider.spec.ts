import { expect, test } from '@jest/globals';
import type { HeliographEvent, MessageRouted } from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import { createOptOutTable } from '@heliograph/registry';
import { testMessage } from '@heliograph/testbed';
import { createTestProvider } from './test-provider.ts';

const atMs = 1_000_000;

function deliveryTo(to: string, seq = 1): Delivery<MessageRouted> {
  const message = testMessage({ to, test: true, validUntilMs: atMs + 60_000 });
  const event: MessageRouted = { type: 'message.routed', at: atMs, message, connector: 'test', route: 'test' };
  return { event, record: { stream: 'ROUTED', seq, atMs, redelivered: false } };
}

function started() {
  const published: HeliographEvent[] = [];
  const state = { now: atMs, fails: false, cancelled: new Set<string>(), optOuts: createOptOutTable() };
  const handle = createTestProvider({
    async publish(event) {
      if (state.fails) throw new Error('away');
      published.push(event);
    },
    cancelled: state.cancelled,
    optOuts: state.optOuts,
    now: () => state.now,
  });
  return { handle, published, state };
}

test('what is said of a message before its last is published at once, with its cause; its last is the outcome', async () => {
  const { handle, published, state } = started();
  const delivery = deliveryTo('+15550100008', 7);
  expect(await handle([delivery])).toEqual([{ kind: 'later', atMs: atMs + 1_000, reason: 'test' }]);
  expect(published).toMatchObject([{ type: 'message.sent', cause: { stream: 'ROUTED', seq: 7 } }]);
  state.now = atMs + 1_000;
  expect(await handle([delivery])).toEqual([{ kind: 'later', atMs: atMs + 3_000, reason: 'test' }]);
  expect(published.slice(1)).toMatchObject([{ type: 'receipt.received', state: 'sent' }]);
  state.now = atMs + 3_000;
  expect(await handle([delivery])).toMatchObject([{ kind: 'done', events: [{ type: 'receipt.received', state: 'delivered' }] }]);
  expect(published).toHaveLength(2);
});

test('messages of a batch each go their own way', async () => {
  const { handle, published, state } = started();
  const [quick, waits] = [deliveryTo('+15550100001'), deliveryTo('+15550100009', 2)];
  const outcomes = await handle([quick, waits]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'later']);
  expect(published).toEqual([]);
  state.cancelled.add(waits.event.message.id);
  expect(await handle([waits])).toMatchObject([{ kind: 'done', events: [{ state: 'cancelled' }] }]);
});

test('a recipient who wants no more of the sender gets none that has not begun, but the answer to the STOP', async () => {
  const { handle, published, state } = started();
  const [waits, answer, begun] = [deliveryTo('+15550100009'), deliveryTo('+15550100009', 2), deliveryTo('+15550100008', 3)];
  await handle([waits, begun]);
  for (const { message } of [waits.event, begun.event]) state.optOuts.put(message.tenant, '*', message.to.slice(1));
  const exempt = { ...answer, event: { ...answer.event, message: { ...answer.event.message, optOutExempt: true } } } as const;
  expect(await handle([waits])).toMatchObject([{ kind: 'done', events: [{ state: 'rejected', reason: 'opted_out' }] }]);
  state.now = atMs + 60_000;
  expect(await handle([begun])).toMatchObject([{ kind: 'done', events: [{ type: 'receipt.received' }, { type: 'receipt.received' }] }]);
  expect(published).toHaveLength(1);
  state.now = atMs + 10_000;
  expect(await handle([exempt])).toMatchObject([{ kind: 'done', events: [{ type: 'message.sent' }, { type: 'receipt.received' }] }]);
});

test('a stream that does not take it is an error of the batch, and the step is taken again', async () => {
  const { handle, published, state } = started();
  const delivery = deliveryTo('+15550100007');
  state.fails = true;
  await expect(handle([delivery])).rejects.toThrow('away');
  state.fails = false;
  expect(await handle([delivery])).toMatchObject([{ kind: 'later' }]);
  expect(published).toMatchObject([{ type: 'message.sent' }]);
});
