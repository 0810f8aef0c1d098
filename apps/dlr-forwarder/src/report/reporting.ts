import { randomInt } from 'node:crypto';
import {
  done,
  type HeliographEvent,
  type MessageFailed,
  type MessageSent,
  type Outcome,
  type ReceiptReceived,
  type TakenBy,
} from '@heliograph/message';
import type { Delivery, Log, Queue, RecordPosition } from '@heliograph/queue';
import { counter } from '@heliograph/service';
import { isDataError } from '@heliograph/sqlstate';
import { createBatching } from './batching.ts';
import { MINUTE } from '../duration.ts';
import { createMatching, type Step } from './matching.ts';
import { createOutcomesHandler } from './outcomes.ts';
import { headToKeep, type ReceiptBook } from './receipt-book.ts';
import { countMatched, createReceiptsHandler } from './receipts.ts';
import { asksForReport, type Ending } from './report.ts';
import { countEnding, reportsWithSpan } from './settle.ts';

export interface ReportingOptions {
  readonly queue: Queue;
  readonly book: ReceiptBook;
  readonly log: Log;
  /** How long a message waits for its receipts in memory now, ms; 0: not at all. */
  readonly holdMs: () => number;
  /** A message of this connector has a time of its own to be reported in. */
  readonly hasOwnTime: (connector: string) => boolean;
}

export interface Reporting {
  /** What waits goes to the book; resolves when all is settled, or the time is over. */
  stop(graceMs: number): Promise<void>;
}

/** An event with what settles it. */
interface Held<E = TakenBy<'report'>> {
  readonly event: E;
  readonly record: RecordPosition;
  readonly settle: (outcome: Outcome) => void;
}

/** Messages and receipts that wait at most: some 5 s of them at 10,000/s. */
const heldMax = 60_000;
const heldOctetsMax = 128 * 1024 ** 2;
/** Events in work besides: a few batches deep. */
const inWorkMax = 2_000;
/** The word of a message that was sent may come a moment after its receipt. */
const earlyMs = 150;
const lookEveryMs = 50;
const retryDelayMs = 1_000;
/** Receipts gather longer: a provider that answers at once is then usually met by a message that is known, which saves a row change. */
const gatherMs = { outcomes: 5, receipts: 15 };

const endedHow = counter('heliograph_dlr_forwarder_matched_total', 'messages by where they met their receipts, or went to wait for them');
const inMemory = endedHow.with({ where: 'memory' });
const toBook = endedHow.with({ where: 'book' });

/**
 * Takes OUTCOMES and RECEIPTS. Most receipts come within a second of their message, so both wait for each other in memory first, their records not
 * acknowledged: the stream has them. What ends there never becomes a row; the rest goes to the receipt book, in batches.
 *
 * `message.sent` gives the reports of what ends in memory, so that after a crash they are found by it; its receipts settle after it has.
 * Owed reports are stored before `message.reported`, by which they are found.
 */
