import { isReportNews, withoutDashes, type HeliographEvent, type ReportExhausted, type WebhookNews } from '@heliograph/message';
import { counter } from '@heliograph/service';
import type { Database } from './database.ts';
import { endedOf } from './report/receipt-book.ts';
import { noReport } from './report/report.ts';
import { reportsWithSpan } from './report/settle.ts';
import { giveUpAfterMs } from './webhook/retry.ts';

const ended = counter('heliograph_dlr_forwarder_no_report_total', 'messages whose receipt never came');
const givenUp = counter('heliograph_dlr_forwarder_webhooks_given_up_total', 'webhooks whose endpoint was not well in time');
const unmatched = counter('heliograph_dlr_forwarder_receipts_unmatched_total', 'receipts whose message never came');

export interface SweepOptions {
  readonly database: Database;
  readonly publish: (event: HeliographEvent) => Promise<void>;
  readonly noReportAfterMs: number;
  readonly earlyReceiptKeepMs: number;
  readonly finalKeepMs: number;
  readonly webhookKeepMs: number;
  /** Rows a statement touches at most, so that none holds locks for long. */
  readonly rowsMax?: number;
}

export interface Swept {
  readonly noReport: number;
  readonly unmatchedReceipts: number;
  readonly messagesForgotten: number;
  readonly webhooksGivenUp: number;
  readonly webhooksForgotten: number;
  readonly attemptsForgotten: number;
  readonly endpointsForgotten: number;
}

/** A round of what no event sets off. Safe to run in several processes: each skips the rows another one has in work. */
export async function sweep({ rowsMax = 500, ...options }: SweepOptions, nowMs: number): Promise<Swept> {
  const { database, noReportAfterMs, earlyReceiptKeepMs, finalKeepMs, webhookKeepMs } = options;
  const webhooksBefore = new Date(nowMs - webhookKeepMs);
  const swept = {
    noReport: await untilDone(rowsMax, () => endOverdue(options, { nowMs, before: new Date(nowMs - noReportAfterMs), rowsMax })),
    unmatchedReceipts: await untilDone(rowsMax, () => forgetEarly(database, new Date(nowMs - earlyReceiptKeepMs), rowsMax)),
    messagesForgotten: await untilDone(rowsMax, () => forgetEnded(database, new Date(nowMs - finalKeepMs), rowsMax)),
    webhooksGivenUp: await untilDone(rowsMax, () => giveUp(options, { nowMs, before: new Date(nowMs - giveUpAfterMs), rowsMax })),
    webhooksForgotten: await untilDone(rowsMax, () => forgetWebhooks(database, webhooksBefore, rowsMax)),
    attemptsForgotten: await untilDone(rowsMax, () => forgetAttempts(database, webhooksBefore, rowsMax)),
    endpointsForgotten: await untilDone(rowsMax, () => forgetEndpoints(database, webhooksBefore, rowsMax)),
  };
  ended.add(swept.noReport);
  givenUp.add(swept.webhooksGivenUp);
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
export const transactionTimeoutMs = 60_000;

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
        UPDATE dlr.sent_message SET state = ${ending.state}, reason = ${ending.reason}, final_at = ${new Date(nowMs)}, ending = NULL, again = NULL
        WHERE message_id IN (
          SELECT message_id FROM dlr.sent_message
          WHERE ((state = 'sent' AND NOT own_timer) OR state = 'returned') AND sent_at <= ${before} ORDER BY sent_at LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)
        RETURNING message_id, head, state, reason, error_code, final_at, again`;
      const events = [...endedOf(rows).values()].flatMap(reportsWithSpan);
      await Promise.all(events.map(publish));
      return rows.length;
    },
    { timeout: transactionTimeoutMs, maxWait: transactionTimeoutMs },
  );
}

/** Those that waited all the while for an endpoint that was not well. Publishes before it commits, as above; who has one in work finds it taken over. */
function giveUp(
  { database, publish }: Pick<SweepOptions, 'database' | 'publish'>,
  { nowMs, before, rowsMax }: { nowMs: number; before: Date; rowsMax: number },
): Promise<number> {
  return database.$transaction(
    async (transaction) => {
      const rows = await transaction.$queryRaw<{ message_id: string; tenant: string; state: WebhookNews; attempt: number }[]>`
        UPDATE dlr.webhook_delivery SET result = 'exhausted', next_at = NULL, done_at = ${new Date(nowMs)}
        WHERE id IN (
          SELECT id FROM dlr.webhook_delivery
          WHERE next_at IS NOT NULL AND owed_since <= ${before} ORDER BY owed_since LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)
        RETURNING message_id, tenant, state, attempt`;
      const events = rows.flatMap(({ message_id, tenant, state, attempt }): ReportExhausted[] => {
        // of others the outbox alone keeps what became of them
        if (!isReportNews(state)) return [];
        return [
          {
            type: 'report.exhausted',
            at: nowMs,
            messageId: withoutDashes(message_id),
            tenant,
            via: 'webhook',
            state,
            attempts: attempt,
          },
        ];
      });
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
        WHERE sent_at <= ${before} AND final_at <= ${before} AND state <> 'returned' ORDER BY sent_at LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)
      RETURNING message_id, connector_group, provider_ids
    ), attempt AS (
      DELETE FROM dlr.sent_attempt AS attempt USING message WHERE attempt.message_id = message.message_id
      RETURNING attempt.message_id, attempt.connector_group, attempt.provider_ids
    ), segment AS (
      DELETE FROM dlr.sent_segment AS segment USING (SELECT * FROM message UNION SELECT * FROM attempt) AS gone, unnest(gone.provider_ids) AS id
      WHERE segment.connector_group = gone.connector_group AND segment.provider_id = id AND segment.message_id = gone.message_id
    )
    SELECT count(*)::int AS messages FROM message`;
  return row?.messages ?? 0;
}

function forgetWebhooks(database: Database, before: Date, rowsMax: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM dlr.webhook_delivery WHERE id IN (
      SELECT id FROM dlr.webhook_delivery WHERE done_at <= ${before} ORDER BY done_at LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)`;
}

function forgetAttempts(database: Database, before: Date, rowsMax: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM dlr.webhook_attempt WHERE (delivery_id, at) IN (SELECT delivery_id, at FROM dlr.webhook_attempt WHERE at <= ${before} LIMIT ${rowsMax})`;
}

/** Those that have been well for long, or were not and are posted to no more: of the others a probe is due again within minutes. */
function forgetEndpoints(database: Database, before: Date, rowsMax: number): Promise<number> {
  return database.$executeRaw`
    DELETE FROM dlr.webhook_endpoint WHERE endpoint IN (
      SELECT endpoint FROM dlr.webhook_endpoint
      WHERE coalesce(probe_at, since, paused_until) <= ${before} AND (paused_until IS NULL OR paused_until <= ${before})
      LIMIT ${rowsMax} FOR UPDATE SKIP LOCKED)`;
}
