import {
  historyEventsMax,
  historyKnownMax,
  historyListMax,
  usageMax,
  isEventsCursor,
  isId,
  isShortId,
  type EraseAnswer,
  type EraseQuestion,
  type EventsAnswer,
  type EventsQuestion,
  type HeldAnswer,
  type HeldQuestion,
  type KnownAnswer,
  type KnownQuestion,
  type MessageAnswer,
  type MessageListAnswer,
  type MessageListQuestion,
  type MessageQuestion,
  type StatsAnswer,
  type StatsQuestion,
  type TraceAnswer,
  type UsageAnswer,
  type UsageQuestion,
} from '@heliograph/message';
import type { History } from './history.ts';
import type { Gatherer } from './gatherer.ts';
import type { Progress } from './progress.ts';
import { isSearchable } from './search.ts';

/** What others ask of the history. */
export interface Answers {
  get(question: MessageQuestion): Promise<MessageAnswer>;
  trace(question: MessageQuestion): Promise<TraceAnswer>;
  list(question: MessageListQuestion): Promise<MessageListAnswer>;
  held(question: HeldQuestion): Promise<HeldAnswer>;
  known(question: KnownQuestion): Promise<KnownAnswer>;
  events(question: EventsQuestion): Promise<EventsAnswer>;
  stats(question: StatsQuestion): Promise<StatsAnswer>;
  erase(question: EraseQuestion): Promise<EraseAnswer>;
  usage(question: UsageQuestion): Promise<UsageAnswer>;
}

export interface AnswersOptions {
  readonly history: Pick<History, 'read' | 'list' | 'held' | 'known' | 'events' | 'stats' | 'erase' | 'usage'>;
  readonly gatherer: Pick<Gatherer, 'written' | 'writtenOf' | 'hurry'>;
  /** When what is known of a tenant's messages, or of all, is written but for the last moment; waits for a moment at most. */
  readonly fresh: (tenant?: string) => Promise<unknown>;
  /** Of the stream of submitted messages. */
  readonly progress: Pick<Progress, 'reached' | 'passed'>;
  /** The last sequence that stream has stored. */
  readonly lastSubmitted: () => Promise<number>;
  /** Whether all that reached that stream until now is written, by whichever instance; waits for it. */
  readonly caughtUp: (withinMs: number) => Promise<boolean>;
  readonly now?: () => number;
}

/** Longest wait for a message that was accepted a moment ago. */
const waitMsMax = 2_000;
/** Another instance may be the one that writes it: look this often meanwhile. */
const lookEveryMs = 200;
/** Less than the 5 s that whoever asks is patient. */
const caughtUpWithinMs = 4_000;
const eraseWithinMs = 3_500;

export function createAnswers({ history, gatherer, fresh, progress, lastSubmitted, caughtUp, now = Date.now }: AnswersOptions): Answers {
  /** Read your writes: who has the id has been told that the message is accepted, so it must be found. */
  async function find(question: MessageQuestion): ReturnType<History['read']> {
    if (!isId(question.id) && !isShortId(question.id)) return undefined;
    await gatherer.written(question.id);
    const found = await history.read(question);
    if (found?.message.id === question.id) return found;
    if (!found) return findLate(question);
    // by what its client knows it by, which others may have too
    await gatherer.writtenOf(question.tenant, 0);
    return history.read(question);
  }

  /** It may have been accepted a moment ago. */
  async function findLate(question: MessageQuestion): ReturnType<History['read']> {
    const untilMs = now() + waitMsMax;
    const stopHurrying = gatherer.hurry();
    try {
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
    } finally {
      stopHurrying();
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
    async list(question) {
      if (!isSearchable(question)) return { messages: [] };
      await fresh(question.tenant);
      return history.list({ ...question, limit: bounded(question.limit, historyListMax) });
    },
    async held({ tenant, limit, before }) {
      if (before !== undefined && !isId(before)) return { messages: [] };
      await fresh(tenant);
      return history.held({
        limit: bounded(limit, historyListMax),
        ...(tenant === undefined ? {} : { tenant }),
        ...(before === undefined ? {} : { before }),
      });
    },
    async known({ tenant, ids }) {
      const asked = ids.filter(isId).slice(0, historyKnownMax);
      // first: what is looked at before could be written meanwhile
      const complete = (await caughtUp(caughtUpWithinMs)) && asked.length === ids.length;
      return { complete, messages: await history.known({ tenant, ids: asked }) };
    },
    async events({ tenant, limit, after }) {
      if (after !== undefined && after !== 'now' && !isEventsCursor(after)) throw new Error('not a cursor');
      return history.events({ tenant, limit: bounded(limit, historyEventsMax), ...(after === undefined ? {} : { after }) });
    },
    async stats(question) {
      await fresh(question.tenant);
      return history.stats(question);
    },
    async usage(question) {
      const complete = question.after !== undefined || (await caughtUp(caughtUpWithinMs));
      return { complete, ...(await history.usage({ ...question, limit: bounded(question.limit, usageMax) })) };
    },
    erase: (question) => history.erase(question, eraseWithinMs),
  };
}

function bounded(limit: number, most: number): number {
  return Math.min(Math.max(1, Math.trunc(limit)), most);
}
