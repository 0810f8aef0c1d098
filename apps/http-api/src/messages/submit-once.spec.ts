import { describe, expect, it } from '@jest/globals';
import type { Acceptance, Submission } from '@heliograph/accept';
import { derivedId, newId, type KnownAnswer } from '@heliograph/message';
import { submitOnce } from './submit-once.ts';

const base = newId();
const numbers = ['+31612345670', '+31612345671', '+31612345672'];
const submissions = numbers.map((addr) => ({ to: { addr }, content: { kind: 'text', text: 'x' } }) as Submission);
const takenAs = (i: number): Acceptance => ({ ok: true, id: derivedId(base, i), to: numbers[i] ?? '', segments: 1, microCredits: 7n });
const logged = (i: number): KnownAnswer['messages'][number] => ({
  id: derivedId(base, i),
  to: numbers[i] ?? '',
  segments: 1,
  microCredits: '7',
});

function attemptWith(again: boolean, answer: KnownAnswer | undefined) {
  const submitted: Submission[] = [];
  const asked: object[] = [];
  const options: Parameters<typeof submitOnce>[0] = {
    accept: {
      async submit(one) {
        submitted.push(one);
        return takenAs(submissions.findIndex(({ to }) => to.addr === one.to.addr));
      },
    },
    asking: { ask: async <Answer>(_: string, question: object) => (asked.push(question), answer as Answer | undefined) },
  };
  const made = submitOnce(options, submissions, { tenant: 'acme', attempt: { base, again, beginBeforeMs: 5 } });
  return { made, asked, submitted: () => submitted.map(({ id }) => id), all: submitted };
}

const ids = [0, 1, 2].map((i) => derivedId(base, i));

describe('an attempt', () => {
  it('that is the first asks nobody, and submits all under ids that hang on the base, in time only', async () => {
    const { made, asked, submitted, all } = attemptWith(false, undefined);
    expect(await made).toEqual([0, 1, 2].map(takenAs));
    expect([asked, submitted()]).toEqual([[], ids]);
    expect(all.every(({ beginBeforeMs }) => beginBeforeMs === 5)).toBe(true);
  });

  it.each<[string, number[], (string | undefined)[]]>([
    ['nothing', [], ids],
    ['some', [2, 0], [ids[1]]],
    ['all', [0, 1, 2], []],
  ])('after one of which %s is there submits the rest, and answers in the order of the recipients', async (_, there, rest) => {
    const { made, asked, submitted } = attemptWith(true, { complete: true, messages: there.map(logged) });
    expect(await made).toEqual([0, 1, 2].map(takenAs));
    expect([asked, submitted()]).toEqual([[{ tenant: 'acme', ids }], rest]);
  });

  it.each<[string, KnownAnswer | undefined]>([
    ['nobody answers', undefined],
    ['not all is read', { complete: false, messages: [logged(0)] }],
  ])('submits nothing when it is not known what is there: %s', async (_, answer) => {
    const { made, submitted } = attemptWith(true, answer);
    expect([await made, submitted()]).toEqual([undefined, []]);
  });
});
