import { isId, withoutDashes, type MessageState, type UsageQuestion, type UsageRecord } from '@heliograph/message';
import type { Database } from './history.ts';
import { idsBefore, lowestIdSince } from './search.ts';

interface Row {
  id: string;
  accepted_at: Date | null;
  to_addr: string | null;
  from_addr: string | null;
  segments: number | null;
  micro_credits: bigint | null;
  state: MessageState;
  connector: string | null;
  reference: string | null;
}

/**
 * A page by the primary key: ids are in the order of acceptance but for some hours (a retry keeps the id of its first try), so it begins that much
 * earlier and what is not of the time is left out. A page may be empty though others follow.
 */
export async function readUsage(
  database: Database,
  { tenant, sinceMs, untilMs, limit, after }: UsageQuestion,
): Promise<{ records: UsageRecord[]; next?: string }> {
  if (after !== undefined && !isId(after)) throw new Error('not a place in the usage records');
  const [since, until] = [new Date(sinceMs), new Date(untilMs)];
  const lower = lowestIdSince(sinceMs);
  const rows = await database.$queryRaw<Row[]>`
    SELECT id, accepted_at, to_addr, from_addr, segments, micro_credits, state, connector, reference
      FROM message_log.message
     WHERE tenant = ${tenant} AND id >= ${lower}::uuid AND id > ${after ?? '0'.repeat(32)}::uuid AND id < ${idsBefore(untilMs)}::uuid
     ORDER BY id LIMIT ${limit + 1}`;
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    records: page.flatMap((row) =>
      row.accepted_at && row.accepted_at >= since && row.accepted_at < until ? [recordOf(row, row.accepted_at)] : [],
    ),
    ...(last && rows.length > limit ? { next: withoutDashes(last.id) } : {}),
  };
}

function recordOf(row: Row, acceptedAt: Date): UsageRecord {
  return {
    id: withoutDashes(row.id),
    acceptedAtMs: acceptedAt.getTime(),
    to: row.to_addr ?? '',
    from: row.from_addr ?? '',
    segments: row.segments ?? 0,
    microCredits: String(row.micro_credits ?? 0n),
    state: row.state,
    ...(row.connector === null ? {} : { connector: row.connector }),
    ...(row.reference === null ? {} : { reference: row.reference }),
  };
}
