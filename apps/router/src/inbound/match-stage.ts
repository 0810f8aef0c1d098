import {
  done,
  later,
  inboundMatchAgain,
  type HeliographEvent,
  type InboundMessage,
  type InboundReceived,
  type MatchAgainAnswer,
  type MatchAgainQuestion,
  type Outcome,
  type TakenBy,
} from '@heliograph/message';
import type { Delivery, Queue } from '@heliograph/queue';
import type { RegistryWatch } from '@heliograph/registry';
import { counter, createSeldom, type Log } from '@heliograph/service';
import { isDataError } from '@heliograph/sqlstate';
import { isPart } from './assemble.ts';
import type { AssemblyBook } from './assembly-book.ts';
import { messageOf } from './inbound-message.ts';
import { match, matchedEvents, unmatchedText } from './match.ts';
import type { OptOutKeeper } from './opt-out-keeper.ts';

const taken = counter('heliograph_router_inbound_total', "Handsets' messages, put together, by whether they are somebody's");
const matched = taken.with({ event: 'inbound.matched' });
const unmatched = taken.with({ event: 'inbound.unmatched' });
const gapped = counter('heliograph_router_inbound_gapped_total', "Handsets' messages that were handed on without all their parts");
const late = counter('heliograph_router_inbound_late_total', 'Parts that came when the others had been handed on');

export interface MatchStageOptions {
  readonly queue: Pick<Queue, 'workInBatches' | 'answer' | 'publish'>;
  readonly registry: Pick<RegistryWatch, 'current'>;
  readonly book: AssemblyBook;
  readonly heed: OptOutKeeper['heed'];
  /** How long parts wait for those that did not come. */
  readonly partsWaitMs: number;
  readonly sweepEveryMs: number;
  readonly log: Pick<Log, 'warn' | 'debug'>;
  readonly now?: () => number;
}

export interface MatchStage {
  stop(graceMs: number): Promise<void>;
}

/** Events in work at once. */
const eventsInFlightMax = 1_000;
/** A part that is handed over again, by the queue or by the provider, is known for so long. */
const keepMs = 24 * 3_600_000;
const warnEveryMs = 60_000;
/** What the database did not take is tried again after this time. */
const retryMs = 2_000;

/** The stage `match`: a message that came in one is decided on in memory; parts wait in the database for each other. */
export async function startMatchStage(options: MatchStageOptions): Promise<MatchStage> {
  const { queue, registry, book, heed, partsWaitMs, sweepEveryMs, log, now = Date.now } = options;
  const warn = createUnmatchedWarning(log);
  const warnAway = createSeldom(warnEveryMs);

  /** What is given of a message. `before`: of a late part, what was handed on without it. */
  async function given(inbound: InboundMessage, before?: InboundMessage): Promise<HeliographEvent[]> {
    const at = now();
    const [event, ...owed] = matchedEvents(inbound, match(inbound, registry.current, at, before), at);
    count(inbound, event.type);
    return [event.type === 'inbound.matched' ? await heed(event) : event, ...owed];
  }

  function count(inbound: InboundMessage, type: 'inbound.matched' | 'inbound.unmatched'): void {
    (type === 'inbound.matched' ? matched : unmatched).add();
    if (inbound.missing !== undefined) gapped.add();
    if (inbound.late !== undefined) late.add();
    if (type === 'inbound.unmatched') warn(inbound, now());
    log.debug({ id: inbound.id, event: type, to: inbound.to }, 'matched');
  }

  async function handle(deliveries: readonly Delivery<TakenBy<'match'>>[]): Promise<Outcome[]> {
    const events = deliveries.map(({ event }) => event as InboundReceived);
    const parts = events.filter(isPart);
    const place = new Map(parts.map((part, i) => [part, i]));
    const assembled = parts.length === 0 ? Promise.resolve([]) : book.put(parts, now());
    const outcomes = events.map((event) =>
      settled(async () => {
        if (!isPart(event)) return given(messageOf(event));
        const { message, before } = (await assembled)[place.get(event) ?? -1] ?? {};
        return message === undefined ? [] : given(message, before);
      }),
    );
    // when one is poison the queue has each half again: not before the others are through
    await Promise.allSettled(outcomes);
    return Promise.all(outcomes);
  }

  /** What needs the database waits for it; what needs none does not wait for the others. */
  async function settled(deciding: () => Promise<HeliographEvent[]>): Promise<Outcome> {
    try {
      return done(...(await deciding()));
    } catch (err) {
      if (isDataError(err)) throw err;
      warnAway(now(), (count) => log.warn({ err, count }, "handsets' messages wait for the database"));
      return later(now() + retryMs, 'the database does not answer');
    }
  }

  async function handOn(inbound: InboundMessage): Promise<void> {
    await Promise.all((await given(inbound)).map(queue.publish));
  }

  async function sweep(): Promise<void> {
    try {
      // what is not dealt with yet may have the missing part: after a time in which nobody read, or with a process that died
      const oldestAtMs = (await worker.oldestUnsettledAtMs()) ?? Infinity;
      while ((await book.closeGapped(Math.min(oldestAtMs, now()) - partsWaitMs, now(), handOn)) > 0);
      while ((await book.forget(now() - keepMs)) > 0);
    } catch (err) {
      log.warn({ err }, 'messages with missing parts not handed on, the next round goes on');
    }
  }

  const worker = await queue.workInBatches<'match'>({
    stage: 'match',
    stream: 'INBOUND',
    eventsInFlightMax,
    gatherMs: 2,
    isPoison: isDataError,
    handle,
  });
  await queue.answer<MatchAgainQuestion>(inboundMatchAgain, 'router', async ({ inbound }): Promise<MatchAgainAnswer> => {
    const at = now();
    const found = match(inbound, registry.current, at);
    if (found.kind === 'unmatched') return {};
    const [event, ...owed] = matchedEvents(inbound, found, at);
    await Promise.all([event.type === 'inbound.matched' ? await heed(event) : event, ...owed].map(queue.publish));
    return { tenant: found.tenant };
  });
  let sweeping: Promise<void> | undefined;
  const timer = setInterval(() => (sweeping ??= sweep().finally(() => (sweeping = undefined))), sweepEveryMs);

  return {
    async stop(graceMs) {
      clearInterval(timer);
      await Promise.all([worker.stop(graceMs), sweeping]);
    },
  };
}

function createUnmatchedWarning(log: Pick<Log, 'warn'>): (inbound: InboundMessage, now: number) => void {
  const seldom = createSeldom(warnEveryMs);
  return ({ id, connector, to }, now) => seldom(now, (count) => log.warn({ id, connector, to, count }, unmatchedText));
}
