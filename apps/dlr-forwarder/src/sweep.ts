import type { HeliographEvent } from '@heliograph/message';
import { counter } from '@heliograph/service';
import type { Database } from './database.ts';
import { endedOf } from './receipt-book.ts';
import { noReport } from './report.ts';
import { reportsWithSpan } from './settle.ts';

const ended = counter('heliograph_dlr_forwarder_no_report_total', 'messages whose receipt never came');
const unmatched = counter('heliograph_dlr_forwarder_receipts_unmatched_total', 'receipts whose message never came');

export interface SweepOptions {
  readonly database: Database;
  readonly publish: (event: HeliographEvent) => Promise<void>;
  readonly noReportAfterMs: number;
  readonly earlyReceiptKeepMs: number;
  readonly finalKeepMs: number;
  /** Rows a statement touches at most, so that none holds locks for long. */
  readonly rowsMax?: number;
}

export interface Swept {
  readonly noReport: number;
  readonly unmatchedReceipts: number;
  readonly messagesForgotten: number;
  readonly webhooksForgotten: number;
}

/** A round of what no event sets off. Safe to run in several processes: each skips the rows another one has in work. */
export async function sweep({ rowsMax = 500, ...options }: SweepOptions, nowMs: number): Promise<Swept> {
  const { database, noReportAfterMs, earlyReceiptKeepMs, finalKeepMs } = options;
  const swept = {
    noReport: await untilDone(rowsMax, () => endOverdue(options, { nowMs, before: new Date(nowMs - noReportAfterMs), rowsMax })),
    unmatchedReceipts: await untilDone(rowsMax, () => forgetEarly(database, new Date(nowMs - earlyReceiptKeepMs), rowsMax)),
    messagesForgotten: await untilDone(rowsMax, () => forgetEnded(database, new Date(nowMs - finalKeepMs), rowsMax)),
    webhooksForgotten: await untilDone(rowsMax, () => forgetWebhooks(database, new Date(nowMs - finalKeepMs), rowsMax)),
  };
  ended.add(swept.noReport);
  unmatched.add(swept.unmatchedReceipts);
  return swept;
}

async function untilDone(rowsMax: number, round: () => Promise<number>): Promise<number> {
  for (let total = 0; ;) {
    const rows = await round();
    total += rows;
    if (rows < rowsMax) return total;
  }
}

/** A publish is given up after 30 s at the latest. */
const transactionTimeoutMs = 60_000;

/**
 * Publishes inside the transaction, before it commits: a crash in between reports again, never not at all. A receipt that comes meanwhile
 * waits for the row and then lifts no_report, so the two reports keep their order.
 */
function endOverdue(
  { database, publish }: Pick<SweepOptions, 'database' | 'publish'>,
  { nowMs, before, rowsMax }: { nowMs: number; before: Date; rowsMax: number },
): Promise<number> {
  return database.$transaction(
    async (transaction) => {
      const ending = noReport(nowMs);
      const rows = await transaction.$queryRaw<Parameters<typeof endedOf>[0]>`
        UPDATE dlr.sent_message SET state = ${ending.state}, reason = ${ending.reason}, final_at = ${new Date(nowMs)}
        WHERE message_id IN (
          SELECT message_id FROM dlr.sent_message WHERE state = 'sent' AND sent_at <= ${before} ORDER BY sent_at LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)
        RETURNING message_id, head, state, reason, error_code, final_at`;
      const events = [...endedOf(rows).values()].flatMap(reportsWithSpan);
      await Promise.all(events.map(publish));
      return rows.length;
    },
    { timeout: transactionTimeoutMs, maxWait: transactionTimeoutMs },
  );
}

function forgetEarly(database: Database, before: Date, rowsMax: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM dlr.sent_segment WHERE (connector_group, provider_id) IN (
      SELECT connector_group, provider_id FROM dlr.sent_segment
      WHERE message_id IS NULL AND early_at <= ${before} ORDER BY early_at LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)`;
}

/** Found by `sent_at`, which never changes: an index on `final_at` would make every ending dearer. */
async function forgetEnded(database: Database, before: Date, rowsMax: number): Promise<number> {
  const [row] = await database.$queryRaw<{ messages: number }[]>`
    WITH message AS (
      DELETE FROM dlr.sent_message WHERE message_id IN (
        SELECT message_id FROM dlr.sent_message
        WHERE sent_at <= ${before} AND final_at <= ${before} ORDER BY sent_at LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)
      RETURNING message_id, connector_group, provider_ids
    ), segment AS (
      DELETE FROM dlr.sent_segment AS segment USING message, unnest(message.provider_ids) AS id
      WHERE segment.connector_group = message.connector_group AND segment.provider_id = id AND segment.message_id = message.message_id
    )
    SELECT count(*)::int AS messages FROM message`;
  return row?.messages ?? 0;
}

function forgetWebhooks(database: Database, before: Date, rowsMax: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM dlr.webhook_delivery WHERE id IN (
      SELECT id FROM dlr.webhook_delivery WHERE done_at <= ${before} ORDER BY done_at LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)`;
}
