import { historySubjects, type UnendedAnswer, type UnendedQuestion } from '@heliograph/message';
import type { Comparison } from './reconcile-book.ts';
import { askMsMax, type Look } from './reconcile-look.ts';

const subject = 'messages';

/** Messages whose validity ended long ago and that have no final state: nobody owes them one any more, and they were paid for. */
export const lookAtUnended: Look = async ({ queue, book, note, unendedAfterMs }, nowMs) => {
  const question: UnendedQuestion = { validBeforeMs: nowMs - unendedAfterMs };
  const answer = await queue.ask<UnendedAnswer>(historySubjects.unended, question, askMsMax);
  if (!answer) return false;
  const found = new Set(answer.tenants.map(({ tenant }) => tenant));
  const ended = (await book.open('unended')).filter(({ tenant }) => !found.has(tenant));
  const compared: Comparison[] = [
    ...answer.tenants.map(
      ({ tenant, messages, samples }) => ({ tenant, subject, expected: 0n, found: BigInt(messages), verdict: 'differs', samples }) as const,
    ),
    ...ended.map(({ tenant }) => ({ tenant, subject, expected: 0n, found: 0n, verdict: 'agrees' }) as const),
  ];
  return note('unended', compared, nowMs);
};
