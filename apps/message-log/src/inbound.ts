import {
  done,
  historyListMax,
  isEventsCursor,
  isId,
  never,
  withoutDashes,
  type Content,
  type InboundAnswer,
  type InboundListAnswer,
  type InboundListQuestion,
  type InboundQuestion,
  type LoggedInbound,
  type OptOutKeyword,
  type Outcome,
  type TakenBy,
} from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import type { History } from './history.ts';
import { storableJson } from './statement.ts';

/** The table of handsets' messages. */

export type InboundEvent = Extract<TakenBy<'log'>, { type: `inbound.${string}` }>;

/** What one or several events say of one message; keys are the columns, times unix ms. Null: nothing is said. */
type Row = { readonly id: string } & { [name in Exclude<keyof typeof columns, 'id'>]: string | number | readonly number[] | null };

const columns = {
  id: 'uuid',
  tenant: 'text',
  from_addr: 'text',
  to_addr: 'text',
  text: 'text',
  octets: 'text',
  udh: 'text',
  connector: 'text',
  parts: 'smallint',
  missing: 'integer[]',
  late: 'smallint',
  received_at: 'bigint',
  route: 'text',
  credential: 'text',
  keyword: 'text',
  opt_out: 'text',
  matched_at: 'bigint',
  smpp_at: 'bigint',
  webhook_at: 'bigint',
} as const;
const names = Object.keys(columns) as (keyof typeof columns)[];
const others = names.filter((name) => name !== 'id');
const nothing = Object.fromEntries(others.map((name) => [name, null])) as Omit<Row, 'id'>;

export function createInboundHandler(
  history: Pick<History, 'rows'>,
): (deliveries: readonly Delivery<TakenBy<'log'>>[]) => Promise<Outcome[]> {
  return async (deliveries) => {
    const events = deliveries.map(({ event }) => event as InboundEvent);
    const readable = events.filter(isReadable);
    if (readable.length > 0) await history.rows(statement, storableJson(JSON.stringify(foldEvents(readable))));
    return events.map((event) => (isReadable(event) ? done() : never('not an event of an inbound message')));
  };
}

/** One row for each message: what a statement may not meet twice, a batch may. What is known first stays, as in the statement. */
export function foldEvents(events: readonly InboundEvent[]): Row[] {
  const rows = new Map<string, Row>();
  for (const event of events) {
    const row = rowOf(event);
    const known = rows.get(row.id);
    rows.set(row.id, known ? merged(known, row) : row);
  }
  return [...rows.values()];
}

function merged(known: Row, more: Row): Row {
  return { id: known.id, ...(Object.fromEntries(others.map((name) => [name, known[name] ?? more[name]])) as Omit<Row, 'id'>) };
}

function rowOf(event: InboundEvent): Row {
  if (event.type === 'inbound.delivered') {
    const { inboundId: id, tenant, via, at } = event;
    return { ...nothing, id, tenant, ...(via === 'smpp' ? { smpp_at: at } : { webhook_at: at }) };
  }
  const { id, connector, from, to, content, receivedAtMs, parts, missing, late } = event.inbound;
  return {
    ...nothing,
    id,
    from_addr: from,
    to_addr: to,
    text: content.kind === 'text' ? content.text : null,
    octets: content.kind === 'binary' ? content.octets : null,
    udh: content.udh ?? null,
    connector,
    parts,
    missing: missing ?? null,
    late: late ?? null,
    received_at: receivedAtMs,
    ...(event.type === 'inbound.matched' ? whoseOf(event) : {}),
  };
}

function whoseOf({ tenant, route, credential, keyword, optOut, at }: Extract<InboundEvent, { type: 'inbound.matched' }>): Partial<Row> {
  return { tenant, route, credential: credential ?? null, keyword: keyword ?? null, opt_out: optOut ?? null, matched_at: at };
}

/** What is wrong in detail, such as a number out of range, PostgreSQL finds. */
function isReadable(event: InboundEvent): boolean {
  if (event.type === 'inbound.delivered') return isId(String(event.inboundId)) && typeof event.tenant === 'string';
  const { inbound } = event;
  return typeof inbound?.content === 'object' && isId(String(inbound.id)) && typeof inbound.to === 'string';
}

const thisTransaction = 'pg_current_xact_id()::text::bigint';
/** `to_timestamp` takes seconds. */
const given = names.map((name) => (columns[name] === 'bigint' ? `to_timestamp(${name} / 1000.0)` : name));

/**
 * What is known first stays, whatever comes when. It is the tenant's, and can be pulled, from the statement on that knows that it was matched: this is
 * the only one of its transaction. In the order of ids: nobody waits in a circle.
 */
const statement = `
  INSERT INTO message_log.inbound AS old (${names.join(', ')}, written_in, n)
  SELECT ${given.join(', ')}, CASE WHEN matched_at IS NULL THEN 0 ELSE ${thisTransaction} END, row_number() OVER (ORDER BY id)
  FROM jsonb_to_recordset($1::jsonb) AS given (${names.map((name) => `${name} ${columns[name]}`).join(', ')})
  ORDER BY id
  ON CONFLICT (id) DO UPDATE SET
    ${others.map((name) => `${name} = coalesce(old.${name}, excluded.${name})`).join(', ')},
    written_in = CASE WHEN old.matched_at IS NULL THEN excluded.written_in ELSE old.written_in END,
    n = CASE WHEN old.matched_at IS NULL THEN excluded.n ELSE old.n END`;

