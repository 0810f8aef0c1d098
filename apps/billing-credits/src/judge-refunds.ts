import type { FinalState, ReportedMessage } from '@heliograph/message';
import type { RefundRule } from './refund-rules.ts';

/** A refund as the ledger has it. */
export interface GivenRefund {
  readonly messageId: string;
  readonly state: FinalState;
  readonly microCredits: bigint;
  /** Unix ms. */
  readonly atMs: number;
}

export interface RefundsToJudge {
  /** All of a tenant and an hour. */
  readonly refunds: readonly GivenRefund[];
  /** All of it for which one of the rule's states was reported, or one of the refunds'. */
  readonly messages: readonly ReportedMessage[];
  readonly rule: RefundRule;
  /** What happened after that may not have come to both sides, unix ms. */
  readonly settledBeforeMs: number;
}

export interface RefundsJudged {
  /** Micro-credits. */
  readonly expected: bigint;
  readonly found: bigint;
  /** Messages refunded wrongly, or not: ids. */
  readonly wrong: readonly string[];
}

/** Our clocks differ by less, and a snapshot of the registry is at most so old. */
const ruleSettlesMs = 2 * 60_000;

/**
 * A message for which a state was reported that the tenant's plan refunds is to have its charge back once, and no other is. What came before the plan was as it is
 * now may have gone by another one: then a missing refund is none, and a refund for any state that was reported is right.
 */
export function judgeRefunds({ refunds, messages, rule, settledBeforeMs }: RefundsToJudge): RefundsJudged {
  const given = new Map(refunds.map((refund) => [refund.messageId, refund]));
  const byId = new Map(messages.map((message) => [message.id, message]));
  const ruledFromMs = rule.sinceMs + ruleSettlesMs;
  const wrong: string[] = [];
  let [expected, found] = [0n, 0n];

  function judge(id: string, due: bigint, paid: bigint): void {
    expected += due;
    found += paid;
    if (due !== paid) wrong.push(id);
  }

  for (const refund of refunds) {
    const { messageId, state, microCredits, atMs } = refund;
    const message = byId.get(messageId);
    const founded = message?.reports.some((report) => report.state === state) && (rule.states.has(state) || atMs < ruledFromMs);
    if (founded) judge(messageId, BigInt(message?.microCredits ?? 0), microCredits);
    else if (atMs < settledBeforeMs) judge(messageId, 0n, microCredits);
  }
  for (const { id, microCredits, reports } of messages) {
    if (given.has(id)) continue;
    const due = reports.some(({ state, atMs }) => rule.states.has(state) && atMs >= ruledFromMs && atMs < settledBeforeMs);
    if (due) judge(id, BigInt(microCredits), 0n);
  }
  return { expected, found, wrong };
}
