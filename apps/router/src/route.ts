import { done, headOf, testConnector, type MessageDue, type MessageFailed, type MessageSubmitted, type Outcome } from '@heliograph/message';
import type { Marks } from '@heliograph/queue';
import type { Snapshot } from '@heliograph/registry';

export interface RouteFacts {
  readonly snapshot: Pick<Snapshot, 'routes'>;
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Pick<Marks, 'has'>;
}

/**
 * Which connector takes the message: the longest prefix that fits. A route may have gone since the message was accepted.
 *
 * A message with a time waits for it first, even when the time has passed meanwhile: it may be waiting already, or have come due, as this
 * event may have been handled before; only the queue can tell, by not letting it come due again.
 */
export function route(event: MessageSubmitted | MessageDue, facts: RouteFacts, nowMs: number): Outcome {
  const { message } = event;
  const fail = (state: 'cancelled' | 'expired' | 'rejected', reason: MessageFailed['reason']): Outcome =>
    done({ type: 'message.failed', at: nowMs, message: headOf(message), by: 'router', state, reason });
  if (event.type === 'message.submitted' && message.sendAtMs !== undefined) {
    const { sendAtMs } = message;
    return done(
      { type: 'message.due', at: nowMs, message, dueAtMs: sendAtMs },
      { type: 'message.scheduled', at: nowMs, message: headOf(message), sendAtMs },
    );
  }
  // Others are ended by their connector, which knows whether it has begun.
  if (event.type === 'message.due' && facts.cancelled.has(message.id)) return fail('cancelled', 'cancelled');
  if (message.validUntilMs <= nowMs) return fail('expired', 'expired');
  if (message.test) return done({ type: 'message.routed', at: nowMs, message, connector: testConnector, route: testConnector });
  const found = facts.snapshot.routes.longest(message.to.slice(1));
  if (!found) return fail('rejected', 'unroutable');
  return done({ type: 'message.routed', at: nowMs, message, connector: found.connectorId, route: found.id });
}
