import type { MessageFailed, MessageSent, Outcome, TakenBy } from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import type { EndedMessage } from './receipt-book.ts';
import { endingOfFailed } from './report.ts';
import { endComplete, settle, type ReportContext } from './settle.ts';
import { createTries } from './tries.ts';

/** Handles OUTCOMES: what was sent is remembered, and ends at once when its receipts came earlier; what failed ends at once. */
export function createOutcomesHandler({
  book,
  log,
}: ReportContext): (deliveries: readonly Delivery<TakenBy<'report'>>[]) => Promise<Outcome[]> {
  const tries = createTries();
  return (deliveries) =>
    tries.during(deliveries, async (triedBefore) => {
      const events = deliveries.map(({ event }) => event);
      const sent = events.filter((event): event is MessageSent => event.type === 'message.sent');
      const failed = events.filter((event): event is MessageFailed => event.type === 'message.failed');
      const matched = await book.putSent(sent);
      const endedNow = new Map<string, EndedMessage>(await endComplete(book, matched));
      const failedNow = new Set(await book.putFailed(failed));
      for (const event of failed) {
        const { message } = event;
        if (failedNow.delete(message.id)) endedNow.set(message.id, { head: message, ending: endingOfFailed(event) });
      }
      const messageIds = events.map((event) => (event.type === 'receipt.received' ? undefined : event.message.id));
      return settle({ book, log }, { deliveries, messageIds, matched, endedNow, triedBefore });
    });
}
