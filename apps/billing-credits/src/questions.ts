import {
  isId,
  isSubjectToken,
  leaseSubjects,
  lowBalanceThresholdsMax,
  refundsMax,
  type AdjustmentAnswer,
  type BalanceAnswer,
  type LeaseAnswer,
  type LimitAnswer,
  type LowBalanceAnswer,
  type RefundsAnswer,
  type StatementAnswer,
  type TopUpAnswer,
} from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import { counter, type SharedClock } from '@heliograph/service';
import { z } from 'zod';
import { amountPattern, signedPattern } from './amount.ts';
import { capsOf } from './caps.ts';
import type { Leases } from './leases.ts';
import type { Ledger } from './ledger.ts';
import type { Plans } from './post.ts';
import type { Notices } from './notices.ts';
import { isStatementCursor, type Statements } from './statement.ts';

export interface GiveBackAnswer {
  /** What went back to the balance. */
  readonly returnedMicroCredits: string;
}

export interface QuestionsContext {
  readonly queue: Pick<Queue, 'answer' | 'broadcast'>;
  readonly ledger: Ledger;
  readonly leases: Leases;
  readonly plans: Plans;
  readonly notices: Pick<Notices, 'thresholds'>;
  readonly statements: Statements;
  /** Waits until what is stored by now is posted, up to a second. */
  readonly caughtUp: () => Promise<unknown>;
  readonly clock: Pick<SharedClock, 'now'>;
  readonly mayLead: () => boolean;
}

type Answer = (subject: string, reply: (question: unknown) => Promise<object>) => Promise<void>;

const answered = counter('heliograph_billing_credits_lease_answers_total', 'Lease questions by answer');
const returned = counter('heliograph_billing_credits_lease_returns_total', 'Leases given back by their ingress');
const toppedUp = counter('heliograph_billing_credits_top_ups_total', 'Top-up questions by what came of them');
const adjusted = counter('heliograph_billing_credits_adjustments_total', 'Adjustment questions by what came of them');

/** Questions come from our own services: one that does not parse is a bug of the asker, thrown, logged by the queue and not answered. */
const tenant = z.string().min(1).max(200);
const amount = z.string().regex(amountPattern).transform(BigInt);
const positive = amount.refine((value) => value > 0n);
const leaseQuestion = z.object({
  tenant,
  ingress: z.string().refine(isSubjectToken),
  needMicroCredits: positive,
  wantMicroCredits: amount,
  // of one number: at most one of each length
  scope: z
    .array(z.string().regex(/^[0-9]{1,15}$/))
    .max(15)
    .default([]),
});
const leaseReturn = z.object({ lease: z.string(), spentMicroCredits: amount });
const balanceQuestion = z.object({ tenant });
const topUpQuestion = z.object({
  tenant,
  microCredits: positive,
  key: z.string().min(1).max(200),
  note: z.string().max(1_000).default(''),
});
const signed = z.string().regex(signedPattern).transform(BigInt);
const adjustmentQuestion = z.object({
  tenant,
  microCredits: signed.refine((value) => value !== 0n),
  key: z.string().min(1).max(200),
  reason: z.string().max(1_000),
});
const limitQuestion = z.object({ tenant, microCredits: amount });
const lowBalanceQuestion = z.object({ tenant, thresholds: z.array(signed).max(lowBalanceThresholdsMax).optional() });
const statementQuestion = z.object({
  tenant,
  fromDay: z.iso.date(),
  untilDay: z.iso.date(),
  after: z.string().refine(isStatementCursor).optional(),
});
const refundsQuestion = z.object({ tenant, ids: z.array(z.string().refine(isId)).max(refundsMax) });

/** Resolves when every question is heard. */
export async function answerQuestions(context: QuestionsContext): Promise<void> {
  const { queue, mayLead } = context;
  // only who leads listens, and the one that led before may hang: it must not be handed half of the questions, nor answer old ones when it wakes
  const answer: Answer = (subject, reply) =>
    queue.answer(subject, undefined, (question: unknown) => {
      if (!mayLead()) throw new Error('another process may lead');
      return reply(question);
    });
  await Promise.all([answerIngresses(context, answer), answerPeople(context, answer)]);
}

