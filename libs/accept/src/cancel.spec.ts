import { describe, expect, test } from '@jest/globals';
import {
  messageStates,
  type LoggedMessage,
  type MessageDue,
  type MessageQuestion,
  type MessageState,
  type SendingBegun,
} from '@heliograph/message';
import { QueueUnavailableError } from '@heliograph/queue';
import { createCancel } from './cancel.ts';

const question = { tenant: 'acme', id: '0a1b2c3d' };
const id = '019c0a70000070008000000000000001';

const waitingEvent = { type: 'message.due', at: 5, dueAtMs: 60_000, message: { id } } as MessageDue;
/** What becomes of the wish to let it come due: 'gone': nothing waits any more. */
type Swap = 'won' | 'lost' | 'unknown' | 'gone';

/** Each look of message-log by turns, the last of them again and again; 'away': no answer, 'unknown': no such message. */
type Look = MessageState | 'away' | 'unknown';

function aCancel(
  looks: readonly Look[],
  { storing = 'stored', begunAtLook = 0, swaps = [] }: { storing?: 'stored' | 'refused'; begunAtLook?: number; swaps?: Swap[] } = {},
) {
  const clock = { now: 0 };
  const asked: MessageQuestion[] = [];
  const marked: string[] = [];
  const swapped: MessageDue[] = [];
  let tellBegun = (_: SendingBegun): void => {};
  const { cancel } = createCancel({
    asking: {
      async ask<Answer>(_: string, about: object) {
        asked.push(about as MessageQuestion);
        if (asked.length === begunAtLook) tellBegun({ id });
        const look = looks[Math.min(asked.length, looks.length) - 1] as Look;
        if (look === 'away') return undefined;
        return (look === 'unknown' ? {} : { message: { id, state: look } as LoggedMessage }) as Answer;
      },
      listen(_: string, heard: (body: never) => void) {
        tellBegun = heard as typeof tellBegun;
      },
    },
    marks: {
      async put(key) {
        if (storing === 'refused') throw new QueueUnavailableError('unknown');
        marked.push(key);
      },
    },
    waits: {
      waiting: async () => (swaps[0] === 'gone' ? undefined : { event: waitingEvent, seq: 7 }),
      async swapWaiting(was, event) {
        expect([marked, was.seq]).toEqual([[id], 7]);
        swapped.push(event);
        const swap = swaps.shift();
        if (swap === 'unknown') throw new QueueUnavailableError('unknown');
        return swap === 'won';
      },
    },
    now: () => clock.now,
    pause: async (ms) => void (clock.now += ms),
  });
  return { cancel, clock, asked, marked, swapped };
}

describe('a message that waits', () => {
  test('is marked, and cancelled when message-log says so', async () => {
    const { cancel, clock, asked, marked } = aCancel(['accepted', 'routed', 'cancelled']);
    expect(await cancel(question)).toEqual({ kind: 'cancelled', message: { id, state: 'cancelled' } });
    expect([marked, clock.now]).toEqual([[id], 200]);
    // by its own id from then on: a short one may come again
    expect(asked).toEqual([question, { tenant: 'acme', id }, { tenant: 'acme', id }]);
  });

  test.each(['sent', 'delivered', 'expired', 'failed', 'no_report'] as const)(
    'cannot be cancelled any more when it becomes %s',
    async (state) => {
      expect(await aCancel(['routed', 'routed', state]).cancel(question)).toMatchObject({ kind: 'not_cancellable', message: { state } });
    },
  );

  test('cannot be cancelled when its connector says that it has begun', async () => {
    const { cancel, clock } = aCancel(['routed'], { begunAtLook: 3 });
    expect(await cancel(question)).toMatchObject({ kind: 'not_cancellable', message: { state: 'routed' } });
    expect(clock.now).toBe(200);
  });

  test('is cancelled though its connector had begun, when that try came to nothing before it was asked', async () => {
    expect(await aCancel(['routed', 'cancelled'], { begunAtLook: 2 }).cancel(question)).toMatchObject({ kind: 'cancelled' });
  });

  test('will be cancelled where nobody has read it for two seconds', async () => {
    const { cancel, clock } = aCancel(['accepted']);
    expect(await cancel(question)).toMatchObject({ kind: 'cancelling', message: { state: 'accepted' } });
    expect(clock.now).toBe(2_000);
  });

  test('may be cancelled or not when message-log goes away meanwhile, or the mark is not stored', async () => {
    expect(await aCancel(['accepted', 'away']).cancel(question)).toEqual({ kind: 'unavailable' });
    expect(await aCancel(['accepted'], { storing: 'refused' }).cancel(question)).toEqual({ kind: 'unavailable' });
  });
});

describe('a message that waits for its time', () => {
  test('comes due now, once it is marked, and is cancelled', async () => {
    const { cancel, clock, swapped } = aCancel(['scheduled', 'scheduled', 'cancelled'], { swaps: ['won'] });
    expect(await cancel(question)).toMatchObject({ kind: 'cancelled' });
    expect(swapped).toEqual([{ ...waitingEvent, at: 6, dueAtMs: 0 }]);
    expect(clock.now).toBe(200);
  });

  test('comes due now also when it is heard of as scheduled only after it was marked', async () => {
    const { cancel, swapped } = aCancel(['accepted', 'scheduled', 'cancelled'], { swaps: ['won'] });
    expect(await cancel(question)).toMatchObject({ kind: 'cancelled' });
    expect(swapped).toHaveLength(1);
  });

  test.each([
    ['lost to a replacement', 'lost'],
    ['not known to be stored', 'unknown'],
  ] as const)('is tried again when that is %s', async (_, first) => {
    const { cancel, swapped } = aCancel(['scheduled', 'scheduled', 'scheduled', 'cancelled'], { swaps: [first, 'won'] });
    expect(await cancel(question)).toMatchObject({ kind: 'cancelled' });
    expect(swapped).toHaveLength(2);
  });

  test('will be cancelled when its time comes where that is not done within two seconds', async () => {
    const { cancel, clock } = aCancel(['scheduled']);
    expect(await cancel(question)).toMatchObject({ kind: 'cancelling' });
    expect(clock.now).toBe(2_000);
  });

  test('is left to its router when it has come due by itself', async () => {
    const { cancel, swapped } = aCancel(['scheduled', 'routed', 'cancelled'], { swaps: ['gone'] });
    expect(await cancel(question)).toMatchObject({ kind: 'cancelled' });
    expect(swapped).toEqual([]);
  });
});

describe('without a mark', () => {
  const past = messageStates.filter((state) => !['accepted', 'scheduled', 'routed'].includes(state));
  test.each(past)('a message that is %s cannot be cancelled', async (state) => {
    const { cancel, marked } = aCancel([state]);
    expect(await cancel(question)).toMatchObject({ kind: 'not_cancellable', message: { state } });
    expect(marked).toEqual([]);
  });

  test('a message that is unknown, or not the one that is meant, is not found', async () => {
    expect(await aCancel(['unknown']).cancel(question)).toEqual({ kind: 'not_found' });
    const { cancel, marked } = aCancel(['accepted']);
    expect(await cancel(question, () => false)).toEqual({ kind: 'not_found' });
    expect(marked).toEqual([]);
  });

  test('nobody knows when message-log is away', async () => {
    expect(await aCancel(['away']).cancel(question)).toEqual({ kind: 'unavailable' });
  });
});
