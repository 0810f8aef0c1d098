import { historySubjects, reportBody, type EventsAnswer, type EventsQuestion } from '@heliograph/message';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { ApiAnswer, Operations } from '../http/endpoint.ts';
import { problem } from '../http/problem.ts';
import type { eventEndpoints } from './endpoints.ts';
import type { Waiting } from './waiting.ts';

export interface EventOperationsOptions {
  readonly asking: Asking;
  readonly waiting: Pick<Waiting, 'until'>;
}

export function createEventOperations({ asking, waiting }: EventOperationsOptions): Operations<typeof eventEndpoints> {
  return {
    async events({ tenant, query: { after, limit, wait } }) {
      let question: EventsQuestion = { tenant, limit, ...(after === undefined ? {} : { after }) };
      const answer = await waiting.until(tenant, wait * 1000, async () => {
        const found = await asking.ask<EventsAnswer>(historySubjects.events, question, askTimeoutMs);
        // whoever waits from now on waits from this now on
        if (found) question = { ...question, after: found.next };
        return { found, enough: found === undefined || found.events.length > 0 };
      });
      if (answer === 'full') return tooManyWait;
      if (answer === undefined) return nobodyAnswers;
      const events = answer.events.map(({ cursor, report }) => ({ cursor, ...reportBody(report) }));
      return { ok: true, body: { events, next: answer.next, more: answer.more } };
    },
  };
}

const tooManyWait: ApiAnswer = {
  ok: false,
  problem: problem('throttled', 'too many of your requests wait for events already'),
  retryAfterMs: 5_000,
};
