import {
  historySubjects,
  messageStates,
  statsHourMs,
  type EraseAnswer,
  type EraseQuestion,
  type MessageState,
  type StatsAnswer,
  type StatsQuestion,
} from '@heliograph/message';
import type { By } from '../control/actor.ts';
import type { RegistryChanges } from '../control/registry-changes.ts';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { ApiAnswer } from '../http/endpoint.ts';

export interface HistoryOptions {
  readonly asking: Asking;
  readonly changes: Pick<RegistryChanges, 'make'>;
  readonly now?: () => number;
}

/** A tenant's history as a whole, for every door: how much of it there is, and the end of it. */
export interface History {
  /** Counts from `sinceMs` on, rounded down to the hour; without it, of the last 30 days. Undefined: nobody answers. */
  count(tenant: string, sinceMs?: number): Promise<Counted | undefined>;
  /** Erases what has ended, for as long as one request may take; `more`: some of it is left. */
  erase(tenant: string, by: By): Promise<Erased | Extract<ApiAnswer, { ok: false }>>;
}

export interface Counted {
  readonly byState: Readonly<Record<MessageState, number>>;
  readonly sinceMs: number;
}

export interface Erased {
  readonly ok: true;
  readonly erased: number;
  readonly more: boolean;
}

const countedMs = 30 * 24 * statsHourMs;
/** How long one request erases; what is left is for the next. */
const eraseMsMax = 20_000;

export function createHistory({ asking, changes, now = Date.now }: HistoryOptions): History {
  return {
    async count(tenant, sinceMs = now() - countedMs) {
      const question: StatsQuestion = { tenant, sinceMs: Math.floor(sinceMs / statsHourMs) * statsHourMs };
      const answer = await asking.ask<StatsAnswer>(historySubjects.stats, question, askTimeoutMs);
      if (!answer) return undefined;
      const byState = Object.fromEntries(messageStates.map((state) => [state, answer.byState[state] ?? 0]));
      return { byState: byState as Counted['byState'], sinceMs: question.sinceMs };
    },

    async erase(tenant, by) {
      // on record first: there is never an erasure of which nobody knows who wanted it
      const recorded = await changes.make(by, async () => ({
        result: { ok: true },
        changes: [{ tenantId: tenant, action: 'history.erase_asked', subject: tenant }],
      }));
      if (!recorded.ok) return recorded;
      const untilMs = now() + eraseMsMax;
      const question: EraseQuestion = { tenant };
      for (let erased = 0; ;) {
        const answer = await asking.ask<EraseAnswer>(historySubjects.erase, question, askTimeoutMs);
        if (!answer) return nobodyAnswers;
        erased += answer.erased;
        if (!answer.more || now() >= untilMs) return { ok: true, erased, more: answer.more ?? false };
      }
    },
  };
}
