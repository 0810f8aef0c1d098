import { cancelledMarks, type HeliographEvent, type Outcome, type TakenBy } from '@heliograph/message';
import { openQueue, type Delivery } from '@heliograph/queue';
import { watchRegistry } from '@heliograph/registry';
import { counter, gauge, recordSpan, type Running, type ServiceContext } from '@heliograph/service';
import type { config } from './config.ts';
import { route } from './route.ts';
import { startTestProvider } from './test-provider.ts';

const routed = counter('heliograph_router_messages_total', 'Messages by what the router gave');

/** Messages in work at once: enough to fill records, small enough to give back quickly. */
const eventsInFlightMax = 4_000;

export async function start({ name, config: settings, log }: ServiceContext<typeof config>): Promise<Running> {
  const queue = await openQueue({ url: settings.NATS_URL, name, log });
  const registry = await watchRegistry({ databaseUrl: settings.DATABASE_URL, listen: queue.listen, log });
  const cancelled = await queue.marks(cancelledMarks);
  const handle = (deliveries: readonly Delivery<TakenBy<'route'>>[]): Outcome[] => {
    const now = Date.now();
    return deliveries.map(({ event }) => {
      const outcome = route(event, { snapshot: registry.current, cancelled }, now);
      if (outcome.kind !== 'done') return outcome;
      for (const made of outcome.events) count(made);
      if (event.message.traceparent) recordSpan('route', { traceparent: event.message.traceparent, startMs: now, endMs: Date.now() });
      return outcome;
    });
  };
  const common = {
    stage: 'route',
    eventsInFlightMax,
    gatherMs: 0,
    skipSettled: [
      { stream: 'ROUTED', subjects: ['message.routed.>'] },
      { stream: 'OUTCOMES', subjects: ['message.failed.router', 'message.scheduled.>'] },
    ],
    handle,
  } as const;
  const workers = [
    await queue.workInBatches({ ...common, stream: 'SUBMITTED' }),
    await queue.workInBatches({ ...common, stream: 'SCHEDULED' }),
  ];
  const testProvider = await startTestProvider({ queue, cancelled });
  gauge('heliograph_registry_stale_seconds', 'time since the registry was last seen', () => registry.staleMs / 1000);
  return {
    checks: { nats: () => queue.connected },
    async stop() {
      // test messages that wait for their next step go to another process at once
      await Promise.all([...workers.map((worker) => worker.stop(5_000)), testProvider.stop(0)]);
      await queue.close();
      await registry.stop();
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
