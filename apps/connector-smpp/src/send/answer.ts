import type { SmppConnectorSettings } from '@heliograph/registry';
import { commandStatus as s, type RequestOutcome } from '@heliograph/smpp';

/**
 * What became of one segment. `throttled`: as `later`, and we are too fast. `unknown`: written and never answered, so it may have been taken.
 * `unsent`: the connection ended first. `unsendable`: the wire cannot carry it.
 */
export type AnswerKind = 'accepted' | 'later' | 'throttled' | 'permanent' | 'unknown' | 'unsent' | 'unsendable';

export interface Answer {
  readonly kind: AnswerKind;
  /** As the provider wrote it; empty when an accepting answer had none. */
  readonly providerId?: string;
  /** command_status, where there was one. */
  readonly status?: number;
  /** Tries before this one that were never answered, 1 or more: the provider may have taken each. Absent: 0. */
  readonly unanswered?: number;
}

/** What a command_status of submit_sm_resp or generic_nack (SMPP 3.4 §5.1.3) means; what is not listed is permanent, vendors' own too. */
export type Refusals = ReadonlyMap<number, 'later' | 'throttled' | 'permanent'>;

const usualRefusals: Refusals = new Map([
  [s.ESME_RTHROTTLED, 'throttled'],
  [s.ESME_RMSGQFUL, 'throttled'],
  [s.ESME_RSYSERR, 'later'],
  [s.ESME_RX_T_APPN, 'later'],
  // The link is at fault, not the message: the provider has ended the bind and we have not heard of it yet.
  [s.ESME_RINVBNDSTS, 'later'],
  [s.ESME_RUNKNOWNERR, 'later'],
]);

/** `settings.answers` of the connector over the usual meanings. */
export function refusalsOf(answers: SmppConnectorSettings['answers']): Refusals {
  return new Map([...usualRefusals, ...Object.entries(answers).map(([status, kind]) => [Number(status), kind] as const)]);
}

const unknown: Answer = { kind: 'unknown' };
const unsent: Answer = { kind: 'unsent' };

export function classify(outcome: RequestOutcome<'submit_sm'>, refusals: Refusals): Answer {
  switch (outcome.kind) {
    case 'response':
      return outcome.pdu.command === 'generic_nack'
        ? ofRefusal(outcome.pdu.status, refusals) // also with ESME_ROK: a nack takes nothing
        : ofStatus(outcome.pdu.status, outcome.pdu.message_id, refusals);
    case 'malformed': // its id is lost, its status is not: sending it again would be a duplicate
      return ofStatus(outcome.status, '', refusals);
    case 'timeout':
      return unknown;
    case 'closed':
      return outcome.written ? unknown : unsent;
  }
}

function ofStatus(status: number, providerId: string, refusals: Refusals): Answer {
  return status === s.ESME_ROK ? { kind: 'accepted', providerId } : ofRefusal(status, refusals);
}

function ofRefusal(status: number, refusals: Refusals): Answer {
  return { kind: refusals.get(status) ?? 'permanent', status };
}

/** The answer to a segment that was answered otherwise before, or never. */
export function answerAfter(before: Answer | undefined, answer: Answer): Answer {
  const unanswered = unansweredOf(before);
  return unanswered > 0 ? { ...answer, unanswered } : answer;
}

/** Tries of a segment that were never answered. */
export function unansweredOf(answer: Answer | undefined): number {
  return answer === undefined ? 0 : (answer.unanswered ?? 0) + (answer.kind === 'unknown' ? 1 : 0);
}

/** Nobody can say that the provider has not taken it, though nobody says that it has. */
export function mayBeTaken(answer: Answer | undefined): boolean {
  return answer?.kind !== 'accepted' && unansweredOf(answer) > 0;
}

/** As events show it: `0x0000000B`. */
export function errorCodeOf({ status }: Answer): string | undefined {
  return status === undefined ? undefined : `0x${status.toString(16).toUpperCase().padStart(8, '0')}`;
}
