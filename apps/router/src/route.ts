import {
  done,
  dueAtMsOf,
  headOf,
  testConnector,
  type MessageDue,
  type MessageFailed,
  type MessageSubmitted,
  type Outcome,
} from '@heliograph/message';
import type { Marks } from '@heliograph/queue';
import type { Snapshot } from '@heliograph/registry';

export interface RouteFacts {
  readonly snapshot: Pick<Snapshot, 'routes' | 'buyPrice'>;
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Pick<Marks, 'has'>;
}

/**
 * Which connector takes the message: the longest prefix that fits. A route may have gone since the message was accepted.
 *
 * A message that is held waits until it is released, which takes `held` from it; one that comes due with it was cancelled or its validity ended.
 *
 * A message with a time waits for it first, even when the time has passed meanwhile: it may be waiting already, or have come due, as this
 * event may have been handled before; only the queue can tell, by not letting it come due again.
 */
export function route(event: MessageSubmitted | MessageDue, facts: RouteFacts, nowMs: number): Outcome {
  const { message } = event;
  const fail = (state: 'cancelled' | 'expired' | 'rejected', reason: MessageFailed['reason']): Outcome =>
    done({ type: 'message.failed', at: nowMs, message: headOf(message), by: 'router', state, reason });
  const dueAtMs = dueAtMsOf(message);
  if (event.type === 'message.submitted' && dueAtMs !== undefined) {
    return done(
      { type: 'message.due', at: nowMs, message, dueAtMs },
      { type: 'message.scheduled', at: nowMs, message: headOf(message), sendAtMs: dueAtMs },
    );
  }
  // Others are ended by their connector, which knows whether it has begun.
  if (event.type === 'message.due' && facts.cancelled.has(message.id)) return fail('cancelled', 'cancelled');
  // by the time it was put to wait for, not by a clock: the stream may hand it out a moment early
  if (event.type === 'message.due' && message.held !== undefined)
    return event.dueAtMs < message.validUntilMs ? fail('cancelled', 'cancelled') : fail('expired', 'expired');
  if (message.validUntilMs <= nowMs) return fail('expired', 'expired');
  if (message.test) return done({ type: 'message.routed', at: nowMs, message, connector: testConnector, route: testConnector });
  const digits = message.to.slice(1);
  const found = facts.snapshot.routes.longest(digits);
  if (!found) return fail('rejected', 'unroutable');
  const { connectorId: connector, id } = found;
  const perSegment = facts.snapshot.buyPrice(connector, digits, nowMs);
  const cost = perSegment === undefined ? {} : { buyMicroCredits: String(perSegment * BigInt(message.segments)) };
  return done({ type: 'message.routed', at: nowMs, message, connector, route: id, ...cost });
}
