import {
  cancelledMarks,
  dueAtMsOf,
  headOf,
  historySubjects,
  type Content,
  type LoggedMessage,
  type Message,
  type MessageAnswer,
  type MessageQuestion,
  type RefusalReason,
} from '@heliograph/message';
import { QueueUnavailableError, type Asking, type Marks, type Queue, type Waits } from '@heliograph/queue';
import { createCancel, type Cancel } from './cancel.ts';
import { countContent } from './content.ts';
import { refuse, type Refusal } from './refusal.ts';
import { timesOf } from './times.ts';

/** What a message that waits for its time shall be instead. What is not given stays. */
export interface Replacement {
  readonly content: Content;
  readonly flash?: boolean;
  /** Unix ms, at most 7 days after the message was accepted; a time that has passed is now. */
  readonly sendAtMs?: number;
  /** Unix ms; at most 7 days after it is to be sent. */
  readonly validUntilMs?: number;
  /** SMPP 3.4 §5.2.17 */
  readonly registeredDelivery?: number;
}

/** What became of the wish to have a message replaced. */
export type Replaced<Fault> =
  | { readonly kind: 'replaced'; readonly message: Message }
  /** It does not wait for its time, or not long enough any more, or somebody else changed it: it goes on as if nothing had been asked. */
  | { readonly kind: 'not_replaceable' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly detail: string }
  /** The door could not read the replacement as one of this message. */
  | { readonly kind: 'illegible'; readonly fault: Fault }
  /** message-log or the stream does not answer: it may be replaced or not, and replacing it again with the same does no harm. */
  | { readonly kind: 'unavailable' };

/** A door's reading of what it was given: how depends on the message that is replaced. */
export type ReadReplacement<Fault> = (
  message: Message,
) => { readonly ok: true; readonly replacement: Replacement } | { readonly ok: false; readonly fault: Fault };

export interface Replace {
  /** `isMeant`: what else must be true of the message that is found. Never rejects but for a bug. */
  replace<Fault>(
    question: MessageQuestion,
    read: ReadReplacement<Fault>,
    isMeant?: (message: LoggedMessage) => boolean,
  ): Promise<Replaced<Fault>>;
}

export interface ReplaceOptions {
  readonly queue: Pick<Asking, 'ask'> & Waits & Pick<Queue, 'publish'>;
  readonly marks: Pick<Marks, 'has'>;
  readonly now?: () => number;
}

/** Both ways to change a message that waits. Loads the marks of the process, once for both. */
export async function openChanges(queue: ReplaceOptions['queue'] & Pick<Queue, 'listen' | 'marks'>): Promise<Cancel & Replace> {
  const marks = await queue.marks(cancelledMarks);
  return { ...createCancel({ asking: queue, waits: queue, marks }), ...createReplace({ queue, marks }) };
}

/**
 * The message as it shall be sent, or why not. It stays as it was priced: nothing is charged or given back, so it may not become longer than
 * what was paid for. Pure.
 */
export function decideReplace(
  replacement: Replacement,
  message: Message,
  nowMs: number,
): { readonly ok: true; readonly message: Message } | Refusal {
  const { content, flash, registeredDelivery = message.registeredDelivery } = replacement;
  const counted = countContent(content, message.segments);
  if (!counted.ok) return counted;
  const times = timesAfter(replacement, message, nowMs);
  if (!times.ok) return times;
  const { flash: _, ...kept } = message;
  const { startMs: sendAtMs, validUntilMs } = times;
  return { ok: true, message: { ...kept, content, ...(flash ? { flash } : {}), sendAtMs, validUntilMs, registeredDelivery } };
}

/** A validity that is kept was within bounds from the time it was given for: it need only end after the new one. */
function timesAfter(replacement: Replacement, message: Message, nowMs: number): ReturnType<typeof timesOf> {
  const { sendAtMs = message.sendAtMs, validUntilMs } = replacement;
  const times = timesOf({ sendAtMs, validUntilMs }, { acceptedAtMs: message.acceptedAtMs, nowMs });
  if (!times.ok || validUntilMs !== undefined) return times;
  if (message.validUntilMs > times.startMs) return { ...times, validUntilMs: message.validUntilMs };
  return refuse('bad_validity', 'the validity would end before the message is to be sent');
}

/** message-log waits up to 2 s for a message that was accepted a moment ago. */
const askTimeoutMs = 5_000;

export function createReplace({ queue, marks, now = Date.now }: ReplaceOptions): Replace {
  async function replace<Fault>(
    question: MessageQuestion,
    read: ReadReplacement<Fault>,
    isMeant = (_: LoggedMessage): boolean => true,
  ): Promise<Replaced<Fault>> {
    const found = await queue.ask<MessageAnswer>(historySubjects.get, question, askTimeoutMs);
    if (!found) return { kind: 'unavailable' };
    if (!found.message || !isMeant(found.message)) return { kind: 'not_found' };
    const { id, state } = found.message;
    // accepted: the history may not have heard yet that it waits, which the stream knows
    if (state !== 'scheduled' && state !== 'accepted') return { kind: 'not_replaceable' };
    try {
      return await replaceWaiting(id, read);
    } catch (error) {
      if (error instanceof QueueUnavailableError) return { kind: 'unavailable' };
      throw error;
    }
  }

  async function replaceWaiting<Fault>(id: string, read: ReadReplacement<Fault>): Promise<Replaced<Fault>> {
    const was = await queue.waiting(id);
    // one that is cancelled from here on is let come due by who cancels it, in whichever form it waits
    if (!was || marks.has(id)) return { kind: 'not_replaceable' };
    const made = read(was.event.message);
    if (!made.ok) return { kind: 'illegible', fault: made.fault };
    const decision = decideReplace(made.replacement, was.event.message, now());
    if (!decision.ok) return { kind: 'refused', reason: decision.reason, detail: decision.detail };
    const { message } = decision;
    // replacements of a message follow one another whatever the clocks of the machines say: the latest is the one that is sent
    const at = Math.max(now(), was.event.at + 1, message.acceptedAtMs + 1);
    const swapped = await queue.swapWaiting(was, { ...was.event, at, message, dueAtMs: dueAtMsOf(message) ?? at });
    if (!swapped) return { kind: 'not_replaceable' };
    const { content, flash } = message;
    await queue.publish({ type: 'message.replaced', at, message: headOf(message), content, ...(flash ? { flash } : {}) });
    return { kind: 'replaced', message };
  }

  return { replace };
}
