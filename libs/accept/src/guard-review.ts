import { headOf, isId, type Message } from '@heliograph/message';
import { QueueUnavailableError, type Queue, type Waits } from '@heliograph/queue';
import type { Cancel } from './cancel.ts';

/** Who looks at what is held. `tenant`: only its own messages are there for it; undefined: an operator, for whom all are. */
export interface Reviewer {
  readonly tenant?: string | undefined;
  readonly by: 'operator' | 'tenant';
}

export type Reviewed =
  /** Released: comes due now, or at the time that was asked for. Rejected: ends as cancelled, at once or within seconds. */
  | { readonly kind: 'released' | 'rejected'; readonly message: Message }
  /** Nothing waits by this id, or it comes due within a second. */
  | { readonly kind: 'not_found' }
  /** It waits for its time alone, or somebody else was quicker. */
  | { readonly kind: 'not_held' }
  /** The operator's settings hold it: a tenant does not wave its own messages through. */
  | { readonly kind: 'not_permitted' }
  /** The stream does not answer: it may be done or not, and doing it again does no harm. */
  | { readonly kind: 'unavailable' };

/** What becomes of messages that are held. Never rejects but for a bug. */
export interface Review {
  /** What waits by this id, if it is held and the reviewer may see it. */
  look(
    id: string,
    reviewer: Reviewer,
  ): Promise<{ readonly kind: 'held'; readonly message: Message } | Exclude<Reviewed, { message: Message }>>;
  release(id: string, reviewer: Reviewer): Promise<Reviewed>;
  reject(id: string, reviewer: Reviewer): Promise<Reviewed>;
}

export interface ReviewOptions {
  readonly queue: Waits & Pick<Queue, 'publish'>;
  readonly cancel: Cancel['cancel'];
  readonly now?: () => number;
}

export function createReview({ queue, cancel, now = Date.now }: ReviewOptions): Review {
  async function heldBy(id: string, { tenant }: Reviewer) {
    const was = isId(id) ? await queue.waiting(id) : undefined;
    if (!was || (tenant !== undefined && was.event.message.tenant !== tenant)) return { kind: 'not_found' } as const;
    return was.event.message.held === undefined ? ({ kind: 'not_held' } as const) : ({ kind: 'held', was } as const);
  }

  return {
    look: (id, reviewer) =>
      answered(async () => {
        const found = await heldBy(id, reviewer);
        return found.kind === 'held' ? { kind: 'held', message: found.was.event.message } : found;
      }),

    release: (id, reviewer) =>
      answered(async () => {
        const found = await heldBy(id, reviewer);
        if (found.kind !== 'held') return found;
        const { event } = found.was;
        if (event.message.held === 'operator' && reviewer.by !== 'operator') return { kind: 'not_permitted' };
        const { held: _, ...message } = event.message;
        // as a replacement: later than all that was said of it before, whatever the clocks of the machines say
        const at = Math.max(now(), event.at + 1, message.acceptedAtMs + 1);
        const swapped = await queue.swapWaiting(found.was, { ...event, at, message, dueAtMs: Math.max(now(), message.sendAtMs ?? 0) });
        if (!swapped) return { kind: 'not_held' };
        const { content, flash } = message;
        await queue.publish({
          type: 'message.replaced',
          at,
          message: headOf(message),
          content,
          ...(flash ? { flash } : {}),
          releasedBy: reviewer.by,
        });
        return { kind: 'released', message };
      }),

    reject: (id, reviewer) =>
      answered(async () => {
        const found = await heldBy(id, reviewer);
        if (found.kind !== 'held') return found;
        const { message } = found.was.event;
        const { kind } = await cancel({ tenant: message.tenant, id }, (one) => one.id === id);
        if (kind === 'unavailable') return { kind };
        return kind === 'cancelled' || kind === 'cancelling' ? { kind: 'rejected', message } : { kind: 'not_held' };
      }),
  };
}

async function answered<Answer>(review: () => Promise<Answer>): Promise<Answer | { readonly kind: 'unavailable' }> {
  try {
    return await review();
  } catch (error) {
    if (error instanceof QueueUnavailableError) return { kind: 'unavailable' };
    throw error;
  }
}
