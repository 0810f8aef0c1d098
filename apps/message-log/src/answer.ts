import {
  historyListMax,
  isId,
  isShortId,
  type MessageAnswer,
  type MessageListAnswer,
  type MessageListQuestion,
  type MessageQuestion,
  type TraceAnswer,
} from '@heliograph/message';
import type { History } from './history.ts';
import type { Gatherer } from './gatherer.ts';
import type { Progress } from './progress.ts';

/** What others ask of the history. */
export interface Answers {
  get(question: MessageQuestion): Promise<MessageAnswer>;
  trace(question: MessageQuestion): Promise<TraceAnswer>;
  list(question: MessageListQuestion): Promise<MessageListAnswer>;
}

export interface AnswersOptions {
  readonly history: Pick<History, 'read' | 'list'>;
  readonly gatherer: Pick<Gatherer, 'written'>;
  /** Of the stream of submitted messages. */
  readonly progress: Pick<Progress, 'reached' | 'passed'>;
  /** The last sequence that stream has stored. */
  readonly lastSubmitted: () => Promise<number>;
  readonly now?: () => number;
}

/** Longest wait for a message that was accepted a moment ago. */
const waitMsMax = 2_000;
/** Another instance may be the one that writes it: look this often meanwhile. */
const lookEveryMs = 200;

export function createAnswers({ history, gatherer, progress, lastSubmitted, now = Date.now }: AnswersOptions): Answers {
  /** Read your writes: who has the id has been told that the message is accepted, so it must be found. */
  async function find(question: MessageQuestion): ReturnType<History['read']> {
    if (!isId(question.id) && !isShortId(question.id)) return undefined;
    await gatherer.written(question.id);
    const found = await history.read(question);
    if (found) return found;
    const untilMs = now() + waitMsMax;
    const stored = await lastSubmitted();
    for (;;) {
      const leftMs = untilMs - now();
      const reached = await progress.reached(stored, Math.max(0, Math.min(lookEveryMs, leftMs)));
      const late = await history.read(question);
      if (late || reached) return late;
      if (leftMs > lookEveryMs) continue;
      progress.passed(stored);
      return undefined;
    }
  }

  return {
    async get(question) {
      const found = await find(question);
      return found ? { message: found.message } : {};
    },
    async trace(question) {
      return (await find(question)) ?? { hops: [] };
    },
    async list({ tenant, limit, before }) {
      if (before !== undefined && !isId(before)) return { messages: [], more: false };
      const bounded = Math.min(Math.max(1, Math.trunc(limit)), historyListMax);
      return history.list({ tenant, limit: bounded, ...(before === undefined ? {} : { before }) });
    },
  };
}
