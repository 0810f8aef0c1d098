import {
  isId,
  withoutDashes,
  type MessageClass,
  type RecordedAnswer,
  type RecordedMessage,
  type RecordedQuestion,
} from '@heliograph/message';
import type { History } from './history.ts';
import { idAt } from './search.ts';

/** NATS takes a megabyte in one answer (max_payload). */
const answerOctetsMax = 700_000;

/**
 * There is no index over all tenants: it would cost every message. Each tenant's newest are looked at in its own order of ids, so the time looked
 * back over begins short and grows until there are enough: a tenant that has none then costs one look into an index, not a page of rows.
 */
const backMs = [1_000, 60_000, 3_600_000, 24 * 3_600_000, Infinity] as const;

/** The newest of all tenants together. */
export async function readRecorded(
  history: Pick<History, 'rows'>,
  { limit, before }: RecordedQuestion,
  nowMs: number,
): Promise<RecordedAnswer> {
  if (before !== undefined && !isId(before)) throw new Error('not a place among the recorded messages');
  // an id of another machine's clock may be a moment ahead
  const upper = before ?? 'f'.repeat(32);
  const untilMs = before === undefined ? nowMs : timeOf(before);
  let rows: Row[] = [];
  for (const ms of backMs) {
    rows = await history.rows<Row>(statement, idAt(untilMs - ms), upper, new Date(hourOf(untilMs - ms)), limit + 1);
    if (rows.length > limit) break;
  }
  const messages = fitting(rows.slice(0, limit).map(recordedOf));
  const last = messages.at(-1);
  return { messages, ...(last && messages.length < rows.length ? { next: last.id } : {}) };
}

interface Row {
  readonly id: string;
  readonly tenant: string;
  readonly from_addr: string | null;
  readonly from_ton: number | null;
  readonly from_npi: number | null;
  readonly to_addr: string;
  readonly class: string;
  readonly segments: number;
  readonly micro_credits: bigint | null;
  readonly accepted_at: Date;
  readonly connector: string | null;
  readonly text: string | null;
}

/** The tally knows which tenants have messages of an hour. */
const statement = `
  SELECT message.id::text AS id, message.tenant, from_addr, from_ton, from_npi, to_addr, class, segments, micro_credits, accepted_at, connector, text
  FROM (SELECT DISTINCT tenant FROM message_log.tally WHERE hour >= $3) AS tenants
  CROSS JOIN LATERAL (
    SELECT * FROM message_log.message
    WHERE tenant = tenants.tenant AND id >= $1::uuid AND id < $2::uuid AND accepted_at IS NOT NULL AND connector IS DISTINCT FROM 'test'
    ORDER BY id DESC LIMIT $4
  ) AS message
  ORDER BY message.id DESC LIMIT $4`;

const hourMs = 3_600_000;

function hourOf(ms: number): number {
  return Math.max(0, Math.floor(ms / hourMs) * hourMs);
}

/** Of an id (RFC 9562 §5.7). */
function timeOf(id: string): number {
  return parseInt(id.slice(0, 12), 16);
}

function recordedOf(row: Row): RecordedMessage {
  return {
    id: withoutDashes(row.id),
    tenant: row.tenant,
    from: { addr: row.from_addr ?? '', ton: row.from_ton ?? 0, npi: row.from_npi ?? 0 },
    to: row.to_addr,
    class: row.class as MessageClass,
    segments: row.segments,
    microCredits: String(row.micro_credits ?? 0n),
    acceptedAtMs: row.accepted_at.getTime(),
    ...(row.connector === null ? {} : { connector: row.connector }),
    ...(row.text === null ? {} : { text: row.text }),
  };
}

/** As many as one answer holds; one at least. */
function fitting(messages: readonly RecordedMessage[]): readonly RecordedMessage[] {
  let octets = 0;
  const end = messages.findIndex((message, i) => (octets += Buffer.byteLength(JSON.stringify(message))) > answerOctetsMax && i > 0);
  return end === -1 ? messages : messages.slice(0, end);
}
