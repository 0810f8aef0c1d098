import { done, later, never, type HeliographEvent, type Outcome } from '@heliograph/message';
import { commandStatus, type RequestOutcome } from '@heliograph/smpp';

export interface HandedOver {
  /** In words, for who reads the dead letters. */
  readonly what: 'report' | 'message';
  /** One for each deliver_sm of it. */
  readonly answers: readonly RequestOutcome<'deliver_sm'>[];
  /** 1 = the first. */
  readonly attempt: number;
  readonly nowMs: number;
  /** What is told when the client has it. */
  readonly delivered: HeliographEvent;
}

/** A client that refuses a report for good is not asked for ever. */
export const attemptsMax = 20;
const retryDelayMs = 5_000;
const retryDelayMsMax = 300_000;

const refusedForGood: ReadonlySet<number> = new Set([commandStatus.ESME_RX_P_APPN, commandStatus.ESME_RX_R_APPN]);

/**
 * What came of handing over a report, or all parts of a message. A timeout or a lost session leaves it unknown whether the client has it: again,
 * both are at-least-once. A message of which one part was not taken is handed over again whole: another session may be another machine.
 */
export function afterDelivery({ what, answers, attempt, nowMs, delivered }: HandedOver): Outcome {
  if (answers.some(({ kind }) => kind === 'closed')) return later(nowMs, 'session ended');
  const statuses = answers.map((answer) => (answer.kind === 'response' ? answer.pdu.status : undefined));
  if (statuses.every((status) => status === commandStatus.ESME_ROK)) return done(delivered);
  const refused = statuses.find((status) => status !== undefined && refusedForGood.has(status));
  if (refused !== undefined) return never(`the client refuses the ${what}: ${refused}`);
  if (attempt >= attemptsMax) return never(`the client did not take the ${what} in ${attemptsMax} tries`);
  return later(nowMs + Math.min(retryDelayMs * 2 ** (attempt - 1), retryDelayMsMax), `${what} not taken`);
}
