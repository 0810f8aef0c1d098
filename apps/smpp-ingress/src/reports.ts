import { later, type Outcome, type ReportDue } from '@heliograph/message';
import type { Delivery, Queue, Worker } from '@heliograph/queue';
import { counter, recordSpan } from '@heliograph/service';
import type { BoundSessions } from './bound-sessions.ts';
import { afterDelivery, deliverSmOf } from './notify.ts';

/** Hands reports to bound sessions: a reader per credential, there only while a session of it can take them. */
export interface Reports {
  /** A session of this credential was bound or has ended. */
  changed(credential: string): void;
  stop(): Promise<void>;
}

const handed = counter('heliograph_smpp_ingress_reports_total', 'Reports handed to SMPP clients, by outcome');
const outcomes = { done: { outcome: 'delivered' }, later: { outcome: 'later' }, never: { outcome: 'refused' } } as const;

/** Reports of one credential in work at once: a few windows, so that a session never waits for the stream. */
const eventsInFlightMax = 200;
/** Full windows are looked at again after this. */
const fullWindowMs = 20;

export function createReports({
  queue,
  sessions,
  log,
}: {
  queue: Queue;
  sessions: BoundSessions;
  log: { error(fields: object, text: string): void };
}): Reports {
  const workers = new Map<string, Promise<Worker>>();
  const closing = new Set<Promise<void>>();
  const attempts = new WeakMap<object, number>();
  let stopping = false;

  async function handle(delivery: Delivery<ReportDue>): Promise<Outcome> {
    const report = delivery.event;
    const session = sessions.nextReceiver(report.message.credential);
    if (!session) return later(Date.now() + fullWindowMs, 'no window is free');
    const attempt = (attempts.get(delivery) ?? 0) + 1;
    attempts.set(delivery, attempt);
    const startMs = Date.now();
    const answer = await session.request(deliverSmOf(report));
    const outcome = afterDelivery(report, answer, attempt, Date.now());
    handed.add(1, outcomes[outcome.kind]);
    const { traceparent } = report.message;
    if (traceparent) recordSpan('notify', { traceparent, startMs, endMs: Date.now(), attributes: { attempt, outcome: outcome.kind } });
    return outcome;
  }

  function open(credential: string): Promise<Worker> {
    return queue.workEach({
      stage: 'notify',
      stream: 'NOTIFY',
      share: credential,
      subjects: [`report.due.smpp.${credential}`],
      eventsInFlightMax,
      handle,
    });
  }

  function close(credential: string, worker: Promise<Worker>, graceMs: number): void {
    workers.delete(credential);
    const closed = worker.then(
      (one) => one.stop(graceMs),
      // it never opened, which has been logged
      () => {},
    );
    closing.add(closed);
    void closed.finally(() => closing.delete(closed));
  }

  return {
    changed(credential) {
      const worker = workers.get(credential);
      const wanted = !stopping && sessions.hasReceiver(credential);
      if (wanted && !worker) {
        const opening = open(credential);
        workers.set(credential, opening);
        opening.catch((err: unknown) => {
          workers.delete(credential);
          log.error({ err }, 'reports cannot be read');
        });
      }
      // nobody is left to answer: give the records back at once, for another ingress or a later bind
      if (!wanted && worker) close(credential, worker, 0);
    },
    async stop() {
      stopping = true;
      for (const [credential, worker] of workers) close(credential, worker, 2_000);
      // a session that ended a moment ago may have a reader that is only just opening
      await Promise.all(closing);
    },
  };
}
