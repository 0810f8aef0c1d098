import {
  leaseSubjects,
  type BalanceAnswer,
  type BalanceQuestion,
  type LowBalanceAnswer,
  type LowBalanceQuestion,
} from '@heliograph/message';
import { microCreditsOf } from '../control/amount.ts';
import type { RegistryChanges } from '../control/registry-changes.ts';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../http/ask.ts';
import type { ApiAnswer, Operations } from '../http/endpoint.ts';
import { creditsText } from './credits.ts';
import type { creditEndpoints } from './endpoints.ts';
import { showBalance } from './show.ts';
import { readStatement } from './statement.ts';

export interface CreditOperationsOptions {
  readonly asking: Asking;
  readonly changes: Pick<RegistryChanges, 'make'>;
  readonly now?: () => number;
}

export function createCreditOperations({ asking, changes, now = Date.now }: CreditOperationsOptions): Operations<typeof creditEndpoints> {
  return {
    async balance({ tenant }) {
      const question: BalanceQuestion = { tenant };
      const answer = await asking.ask<BalanceAnswer>(leaseSubjects.balance, question, askTimeoutMs);
      return answer ? { ok: true, body: showBalance(answer) } : nobodyAnswers;
    },
    statement: ({ tenant, query, csv = false }) => readStatement(asking, { tenant, ...query, csv, nowMs: now() }),
    async lowBalance({ tenant }) {
      const question: LowBalanceQuestion = { tenant };
      const answer = await asking.ask<LowBalanceAnswer>(leaseSubjects.lowBalance, question, askTimeoutMs);
      return answer ? { ok: true, body: showThresholds(answer.thresholds) } : nobodyAnswers;
    },
    async putLowBalance({ tenant, body, ...by }) {
      const question: LowBalanceQuestion = { tenant, thresholds: body.thresholds.map((text) => String(microCreditsOf(text))) };
      const answer = await asking.ask<LowBalanceAnswer>(leaseSubjects.lowBalance, question, askTimeoutMs);
      if (!answer) return nobodyAnswers;
      // recorded after: they move no money
      const [before, after] = [showThresholds(answer.before), showThresholds(answer.thresholds)];
      const result: ApiAnswer = { ok: true, body: after };
      const same = JSON.stringify(before) === JSON.stringify(after);
      const change = { tenantId: tenant, action: 'low_balance.changed', subject: tenant, before, after } as const;
      return changes.make(by, async () => ({ result, changes: same ? [] : [change] }));
    },
  };
}

function showThresholds(microCredits: readonly string[]): { thresholds: string[] } {
  return { thresholds: microCredits.map((amount) => creditsText(BigInt(amount))) };
}
