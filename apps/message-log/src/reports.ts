import {
  withoutDashes,
  type EventsAnswer,
  type EventsQuestion,
  type FailureReason,
  type FinalState,
  type Report,
} from '@heliograph/message';
import type { Database } from './history.ts';

interface ReportRow {
  readonly written_in: bigint;
  readonly n: bigint;
  readonly message_id: string;
  readonly from_addr: string;
  readonly to_addr: string;
  readonly segments: number;
  readonly reference: string | null;
  readonly state: FinalState;
  readonly reason: FailureReason | null;
  readonly error_code: string | null;
  readonly accepted_at: Date;
  readonly done_at: Date;
}

/**
 * The lowest transaction that is under way: what those below it wrote is there or never will be, so whoever goes on from there misses nothing,
 * whichever of several writers is the first to commit. A transaction that stays open, anywhere on the server, holds back what comes after it.
 */
const horizon = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint';

/** Before all. */
const start = '0-0';

/** `after` has the form of a cursor, or is `now`. */
export async function readReports(database: Database, { tenant, limit, after = start }: EventsQuestion): Promise<EventsAnswer> {
  if (after === 'now') return { events: [], next: cursorOf({ written_in: await readHorizon(database), n: 0n }), more: false };
  const [writtenIn = '0', n = '0'] = after.split('-');
  const rows = await database.$queryRawUnsafe<ReportRow[]>(
    `SELECT written_in, n, message_id::text, from_addr, to_addr, segments, reference, state, reason, error_code, accepted_at, done_at
     FROM message_log.report
     WHERE tenant = $1 AND (written_in, n) > ($2::bigint, $3::bigint) AND written_in < ${horizon}
     ORDER BY written_in, n LIMIT $4`,
    tenant,
    BigInt(writtenIn),
    BigInt(n),
    limit + 1,
  );
  const events = rows.slice(0, limit).map((row) => ({ cursor: cursorOf(row), report: reportOf(row) }));
  return { events, next: events.at(-1)?.cursor ?? after, more: rows.length > limit };
}

export async function readHorizon(database: Database): Promise<bigint> {
  const [now] = await database.$queryRawUnsafe<[{ horizon: bigint }]>(`SELECT ${horizon} AS horizon`);
  return now.horizon;
}

function cursorOf({ written_in, n }: Pick<ReportRow, 'written_in' | 'n'>): string {
  return `${written_in}-${n}`;
}

function reportOf(row: ReportRow): Report {
  const { from_addr: from, to_addr: to, segments, reference, state, reason, error_code: errorCode } = row;
  return {
    id: withoutDashes(row.message_id),
    to,
    from,
    state,
    segments,
    acceptedAtMs: row.accepted_at.getTime(),
    doneAtMs: row.done_at.getTime(),
    ...(reference === null ? {} : { reference }),
    ...(reason === null ? {} : { reason }),
    ...(errorCode === null ? {} : { errorCode }),
  };
}
