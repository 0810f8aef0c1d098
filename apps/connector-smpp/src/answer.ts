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
}

/** command_status of submit_sm_resp and generic_nack (SMPP 3.4 §5.1.3) that says: not now. What is not listed is permanent, vendors' own codes too. */
const notNow: ReadonlyMap<number, 'later' | 'throttled'> = new Map([
  [s.ESME_RTHROTTLED, 'throttled'],
  [s.ESME_RMSGQFUL, 'later'],
  [s.ESME_RSYSERR, 'later'],
  [s.ESME_RX_T_APPN, 'later'],
  // The link is at fault, not the message: the provider has ended the bind and we have not heard of it yet.
  [s.ESME_RINVBNDSTS, 'later'],
  [s.ESME_RUNKNOWNERR, 'later'],
]);

const unknown: Answer = { kind: 'unknown' };
const unsent: Answer = { kind: 'unsent' };

export function classify(outcome: RequestOutcome<'submit_sm'>): Answer {
  switch (outcome.kind) {
    case 'response':
      return ofStatus(
        outcome.pdu.status,
        'message_id' in outcome.pdu ? outcome.pdu.message_id : '',
        outcome.pdu.command === 'generic_nack',
      );
    case 'malformed': // its id is lost, its status is not: sending it again would be a duplicate
      return ofStatus(outcome.status, '', false);
    case 'timeout':
      return unknown;
    case 'closed':
      return outcome.written ? unknown : unsent;
  }
}

function ofStatus(status: number, providerId: string, nack: boolean): Answer {
  if (status === s.ESME_ROK && !nack) return { kind: 'accepted', providerId };
  return { kind: notNow.get(status) ?? 'permanent', status };
}

/** As events show it: `0x0000000B`. */
export function errorCodeOf({ status }: Answer): string | undefined {
  return status === undefined ? undefined : `0x${status.toString(16).toUpperCase().padStart(8, '0')}`;
}
