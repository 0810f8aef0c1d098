import { describe, expect, it } from '@jest/globals';
import { newId, type Hop, type LoggedMessage, type MessageListQuestion } from '@heliograph/message';
import { createAnswers, type AnswersOptions } from './answer.ts';

const id = newId();
const message = { id } as LoggedMessage;
const hops: Hop[] = [];

/** Found at the n-th look; `reached` says what each wait for the stream gives. */
function answersWith({ foundAt, reached = [] }: { foundAt: number; reached?: boolean[] }) {
  const did: string[] = [];
  let looks = 0;
  let nowMs = 0;
  const options: AnswersOptions = {
    history: {
      read: async () => (did.push('look'), ++looks >= foundAt ? { message, hops } : undefined),
      list: async ({ limit }: MessageListQuestion) => ({ messages: [], more: limit === 100 }),
    },
    gatherer: { written: async () => void did.push('buffer') },
    progress: {
      reached: async (_, timeoutMs) => {
        nowMs += timeoutMs;
        did.push('wait');
        return reached.shift() ?? false;
      },
      passed: () => void did.push('passed'),
    },
    lastSubmitted: async () => 42,
    now: () => nowMs,
  };
  return { did, answers: createAnswers(options) };
}

describe('a question about a message', () => {
  it('is answered at once when the message is there, after what is in the buffers is', async () => {
    const { did, answers } = answersWith({ foundAt: 1 });
    expect(await answers.get({ tenant: 'acme', id })).toEqual({ message });
    expect(did).toEqual(['buffer', 'look']);
  });

  it('waits for the stream to be written, as the message may have been accepted a moment ago', async () => {
    const { did, answers } = answersWith({ foundAt: 2, reached: [true] });
    expect(await answers.trace({ tenant: 'acme', id })).toEqual({ message, hops });
    expect(did).toEqual(['buffer', 'look', 'wait', 'look']);
  });

  it('looks now and then meanwhile, as another instance may be the one that writes it', async () => {
    const { did, answers } = answersWith({ foundAt: 4 });
    expect(await answers.get({ tenant: 'acme', id })).toEqual({ message });
    expect(did.filter((step) => step === 'wait')).toHaveLength(3);
  });

  it('is answered with nothing when all is written and it is not there', async () => {
    const { did, answers } = answersWith({ foundAt: Infinity, reached: [true] });
    expect(await answers.trace({ tenant: 'acme', id })).toEqual({ hops: [] });
    expect(did).toEqual(['buffer', 'look', 'wait', 'look']);
  });

  it('is answered with nothing after two seconds, and the next need not wait as long', async () => {
    const { did, answers } = answersWith({ foundAt: Infinity });
    expect(await answers.get({ tenant: 'acme', id })).toEqual({});
    expect(did.filter((step) => step === 'wait')).toHaveLength(10);
    expect(did.at(-1)).toBe('passed');
  });

  it('may name it by an id of 8 octets', async () => {
    const { did, answers } = answersWith({ foundAt: 1 });
    expect(await answers.get({ tenant: 'acme', id: '0a1b2c3d' })).toEqual({ message });
    expect(did).toEqual(['buffer', 'look']);
  });

  it.each(['', 'x', '0a1b2c3', '0A1B2C3D', id.toUpperCase() + '0', "' OR 1=1"])(
    'with %j for an id is answered with nothing, unasked',
    async (bad) => {
      const { did, answers } = answersWith({ foundAt: 1 });
      expect(await answers.get({ tenant: 'acme', id: bad })).toEqual({});
      expect(did).toEqual([]);
    },
  );
});

describe('a question for a list', () => {
  it('is bounded, whatever it asks', async () => {
    const { answers } = answersWith({ foundAt: 1 });
    expect(await answers.list({ tenant: 'acme', limit: 1e9 })).toEqual({ messages: [], more: true });
    expect(await answers.list({ tenant: 'acme', limit: 5, before: 'nonsense' })).toEqual({ messages: [], more: false });
  });
});
