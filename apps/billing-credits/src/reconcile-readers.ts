import { historySubjects, type RefundableAnswer, type RefundableQuestion } from '@heliograph/message';
import type { Comparison } from './reconcile-book.ts';
import { askMsMax, caughtUpMsMax, type Look, type LookContext } from './reconcile-look.ts';

/** Two rounds: one that is a moment late is none. */
const behindMsMax = 2 * 60_000;

/** Whether a reader has dealt with all that was stored when it was asked. message-log reads both streams. */
const readers: Readonly<Record<'charge' | 'refund' | 'log', (context: LookContext) => Promise<boolean>>> = {
  charge: ({ caughtUp }) => caughtUp.charge(caughtUpMsMax),
  refund: ({ caughtUp }) => caughtUp.refund(caughtUpMsMax),
  log: async ({ queue }) => {
    const question: RefundableQuestion = { fromMs: 0, untilMs: 0, tenants: [] };
    return (await queue.ask<RefundableAnswer>(historySubjects.refundable, question, askMsMax))?.complete ?? false;
  },
};

export interface LookAtReaders {
  /** The streams beside those who read them: a reader that has not followed for two minutes differs by how long. */
  readonly look: Look;
  /** Records of SUBMITTED that were not posted when it last looked. */
  readonly chargeLag: number;
}

export function createLookAtReaders(): LookAtReaders {
  /** Since when each is behind, unix ms; 0: it is not. */
  const behindSinceMs = new Map<string, number>();
  let chargeLag = 0;

  const look: Look = async (context, nowMs) => {
    const { queue, ledger } = context;
    const last = await queue.lastSeq('SUBMITTED');
    chargeLag = Math.max(0, last - (await ledger.positionOf('charge')));
    const compared: Comparison[] = [];
    for (const [reader, follows] of Object.entries(readers)) {
      const sinceMs = (await follows(context)) ? 0 : behindSinceMs.get(reader) || nowMs;
      behindSinceMs.set(reader, sinceMs);
      const ms = sinceMs === 0 ? 0 : nowMs - sinceMs;
      const verdict = ms >= behindMsMax ? 'differs' : sinceMs === 0 ? 'agrees' : undefined;
      if (verdict) compared.push({ tenant: '', subject: reader, expected: 0n, found: BigInt(Math.trunc(ms / 1000)), verdict });
    }
    await context.note('behind', compared, nowMs);
    return compared.every(({ verdict }) => verdict === 'agrees') && compared.length === Object.keys(readers).length;
  };
  return {
    look,
    get chargeLag() {
      return chargeLag;
    },
  };
}
