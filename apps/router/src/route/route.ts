import {
  done,
  dueAtMsOf,
  headOf,
  testConnector,
  type Message,
  type MessageDue,
  type MessageFailed,
  type MessageSubmitted,
  type Outcome,
  type Routed,
} from '@heliograph/message';
import type { Marks } from '@heliograph/queue';
import type { Again, RouteChoice, RouteFacts as TableFacts, RouteQuery, RouteTable } from '@heliograph/routing';

export interface RouteFacts {
  readonly routes: RouteTable;
  /** What the table asks about. */
  readonly about: TableFacts;
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Pick<Marks, 'has'>;
}

/**
 * Which connector takes the message, as the route table says now. A route may have gone since the message was accepted.
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
  const found = facts.routes.decide(queryOf(message, nowMs), facts.about);
  if (!found.ok) return fail('rejected', 'unroutable');
  return done({ type: 'message.routed', at: nowMs, message, ...routedBy(found, message, facts, nowMs) });
}

/** `again`: of a message that comes back. */
export function queryOf(message: Message, nowMs: number, again?: Again): RouteQuery {
  const { id, tenant, from, to, class: of, segments, content, charge } = message;
  return {
    messageId: id,
    tenant,
    from,
    digits: to.slice(1),
    class: of,
    segments,
    chargeMicroCredits: BigInt(charge.microCredits),
    nowMs,
    ...(content.kind === 'text' ? { text: content.text } : {}),
    ...(again ? { again } : {}),
  };
}

/** What a choice makes of a message: all of `Routed` that the table knows. */
export function routedBy(
  choice: RouteChoice,
  message: Message,
  { routes, about }: Pick<RouteFacts, 'routes' | 'about'>,
  nowMs: number,
): Omit<Routed, 'message'> {
  const { connector, rule, sender, cascade } = choice;
  const perSegment = about.buyPrice(connector, message.to.slice(1), nowMs);
  return {
    connector,
    route: rule,
    routeVersion: routes.version,
    ...(perSegment === undefined ? {} : { buyMicroCredits: String(perSegment * BigInt(message.segments)) }),
    ...(sender ? { sender } : {}),
    ...(cascade ? { cascade } : {}),
  };
}
