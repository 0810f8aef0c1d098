import type { HeliographEvent, Outcome } from '@heliograph/message';
import { recordSpan, type Log } from '@heliograph/service';
import type { ConnectorMetrics, MessageOutcome } from '../metrics.ts';
import type { WantedConnector } from '../plan.ts';
import type { Answer } from './answer.ts';
import { deliver, type DeliveryFacts } from './deliver.ts';
import type { Job, PutOff } from './job.ts';
import { retriesOf } from './retry.ts';

export interface OutcomesOptions {
  readonly connector: WantedConnector;
  readonly putOff: PutOff;
  readonly metrics: Pick<ConnectorMetrics, 'messages'>;
  readonly log: Log;
  readonly now: () => number;
}

/** What comes of messages: told to who handed them over, counted, logged and traced. What is put off is kept until it comes again. */
export interface Outcomes {
  /** Of one whose every segment has settled. */
  of(job: Job, at: number): Outcome;
  conclude(job: Job, outcome: Outcome): void;
  /** It comes again: what is known of it, if it was put off. */
  resume(key: string): Job | undefined;
  /** Put off here, and not come again yet. */
  readonly delayed: number;
}

export function createOutcomes({ connector, putOff, metrics, log, now }: OutcomesOptions): Outcomes {
  const { settings } = connector;
  const facts: Omit<DeliveryFacts, 'tries' | 'firstTriedAtMs'> = {
    connector: connector.id,
    group: connector.group,
    ids: settings,
    unknownOutcome: settings.unknownOutcome,
    retries: retriesOf(settings.retries),
  };
  const delayed = new Set<string>();

  function conclude(job: Job, outcome: Outcome): void {
    if (outcome.kind === 'later') {
      job.tries++;
      delayed.add(job.key);
      putOff.set(job.key, job);
    }
    const name = nameOf(outcome);
    metrics.messages[name].add();
    if (log.isLevelEnabled('debug')) log.debug({ messageId: job.event.message.id, outcome: name, tries: job.tries }, 'deliver');
    job.resolve(job.event.message.traceparent === undefined ? outcome : traced(job, outcome, name));
  }

  /** The events made of a sampled message carry this stage's span as their parent. */
  function traced({ event: { message }, beganAtMs }: Job, outcome: Outcome, name: MessageOutcome): Outcome {
    const traceparent = recordSpan('deliver', {
      traceparent: message.traceparent as string,
      startMs: beganAtMs,
      endMs: now(),
      attributes: { connector: connector.id, outcome: name, messageId: message.id },
      ...(name === 'sent' || name === 'later' ? {} : { failure: name }),
    });
    return outcome.kind === 'done' ? { kind: 'done', events: outcome.events.map((made) => withTraceparent(made, traceparent)) } : outcome;
  }

  return {
    of: ({ event, answers, tries, firstTriedAtMs }, at) =>
      deliver(event, answers as Answer[], { ...facts, tries: tries + 1, firstTriedAtMs: firstTriedAtMs ?? at }, at),
    conclude,
    resume(key) {
      const job = putOff.get(key);
      putOff.delete(key);
      delayed.delete(key);
      return job;
    },
    get delayed() {
      return delayed.size;
    },
  };
}

function nameOf(outcome: Outcome): MessageOutcome {
  if (outcome.kind !== 'done') return 'later';
  const [event] = outcome.events;
  if (event?.type === 'message.returned') return 'returned';
  return event?.type === 'message.failed' ? event.state : 'sent';
}

function withTraceparent(event: HeliographEvent, traceparent: string): HeliographEvent {
  if (event.type === 'message.returned') return { ...event, message: { ...event.message, traceparent } };
  if (event.type !== 'message.sent' && event.type !== 'message.failed') return event;
  return { ...event, message: { ...event.message, traceparent } };
}
