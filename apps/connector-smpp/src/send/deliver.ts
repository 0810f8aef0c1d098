import {
  done,
  headOf,
  later,
  type Attempt,
  type FailureReason,
  type Message,
  type MessageFailed,
  type MessageReturned,
  type Outcome,
  type ReturnReason,
  type Routed,
} from '@heliograph/message';
import { errorCodeOf, mayBeTaken, unansweredOf, type Answer } from './answer.ts';
import { comparableId, type ProviderIds } from '../provider-id.ts';
import { retryAtMs, type Retries } from './retry.ts';

/** What the decision needs to know beside the answers. */
export interface DeliveryFacts {
  readonly connector: string;
  readonly group: string;
  readonly ids: ProviderIds;
  /** What to do about a segment that was never answered. */
  readonly unknownOutcome: 'resend' | 'fail';
  /** When to try again, by what was answered; what is not in it is tried until its validity ends. */
  readonly retries: Retries;
  /** Tries that came to nothing, this one included: 1 or more. */
  readonly tries: number;
  /** Unix ms at which it was first tried here, as far as this process remembers. */
  readonly firstTriedAtMs: number;
}

/** A timer may fire a millisecond early: a message that comes back before its time is over would be sent once more, for nothing. */
const timerSlackMs = 5;

/**
 * The outcome of a message whose every segment has settled. `later` at once (at `now`) means that nothing was refused: what remains was not
 * written, and another bind may take it. One refused segment fails the message: half of it is of no use.
 */
export function deliver(event: Routed, answers: readonly Answer[], facts: DeliveryFacts, now: number): Outcome {
  const refused = answers.find(({ kind }) => kind === 'permanent' || kind === 'unsendable');
  if (refused) return giveUp(event, answers, now, 'provider_rejected', errorCodeOf(refused) ?? 'unsendable');
  if (answers.every(({ kind }) => kind === 'accepted')) return done(sent(event, answers, facts, now));
  const unknown = answers.some(({ kind }) => kind === 'unknown');
  if (unknown && facts.unknownOutcome === 'fail') return giveUp(event, answers, now, 'provider_unknown_outcome');
  const putOff = answers.find(({ kind }) => kind !== 'accepted' && kind !== 'unsent');
  if (!putOff) return later(now, 'unsent');
  const atMs = retryAtMs(putOff, facts, now);
  if (atMs !== undefined) return later(Math.min(atMs, event.message.validUntilMs + timerSlackMs), putOff.kind);
  if (unknown) return giveUp(event, answers, now, 'provider_unknown_outcome');
  return giveUp(event, answers, now, 'provider_rejected', errorCodeOf(putOff));
}

/** The outcome of a message whose time is over: it may be out all the same when a segment was never answered, and that is said. */
export function expire(event: Routed, answers: readonly (Answer | undefined)[], now: number): Outcome {
  if (answers.some((answer) => answer?.kind === 'unknown')) return fail(event, now, 'provider_unknown_outcome', undefined, answers);
  const last = answers.find((answer) => answer !== undefined && answer.kind !== 'accepted');
  return fail(event, now, 'expired', last && errorCodeOf(last), answers);
}

/** For a message that waits here: its next route, when its rule says so, nothing of it can be out, and its connector has been unable to send for so long. */
export function giveBack(
  event: Routed & { readonly at: number },
  answers: readonly (Answer | undefined)[],
  unableToSend: boolean,
  now: number,
): Outcome | undefined {
  const afterMs = event.cascade?.unavailableMs;
  if (afterMs === undefined || !unableToSend || now < event.at + afterMs || !mayGoOn(event, 'unavailable', answers, now)) return undefined;
  // the router lets it wait here after all when there is no other route, unless this one is gone, too
  return done(returned(event, answers, now, 'unavailable', 'unroutable'));
}

/** Some of it may be with the provider: it can no longer be cancelled. */
export function isBegun(answers: readonly (Answer | undefined)[]): boolean {
  return answers.some((answer) => answer?.kind === 'accepted' || answer?.kind === 'unknown');
}

export function isExpired({ validUntilMs }: Message, now: number): boolean {
  return now >= validUntilMs;
}

/** It is not sent here: it goes to its next route where its rule says so, otherwise it has failed. */
export function giveUp(
  event: Routed,
  answers: readonly (Answer | undefined)[],
  now: number,
  reason: 'provider_rejected' | 'provider_unknown_outcome' | 'connector_removed',
  errorCode?: string,
): Outcome {
  // a refusal after a try that was never answered may be of a duplicate: the handset may have it
  const why = reason === 'provider_unknown_outcome' || answers.some(mayBeTaken) ? 'unknown' : 'refused';
  if (mayGoOn(event, why, answers, now)) return done(returned(event, answers, now, why, reason, errorCode));
  // a connector that is gone cannot send either
  if (reason === 'connector_removed' && mayGoOn(event, 'unavailable', answers, now))
    return done(returned(event, answers, now, 'unavailable', reason, errorCode));
  return fail(event, now, reason, errorCode, answers);
}