async function answerIngresses({ queue, leases, plans, clock }: QuestionsContext, answer: Answer): Promise<void> {
  await answer(leaseSubjects.grant, async (question: unknown): Promise<LeaseAnswer> => {
    const { needMicroCredits: need, wantMicroCredits: want, ...asker } = leaseQuestion.parse(question);
    const capped = () => capsOf(plans.current.tenants.get(asker.tenant), asker.scope);
    // a cap that the ingress knows of and we do not: its news is on the way
    if (asker.scope.some((prefix) => !capped().some((cap) => cap.prefix === prefix))) await plans.refresh();
    const caps = capped();
    const { answer: granted, recall } = await leases.grant({ ...asker, need, want, caps }, clock.now());
    for (const lease of recall) queue.broadcast(leaseSubjects.recall(lease.ingress), { lease: lease.id });
    answered.add(1, byKind[granted.kind]);
    return granted;
  });

  await answer(leaseSubjects.giveBack, async (question: unknown): Promise<GiveBackAnswer> => {
    const { lease, spentMicroCredits } = leaseReturn.parse(question);
    const back = await leases.giveBack(lease, spentMicroCredits);
    returned.add();
    return { returnedMicroCredits: String(back) };
  });
}

/** By way of http-api. */
async function answerPeople({ ledger, notices, statements, caughtUp }: QuestionsContext, answer: Answer): Promise<void> {
  await answer(leaseSubjects.balance, async (question: unknown): Promise<BalanceAnswer> => {
    const parsed = balanceQuestion.parse(question);
    await caughtUp();
    return ledger.balanceOf(parsed.tenant);
  });

  await answer(leaseSubjects.topUp, async (question: unknown): Promise<TopUpAnswer> => {
    const topUp = topUpQuestion.parse(question);
    const kind = await ledger.topUp(topUp);
    toppedUp.add(1, byTopUp[kind]);
    if (kind === 'key_reused') return { kind: 'refused', reason: kind };
    return { kind, ...(await ledger.balanceOf(topUp.tenant)) };
  });

  await answer(leaseSubjects.adjust, async (question: unknown): Promise<AdjustmentAnswer> => {
    const adjustment = adjustmentQuestion.parse(question);
    // what is spent already counts against what may be taken out
    await caughtUp();
    const kind = await ledger.adjust(adjustment);
    adjusted.add(1, byAdjustment[kind]);
    if (kind === 'key_reused' || kind === 'below_limit') return { kind: 'refused', reason: kind };
    return { kind, ...(await ledger.balanceOf(adjustment.tenant)) };
  });

  await answer(leaseSubjects.limit, async (question: unknown): Promise<LimitAnswer> => {
    const parsed = limitQuestion.parse(question);
    const before = await ledger.setLimit(parsed.tenant, parsed.microCredits);
    return { ...(await ledger.balanceOf(parsed.tenant)), beforeMicroCredits: String(before) };
  });

  await answer(leaseSubjects.lowBalance, async (question: unknown): Promise<LowBalanceAnswer> => {
    const parsed = lowBalanceQuestion.parse(question);
    const { now, before } = await notices.thresholds(parsed.tenant, parsed.thresholds);
    return { thresholds: now.map(String), before: before.map(String) };
  });

  await answer(leaseSubjects.statement, async (question: unknown): Promise<StatementAnswer> => {
    const { after, ...period } = statementQuestion.parse(question);
    if (after === undefined) await caughtUp();
    return statements.read({ ...period, ...(after === undefined ? {} : { after }) });
  });

  await answer(leaseSubjects.refunds, async (question: unknown): Promise<RefundsAnswer> => {
    const parsed = refundsQuestion.parse(question);
    const refunds = await ledger.refundsOf(parsed.tenant, parsed.ids);
    return { refunds: refunds.map(({ id, microCredits }) => ({ id, microCredits: String(microCredits) })) };
  });
}

/** Attributes are remembered by identity. */
const byKind = {
  granted: { answer: 'granted' },
  no_credit: { answer: 'no_credit' },
  capped: { answer: 'capped' },
  retry: { answer: 'retry' },
} as const;
const byAdjustment = {
  posted: { result: 'posted' },
  repeated: { result: 'repeated' },
  key_reused: { result: 'key_reused' },
  below_limit: { result: 'below_limit' },
} as const;
const byTopUp = { posted: { result: 'posted' }, repeated: { result: 'repeated' }, key_reused: { result: 'key_reused' } } as const;
