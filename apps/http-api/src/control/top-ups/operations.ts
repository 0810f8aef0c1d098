import { leaseSubjects, type BalanceAnswer, type BalanceQuestion, type TopUpQuestion } from '@heliograph/message';
import { creditsText } from '../../credits/credits.ts';
import { showBalance } from '../../credits/show.ts';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../../http/ask.ts';
import type { ApiAnswer, Operations } from '../../http/endpoint.ts';
import { problem } from '../../http/problem.ts';
import { microCreditsOf } from '../amount.ts';
import { badId, notFound, readId } from '../answers.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { topUpEndpoints } from './endpoints.ts';

export interface TopUpOperationsOptions {
  readonly asking: Asking;
  readonly changes: RegistryChanges;
}

/** As billing-credits answers. */
type TopUpAnswer = ({ readonly kind: 'posted' | 'repeated' } & BalanceAnswer) | { readonly kind: 'refused'; readonly reason: 'key_reused' };

export function createTopUpOperations({ asking, changes }: TopUpOperationsOptions): Operations<typeof topUpEndpoints> {
  return {
    async tenantBalance({ params }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      return changes.look(async (database) => {
        if (!(await database.tenant.findUnique({ where: { id } }))) return notFound('tenant');
        const question: BalanceQuestion = { tenant: id };
        const answer = await asking.ask<BalanceAnswer>(leaseSubjects.balance, question, askTimeoutMs);
        return answer ? { ok: true, body: showBalance(answer) } : nobodyAnswers;
      });
    },
    async topUp({ params, body: { credits, key, note }, ...by }) {
      const id = readId(params.id);
      if (id === undefined) return badId;
      const microCredits = String(microCreditsOf(credits));
      const after = { credits: creditsText(BigInt(microCredits)), key, note };
      const record = (action: `top_up.${string}`) => ({ tenantId: id, action, subject: id, after });

      // The ledger is another service's: no transaction holds both. Asking goes on record before anything can be posted, so that none is
      // posted without a record, and what came of it after; the ledger has the key, too.
      const asked = await changes.make(by, async (transaction) =>
        (await transaction.tenant.findUnique({ where: { id } }))
          ? { result: { ok: true }, changes: [record('top_up.asked')] }
          : { result: notFound('tenant'), changes: [] },
      );
      if (!asked.ok) return asked;
      const question: TopUpQuestion = { tenant: id, microCredits, key, note };
      const answer = await asking.ask<TopUpAnswer>(leaseSubjects.topUp, question, askTimeoutMs);
      if (!answer) return nobodyAnswers;
      const result: ApiAnswer = answer.kind === 'refused' ? keyReused : { ok: true, body: { tenant: id, key, credits: after.credits } };
      return changes.make(by, async () => ({ result, changes: [record(`top_up.${answer.kind}`)] }));
    },
  };
}

const otherAmount = 'this key has topped up another amount before';
const keyReused: ApiAnswer = { ok: false, problem: problem('key_reused', otherAmount, [{ field: '/key', message: otherAmount }]) };