const policies = {
  refused: 'refused',
  unknown: 'unknownOutcome',
  unavailable: 'unavailableMs',
} as const satisfies Partial<Record<ReturnReason, string>>;

/** Its rule lets it go on, for this reason, and its time is not over. What may be out in whole only where the rule says `unknownOutcome`. */
function mayGoOn(
  { message, attempt = 1, cascade }: Routed,
  why: keyof typeof policies,
  answers: readonly (Answer | undefined)[],
  now: number,
): boolean {
  if (!cascade || attempt >= cascade.attemptsMax || isExpired(message, now)) return false;
  if (why === 'unavailable' && (isBegun(answers) || answers.some(mayBeTaken))) return false;
  return cascade[policies[why]] !== undefined;
}

function returned(
  event: Routed,
  answers: readonly (Answer | undefined)[],
  at: number,
  why: ReturnReason,
  reason: keyof typeof stateOf,
  errorCode?: string,
): MessageReturned {
  const taken = answers.filter((answer) => answer?.kind === 'accepted' || mayBeTaken(answer)).length;
  return {
    type: 'message.returned',
    at,
    by: event.connector,
    why,
    ...attemptOf(event, taken, answers.length),
    ending: endingOf(event, reason, errorCode),
    ...neverAnswered(answers),
  };
}

/** Of the segment that was submitted most often without an answer. */
function neverAnswered(answers: readonly (Answer | undefined)[]): { unanswered?: number } {
  const unanswered = Math.max(0, ...answers.map(unansweredOf));
  return unanswered > 0 ? { unanswered } : {};
}

/** `taken` of so many segments may cost something here. */
function attemptOf(event: Routed, taken: number, segments: number): Attempt {
  const { message, connector, route, attempt = 1, tried = [], cascade = { attemptsMax: 1 } } = event;
  const here = taken > 0 && event.buyMicroCredits !== undefined ? shareOf(BigInt(event.buyMicroCredits), taken, segments) : 0n;
  const spent = BigInt(event.spentMicroCredits ?? 0) + here;
  return {
    message,
    route,
    attempt,
    tried: [...tried, connector],
    cascade,
    ...(spent > 0n ? { spentMicroCredits: String(spent) } : {}),
    ...(event.unreported ? { unreported: true } : {}),
  };
}

/** Rounded up. */
function shareOf(amount: bigint, part: number, whole: number): bigint {
  return (amount * BigInt(part) + BigInt(whole) - 1n) / BigInt(whole);
}

function sent(event: Routed, answers: readonly Answer[], { connector, group, ids }: DeliveryFacts, at: number) {
  const { message, attempt = 1, cascade } = event;
  const providerIds = answers.flatMap(({ providerId }) => (providerId ? [comparableId(providerId, 'respIdForm', ids)] : []));
  const made = { type: 'message.sent', at, message: headOf(message), connector, group, providerIds, ...neverAnswered(answers) } as const;
  const goesOn = cascade !== undefined && attempt < cascade.attemptsMax && (cascade.undelivered || cascade.noReceiptMs !== undefined);
  if (attempt === 1 && !goesOn) return made;
  return { ...made, ...(attempt > 1 ? { attempt } : {}), ...(goesOn ? { again: attemptOf(event, 1, 1) } : {}) };
}

const stateOf = {
  provider_rejected: 'rejected',
  provider_unknown_outcome: 'failed',
  expired: 'expired',
  connector_removed: 'failed',
  unroutable: 'rejected',
  opted_out: 'rejected',
  cancelled: 'cancelled',
} as const satisfies Partial<Record<FailureReason, MessageFailed['state']>>;

export function fail(
  event: Routed,
  at: number,
  reason: keyof typeof stateOf,
  errorCode?: string,
  answers: readonly (Answer | undefined)[] = [],
): Outcome {
  const { message, connector } = event;
  const ending = endingOf(event, reason, errorCode);
  return done({ type: 'message.failed', at, message: headOf(message), by: connector, ...ending, ...neverAnswered(answers) });
}

/** A provider that had it before and never said what became of it may have delivered it: then that is all that can be said. */
function endingOf({ unreported }: Routed, reason: keyof typeof stateOf, errorCode?: string): MessageReturned['ending'] {
  const code = errorCode === undefined ? {} : { errorCode };
  return unreported ? { state: 'no_report', reason: 'no_report', ...code } : { state: stateOf[reason], reason, ...code };
}
