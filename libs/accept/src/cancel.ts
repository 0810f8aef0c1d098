import {
  cancelledMarks,
  historySubjects,
  sendingBegun,
  type LoggedMessage,
  type MessageAnswer,
  type MessageQuestion,
  type MessageState,
  type SendingBegun,
} from '@heliograph/message';
import { QueueUnavailableError, type Asking, type Marks, type Queue, type Waits } from '@heliograph/queue';

/** What became of the wish to have a message back. */
export type Cancellation =
  /** It has ended as cancelled; `cancelling`: it will, wherever it waits (for its time: when that comes, as it could not be let come now). */
  | { readonly kind: 'cancelled' | 'cancelling'; readonly message: LoggedMessage }
  /** It is on its way or has ended, and goes on as if nothing had been asked. */
  | { readonly kind: 'not_cancellable'; readonly message: LoggedMessage }
  | { readonly kind: 'not_found' }
  /** message-log or the stream does not answer: it may be cancelled or not. */
  | { readonly kind: 'unavailable' };

export interface Cancel {
  /** `isMeant`: what else must be true of the message that is found. Takes up to two seconds where it waits; never rejects but for a bug. */
  cancel(question: MessageQuestion, isMeant?: (message: LoggedMessage) => boolean): Promise<Cancellation>;
}

export interface CancelOptions {
  readonly asking: Pick<Asking, 'ask' | 'listen'>;
  readonly marks: Pick<Marks, 'put'>;
  readonly waits: Waits;
  readonly now?: () => number;
  readonly pause?: (ms: number) => Promise<void>;
}

/** Loads the marks of the process: one of these for each door. */
export async function openCancel(queue: Pick<Queue, 'ask' | 'listen' | 'marks'> & Waits): Promise<Cancel> {
  return createCancel({ asking: queue, waits: queue, marks: await queue.marks(cancelledMarks) });
}

const askEveryMs = 100;
const waitMsMax = 2_000;
/** message-log waits up to 2 s for a message that was accepted a moment ago. */
const askTimeoutMs = 5_000;

export function createCancel({ asking, marks, waits, now = Date.now, pause = wait }: CancelOptions): Cancel {
  /** Being asked for here, and how many ask. */
  const waiting = new Map<string, Set<{ begun: boolean }>>();
  asking.listen<SendingBegun>(sendingBegun, ({ id }) => {
    for (const one of waiting.get(id) ?? []) one.begun = true;
  });

  async function cancel(question: MessageQuestion, isMeant = (_: LoggedMessage): boolean => true): Promise<Cancellation> {
    const found = await asking.ask<MessageAnswer>(historySubjects.get, question, askTimeoutMs);
    if (!found) return { kind: 'unavailable' };
    const { message } = found;
    if (!message || !isMeant(message)) return { kind: 'not_found' };
    if (standing[message.state] !== 'waits') return { kind: 'not_cancellable', message };
    const one = { begun: false };
    const all = waiting.get(message.id) ?? new Set();
    waiting.set(message.id, all.add(one));
    try {
      await marks.put(message.id);
      return await see({ tenant: question.tenant, id: message.id }, message, one);
    } catch (error) {
      if (error instanceof QueueUnavailableError) return { kind: 'unavailable' };
      throw error;
    } finally {
      all.delete(one);
      if (all.size === 0) waiting.delete(message.id);
    }
  }

  /**
   * Whoever holds the message has the mark within milliseconds and either ends it or says that it goes on. Nobody saying anything for two
   * seconds means that it waits where nobody has read it: every connector has the mark by now, or loads it before it sends.
   */
  async function see(question: MessageQuestion, first: LoggedMessage, heard: { readonly begun: boolean }): Promise<Cancellation> {
    const untilMs = now() + waitMsMax;
    let hastened = false;
    for (let message = first; ;) {
      hastened ||= message.state === 'scheduled' && (await hasten(message.id));
      await pause(askEveryMs);
      const answer = await asking.ask<MessageAnswer>(historySubjects.get, question, askTimeoutMs);
      message = answer?.message ?? message;
      const stands = standing[message.state];
      if (stands === 'cancelled') return { kind: 'cancelled', message };
      if (stands === 'past' || heard.begun) return { kind: 'not_cancellable', message };
      if (now() >= untilMs) return answer ? { kind: 'cancelling', message } : { kind: 'unavailable' };
    }
  }

  /**
   * Lets a message that waits for its time come due now, to be ended by the router, which has the mark. True: there is nothing more to do. A
   * swap that is lost or not known to be stored matters little: the message ends as cancelled when its time comes, if not before.
   */
  async function hasten(id: string): Promise<boolean> {
    try {
      const was = await waits.waiting(id);
      if (!was) return true;
      const at = Math.max(now(), was.event.at + 1);
      return await waits.swapWaiting(was, { ...was.event, at, dueAtMs: now() });
    } catch (error) {
      if (error instanceof QueueUnavailableError) return false;
      throw error;
    }
  }

  return { cancel };
}

const standing: Readonly<Record<MessageState, 'waits' | 'cancelled' | 'past'>> = {
  accepted: 'waits',
  scheduled: 'waits',
  routed: 'waits',
  cancelled: 'cancelled',
  sent: 'past',
  delivered: 'past',
  undelivered: 'past',
  rejected: 'past',
  expired: 'past',
  no_report: 'past',
  failed: 'past',
};

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
