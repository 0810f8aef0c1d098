import { describe, expect, test } from '@jest/globals';
import { messageStates, type LoggedMessage, type MessageQuestion, type MessageState, type SendingBegun } from '@heliograph/message';
import { QueueUnavailableError } from '@heliograph/queue';
import { createCancel } from './cancel.ts';

const question = { tenant: 'acme', id: '0a1b2c3d' };
const id = '019c0a70000070008000000000000001';

/** Each look of message-log by turns, the last of them again and again; 'away': no answer, 'unknown': no such message. */
type Look = MessageState | 'away' | 'unknown';

function aCancel(
  looks: readonly Look[],
  { storing = 'stored', begunAtLook = 0 }: { storing?: 'stored' | 'refused'; begunAtLook?: number } = {},
) {
  const clock = { now: 0 };
  const asked: MessageQuestion[] = [];
  const marked: string[] = [];
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
    now: () => clock.now,
    pause: async (ms) => void (clock.now += ms),
  });
  return { cancel, clock, asked, marked };
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
