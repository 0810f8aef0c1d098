import { flow, type HeliographEvent, type Outcome, type RouteFactsAnswer, routeFactsSubject, type TakenBy } from '@heliograph/message';
import type { Delivery, Marks, Queue } from '@heliograph/queue';
import { routeFactsOf, type RegistryWatch } from '@heliograph/registry';
import { counter, recordSpan } from '@heliograph/service';
import { createConnectorFacts } from './connector-facts.ts';
import { createNeighbours } from './neighbours.ts';
import { routeAgain } from './route-again.ts';
import { route } from './route.ts';

const routed = counter('heliograph_router_messages_total', 'Messages by what the router gave');

/** Messages in work at once: enough to fill records, small enough to give back quickly. */
const eventsInFlightMax = 4_000;

export interface RoutingOptions {
  readonly queue: Queue;
  /** This service, as one of several that answer questions. */
  readonly name: string;
  readonly registry: RegistryWatch;
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Marks;
}

export interface Routing {
  stop(graceMs: number): Promise<void>;
}

/** Stage `route`: what was accepted, what came due and what comes back. */
export async function startRouting({ queue, name, registry, cancelled }: RoutingOptions): Promise<Routing> {
  const connectorFacts = createConnectorFacts({ queue });
  const neighbours = createNeighbours({ queue });
  await queue.answer(routeFactsSubject, name, (): RouteFactsAnswer => ({ connectors: connectorFacts.known() }));

  const handle = (deliveries: readonly Delivery<TakenBy<'route'>>[]): Outcome[] => {
    const now = Date.now();
    const snapshot = registry.current;
    const facts = { routes: snapshot.routes, about: routeFactsOf(snapshot, connectorFacts), cancelled };
    return deliveries.map(({ event }) => {
      const outcome = event.type === 'message.returned' ? routeAgain(event, facts, now) : route(event, facts, now);
      if (outcome.kind !== 'done') return outcome;
      for (const made of outcome.events) {
        count(made);
        if (made.type !== 'message.routed') continue;
        connectorFacts.routed(made.connector);
        neighbours.routed(made.connector, made.message, made.at);
      }
      if (event.message.traceparent) recordSpan('route', { traceparent: event.message.traceparent, startMs: now, endMs: Date.now() });
      return outcome;
    });
  };

  const common = {
    stage: 'route',
    eventsInFlightMax,
    gatherMs: 0,
    onlyWhileOurs: flow.route.gives,
    skipSettled: [
      { stream: 'ROUTED', subjects: ['message.routed.>'] },
      { stream: 'OUTCOMES', subjects: ['message.failed.router', 'message.scheduled.>'] },
    ],
    handle,
  } as const;
  const workers = [
    await queue.workInBatches({ ...common, stream: 'SUBMITTED' }),
    await queue.workInBatches({ ...common, stream: 'SCHEDULED' }),
    await queue.workInBatches({ ...common, stream: 'OUTCOMES' }),
  ];
  return {
    async stop(graceMs) {
      await Promise.all(workers.map((worker) => worker.stop(graceMs)));
      connectorFacts.stop();
      neighbours.stop();
    },
  };
}

const failed = { event: 'message.failed' };
const scheduled = { event: 'message.scheduled' };

function count(made: HeliographEvent): void {
  if (made.type === 'message.routed') routed.add(1, series(made.connector));
  else if (made.type === 'message.failed') routed.add(1, failed);
  else if (made.type === 'message.scheduled') routed.add(1, scheduled);
}

const byConnector = new Map<string, { event: string; connector: string }>();

/** Attributes are remembered by identity: one object for each connector. */
function series(connector: string): { event: string; connector: string } {
  let attributes = byConnector.get(connector);
  if (!attributes) byConnector.set(connector, (attributes = { event: 'message.routed', connector }));
  return attributes;
}
