import { done, headOf, type MessageDue, type MessageSubmitted, type Outcome } from '@heliograph/message';
import type { Snapshot } from '@heliograph/registry';

/**
 * Which connector takes the message: the longest prefix that fits. A route may have gone since the message was accepted.
 *
 * A message with a time waits for it first, even when the time has passed meanwhile: it may be waiting already, or have come due, as this
 * event may have been handled before; only the queue can tell, by not letting it come due again.
 */
export function route(event: MessageSubmitted | MessageDue, snapshot: Pick<Snapshot, 'routes'>, nowMs: number): Outcome {
  const { message } = event;
  if (event.type === 'message.submitted' && message.sendAtMs !== undefined) {
    const { sendAtMs } = message;
    return done(
      { type: 'message.due', at: nowMs, message, dueAtMs: sendAtMs },
      { type: 'message.scheduled', at: nowMs, message: headOf(message), sendAtMs },
    );
  }
  if (message.validUntilMs <= nowMs) {
    return done({ type: 'message.failed', at: nowMs, message: headOf(message), by: 'router', state: 'expired', reason: 'expired' });
  }
  const found = snapshot.routes.longest(message.to.slice(1));
  if (!found)
    return done({ type: 'message.failed', at: nowMs, message: headOf(message), by: 'router', state: 'rejected', reason: 'unroutable' });
  return done({ type: 'message.routed', at: nowMs, message, connector: found.connectorId, route: found.id });
}
