import { leaseSubjects, type BalanceAnswer, type BalanceQuestion } from '@heliograph/message';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { Operations } from '../http/endpoint.ts';
import type { creditEndpoints } from './endpoints.ts';
import { showBalance } from './show.ts';

export function createCreditOperations({ asking }: { readonly asking: Asking }): Operations<typeof creditEndpoints> {
  return {
    async balance({ tenant }) {
      const question: BalanceQuestion = { tenant };
      const answer = await asking.ask<BalanceAnswer>(leaseSubjects.balance, question, askTimeoutMs);
      return answer ? { ok: true, body: showBalance(answer) } : nobodyAnswers;
    },
  };
}
