import { setTimeout } from 'node:timers/promises';
import {
  done,
  historySubjects,
  never,
  streamOf,
  flow,
  reportsWritten,
  type ChargedQuestion,
  type EraseQuestion,
  type EventsQuestion,
  type HeldQuestion,
  type InboundListQuestion,
  type InboundQuestion,
  type KnownQuestion,
  type MarginsQuestion,
  type RecordedQuestion,
  type RefundableQuestion,
  type QualityQuestion,
  qualitySubject,
  type ReportedQuestion,
  type ReportsWritten,
  type StatsQuestion,
  type StreamName,
  type MessageQuestion,
  type MessageListQuestion,
  type UsageQuestion,
  type UnendedQuestion,
  subjectIdOf,
} from '@heliograph/message';
import { createSiblings, openQueue, type Delivery, type Worker } from '@heliograph/queue';
import { counter, histogram, type Running, type ServiceContext } from '@heliograph/service';
import { isDataError } from '@heliograph/sqlstate';
import { createAnswers } from './answer.ts';
import type { config as configSchema } from './config.ts';
import { createGatherer } from './gatherer.ts';
import { openHistory } from './history.ts';
import { isLoggable, type LoggedEvent, type Row } from './log.ts';
import { readMargins } from './margins.ts';
import { readRecorded } from './recorded.ts';
import { createInboundHandler, listInbound, readInbound } from './inbound.ts';
import { createProgress } from './progress.ts';
import { startPurging } from './purge.ts';
import { createQuality } from './quality.ts';
import { createReconciling } from './reconcile.ts';
import { startTrimming } from './trim.ts';

const name = 'message-log';
/**
 * Each of the four streams' readers holds at most this many: 2,500 messages that are on their way, with four or five events each, in all. Fewer would
 * have to be written before they have run through; more stay in memory while PostgreSQL is away.
 */
const eventsInFlightMax = 12_000;
/** Of all streams together. No more than one reader may hold, so that none stands still because of what is held back. */
const eventsHeldMax = eventsInFlightMax;
/** Longest that a list waits for what is known to be written. */
const freshWithinMs = 200;
/** Rows of one statement: 2 MB of text, 30 ms of PostgreSQL. */
const rowsMax = 2_000;
/** Of the time to drain, what is kept for closing. */
const closingMs = 1_000;
const dayMs = 24 * 3_600_000;

