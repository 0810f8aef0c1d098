import { isSubjectToken, leaseSubjects, type BalanceAnswer, type LeaseAnswer } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import { counter } from '@heliograph/service';
import { z } from 'zod';
import { amountPattern } from './amount.ts';
import type { Leases } from './leases.ts';
import type { Ledger } from './ledger.ts';

/** `key_reused`: the key has topped up another amount before; nothing was posted. */
export type TopUpAnswer =
  ({ readonly kind: 'posted' | 'repeated' } & BalanceAnswer) | { readonly kind: 'refused'; readonly reason: 'key_reused' };

export interface GiveBackAnswer {
  /** What went back to the balance. */
  readonly returnedMicroCredits: string;
}

export interface QuestionsContext {
  readonly queue: Pick<Queue, 'answer' | 'broadcast'>;
  readonly ledger: Ledger;
  readonly leases: Leases;
  /** Waits until what is stored by now is posted, up to a second. */
  readonly caughtUp: () => Promise<unknown>;
  readonly now: () => number;
}

const service = 'billing-credits';
const answered = counter('heliograph_billing_credits_lease_answers_total', 'Lease questions by answer');
const returned = counter('heliograph_billing_credits_lease_returns_total', 'Leases given back by their ingress');
const toppedUp = counter('heliograph_billing_credits_top_ups_total', 'Top-up questions by what came of them');

/** Questions come from our own services: one that does not parse is a bug of the asker, thrown, logged by the queue and not answered. */
const tenant = z.string().min(1).max(200);
const amount = z.string().regex(amountPattern).transform(BigInt);
const positive = amount.refine((value) => value > 0n);
const leaseQuestion = z.object({
  tenant,
  ingress: z.string().refine(isSubjectToken),
  needMicroCredits: positive,
  wantMicroCredits: amount,
});
const leaseReturn = z.object({ lease: z.string(), spentMicroCredits: amount });
const balanceQuestion = z.object({ tenant });
const topUpQuestion = z.object({
  tenant,
  microCredits: positive,
  key: z.string().min(1).max(200),
  note: z.string().max(1_000).default(''),
});

/** Resolves when every question is heard. */
export async function answerQuestions({ queue, ledger, leases, caughtUp, now }: QuestionsContext): Promise<void> {
  await queue.answer(leaseSubjects.grant, service, async (question: unknown): Promise<LeaseAnswer> => {
    const { needMicroCredits: need, wantMicroCredits: want, ...asker } = leaseQuestion.parse(question);
    const { answer, recall } = await leases.grant({ ...asker, need, want }, now());
    for (const lease of recall) queue.broadcast(leaseSubjects.recall(lease.ingress), { lease: lease.id });
    answered.add(1, byKind[answer.kind]);
    return answer;
  });

  await queue.answer(leaseSubjects.giveBack, service, async (question: unknown): Promise<GiveBackAnswer> => {
    const { lease, spentMicroCredits } = leaseReturn.parse(question);
    const back = await leases.giveBack(lease, spentMicroCredits);
    returned.add();
    return { returnedMicroCredits: String(back) };
  });

  await queue.answer(leaseSubjects.balance, service, async (question: unknown): Promise<BalanceAnswer> => {
    const parsed = balanceQuestion.parse(question);
    await caughtUp();
    return ledger.balanceOf(parsed.tenant);
  });

  await queue.answer(leaseSubjects.topUp, service, async (question: unknown): Promise<TopUpAnswer> => {
    const topUp = topUpQuestion.parse(question);
    const kind = await ledger.topUp(topUp);
    toppedUp.add(1, byTopUp[kind]);
    if (kind === 'key_reused') return { kind: 'refused', reason: kind };
    return { kind, ...(await ledger.balanceOf(topUp.tenant)) };
  });
}

/** Attributes are remembered by identity. */
const byKind = { granted: { answer: 'granted' }, no_credit: { answer: 'no_credit' }, retry: { answer: 'retry' } } as const;
const byTopUp = { posted: { result: 'posted' }, repeated: { result: 'repeated' }, key_reused: { result: 'key_reused' } } as const;
