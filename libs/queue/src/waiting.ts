import { setTimeout as pause } from 'node:timers/promises';
import type { StoredMsg } from '@nats-io/jetstream';
import { streamOf, subjectsOf, type MessageDue } from '@heliograph/message';
import { QueueUnavailableError, type Publisher } from './publisher.ts';
import type { Reads, RecordQuery } from './reads.ts';
import { parseRecord } from './record.ts';
import { waitingFilter } from './streams.ts';

/** What waits for its time, as it was read; `seq` stands for this very record. */
export interface Waiting {
  readonly event: MessageDue;
  readonly seq: number;
}

export interface Waits {
  /** What waits of this message; undefined: nothing, or nothing any more. Rejects with QueueUnavailableError when the server does not answer. */
  waiting(messageId: string): Promise<Waiting | undefined>;
  /**
   * Puts `event`, about the same message and of the same class, in the place of what waits, to come due at its own time. True: only it will
   * come due (until it is swapped itself). False: nothing has changed, as somebody else swapped it first, or it comes due within
   * `swapMarginMs` or did. Rejects with QueueUnavailableError when neither is known.
   */
  swapWaiting(was: Waiting, event: MessageDue): Promise<boolean>;
}

/** What comes due within this time is not swapped any more: the server could have it in hand before the swap arrives. */
export const swapMarginMs = 1_000;
/** The server lets nothing come due earlier than this before its time (seen: never, in 4,000). */
const earlyMs = 100;
/** How long to look for what became of a swap that reached the server too late. 4,000 due at one moment were handed out within 1.9 s. */
const lookMsMax = 5_000;
const lookEveryMs = 50;

export interface WaitsOptions {
  readonly reads: Pick<Reads, 'get'>;
  readonly publisher: Pick<Publisher, 'reschedule'>;
  readonly now?: () => number;
}

const stream = streamOf('message.due');

/**
 * The server refuses a swap when the record that was expected is not the last about the message any more, but it is no judge between a swap
 * and the alarm: it reads what comes due some time before it stores it as due, and takes a swap in between, which is then lost. Measured
 * (nats-server 2.15.1, 400 swaps within 60 ms of the time): 299 to 356 were acknowledged while the old record came due. So a swap counts only
 * if it was stored before the time of the old record, by the clock that rings the alarm; otherwise what came due is the judge.
 */
export function createWaits({ reads, publisher, now = Date.now }: WaitsOptions): Waits {
  async function get(query: RecordQuery): Promise<StoredMsg | null> {
    try {
      return await reads.get(stream, query);
    } catch (error) {
      throw new QueueUnavailableError('unknown', { cause: error });
    }
  }

  async function waiting(messageId: string): Promise<Waiting | undefined> {
    const last = await get({ last_by_subj: waitingFilter(messageId) });
    const event = last && dueIn(last);
    return last && event ? { event, seq: last.seq } : undefined;
  }

  async function swapWaiting(was: Waiting, event: MessageDue): Promise<boolean> {
    if (was.event.dueAtMs - now() < swapMarginMs) return false;
    const { seq, tries } = await publisher.reschedule(event, was.seq);
    if (seq !== undefined) return countsFrom(await get({ seq }), was);
    if (tries === 1) return false;
    // a try that was not answered may have been the one that changed what the next one met
    const last = await get({ last_by_subj: waitingFilter(event.message.id) });
    if (last && isSame(dueIn(last), event)) return countsFrom(last, was);
    return isSame(await cameDue(event.message.id), event);
  }

  /** `stored`: what took the place of `was`; null: it has gone again, because it came due or for another one, which was stored after it. */
  async function countsFrom(stored: StoredMsg | null, was: Waiting): Promise<boolean> {
    const notBefore = stored ?? (await get({ last_by_subj: waitingFilter(was.event.message.id) }));
    if (notBefore && notBefore.time.getTime() < was.event.dueAtMs - earlyMs) return true;
    return !isSame(await whatCameDue(was.event), was.event);
  }

  async function cameDue(messageId: string): Promise<MessageDue | undefined> {
    // the first of them counts, as for whoever reads them
    const first = await get({ seq: 1, next_by_subj: `${subjectsOf('message.due').slice(0, -1)}*.${messageId}` });
    return first ? dueIn(first) : undefined;
  }

  async function whatCameDue({ message: { id } }: MessageDue): Promise<MessageDue> {
    for (const untilMs = now() + lookMsMax; ; await pause(lookEveryMs)) {
      const due = await cameDue(id);
      if (due) return due;
      if (now() > untilMs) throw new QueueUnavailableError('unknown');
    }
  }

  return { waiting, swapWaiting };
}

function dueIn({ data }: StoredMsg): MessageDue | undefined {
  const [event] = parseRecord(data) ?? [];
  return event?.type === 'message.due' ? event : undefined;
}

function isSame(there: MessageDue | undefined, event: MessageDue): boolean {
  return JSON.stringify(there) === JSON.stringify(event);
}
