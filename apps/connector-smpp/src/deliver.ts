import { done, headOf, later, type FailureReason, type Message, type MessageFailed, type Outcome } from '@heliograph/message';
import { errorCodeOf, type Answer } from './answer.ts';
import { comparableId, type ProviderIds } from './provider-id.ts';

/** What the decision needs to know beside the answers. */
export interface DeliveryFacts {
  readonly connector: string;
  readonly group: string;
  readonly ids: ProviderIds;
  /** What to do about a segment that was never answered. */
  readonly unknownOutcome: 'resend' | 'fail';
  /** Tries that came to nothing, this one included: 1 or more. */
  readonly tries: number;
}

const retryDelayMsMin = 1_000;
const retryDelayMsMax = 60_000;
/** A timer may fire a millisecond early: a message that comes back before its time is over would be sent once more, for nothing. */
const timerSlackMs = 5;

/**
 * The outcome of a message whose every segment has settled. `later` at once (at `now`) means that nothing was refused: what remains was not
 * written, and another bind may take it. One refused segment fails the message: half of it is of no use.
 */
export function deliver(message: Message, answers: readonly Answer[], facts: DeliveryFacts, now: number): Outcome {
  const refused = answers.find(({ kind }) => kind === 'permanent' || kind === 'unsendable');
  if (refused) return fail(message, facts, now, 'provider_rejected', errorCodeOf(refused) ?? 'unsendable');
  if (answers.every(({ kind }) => kind === 'accepted')) return done(sent(message, answers, facts, now));
  if (facts.unknownOutcome === 'fail' && answers.some(({ kind }) => kind === 'unknown'))
    return fail(message, facts, now, 'provider_unknown_outcome');
  const putOff = answers.find(({ kind }) => kind !== 'accepted' && kind !== 'unsent');
  if (!putOff) return later(now, 'unsent');
  return later(Math.min(now + retryDelayMs(facts.tries), message.validUntilMs + timerSlackMs), putOff.kind);
}

/** The outcome of a message whose time is over: it may be out all the same when a segment was never answered, and that is said. */
export function expire(
  message: Message,
  answers: readonly (Answer | undefined)[],
  facts: Pick<DeliveryFacts, 'connector'>,
  now: number,
): Outcome {
  if (answers.some((answer) => answer?.kind === 'unknown')) return fail(message, facts, now, 'provider_unknown_outcome');
  const last = answers.find((answer) => answer !== undefined && answer.kind !== 'accepted');
  return fail(message, facts, now, 'expired', last && errorCodeOf(last));
}

/** Some of it may be with the provider: it can no longer be cancelled. */
export function isBegun(answers: readonly (Answer | undefined)[]): boolean {
  return answers.some((answer) => answer?.kind === 'accepted' || answer?.kind === 'unknown');
}

export function isExpired({ validUntilMs }: Message, now: number): boolean {
  return now >= validUntilMs;
}

/** 1 s doubling to 60 s. */
export function retryDelayMs(tries: number): number {
  return Math.min(retryDelayMsMin * 2 ** (tries - 1), retryDelayMsMax);
}

function sent(message: Message, answers: readonly Answer[], { connector, group, ids }: DeliveryFacts, at: number) {
  const providerIds = answers.flatMap(({ providerId }) => (providerId ? [comparableId(providerId, 'respIdForm', ids)] : []));
  return { type: 'message.sent', at, message: headOf(message), connector, group, providerIds } as const;
}

const stateOf = {
  provider_rejected: 'rejected',
  provider_unknown_outcome: 'failed',
  expired: 'expired',
  connector_removed: 'failed',
  cancelled: 'cancelled',
} as const satisfies Partial<Record<FailureReason, MessageFailed['state']>>;

export function fail(
  message: Message,
  { connector }: { connector: string },
  at: number,
  reason: keyof typeof stateOf,
  errorCode?: string,
): Outcome {
  const event = { type: 'message.failed', at, message: headOf(message), by: connector, state: stateOf[reason], reason } as const;
  return done(errorCode === undefined ? event : { ...event, errorCode });
}
