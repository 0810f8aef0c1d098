import { describe, expect, it } from '@jest/globals';
import {
  newId,
  type EventsQuestion,
  type Hop,
  type LoggedMessage,
  type HeldQuestion,
  type MessageListQuestion,
  type StatsAnswer,
} from '@heliograph/message';
import { createAnswers, type AnswersOptions } from './answer.ts';

const id = newId();
const message = { id } as LoggedMessage;
const hops: Hop[] = [];

/** Found at the n-th look; `reached` says what each wait for the stream gives. */
function answersWith({ foundAt, reached = [], caughtUp = true }: { foundAt: number; reached?: boolean[]; caughtUp?: boolean }) {
  const did: string[] = [];
  let looks = 0;
  let nowMs = 0;
  const options: AnswersOptions = {
    history: {
      read: async () => (did.push('look'), ++looks >= foundAt ? { message, hops } : undefined),
      known: async ({ ids }) => (did.push('look'), ids.map((one) => ({ id: one, to: '+31612345678', segments: 1, microCredits: '1' }))),
      list: async ({ limit }: MessageListQuestion) => ({ messages: [], next: `after ${limit}` }),
      held: async ({ limit, tenant = 'all' }: HeldQuestion) => ({ messages: [], next: `${limit} of ${tenant}` }),
      events: async ({ limit, after = 'the oldest' }: EventsQuestion) => ({ events: [], next: `${limit} from ${after}`, more: false }),
      stats: async () => ({ byState: {} as StatsAnswer['byState'] }),
      erase: async (_, withinMs) => ({ erased: withinMs }),
      usage: async ({ limit }) => (did.push('look'), { records: [], next: `after ${limit}` }),
    },
    gatherer: {
      written: async () => void did.push('buffer'),
      writtenOf: async (tenant, agedMs) => void did.push(`buffer of ${tenant} ${agedMs}`),
      hurry: () => (did.push('hurry'), () => void did.push('no hurry')),
    },
    fresh: async (tenant) => void did.push(`fresh ${tenant}`),
    progress: {
      reached: async (_, timeoutMs) => {
        nowMs += timeoutMs;
        did.push('wait');
        return reached.shift() ?? false;
      },
      passed: () => void did.push('passed'),
    },
    lastSubmitted: async () => 42,
    caughtUp: async () => (did.push('catch up'), caughtUp),
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
    expect(did).toEqual(['buffer', 'look', 'hurry', 'wait', 'look', 'no hurry']);
  });

  it('looks now and then meanwhile, as another instance may be the one that writes it', async () => {
    const { did, answers } = answersWith({ foundAt: 4 });
    expect(await answers.get({ tenant: 'acme', id })).toEqual({ message });
    expect(did.filter((step) => step === 'wait')).toHaveLength(3);
  });

  it('is answered with nothing when all is written and it is not there', async () => {
    const { did, answers } = answersWith({ foundAt: Infinity, reached: [true] });
    expect(await answers.trace({ tenant: 'acme', id })).toEqual({ hops: [] });
    expect(did).toEqual(['buffer', 'look', 'hurry', 'wait', 'look', 'no hurry']);
  });

  it('is answered with nothing after two seconds, and the next need not wait as long', async () => {
    const { did, answers } = answersWith({ foundAt: Infinity });
    expect(await answers.get({ tenant: 'acme', id })).toEqual({});
    expect(did.filter((step) => step === 'wait')).toHaveLength(10);
    expect(did.slice(-2)).toEqual(['passed', 'no hurry']);
  });

  it('may name it by an id of 8 octets: then all that is held of the tenant is written first', async () => {
    const { did, answers } = answersWith({ foundAt: 1 });
    expect(await answers.get({ tenant: 'acme', id: '0a1b2c3d' })).toEqual({ message });
    expect(did).toEqual(['buffer', 'look', 'buffer of acme 0', 'look']);
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
  it.each<[string, (answers: ReturnType<typeof createAnswers>) => Promise<unknown>, string]>([
    ['messages', (answers) => answers.list({ tenant: 'acme', limit: 1 }), 'fresh acme'],
    ['what waits for a review', (answers) => answers.held({ limit: 1 }), 'fresh undefined'],
    ['counts', (answers) => answers.stats({ tenant: 'acme', sinceMs: 0 }), 'fresh acme'],
  ])('of %s is answered after what is held back is written', async (_, question, first) => {
    const { did, answers } = answersWith({ foundAt: 1 });
    await question(answers);
    expect(did[0]).toBe(first);
  });

  it('is bounded, whatever it asks', async () => {
    const { answers } = answersWith({ foundAt: 1 });
    expect(await answers.list({ tenant: 'acme', limit: 1e9 })).toEqual({ messages: [], next: 'after 100' });
  });

  it.each([{ before: 'nonsense' }, { to: '\0' }, { from: 'a\0' }, { reference: '\0' }])(
    'that can have no answer finds nothing: %j',
    async (like) => {
      const { answers } = answersWith({ foundAt: 1 });
      expect(await answers.list({ tenant: 'acme', limit: 5, ...like })).toEqual({ messages: [] });
    },
  );
});

