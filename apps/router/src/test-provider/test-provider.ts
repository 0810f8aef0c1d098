import {
  done,
  later,
  testConnector,
  type EventType,
  type HeliographEvent,
  type Outcome,
  type Routed,
  type TakenBy,
} from '@heliograph/message';
import type { Delivery, Marks, Queue, Worker } from '@heliograph/queue';
import { isOptedOut, type OptOuts } from '@heliograph/registry';
import { counter, recordSpan } from '@heliograph/service';
import { deliver, type Delivered } from './deliver.ts';

const events = counter('heliograph_router_test_events_total', 'What was said of test messages, by event');
const said: Partial<Record<EventType, { add(count?: number): void }>> = {
  'message.sent': events.with({ event: 'message.sent' }),
  'message.failed': events.with({ event: 'message.failed' }),
  'receipt.received': events.with({ event: 'receipt.received' }),
};

/** Messages in work at once, those that wait for their next step among them: about 1 kB each. */
const eventsInFlightMax = 10_000;

export interface TestProviderOptions {
  readonly queue: Pick<Queue, 'publish' | 'workInBatches'>;
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Pick<Marks, 'has'>;
  /** Who wants no more messages. */
  readonly optOuts: Pick<OptOuts, 'has'>;
  readonly now?: () => number;
}

/**
 * Plays the provider of test messages: stage `deliver` of what is routed to the connector `test`, and `receive` of its receipts. How far a message
 * is, is kept in memory only: after a crash its steps are taken again, and whoever reads their events takes the same twice for once.
 */
export function startTestProvider({ queue, ...options }: TestProviderOptions): Promise<Worker> {
  return queue.workInBatches({
    stage: 'deliver',
    stream: 'ROUTED',
    share: testConnector,
    subjects: [`message.routed.${testConnector}.>`],
    eventsInFlightMax,
    gatherMs: 0,
    handle: createTestProvider({ publish: queue.publish, ...options }),
  });
}

interface Decided {
  readonly delivery: Delivery<TakenBy<'deliver'>>;
  readonly made: Delivered;
}

export function createTestProvider({
  publish,
  cancelled,
  optOuts,
  now = Date.now,
}: Omit<TestProviderOptions, 'queue'> & Pick<Queue, 'publish'>): (
  deliveries: readonly Delivery<TakenBy<'deliver'>>[],
) => Promise<Outcome[]> {
  /** Of messages that are under way, by record and id. */
  const stepsTaken = new Map<string, number>();

  function decide(delivery: Delivery<TakenBy<'deliver'>>, at: number): Decided {
    const { event } = delivery;
    const facts = {
      stepsTaken: stepsTaken.get(keyOf(delivery)) ?? 0,
      cancelled: cancelled.has(event.message.id),
      optedOut: isOptedOut(optOuts, event),
    };
    return { delivery, made: deliver(event, facts, at) };
  }

  /** What is not the last of a message cannot wait for its outcome. A stream that does not take it makes the worker try the batch again. */
  async function sayFirst({ delivery: { record }, made }: Decided): Promise<void> {
    const cause = { stream: record.stream, seq: record.seq };
    if (made.nextAtMs !== undefined) await Promise.all(made.events.map((event) => publish({ ...event, cause })));
  }

  function conclude({ delivery, made: { events, nextAtMs, stepsTaken: taken } }: Decided): Outcome {
    for (const { type } of events) said[type]?.add();
    if (nextAtMs !== undefined) {
      if (taken > 0) stepsTaken.set(keyOf(delivery), taken);
      return later(nextAtMs, 'test');
    }
    stepsTaken.delete(keyOf(delivery));
    return done(...events);
  }

  return async (deliveries) => {
    const at = now();
    const decided = deliveries.map((delivery) => decide(delivery, at));
    await Promise.all(decided.map(sayFirst));
    for (const { delivery, made } of decided) if (isSent(made.events)) span(delivery.event, at);
    return decided.map(conclude);
  };
}

function keyOf({ event, record }: Delivery<TakenBy<'deliver'>>): string {
  return `${record.seq} ${event.message.id}`;
}

function isSent(events: readonly HeliographEvent[]): boolean {
  return events.some(({ type }) => type === 'message.sent');
}

function span({ message: { traceparent } }: Routed, startMs: number): void {
  if (traceparent) recordSpan('deliver', { traceparent, startMs, endMs: Date.now(), attributes: { connector: testConnector } });
}
