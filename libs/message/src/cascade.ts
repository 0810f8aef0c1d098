import type { Message } from './message.ts';

/** When a message goes on to its next route, as the rule says that routed it. Never without validity left. */
export interface Cascade {
  /** A provider refused it for good. */
  readonly refused?: true;
  /** Its receipt says that it was not delivered. */
  readonly undelivered?: true;
  /** No receipt came this long after it was sent, ms. */
  readonly noReceiptMs?: number;
  /** It has not begun this long after it was routed, ms, and its connector cannot send. */
  readonly unavailableMs?: number;
  /** A segment was never answered: the handset may get the message twice. */
  readonly unknownOutcome?: true;
  /** Routes in all, 2 to 8. */
  readonly attemptsMax: number;
  /** What all providers that took it and the next one may take together, decimal digits; absent: whatever they take. */
  readonly costMaxMicroCredits?: string;
}

export const attemptsMaxMax = 8;

/** `unavailable`: it never began. Of `unknown`, `undelivered` and `no_receipt` a provider may take money. */
export type ReturnReason = 'refused' | 'unknown' | 'unavailable' | 'undelivered' | 'no_receipt';

/** All the router needs to route a message once more. */
export interface Attempt {
  readonly message: Message;
  /** Id of the rule that routed it. */
  readonly route: string;
  /** 1 = the first. */
  readonly attempt: number;
  /** Connectors that had it, in order, the last one included. */
  readonly tried: readonly string[];
  readonly cascade: Cascade;
  /** What the providers that took it take, decimal digits; absent: nobody took it, or nobody has said. */
  readonly spentMicroCredits?: string;
  /** A provider took it and has not said what became of it: a late receipt may still tell. */
  readonly unreported?: true;
}
