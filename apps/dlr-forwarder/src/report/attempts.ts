import type { MessageSent } from '@heliograph/message';
import { Prisma } from '../../generated/client.ts';
import { arrayLiteral, separator, storable } from '../database.ts';

/** Those of the statement for sent messages that differ when attempts or timers come into it. */
export interface SentParts {
  readonly columns: Prisma.Sql;
  readonly selected: Prisma.Sql;
  readonly arrays: Prisma.Sql;
  readonly onConflict: Prisma.Sql;
  readonly also: Prisma.Sql;
  readonly segmentAttempt: { readonly column: Prisma.Sql; readonly array: Prisma.Sql };
}

const none = Prisma.empty;
export const usualParts: SentParts = {
  columns: none,
  selected: none,
  arrays: none,
  onConflict: Prisma.sql`DO NOTHING`,
  also: none,
  segmentAttempt: { column: none, array: none },
};

/** A later attempt takes the row over, unless the message has ended; the ids of all attempts are kept then. */
export function specialParts(
  events: readonly MessageSent[],
  segments: readonly { event: number }[],
  noReportAfterMsOf: (connector: string) => number | undefined,
): SentParts {
  const ids = events.map(({ message }) => message.id);
  const attempts = events.map(attemptOf);
  const timers = events.flatMap((event) => timersOf(event, noReportAfterMsOf(event.connector)));
  const several = Prisma.sql`, attempt_ids AS (
    INSERT INTO dlr.sent_attempt (message_id, attempt, connector_group, provider_ids)
    SELECT old.message_id, old.attempt, old.connector_group, old.provider_ids
    FROM unnest(${ids}::text[], ${attempts}::int[]) AS given(id, attempt)
    JOIN dlr.sent_message AS old ON old.message_id = given.id::uuid AND old.attempt < given.attempt
    UNION ALL
    SELECT id::uuid, attempt, connector_group, provider_ids::text[]
    FROM unnest(
      ${ids}::text[],
      ${attempts}::int[],
      ${events.map(({ group }) => storable(group))}::text[],
      ${events.map(({ providerIds }) => arrayLiteral([...new Set(providerIds)]))}::text[]
    ) AS given(id, attempt, connector_group, provider_ids) WHERE attempt > 1
    ON CONFLICT DO NOTHING
  )`;
  const timed = Prisma.sql`, timer AS (
    INSERT INTO dlr.receipt_timer (message_id, attempt, kind, due_at)
    SELECT id::uuid, attempt, kind, to_timestamp(due_at_ms / 1000.0)
    FROM unnest(
      ${timers.map(({ id }) => id)}::text[],
      ${timers.map(({ attempt }) => attempt)}::int[],
      ${timers.map(({ kind }) => kind)}::text[],
      ${timers.map(({ dueAtMs }) => dueAtMs)}::float8[]
    ) AS given(id, attempt, kind, due_at_ms)
    ON CONFLICT DO NOTHING
  )`;
  return {
    columns: Prisma.sql`, attempt, again, goes_on_until, own_timer`,
    selected: Prisma.sql`, attempt, nullif(again, ''), to_timestamp(nullif(goes_on_until, 0) / 1000.0), own_timer`,
    arrays: Prisma.sql`,
      ${attempts}::int[],
      string_to_array(${events.map(({ again }) => (again ? JSON.stringify(again) : '')).join(separator)}, chr(30)),
      ${events.map(({ again, message }) => (again?.cascade.undelivered ? message.validUntilMs : 0))}::float8[],
      ${events.map(({ connector }) => noReportAfterMsOf(connector) !== undefined)}::boolean[]`,
    onConflict: Prisma.sql`DO UPDATE SET
      head = excluded.head, connector_group = excluded.connector_group, provider_ids = excluded.provider_ids, sent_at = excluded.sent_at,
      attempt = excluded.attempt, again = excluded.again, goes_on_until = excluded.goes_on_until, own_timer = excluded.own_timer, ending = NULL,
      state = CASE known.state WHEN 'no_report' THEN known.state ELSE 'sent' END,
      final_at = CASE known.state WHEN 'no_report' THEN known.final_at END
      WHERE known.attempt < excluded.attempt AND known.state IN ('sent', 'returned', 'no_report')`,
    also: Prisma.sql`${attempts.some((attempt) => attempt > 1) ? several : none}${timers.length > 0 ? timed : none}`,
    segmentAttempt: {
      column: Prisma.sql`, attempt`,
      array: Prisma.sql`, ${segments.map(({ event }) => attempts[event] as number)}::int[]`,
    },
  };
}

interface ReceiptTimer {
  readonly id: string;
  readonly attempt: number;
  readonly kind: 'no_receipt' | 'no_report';
  readonly dueAtMs: number;
}

function timersOf(event: MessageSent, noReportAfterMs: number | undefined): ReceiptTimer[] {
  const { at, again, message } = event;
  const of = { id: message.id, attempt: attemptOf(event) };
  const timers: ReceiptTimer[] = [];
  const noReceiptMs = again?.cascade.noReceiptMs;
  // when its time is over there is no next route
  if (noReceiptMs !== undefined && at + noReceiptMs < message.validUntilMs)
    timers.push({ ...of, kind: 'no_receipt', dueAtMs: at + noReceiptMs });
  if (noReportAfterMs !== undefined) timers.push({ ...of, kind: 'no_report', dueAtMs: at + noReportAfterMs });
  return timers;
}

function attemptOf({ attempt = 1 }: MessageSent): number {
  return attempt;
}

/** A statement may take a row over once: of the attempts of a message that are in one batch, the last. */
export function lastAttempts(events: readonly MessageSent[]): MessageSent[] {
  const last = new Map<string, MessageSent>();
  for (const event of events) {
    const other = last.get(event.message.id);
    if (!other || attemptOf(other) < attemptOf(event)) last.set(event.message.id, event);
  }
  return [...last.values()];
}
