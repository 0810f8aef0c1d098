import {
  leaseSubjects,
  type AdjustmentAnswer,
  type AdjustmentQuestion,
  type BalanceAnswer,
  type BalanceQuestion,
  type LimitAnswer,
  type LimitQuestion,
  type TopUpAnswer,
  type TopUpQuestion,
} from '@heliograph/message';
import { creditsText } from '../../credits/credits.ts';
import { showBalance } from '../../credits/show.ts';
import { askTimeoutMs, nobodyAnswers, type Asking } from '../../http/ask.ts';
import type { ApiAnswer, Operations } from '../../http/endpoint.ts';
import { problem } from '../../http/problem.ts';
import type { By } from '../actor.ts';
import { microCreditsOf } from '../amount.ts';
import { badId, notFound, readId } from '../answers.ts';
import type { RegistryChanges } from '../registry-changes.ts';
import type { topUpEndpoints } from './endpoints.ts';

export interface TopUpOperationsOptions {
  readonly asking: Asking;
  readonly changes: RegistryChanges;
}

export function createTopUpOperations({ asking, changes }: TopUpOperationsOptions): Operations<typeof topUpEndpoints> {
  /**
   * The ledger is another service's: no transaction holds both. Asking goes on record before anything can be posted, so that none is posted
   * without a record, and what came of it after; the ledger has the key, too.
   */
  async function inLedger(
    by: By,
    { id, noun, after }: { id: string | undefined; noun: 'top_up' | 'adjustment' | 'credit_limit'; after: object },
    ask: (tenant: string) => Promise<{ kind: string; result: ApiAnswer; before?: object } | undefined>,
  ): Promise<ApiAnswer> {
    if (id === undefined) return badId;
    const record = (kind: string, before?: object) => ({ tenantId: id, action: `${noun}.${kind}` as const, subject: id, before, after });
    const asked = await changes.make(by, async (transaction) =>
      (await transaction.tenant.findUnique({ where: { id } }))
        ? { result: { ok: true }, changes: [record('asked')] }
        : { result: notFound('tenant'), changes: [] },
    );
    if (!asked.ok) return asked;
    const came = await ask(id);
    if (!came) return nobodyAnswers;
    return changes.make(by, async () => ({ result: came.result, changes: [record(came.kind, came.before)] }));
  }

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
      const microCredits = String(microCreditsOf(credits));
      const after = { credits: creditsText(BigInt(microCredits)), key, note };
      return inLedger(by, { id: readId(params.id), noun: 'top_up', after }, async (tenant) => {
        const question: TopUpQuestion = { tenant, microCredits, key, note };
        const answer = await asking.ask<TopUpAnswer>(leaseSubjects.topUp, question, askTimeoutMs);
        if (!answer) return undefined;
        return { kind: answer.kind, result: answer.kind === 'refused' ? refusals[answer.reason] : entered(tenant, after) };
      });
    },
    async adjustment({ params, body: { credits, key, reason }, ...by }) {
      const microCredits = String(microCreditsOf(credits));
      const after = { credits: creditsText(BigInt(microCredits)), key, reason };
      return inLedger(by, { id: readId(params.id), noun: 'adjustment', after }, async (tenant) => {
        const question: AdjustmentQuestion = { tenant, microCredits, key, reason };
        const answer = await asking.ask<AdjustmentAnswer>(leaseSubjects.adjust, question, askTimeoutMs);
        if (!answer) return undefined;
        return { kind: answer.kind, result: answer.kind === 'refused' ? refusals[answer.reason] : entered(tenant, after) };
      });
    },
    async putCreditLimit({ params, body, ...by }) {
      const microCredits = String(microCreditsOf(body.credits));
      const after = { credits: creditsText(BigInt(microCredits)) };
      return inLedger(by, { id: readId(params.id), noun: 'credit_limit', after }, async (tenant) => {
        const question: LimitQuestion = { tenant, microCredits };
        const answer = await asking.ask<LimitAnswer>(leaseSubjects.limit, question, askTimeoutMs);
        if (!answer) return undefined;
        const before = { credits: creditsText(BigInt(answer.beforeMicroCredits)) };
        return { kind: 'changed', result: { ok: true, body: showBalance(answer) }, before };
      });
    },
  };
}

function entered(tenant: string, { credits, key }: { credits: string; key: string }): ApiAnswer {
  return { ok: true, body: { tenant, key, credits } };
}

const otherAmount = 'this key has topped up another amount before, or adjusted';
const belowLimit = 'the balance would be below the credit limit';
const refusals: Readonly<Record<'key_reused' | 'below_limit', ApiAnswer>> = {
  key_reused: { ok: false, problem: problem('key_reused', otherAmount, [{ field: '/key', message: otherAmount }]) },
  below_limit: { ok: false, problem: problem('below_limit', belowLimit, [{ field: '/credits', message: belowLimit }]) },
};
