import { done, headOf, type MessageSubmitted, type Outcome } from '@heliograph/message';
import type { Snapshot } from '@heliograph/registry';

/** Which connector takes the message: the longest prefix that fits. A route may have gone since the message was accepted. */
export function route({ message }: MessageSubmitted, snapshot: Pick<Snapshot, 'routes'>, nowMs: number): Outcome {
  if (message.validUntilMs <= nowMs) {
    return done({ type: 'message.failed', at: nowMs, message: headOf(message), by: 'router', state: 'expired', reason: 'expired' });
  }
  const found = snapshot.routes.longest(message.to.slice(1));
  if (!found)
    return done({ type: 'message.failed', at: nowMs, message: headOf(message), by: 'router', state: 'rejected', reason: 'unroutable' });
  return done({ type: 'message.routed', at: nowMs, message, connector: found.connectorId, route: found.id });
}
