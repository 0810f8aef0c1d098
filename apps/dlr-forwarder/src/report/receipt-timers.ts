import { counter } from '@heliograph/service';
import type { Database } from '../database.ts';
import { endedOf } from './receipt-book.ts';
import { reportsWithSpan } from './settle.ts';
import { transactionTimeoutMs, type SweepOptions } from '../sweep.ts';

const fired = counter('heliograph_dlr_forwarder_receipt_timers_total', 'receipts that had not come in time, by what was done');
const wentOn = fired.with({ outcome: 'returned' });
const ended = fired.with({ outcome: 'no_report' });

export type ReceiptTimersOptions = Pick<SweepOptions, 'database' | 'publish' | 'rowsMax'>;

/**
 * Looks at the attempts whose receipts should have come by now: without one, the message goes on to its next route, or ends as no_report where its
 * connector has a time of its own for that. Safe to run in several processes. Gives how many it said that of.
 */
export async function fireReceiptTimers({ rowsMax = 500, ...options }: ReceiptTimersOptions, nowMs: number): Promise<number> {
  let said = 0;
  // without a transaction while there is nothing to do, which is nearly always
  while (await isDue(options.database, nowMs)) {
    const made = await fireSome({ ...options, rowsMax }, nowMs);
    if (made === undefined) return said; // another process has them in work
    said += made;
  }
  return said;
}

async function isDue(database: Database, nowMs: number): Promise<boolean> {
  const rows = await database.$queryRaw<unknown[]>`SELECT 1 FROM dlr.receipt_timer WHERE due_at <= ${new Date(nowMs)} LIMIT 1`;
  return rows.length > 0;
}

interface DueTimer {
  message_id: string;
  attempt: number;
  kind: 'no_receipt' | 'no_report';
}

/** Publishes inside the transaction, before it commits: a crash in between says it again, never not at all. */
function fireSome({ database, publish, rowsMax }: Required<ReceiptTimersOptions>, nowMs: number): Promise<number | undefined> {
  return database.$transaction(
    async (transaction) => {
      const timers = await transaction.$queryRaw<DueTimer[]>`
        DELETE FROM dlr.receipt_timer WHERE (message_id, attempt, kind) IN (
          SELECT message_id, attempt, kind FROM dlr.receipt_timer
          WHERE due_at <= ${new Date(nowMs)} ORDER BY due_at LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)
        RETURNING message_id, attempt, kind`;
      if (timers.length === 0) return undefined;
      const due = firstOfEach(timers);
      const rows = await transaction.$queryRaw<Parameters<typeof endedOf>[0]>`
        UPDATE dlr.sent_message AS message
        SET state = CASE WHEN goes_on THEN 'returned' ELSE 'no_report' END, ending = CASE WHEN goes_on THEN 'no_report' END,
          reason = 'no_report', final_at = ${new Date(nowMs)}, again = CASE WHEN goes_on THEN message.again END
        FROM unnest(
          ${due.map(({ message_id }) => message_id)}::uuid[],
          ${due.map(({ attempt }) => attempt)}::int[],
          ${due.map(({ kind }) => kind === 'no_receipt')}::boolean[]
        ) AS due(id, attempt, goes_on)
        WHERE message.message_id = due.id AND message.attempt = due.attempt AND message.state = 'sent'
        RETURNING message.message_id, message.head, 'no_report' AS state, message.reason, message.error_code, message.final_at, message.again`;
      const messages = [...endedOf(rows).values()];
      await Promise.all(messages.flatMap(reportsWithSpan).map(publish));
      for (const { again } of messages) (again ? wentOn : ended).add();
      return rows.length;
    },
    { timeout: transactionTimeoutMs, maxWait: transactionTimeoutMs },
  );
}

/** One for each message, to go on before it ends: after a time without this process both may be due. */
function firstOfEach(timers: readonly DueTimer[]): DueTimer[] {
  const first = new Map<string, DueTimer>();
  for (const timer of timers) {
    const key = `${timer.message_id} ${timer.attempt}`;
    if (timer.kind === 'no_receipt' || !first.has(key)) first.set(key, timer);
  }
  return [...first.values()];
}
