import { PrismaPg } from '@prisma/adapter-pg';
import type {
  FailureReason,
  Hop,
  LoggedMessage,
  MessageListAnswer,
  MessageListQuestion,
  MessageQuestion,
  MessageClass,
  MessageState,
  Content,
  Door,
} from '@heliograph/message';
import { isId, withoutDashes } from '@heliograph/message';
import { PrismaClient } from '../generated/client.ts';
import type { MessageModel } from '../generated/models.ts';
import { hopsOf, type Row, type StoredHops } from './log.ts';

/** The table of messages: the only place that knows it. */
export interface History {
  /** All of them in one statement: all are stored, or none. */
  write(rows: readonly Row[]): Promise<void>;
  read(question: MessageQuestion): Promise<{ message: LoggedMessage; hops: Hop[] } | undefined>;
  list(question: MessageListQuestion): Promise<MessageListAnswer>;
  /** Whether the database answered when it was last asked. */
  readonly reachable: boolean;
  /** Asks it. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

/** Two for questions beside the one that writes. */
const connectionsMax = 3;

/** Longer than the destinations of one submit_multi take, each of which may wait some seconds for credit. */
const acceptedTogetherMs = 60_000;

export function openHistory(databaseUrl: string): History {
  const adapter = new PrismaPg({ connectionString: databaseUrl, max: connectionsMax }, { schema: 'message_log' });
  const database = new PrismaClient({ adapter });
  let reachable = true;

  async function asked<T>(answer: Promise<T>): Promise<T> {
    try {
      const result = await answer;
      reachable = true;
      return result;
    } catch (error) {
      reachable = isDataError(error);
      throw error;
    }
  }

  /** Of those accepted together, the least advanced; of those, the newest. */
  async function readByReceiptId({ tenant, id: receiptId }: MessageQuestion): Promise<MessageModel | null> {
    const newest = await asked(
      database.message.findFirst({ where: { tenant, receiptId }, orderBy: [{ acceptedAt: 'desc' }, { id: 'desc' }] }),
    );
    if (!newest?.acceptedAt) return null;
    const together = { gte: new Date(newest.acceptedAt.getTime() - acceptedTogetherMs) };
    return asked(
      database.message.findFirst({
        where: { tenant, receiptId, acceptedAt: together },
        orderBy: [{ stateRank: 'asc' }, { acceptedAt: 'desc' }, { id: 'desc' }],
      }),
    );
  }

  return {
    async write(rows) {
      // in one order everywhere, so that two instances never wait for each other in a circle
      const sorted = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(columnsOf);
      await asked(database.$executeRawUnsafe(upsert, ...columns.map(({ name }) => arrayLiteral(sorted.map((row) => row[name])))));
    },
    async read({ tenant, id }) {
      const found =
        (isId(id) ? await asked(database.message.findFirst({ where: { id, tenant, acceptedAt: { not: null } } })) : null) ??
        (await readByReceiptId({ tenant, id }));
      return found ? { message: messageOf(found), hops: hopsOf(found.hops as unknown as StoredHops) } : undefined;
    },
    async list({ tenant, limit, before }) {
      const found = await asked(
        database.message.findMany({
          where: { tenant, acceptedAt: { not: null }, ...(before === undefined ? {} : { id: { lt: before } }) },
          orderBy: { id: 'desc' },
          take: limit + 1,
        }),
      );
      return { messages: found.slice(0, limit).map(messageOf), more: found.length > limit };
    },
    get reachable() {
      return reachable;
    },
    async probe() {
      await asked(database.$queryRaw`SELECT 1`).catch(() => {});
    },
    close: () => database.$disconnect(),
  };
}

/** The statement's data is at fault, and would be at any other time (SQLSTATE classes 22 and 23), not the server or the way to it. */
export function isDataError(error: unknown): boolean {
  const { code, meta } = (error ?? {}) as {
    code?: string;
    meta?: { code?: unknown; driverAdapterError?: { cause?: { originalCode?: unknown } } };
  };
  const state = meta?.driverAdapterError?.cause?.originalCode ?? meta?.code ?? code;
  return typeof state === 'string' && /^2[23][0-9A-Z]{3}$/.test(state);
}

/** PostgreSQL cannot store U+0000. (Half of a surrogate pair turns into U+FFFD by itself, on its way through UTF-8.) */
export function storableText(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}

/** The same in JSON, where PostgreSQL refuses half of a surrogate pair too (RFC 8259 §8.2); JSON.stringify writes both as escapes, and only those. */
export function storableJson(json: string): string {
  return json.replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\\ufffd');
}

type Value = string | number | boolean | null | undefined;

/** An array as PostgreSQL reads it (manual, 8.15.2). Prisma would look at each element of a list. */
export function arrayLiteral(values: readonly Value[]): string {
  return `{${values.map(elementText).join(',')}}`;
}

function elementText(value: Value): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'string' ? `"${storableText(value).replace(/["\\]/g, '\\$&')}"` : String(value);
}

function columnsOf({ id, tenant, facts, verdict, routed, sent, hops }: Row): Readonly<Record<string, Value>> {
  return {
    id,
    tenant,
    ...facts,
    ...verdict,
    ...routed,
    ...(sent ? { sent_at: sent.sent_at, provider_ids: arrayLiteral(sent.provider_ids) } : {}),
    hops: storableJson(JSON.stringify(hops)),
  };
}

/**
 * The columns, what each is handed over as, and how that becomes the column. An array a column costs PostgreSQL a third of what one
 * `jsonb_to_recordset` does (measured: 8 against 23 µs a row).
 */
