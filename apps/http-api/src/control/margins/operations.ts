import { historySubjects, type MarginGroup, type MarginsAnswer, type MarginsQuestion } from '@heliograph/message';
import type { z } from 'zod';
import { creditsText } from '../../credits/credits.ts';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../../http/ask.ts';
import type { ApiAnswer, Operations } from '../../http/endpoint.ts';
import { problem } from '../../http/problem.ts';
import type { marginEndpoints } from './endpoints.ts';
import { marginDaysMax, type margins } from './schema.ts';

const dayMs = 86_400_000;

export interface MarginOperationsOptions {
  readonly asking: Asking;
  readonly now?: () => number;
}

export function createMarginOperations({ asking, now = Date.now }: MarginOperationsOptions): Operations<typeof marginEndpoints> {
  return {
    async margins({ query: { since, until, by, digits } }) {
      const sinceMs = Date.parse(since);
      const untilMs = until === undefined ? now() : Date.parse(until);
      if (untilMs <= sinceMs) return badTime('must be after since');
      if (untilMs - sinceMs > marginDaysMax * dayMs) return badTime(`must be at most ${marginDaysMax} days after since`);
      const question: MarginsQuestion = { sinceMs, untilMs, by, digits };
      const answer = await asking.ask<MarginsAnswer>(historySubjects.margins, question, askTimeoutMs);
      return answer ? { ok: true, body: { margins: answer.groups.map(showMargin), more: answer.more } } : nobodyAnswers;
    },
  };
}

function badTime(message: string): ApiAnswer {
  return { ok: false, problem: problem('invalid', 'the query does not fit', [{ field: '?until', message }]) };
}

function showMargin(group: MarginGroup): z.infer<typeof margins>['margins'][number] {
  const { key, messages, segments, withoutCost } = group;
  const cost = BigInt(group.costMicroCredits);
  return {
    key,
    messages,
    segments,
    charged: creditsText(BigInt(group.chargedMicroCredits)),
    cost: creditsText(cost),
    margin: creditsText(BigInt(group.chargedOfCostedMicroCredits) - cost),
    withoutCost,
  };
}
