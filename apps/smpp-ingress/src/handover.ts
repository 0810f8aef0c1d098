import { later, type InboundDue, type Outcome, type ReportDue, type TakenBy } from '@heliograph/message';
import type { Delivery, Queue, Worker } from '@heliograph/queue';
import type { RegistryWatch } from '@heliograph/registry';
import { counter, recordSpan } from '@heliograph/service';
import { afterDelivery } from './after-delivery.ts';
import type { BoundSessions } from './bound-sessions.ts';
import { deliverSmsOf, inboundDelivered } from './notify-inbound.ts';
import { deliverSmOf, reportDelivered } from './notify.ts';

/** Hands reports and handsets' messages to bound sessions: a reader per credential, there only while a session of it can take them. */
export interface Handover {
  /** A session of this credential was bound or has ended. */
  changed(credential: string): void;
  stop(): Promise<void>;
}

const outcomes = { done: { outcome: 'delivered' }, later: { outcome: 'later' }, never: { outcome: 'refused' } } as const;
const handed = {
  'report.due': counter('heliograph_smpp_ingress_reports_total', 'Reports handed to SMPP clients, by outcome'),
  'inbound.due': counter('heliograph_smpp_ingress_inbound_total', "Handsets' messages handed to SMPP clients, by outcome"),
};

/** What of one credential is in work at once: a few windows, so that a session never waits for the stream. */
const eventsInFlightMax = 200;
/** Full windows are looked at again after this. */
const fullWindowMs = 20;

export function createHandover({
  queue,
  registry,
  sessions,
  log,
}: {
  queue: Queue;
  registry: Pick<RegistryWatch, 'current'>;
  sessions: BoundSessions;
  log: { error(fields: object, text: string): void };
}): Handover {
  const workers = new Map<string, Promise<Worker>>();
  const closing = new Set<Promise<void>>();
  const attempts = new WeakMap<object, number>();
  let stopping = false;

  async function handle(delivery: Delivery<TakenBy<'notify'>>): Promise<Outcome> {
    const due = delivery.event;
    const session = sessions.nextReceiver(credentialOf(due));
    if (!session) return later(Date.now() + fullWindowMs, 'no window is free');
    const { pdus, what, delivered, traceparent } = due.type === 'report.due' ? ofReport(due) : ofInbound(due);
    const attempt = (attempts.get(delivery) ?? 0) + 1;
    const startMs = Date.now();
    // all parts on one session, in order; those that its window has no room for wait in it
    const answers = await Promise.all(pdus.map((pdu) => session.request(pdu)));
    const nowMs = Date.now();
    const outcome = afterDelivery({ what, answers, attempt, nowMs, delivered: delivered(attempt, nowMs) });
    // those that are handed over at once, nearly all, need not be remembered: weak keys are dear to the garbage collector
    if (outcome.kind === 'later') attempts.set(delivery, attempt);
    handed[due.type].add(1, outcomes[outcome.kind]);
    if (traceparent) recordSpan('notify', { traceparent, startMs, endMs: nowMs, attributes: { attempt, outcome: outcome.kind } });
    return outcome;
  }

  function ofReport(due: ReportDue) {
    return {
      what: 'report' as const,
      pdus: [deliverSmOf(due)],
      delivered: (attempt: number, nowMs: number) => reportDelivered(due, attempt, nowMs),
      traceparent: due.message.traceparent,
    };
  }

  function ofInbound(due: InboundDue) {
    return {
      what: 'message' as const,
      pdus: deliverSmsOf(due, registry.current.credentials.get(due.credential)?.defaultAlphabet ?? 'gsm'),
      delivered: (attempt: number, nowMs: number) => inboundDelivered(due, attempt, nowMs),
      traceparent: undefined,
    };
  }

  function open(credential: string): Promise<Worker> {
    return queue.workEach({
      stage: 'notify',
      stream: 'NOTIFY',
      share: credential,
      subjects: [`report.due.smpp.${credential}`, `inbound.due.smpp.${credential}`],
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
          log.error({ err }, "reports and handsets' messages cannot be read");
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

function credentialOf(due: TakenBy<'notify'>): string {
  return due.type === 'report.due' ? due.message.credential : due.credential;
}
