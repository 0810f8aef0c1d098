import { routeFactsSubject, type RouteFactsAnswer } from '@heliograph/message';
import { routeFactsOf, type Snapshot } from '@heliograph/registry';
import type { RouteFacts } from '@heliograph/routing';
import type { Asking } from '../../http/ask.ts';

/** The router has it in memory; without it the answer is only less exact. */
const askTimeoutMs = 1_000;

/** What the router knows of connectors now; undefined: nobody answers. */
export function askFacts(asking: Asking): Promise<RouteFactsAnswer | undefined> {
  return asking.ask<RouteFactsAnswer>(routeFactsSubject, {}, askTimeoutMs);
}

/** A connector of which nothing is known counts as available. */
export function factsOf(snapshot: Snapshot, { connectors }: RouteFactsAnswer = { connectors: {} }): RouteFacts {
  return routeFactsOf(snapshot, {
    available: (id) => connectors[id]?.available ?? true,
    quality: (id) => connectors[id]?.quality,
  });
}
