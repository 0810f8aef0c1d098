import {
  derivedId,
  headOf,
  testConnector,
  testStepsOf,
  type HeliographEvent,
  type Message,
  type MessageFailed,
  type MessageRouted,
  type TestStep,
} from '@heliograph/message';

export interface DeliverFacts {
  /** Steps taken before. */
  readonly stepsTaken: number;
  /** Its tenant wants it back. */
  readonly cancelled: boolean;
  /** Its recipient wants no more. */
  readonly optedOut: boolean;
}

/** What is to be said of a message now. Without `nextAtMs` (unix ms) that is all; with it, it is to be looked at again then. */
export interface Delivered {
  readonly events: readonly HeliographEvent[];
  readonly stepsTaken: number;
  readonly nextAtMs?: number;
}

/** While nothing has been said of a message it can be cancelled, and is looked at so often. */
const lookAgainMs = 500;

/**
 * What the provider of test messages does with one: as its number says, from the time at which it was routed. The same events come of it
 * whenever and by whomever it is asked, so that it may be asked again after a crash.
 */
export function deliver(
  { message, at: routedAtMs }: Pick<MessageRouted, 'message' | 'at'>,
  { stepsTaken, cancelled, optedOut }: DeliverFacts,
  nowMs: number,
): Delivered {
  const steps = testStepsOf(message.to);
  const due = steps.slice(stepsTaken).filter(({ afterMs }) => routedAtMs + afterMs <= nowMs);
  if (stepsTaken === 0 && cancelled) return ended(failed(message, { state: 'cancelled', reason: 'cancelled' }, nowMs), steps);
  if (stepsTaken === 0 && message.validUntilMs <= nowMs)
    return ended(failed(message, { state: 'expired', reason: 'expired' }, nowMs), steps);
  if (stepsTaken === 0 && optedOut) return ended(failed(message, { state: 'rejected', reason: 'opted_out' }, nowMs), steps);
  const events = due.flatMap((step, i) => eventsOf(message, step, stepsTaken + i, nowMs));
  const taken = stepsTaken + due.length;
  const next = steps[taken];
  if (!next) return { events, stepsTaken: taken };
  const nextAtMs = routedAtMs + next.afterMs;
  return { events, stepsTaken: taken, nextAtMs: taken > 0 ? nextAtMs : Math.min(nextAtMs, message.validUntilMs, nowMs + lookAgainMs) };
}

function ended(event: HeliographEvent, steps: readonly TestStep[]): Delivered {
  return { events: [event], stepsTaken: steps.length };
}

function eventsOf(message: Message, step: TestStep, index: number, at: number): HeliographEvent[] {
  switch (step.kind) {
    case 'sent':
      return [{ type: 'message.sent', at, message: headOf(message), ...provider, providerIds: providerIdsOf(message) }];
    case 'receipt': {
      const { state, errorCode } = step;
      return providerIdsOf(message).map((providerId, segment) => ({
        type: 'receipt.received',
        at,
        id: derivedId(message.id, index * 256 + segment),
        ...provider,
        providerId,
        state,
        errorCode,
      }));
    }
    case 'failed': {
      const { kind: _kind, afterMs: _afterMs, ...how } = step;
      return [failed(message, how, at)];
    }
  }
}

/** Its receipts are matched among themselves. */
const provider = { connector: testConnector, group: testConnector } as const;

function providerIdsOf({ id, segments }: Message): string[] {
  return Array.from({ length: segments }, (_, i) => `${id}-${i + 1}`);
}

function failed(message: Message, how: Pick<MessageFailed, 'state' | 'reason' | 'errorCode'>, at: number): MessageFailed {
  return { type: 'message.failed', at, message: headOf(message), by: testConnector, ...how };
}