describe('a question for events', () => {
  it.each([
    [1e9, undefined, '1000 from the oldest'],
    [0, '7-1', '1 from 7-1'],
    [5, 'now', '5 from now'],
  ])('%d of them, after %s', async (limit, after, next) => {
    const { answers } = answersWith({ foundAt: 1 });
    expect(await answers.events({ tenant: 'acme', limit, ...(after === undefined ? {} : { after }) })).toMatchObject({ next });
  });

  it.each(['', '7', '7-', '-1', "7-1'", '1234567890123456789-1', '1-1234567890123456789', 'Now'])(
    'after %j, no cursor, has no answer',
    async (after) => {
      const { answers } = answersWith({ foundAt: 1 });
      await expect(answers.events({ tenant: 'acme', limit: 1, after })).rejects.toThrow('not a cursor');
    },
  );
});

it('erasing is answered before whoever asks loses patience (5 s)', async () => {
  expect((await answersWith({ foundAt: 1 }).answers.erase({ tenant: 'acme' })).erased).toBeLessThan(4_500);
});

describe('a question for which messages are known', () => {
  it.each([
    ['complete when all that was accepted before is written', true, [id], 1, true],
    ['incomplete when it is not', false, [id], 1, false],
    ['incomplete when something is no id', true, [id, 'x'], 1, false],
    ['incomplete when there are too many', true, Array.from({ length: 1_001 }, () => id), 1_000, false],
  ])('is answered after the stream is read, and %s', async (_, caughtUp, ids, known, complete) => {
    const { did, answers } = answersWith({ foundAt: 1, caughtUp });
    const answer = await answers.known({ tenant: 'acme', ids });
    expect([answer.messages.length, answer.complete, did]).toEqual([known, complete, ['catch up', 'look']]);
  });
});

describe('a question about usage', () => {
  const question = { tenant: 'acme', sinceMs: 0, untilMs: 1, limit: 1_000_000 };

  it('waits, for its first page, until all that is stored is written, and says when it is not', async () => {
    const { did, answers } = answersWith({ foundAt: 1 });
    expect(await answers.usage(question)).toEqual({ complete: true, records: [], next: 'after 500' });
    expect(did).toEqual(['catch up', 'look']);
    expect(await answersWith({ foundAt: 1, caughtUp: false }).answers.usage(question)).toMatchObject({ complete: false });
  });

  it('looks at once for a further page', async () => {
    const { did, answers } = answersWith({ foundAt: 1, caughtUp: false });
    expect(await answers.usage({ ...question, after: newId() })).toMatchObject({ complete: true });
    expect(did).toEqual(['look']);
  });
});

it('what is held is asked for by tenant or of all, a page of bounded length at a time', async () => {
  const { answers } = answersWith({ foundAt: 1 });
  expect(await answers.held({ limit: 1_000_000 })).toEqual({ messages: [], next: '100 of all' });
  expect(await answers.held({ limit: 5, tenant: 'acme', before: newId() })).toEqual({ messages: [], next: '5 of acme' });
  expect(await answers.held({ limit: 5, before: 'nonsense' })).toEqual({ messages: [] });
});
