import type { DifferenceKind } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import type { Log } from '@heliograph/service';
import type { BillingDatabase } from './database.ts';
import type { Ledger, PositionedStage } from './ledger.ts';
import type { Plans } from './post.ts';
import type { Comparison, DifferenceBook } from './reconcile-book.ts';
import type { LookProgress } from './reconcile-progress.ts';
import type { RefundRules } from './refund-rules.ts';

/** Compares some of what two sides say, and notes what differs. `nowMs`: unix ms. Gives whether all that is due has been compared. */
export type Look = (context: LookContext, nowMs: number) => Promise<boolean>;

export interface LookContext {
  readonly database: BillingDatabase;
  readonly ledger: Pick<Ledger, 'positionOf'>;
  /** message-log has the history. */
  readonly queue: Pick<Queue, 'ask' | 'lastSeq'>;
  readonly plans: Plans;
  readonly rules: RefundRules;
  /** Whether what was stored until now is posted; waits so long for it. */
  readonly caughtUp: Readonly<Record<PositionedStage, (withinMs: number) => Promise<boolean>>>;
  readonly book: DifferenceBook;
  readonly progress: LookProgress;
  /** How long after the end of its validity a message may be without a final state. */
  readonly unendedAfterMs: number;
  readonly log: Pick<Log, 'warn'>;
  /** False when the look's share of the round is over: it goes on at the next. */
  goesOn(): boolean;
  /** `undefined`: nothing could be compared. Gives whether there was something. */
  note(kind: DifferenceKind, comparisons: readonly Comparison[] | undefined, nowMs: number): Promise<boolean>;
}

/** message-log waits up to 4 s for its readers before it adds up. */
export const askMsMax = 10_000;
export const caughtUpMsMax = 4_000;