export async function startReporting({ queue, book, log, holdMs, hasOwnTime }: ReportingOptions): Promise<Reporting> {
  const lastSeqBefore = await queue.lastSeq('OUTCOMES');
  const matching = createMatching<Held>({
    earlyMs,
    rememberMs: MINUTE,
    eventsMax: heldMax,
    octetsMax: heldOctetsMax,
    seed: randomInt(2 ** 32),
  });
  let stopping = false;
  let stopped = false;
  const shared = { batchMax: inWorkMax, isPoison: isDataError, log };
  const outcomes = createBatching<Held>({
    ...shared,
    what: 'outcomes',
    gatherMs: gatherMs.outcomes,
    handle: createOutcomesHandler({ book, log }),
    settle: settleOwedFirst,
  });
  const receipts = createBatching<Held>({
    ...shared,
    what: 'receipts',
    gatherMs: gatherMs.receipts,
    handle: createReceiptsHandler({ book, log }),
    settle: (held, outcome) => held.settle(outcome),
  });

  /** By a steady clock: what waits in memory does not wait longer when the machine's is set. */
  function now(): { nowMs: number; holdMs: number } {
    return { nowMs: performance.now(), holdMs: stopping ? 0 : holdMs() };
  }

  function take(steps: readonly Step<Held>[]): void {
    for (const step of steps) {
      if (step.kind === 'done') step.delivery.settle(nothing);
      else if (step.kind === 'report') report(step.delivery, step.ending);
      else if (step.delivery.event.type === 'receipt.received') receipts.add(step.delivery);
      else {
        if (step.delivery.event.type === 'message.sent') toBook.add();
        outcomes.add(step.delivery);
      }
    }
  }

  function report(held: Held & { readonly event: MessageSent }, ending: Ending): void {
    const head = headToKeep(held.event.message);
    countEnding(log, head.id, ending);
    inMemory.add();
    settleOwedFirst(held, done(...reportsWithSpan({ head, ending })));
  }

  /** A message with its `message.reported` is not handed out again: nothing owed of it may be missing then. */
  function settleOwedFirst(held: Held, outcome: Outcome): void {
    const owed = outcome.kind === 'done' ? outcome.events.find(isOwed) : undefined;
    if (outcome.kind !== 'done' || !owed) return held.settle(outcome);
    const { stream, seq } = held.record;
    // one outcome says at most one of the end and one of the way
    const others = outcome.events.filter((event) => event !== owed);
    void storedOwed({ ...owed, cause: { stream, seq } }).then(() => settleOwedFirst(held, { kind: 'done', events: others }));
  }

  /** Does not resolve when the service stops before: then the message is handed out again. */
  function storedOwed(event: HeliographEvent): Promise<void> {
    return queue.publish(event).catch(async (error: unknown) => {
      if (stopped) return new Promise(() => {});
      log.error({ err: error }, 'report not stored, publishing it again');
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
      return storedOwed(event);
    });
  }

  /**
   * The book knows nothing of it: nobody had it before. A server that crashed may have forgotten that it handed a record out; to this process, then, which
   * remembers, or it was stored before this process began.
   */
  function isNew({ redelivered, seq }: RecordPosition): boolean {
    return !redelivered && seq > lastSeqBefore;
  }

  /** All there is to do is to wait for its receipts. */
  function isUsual({ attempt, again, connector, message }: MessageSent): boolean {
    return attempt === undefined && !again && !hasOwnTime(connector) && !asksForReport(message, 'sent');
  }

  function handle({ event, record }: Delivery<TakenBy<'report'>>): Promise<Outcome> {
    return new Promise((settle) => {
      const when = now();
      switch (event.type) {
        case 'message.sent':
          return take(matching.sent({ event, record, settle }, !isNew(record) || !isUsual(event), when));
        case 'message.failed':
          return take(matching.failed({ event, record, settle } as Held<MessageFailed>, when));
        case 'receipt.received':
          return take(matching.receipt({ event, record, settle } as Held<ReceiptReceived>, record.redelivered, when));
      }
    });
  }

  function onStored({ event }: Delivery<TakenBy<'report'>>): void {
    if (event.type !== 'message.sent') return;
    for (const receipt of matching.stored(event, now().nowMs)) {
      countMatched();
      receipt.settle(nothing);
    }
  }

  const eventsInFlightMax = heldMax + inWorkMax;
  const workers = await Promise.all([
    queue.workEach<'report'>({
      stage: 'report',
      stream: 'OUTCOMES',
      eventsInFlightMax,
      skipSettled: [{ stream: 'REPORTED', subjects: ['message.reported.all'] }],
      handle,
      onStored,
    }),
    queue.workEach<'report'>({ stage: 'report', stream: 'RECEIPTS', eventsInFlightMax, handle }),
  ]);
  const looking = setInterval(() => {
    if (matching.waiting > 0) take(matching.due(now()));
  }, lookEveryMs);

  return {
    async stop(graceMs) {
      stopping = true;
      take(matching.due(now()));
      await Promise.all(workers.map((worker) => worker.stop(graceMs)));
      stopped = true;
      clearInterval(looking);
      outcomes.stop();
      receipts.stop();
    },
  };
}

function isOwed({ type }: HeliographEvent): boolean {
  return type === 'report.due';
}

const nothing = done();
