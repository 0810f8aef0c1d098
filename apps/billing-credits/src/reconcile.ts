import { setTimeout as pause } from 'node:timers/promises';
import { differenceKinds, reconcileSubjects, type DifferencesAnswer, type ProofAnswer } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import { gauge, type Log, type SharedClock } from '@heliograph/service';
import { z } from 'zod';
import { createDifferenceBook } from './reconcile-book.ts';
import { createLookAtLeases } from './reconcile-leases.ts';
import type { Look, LookContext } from './reconcile-look.ts';
import { createLookProgress } from './reconcile-progress.ts';
import { createLookAtProof } from './reconcile-proof.ts';
import { createLookAtReaders } from './reconcile-readers.ts';
import { createLookAtRefunds } from './reconcile-refunds.ts';
import { lookAtUnended } from './reconcile-unended.ts';
import { createRefundRules } from './refund-rules.ts';

export interface ReconcilerContext extends Pick<LookContext, 'database' | 'ledger' | 'plans' | 'caughtUp' | 'unendedAfterMs' | 'log'> {
  readonly queue: Pick<Queue, 'ask' | 'lastSeq' | 'answer'>;
}

/** Compares the ledger with the streams and the history. */
export interface Reconciler {
  /** Every look once. Never rejects: what could not be compared is looked at in the next round. */
  round(nowMs: number): Promise<void>;
  /** Ends the round under way before its time. */
  hurry(): void;
  differences(question: unknown): Promise<DifferencesAnswer>;
  proof(question: unknown): Promise<ProofAnswer>;
}

/** A look's share of a round: what it has not seen by then it goes on with in the next. */
const lookMsMax = 10_000;
const stopMsMax = 2_000;
/** It adds up all entries that there ever were. */
const proofEveryMs = 5 * 60_000;
/** message-log reads the whole tally for it. */
const unendedEveryMs = 10 * 60_000;

/** Questions come from our own services: one that does not parse is a bug of the asker, thrown, logged by the queue and not answered. */
const digits = z.string().regex(/^[0-9]{1,18}$/);
const differencesQuestion = z.object({
  limit: z.int().min(1),
  before: digits.exactOptional(),
  tenant: z.string().exactOptional(),
  kind: z.enum(differenceKinds).exactOptional(),
  open: z.boolean().exactOptional(),
});
const proofQuestion = z.object({ limit: z.int().min(1), after: z.string().exactOptional() });

export function createReconciler(context: ReconcilerContext): Reconciler {
  const { database, plans, log } = context;
  const book = createDifferenceBook(database);
  const readers = createLookAtReaders();
  const looks: readonly { readonly name: string; readonly look: Look; readonly everyMs: number }[] = [
    { name: 'readers', look: readers.look, everyMs: 0 },
    { name: 'leases', look: createLookAtLeases(), everyMs: 0 },
    { name: 'refunds', look: createLookAtRefunds(), everyMs: 0 },
    { name: 'proof', look: createLookAtProof(), everyMs: proofEveryMs },
    { name: 'unended', look: lookAtUnended, everyMs: unendedEveryMs },
  ];
  const lookedAtMs = new Map<string, number>();
  let goesOnUntilMs = 0;
  let hurried = false;
  let comparedAtMs: number | undefined;
  let open = Object.fromEntries(differenceKinds.map((kind) => [kind, 0])) as Awaited<ReturnType<typeof book.countOpen>>;

  const lookContext: LookContext = {
    ...context,
    rules: createRefundRules(database, plans),
    book,
    progress: createLookProgress(database),
    goesOn: () => !hurried && performance.now() < goesOnUntilMs,
    async note(kind, comparisons, nowMs) {
      for (const { tenant, subject } of await book.note(kind, comparisons ?? [], nowMs)) {
        log.warn({ kind, tenant, about: subject }, 'ledger, streams and history differ');
      }
      return comparisons !== undefined;
    },
  };

  gauge('heliograph_billing_credits_differences', 'Open differences between ledger, streams and history, by kind', () =>
    differenceKinds.map((kind) => ({ value: open[kind], attributes: byKind[kind] })),
  );
  gauge(
    'heliograph_billing_credits_charge_lag_records',
    'Records of stream SUBMITTED that were not posted when last looked at',
    () => readers.chargeLag,
  );

  return {
    async round(nowMs) {
      let all = true;
      for (const { name, look, everyMs } of looks) {
        if (hurried) return;
        if (nowMs - (lookedAtMs.get(name) ?? -Infinity) < everyMs) continue;
        goesOnUntilMs = performance.now() + lookMsMax;
        try {
          all = (await look(lookContext, nowMs)) && all;
          lookedAtMs.set(name, nowMs);
        } catch (err) {
          // a server that is away: the next round looks again
          all = false;
          log.warn({ look: name, err }, 'not compared');
        }
      }
      open = await book.countOpen().catch(() => open);
      if (all) comparedAtMs = nowMs;
    },
    hurry() {
      hurried = true;
    },
    differences: (question) => book.list(differencesQuestion.parse(question)),
    async proof(question) {
      const proven = await book.prove(proofQuestion.parse(question));
      return { ...proven, ...(comparedAtMs === undefined ? {} : { comparedAtMs }) };
    },
  };
}

/** Attributes are remembered by identity. */
const byKind = Object.fromEntries(differenceKinds.map((kind) => [kind, { kind }])) as Record<
  (typeof differenceKinds)[number],
  { kind: string }
>;

/** Answers, and makes a round every so often. Resolves when the questions are heard. */
export async function startReconciling(
  context: ReconcilerContext & { readonly everyMs: number; readonly clock: Pick<SharedClock, 'now'>; readonly log: Log },
): Promise<{ stop(): Promise<void> }> {
  const { queue, everyMs, clock } = context;
  const reconciler = createReconciler(context);
  await queue.answer(reconcileSubjects.differences, 'billing-credits', reconciler.differences);
  await queue.answer(reconcileSubjects.proof, 'billing-credits', reconciler.proof);
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let under = Promise.resolve();

  function roundLater(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      under = reconciler.round(clock.now()).then(roundLater);
    }, everyMs);
  }
  roundLater();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      reconciler.hurry();
      // a question that nobody answers any more is not waited for: nothing is lost by it
      await Promise.race([under, pause(stopMsMax, undefined, { ref: false })]);
    },
  };
}
