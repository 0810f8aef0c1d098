import { done, headOf, type Cascade, type MessageFailed, type MessageReturned, type Outcome, type ReturnReason } from '@heliograph/message';
import type { Again, RouteChoice } from '@heliograph/routing';
import { queryOf, routedBy, type RouteFacts } from './route.ts';

/**
 * What becomes of a message that came back from a connector, or whose receipt did not say that it was delivered: the next target of its rule that it was not
 * at yet, under the policy it had from the beginning. Without one it ends as that attempt did. Where it may be out already, that is also how
 * it ends when it was cancelled meanwhile or its time is over: a late receipt may then still tell.
 */
export function routeAgain(event: MessageReturned, facts: RouteFacts, nowMs: number): Outcome {
  const { message, why, attempt, tried, cascade, ending } = event;
  const fail = (how: Ending): Outcome => done({ type: 'message.failed', at: nowMs, message: headOf(message), by: 'router', ...how });
  const isOut = mayBeOut[why] || event.unreported === true;
  if (facts.cancelled.has(message.id)) return fail(isOut ? ending : { state: 'cancelled', reason: 'cancelled' });
  if (message.validUntilMs <= nowMs) return fail(isOut ? ending : { state: 'expired', reason: 'expired' });
  const decide = (not: readonly string[]): RouteChoice | undefined => {
    const found = facts.routes.decide(queryOf(message, nowMs, againOf(event, not)), facts.about);
    return found.ok ? found : undefined;
  };
  const next = attempt < cascade.attemptsMax ? decide(tried) : undefined;
  if (next) return routed(event, next, { attempt: attempt + 1, tried, cascade }, facts, nowMs);
  // nothing of it went out: where it could not be sent then, it may be later
  const before = tried.slice(0, -1);
  const same = why === 'unavailable' ? decide(before) : undefined;
  if (!same || same.connector !== tried.at(-1)) return fail(ending);
  const { unavailableMs: _, ...others } = cascade;
  return routed(event, same, { attempt, tried: before, cascade: others }, facts, nowMs);
}

type Ending = Pick<MessageFailed, 'state' | 'reason' | 'errorCode'>;

const mayBeOut: Readonly<Record<ReturnReason, boolean>> = {
  refused: false,
  unavailable: false,
  unknown: true,
  undelivered: true,
  no_receipt: true,
};

function againOf({ route, cascade, spentMicroCredits = '0' }: MessageReturned, tried: readonly string[]): Again {
  const { costMaxMicroCredits: max } = cascade;
  return {
    rule: route,
    tried,
    spentMicroCredits: BigInt(spentMicroCredits),
    ...(max === undefined ? {} : { costMaxMicroCredits: BigInt(max) }),
  };
}

interface Step {
  readonly attempt: number;
  readonly tried: readonly string[];
  readonly cascade: Cascade;
}

function routed(
  { message, spentMicroCredits, why, unreported }: MessageReturned,
  choice: RouteChoice,
  step: Step,
  facts: RouteFacts,
  nowMs: number,
): Outcome {
  const { attempt, tried, cascade } = step;
  return done({
    type: 'message.routed',
    at: nowMs,
    message,
    ...routedBy(choice, message, facts, nowMs),
    ...(attempt > 1 ? { attempt } : {}),
    ...(tried.length > 0 ? { tried } : {}),
    ...(spentMicroCredits === undefined ? {} : { spentMicroCredits }),
    ...(unreported || why === 'no_receipt' ? { unreported: true } : {}),
    cascade,
  });
}
