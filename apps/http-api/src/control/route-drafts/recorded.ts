import { historyRecordedMax, historySubjects, type RecordedAnswer, type RecordedMessage, type RecordedQuestion } from '@heliograph/message';
import { askTimeoutMs, type Asking } from '../../http/ask.ts';

/** Gives the newest messages page by page, so that they are never all in memory. False: message-log does not answer. */
export async function eachRecorded(asking: Asking, limit: number, take: (messages: readonly RecordedMessage[]) => void): Promise<boolean> {
  let before: string | undefined;
  for (let left = limit; left > 0;) {
    const question: RecordedQuestion = { limit: Math.min(left, historyRecordedMax), ...(before === undefined ? {} : { before }) };
    const answer: RecordedAnswer | undefined = await asking.ask<RecordedAnswer>(historySubjects.recorded, question, askTimeoutMs);
    if (!answer) return false;
    take(answer.messages);
    left -= answer.messages.length;
    before = answer.next;
    if (before === undefined) return true;
  }
  return true;
}