const eventsTotal = counter('heliograph_message_log_events_total', 'Events taken, by event and outcome');
const rowsTotal = counter('heliograph_message_log_rows_total', 'Rows written to the history');
const writeSeconds = histogram(
  'heliograph_message_log_write_seconds',
  'Time to write a batch of rows',
  [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
);

export async function start({ config, log }: ServiceContext<typeof configSchema>): Promise<Running> {
  const history = openHistory(config.DATABASE_URL);
  const queue = await openQueue({ url: config.NATS_URL, name, log });
  const siblings = createSiblings({ queue, app: 'message-log' });
  const gatherer = createGatherer({
    write,
    isPoison: isDataError,
    gatherMs: config.GATHER_MS,
    holdMs: config.HOLD_MS,
    alone: () => siblings.alone,
    rowsMax,
    eventsMax: eventsHeldMax,
    log,
  });
  const progress = createProgress();
  const quality = createQuality({ history, log });

  async function write(rows: readonly Row[]): Promise<void> {
    const startMs = performance.now();
    await history.write(rows);
    rowsTotal.add(rows.length);
    writeSeconds.record((performance.now() - startMs) / 1000);
    const tenants = new Set(rows.flatMap(({ tenant, reports }) => (reports.length > 0 ? [tenant] : [])));
    if (tenants.size > 0) queue.broadcast(reportsWritten, { tenants: [...tenants] } satisfies ReportsWritten);
  }

  async function record({ event, record }: Delivery<LoggedEvent>) {
    if (!isLoggable(event)) return never('not an event of a message');
    const id = subjectIdOf(event);
    if (event.type === 'message.submitted') progress.taken(record.seq);
    const refused = await gatherer.add(event);
    if (event.type === 'message.submitted') progress.written(record.seq);
    if (event.type === 'message.returned') quality.returned(event);
    eventsTotal.add(1, outcomes[event.type][refused === undefined ? 'written' : 'refused']);
    log.debug({ id, event: event.type, refused }, 'logged');
    return refused === undefined ? done() : never(refused);
  }

  /** Nothing is held while all of a stream is waited for. */
  async function caughtUp(stream: StreamName, withinMs: number): Promise<boolean> {
    const stopHurrying = gatherer.hurry();
    return queue.caughtUp({ stage: 'log', stream, withinMs }).finally(stopHurrying);
  }

  async function fresh(tenant?: string): Promise<void> {
    const enough = new AbortController();
    const { signal } = enough;
    await Promise.race([
      gatherer.writtenOf(tenant, tenant === undefined ? config.GATHER_MS : 0),
      setTimeout(freshWithinMs, undefined, { signal }).catch(() => {}),
    ]);
    enough.abort();
  }

  const streams = [...new Set(flow.log.takes.map(streamOf))].filter((stream) => stream !== 'MATCHED');
  const workers = await Promise.all(
    streams.map((stream: StreamName): Promise<Worker> =>
      queue.workEach({ stage: 'log', stream, eventsInFlightMax, handle: (delivery) => record(delivery as Delivery<LoggedEvent>) }),
    ),
  );
  workers.push(
    await queue.workInBatches({
      stage: 'log',
      stream: 'MATCHED',
      eventsInFlightMax,
      gatherMs: config.GATHER_MS,
      isPoison: isDataError,
      handle: createInboundHandler(history),
    }),
  );
  const answers = createAnswers({
    history,
    gatherer,
    fresh,
    progress,
    lastSubmitted: () => queue.lastSeq('SUBMITTED'),
    caughtUp: (withinMs) => caughtUp('SUBMITTED', withinMs),
  });
  const reconciling = createReconciling({ history, caughtUp });
  await Promise.all([
    queue.answer<MessageQuestion>(historySubjects.get, name, answers.get),
    queue.answer<MessageQuestion>(historySubjects.trace, name, answers.trace),
    queue.answer<MessageListQuestion>(historySubjects.list, name, answers.list),
    queue.answer<HeldQuestion>(historySubjects.held, name, answers.held),
    queue.answer<KnownQuestion>(historySubjects.known, name, answers.known),
    queue.answer<EventsQuestion>(historySubjects.events, name, answers.events),
    queue.answer<StatsQuestion>(historySubjects.stats, name, answers.stats),
    queue.answer<EraseQuestion>(historySubjects.erase, name, answers.erase),
    queue.answer<UsageQuestion>(historySubjects.usage, name, answers.usage),
    queue.answer<MarginsQuestion>(historySubjects.margins, name, async (question) => {
      await fresh();
      return readMargins(history, question);
    }),
    queue.answer<RecordedQuestion>(historySubjects.recorded, name, async (question) => {
      await fresh();
      return readRecorded(history, question, Date.now());
    }),
    queue.answer<QualityQuestion>(qualitySubject, name, quality.read),
    queue.answer<ChargedQuestion>(historySubjects.charged, name, reconciling.charged),
    queue.answer<RefundableQuestion>(historySubjects.refundable, name, reconciling.refundable),
    queue.answer<ReportedQuestion>(historySubjects.reported, name, reconciling.reported),
    queue.answer<UnendedQuestion>(historySubjects.unended, name, reconciling.unended),
    queue.answer<InboundListQuestion>(historySubjects.inbound, name, (question) => listInbound(history, question)),
    queue.answer<InboundQuestion>(historySubjects.inboundOne, name, (question) => readInbound(history, question)),
  ]);
  const trimming = startTrimming({ queue, replayWindowMs: config.REPLAY_WINDOW_MS, everyMs: config.TRIM_EVERY_MS, log });
  const purging = startPurging({ history, keepMs: config.HISTORY_DAYS * dayMs, everyMs: config.PURGE_EVERY_MS, log });
  const probing = setInterval(() => void history.probe(), probeEveryMs);

  return {
    checks: {
      queue: () => queue.connected || 'disconnected',
      database: () => history.reachable || 'not reachable',
    },
    async stop() {
      clearInterval(probing);
      siblings.stop();
      gatherer.hurry();
      const graceMs = Math.max(0, config.DRAIN_MS - closingMs);
      await Promise.all([trimming.stop(), purging.stop(), ...workers.map((worker) => worker.stop(graceMs))]);
      gatherer.stop();
      await queue.close();
      await quality.stop();
      await history.close();
    },
  };
}

/** An idle database is asked too, so that readiness is about now. */
const probeEveryMs = 5_000;

/** The attributes of each series once, as the counter remembers them by identity. */
const outcomes = Object.fromEntries(
  flow.log.takes.map((event) => [event, { written: { event, outcome: 'written' }, refused: { event, outcome: 'refused' } }]),
) as Record<LoggedEvent['type'], Record<'written' | 'refused', { event: string; outcome: string }>>;