const columns: readonly { name: string; type: string; read?: string }[] = [
  { name: 'id', type: 'uuid' },
  { name: 'tenant', type: 'text' },
  { name: 'credential', type: 'text' },
  { name: 'door', type: 'text' },
  { name: 'from_addr', type: 'text' },
  { name: 'from_ton', type: 'smallint' },
  { name: 'from_npi', type: 'smallint' },
  { name: 'to_addr', type: 'text' },
  { name: 'class', type: 'text' },
  { name: 'segments', type: 'smallint' },
  { name: 'micro_credits', type: 'bigint' },
  { name: 'lease', type: 'text' },
  { name: 'reference', type: 'text' },
  { name: 'receipt_id', type: 'text' },
  { name: 'accepted_at', ...unixMs('accepted_at') },
  { name: 'send_at', ...unixMs('send_at') },
  { name: 'valid_until', ...unixMs('valid_until') },
  { name: 'text', type: 'text' },
  { name: 'octets', type: 'text' },
  { name: 'udh', type: 'text' },
  { name: 'flash', type: 'boolean' },
  { name: 'state', type: 'text' },
  { name: 'state_rank', type: 'smallint' },
  { name: 'state_at', ...unixMs('state_at') },
  { name: 'reason', type: 'text' },
  { name: 'error_code', type: 'text' },
  { name: 'connector', type: 'text' },
  { name: 'routed_at', ...unixMs('routed_at') },
  { name: 'sent_at', ...unixMs('sent_at') },
  { name: 'provider_ids', type: 'text', read: 'provider_ids::text[]' },
  { name: 'hops', type: 'text', read: 'hops::jsonb' },
];

function unixMs(name: string): { type: string; read: string } {
  return { type: 'double precision', read: `to_timestamp(${name} / 1000)` };
}

/** Columns that change together, and when the new ones win: the rules of `log.ts` in SQL. A comparison with a column that is not known is null. */
const rules: readonly { columns: readonly string[]; wins: string }[] = [
  {
    columns: ['state', 'state_rank', 'state_at', 'reason', 'error_code'],
    wins: `(excluded.state_rank, old.state_at, excluded.state COLLATE "C", excluded.reason COLLATE "C", excluded.error_code COLLATE "C")
         > (old.state_rank, excluded.state_at, old.state COLLATE "C", old.reason COLLATE "C", old.error_code COLLATE "C")`,
  },
  {
    columns: ['routed_at', 'connector'],
    wins: 'coalesce((excluded.routed_at, excluded.connector COLLATE "C") > (old.routed_at, old.connector COLLATE "C"), old.routed_at IS NULL)',
  },
  {
    columns: ['sent_at', 'provider_ids'],
    wins: 'coalesce((excluded.sent_at, excluded.provider_ids COLLATE "C") > (old.sent_at, old.provider_ids COLLATE "C"), old.sent_at IS NULL)',
  },
];

/** One statement for all rows. */
const upsert = (() => {
  const names = columns.map(({ name }) => name);
  const ruled = new Set([...rules.flatMap((rule) => rule.columns), 'id', 'tenant', 'hops']);
  const changes = [
    ...names.filter((name) => !ruled.has(name)).map((name) => `${name} = coalesce(old.${name}, excluded.${name})`),
    ...rules.flatMap((rule) => rule.columns.map((name) => `${name} = CASE WHEN ${rule.wins} THEN excluded.${name} ELSE old.${name} END`)),
    'hops = old.hops || excluded.hops',
  ];
  return `INSERT INTO message_log.message AS old (${names.join(', ')})
    SELECT ${columns.map(({ name, read }) => read ?? name).join(', ')}
    FROM unnest(${columns.map(({ type }, i) => `$${i + 1}::${type}[]`).join(', ')}) AS given (${names.join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${changes.join(', ')}`;
})();

function messageOf(row: MessageModel): LoggedMessage {
  const content = contentOf(row);
  return {
    id: withoutDashes(row.id),
    tenant: row.tenant,
    credential: row.credential ?? '',
    door: row.door as Door,
    from: { addr: row.fromAddr ?? '', ton: row.fromTon ?? 0, npi: row.fromNpi ?? 0 },
    to: row.toAddr ?? '',
    class: row.class as MessageClass,
    segments: row.segments ?? 0,
    microCredits: String(row.microCredits ?? 0n),
    acceptedAtMs: row.acceptedAt?.getTime() ?? 0,
    ...(row.sendAt === null ? {} : { sendAtMs: row.sendAt.getTime() }),
    validUntilMs: row.validUntil?.getTime() ?? 0,
    state: row.state as MessageState,
    stateAtMs: row.stateAt.getTime(),
    providerIds: row.providerIds,
    ...(content ? { content } : {}),
    ...(row.flash ? { flash: true } : {}),
    ...(row.receiptId === null ? {} : { receiptId: row.receiptId }),
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(row.reason === '' ? {} : { reason: row.reason as FailureReason }),
    ...(row.errorCode === '' ? {} : { errorCode: row.errorCode }),
    ...(row.connector === null ? {} : { connector: row.connector }),
    ...(row.routedAt === null ? {} : { routedAtMs: row.routedAt.getTime() }),
    ...(row.sentAt === null ? {} : { sentAtMs: row.sentAt.getTime() }),
  };
}

function contentOf({ text, octets, udh }: MessageModel): Content | undefined {
  const header = udh === null ? {} : { udh };
  if (text !== null) return { kind: 'text', text, ...header };
  if (octets !== null) return { kind: 'binary', octets, ...header };
  return undefined;
}