interface Found extends Record<Exclude<keyof typeof columns, 'missing' | 'parts' | 'late' | `${string}_at`>, string | null> {
  readonly id: string;
  readonly parts: number;
  readonly missing: readonly number[] | null;
  readonly late: number | null;
  readonly received_at: Date;
  readonly matched_at: Date | null;
  readonly smpp_at: Date | null;
  readonly webhook_at: Date | null;
  readonly written_in: bigint;
  readonly n: number;
}

const selected = `${names.map((name) => (name === 'id' ? 'id::text' : name)).join(', ')}, written_in, n`;
/** The lowest transaction that is under way: what those below it wrote is there or never will be (as in `reports.ts`). */
const horizon = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint';

export async function readInbound(history: Pick<History, 'rows'>, { tenant, id }: InboundQuestion): Promise<InboundAnswer> {
  if (!isId(id)) return {};
  const [found] = await history.rows<Found>(
    `SELECT ${selected} FROM message_log.inbound WHERE id = $1::uuid AND received_at IS NOT NULL AND ($2::text IS NULL OR tenant = $2::text)`,
    id,
    tenant ?? null,
  );
  return found ? { inbound: inboundOf(found) } : {};
}

/** Newest first, or, after a cursor, as they became the tenant's. */
export async function listInbound(history: Pick<History, 'rows'>, question: InboundListQuestion): Promise<InboundListAnswer> {
  const { tenant, before, after, from, to, sinceMs } = question;
  if (!isAskable(question)) return { messages: [] };
  const limit = Math.min(Math.max(1, Math.trunc(question.limit)), historyListMax);
  const values: unknown[] = [];
  const put = (value: unknown): string => `$${values.push(value)}`;
  const [writtenIn = '0', n = '0'] = after?.split('-') ?? [];
  const conditions = [
    'received_at IS NOT NULL',
    tenant === undefined ? 'tenant IS NULL' : `tenant = ${put(tenant)}`,
    ...(before === undefined ? [] : [`id < ${put(before)}::uuid`]),
    ...(from === undefined ? [] : [`from_addr = ${put(from)}`]),
    ...(to === undefined ? [] : [`to_addr = ${put(to)}`]),
    ...(sinceMs === undefined ? [] : [`received_at >= ${put(new Date(sinceMs))}::timestamptz`]),
    ...(after === undefined
      ? []
      : [`(written_in, n) > (${put(BigInt(writtenIn))}::bigint, ${put(BigInt(n))}::bigint)`, `written_in > 0 AND written_in < ${horizon}`]),
  ];
  const rows = await history.rows<Found>(
    `SELECT ${selected} FROM message_log.inbound WHERE ${conditions.join(' AND ')}
     ORDER BY ${after === undefined ? 'inbound.id DESC' : 'written_in, n'} LIMIT ${put(limit + 1)}`,
    ...values,
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const isMore = rows.length > limit;
  const messages = shown.map(inboundOf);
  if (after !== undefined) return { messages, next: last ? `${last.written_in}-${last.n}` : after, ...(isMore ? { more: true } : {}) };
  return { messages, ...(isMore && last ? { next: withoutDashes(last.id) } : {}) };
}

/** PostgreSQL has no U+0000, so nothing is found by it. */
function isAskable({ before, after, from, to, tenant }: InboundListQuestion): boolean {
  if (before !== undefined && !isId(before)) return false;
  if (after !== undefined && (!isEventsCursor(after) || tenant === undefined)) return false;
  return [tenant, from, to].every((text) => !text?.includes('\0'));
}

function inboundOf(row: Found): LoggedInbound {
  const { tenant, credential, route, keyword, opt_out: optOut, missing, late, matched_at: matchedAt } = row;
  const deliveredAt = [
    ['smpp', row.smpp_at],
    ['webhook', row.webhook_at],
  ] as const;
  return {
    id: withoutDashes(row.id),
    connector: row.connector ?? '',
    from: row.from_addr ?? '',
    to: row.to_addr ?? '',
    content: contentOf(row),
    receivedAtMs: row.received_at.getTime(),
    parts: row.parts,
    ...(missing === null ? {} : { missing }),
    ...(late === null ? {} : { late }),
    ...(tenant === null ? {} : { tenant }),
    ...(credential === null ? {} : { credential }),
    ...(route === null ? {} : { route }),
    ...(keyword === null ? {} : { keyword }),
    ...(optOut === null ? {} : { optOut: optOut as OptOutKeyword }),
    ...(matchedAt === null ? {} : { matchedAtMs: matchedAt.getTime() }),
    delivered: deliveredAt.flatMap(([via, at]) => (at === null ? [] : [{ via, atMs: at.getTime() }])),
  };
}

function contentOf({ text, octets, udh }: Found): Content {
  const header = udh === null ? {} : { udh };
  return octets === null ? { kind: 'text', text: text ?? '', ...header } : { kind: 'binary', octets, ...header };
}
