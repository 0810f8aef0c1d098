import { qualityChanges, qualityColumns } from './quality.ts';
import { tallyChanges } from './tally.ts';
import type { Row, StoredReport } from './log.ts';

/** A statement with its parameters. */
export interface Statement {
  /** By which PostgreSQL knows it when it comes again. */
  readonly name: string;
  readonly sql: string;
  readonly parameters: readonly string[];
}

/** What a batch of rows is written with. Writing part of it, or all of it twice, does no harm. */
export function statementsOf(rows: readonly Row[]): Statement[] {
  // in one order everywhere, so that two instances never wait for each other in a circle
  const sorted = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const byKind = Map.groupBy(sorted, (row) => kinds.find(({ fits }) => fits(row)) as Kind);
  return kinds.flatMap((kind) => {
    const some = byKind.get(kind);
    return some ? [{ name: kind.name, sql: kind.sql, parameters: kind.parameters(some) }] : [];
  });
}

function parametersOf<Item>(columns: readonly Column<Item>[], items: readonly Item[]): string[] {
  return columns.map(({ value }) => arrayLiteral(items.map(value)));
}

type Value = string | number | boolean | null | undefined;

/** An array as PostgreSQL reads it (manual, 8.15.2). Prisma would look at each element of a list. */
export function arrayLiteral(values: readonly Value[]): string {
  return `{${values.map(elementText).join(',')}}`;
}

function elementText(value: Value): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value !== 'string') return String(value);
  const text = storableText(value);
  return text.includes('"') || text.includes('\\') ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

/** A column: what it is handed over as, how that becomes the column, and what it is in memory. */
interface Column<Item> {
  readonly name: string;
  readonly type: string;
  readonly read?: string;
  readonly value: (item: Item) => Value;
}

type GroupName = 'facts' | 'content' | 'verdict' | 'routed' | 'sent';
/** Those of a row that are known together. */
type Group<Name extends GroupName> = NonNullable<Row[Name]>;

/**
 * The types of the columns, by the part of a row that has them. An array a column costs PostgreSQL a third of what one `jsonb_to_recordset` does
 * (measured: 8 against 23 µs a row).
 */
const groups: { readonly [Name in GroupName]: Readonly<Record<keyof Group<Name>, Type>> } = {
  facts: {
    credential: 'text',
    door: 'text',
    from_addr: 'text',
    from_ton: 'smallint',
    from_npi: 'smallint',
    to_addr: 'text',
    class: 'text',
    segments: 'smallint',
    micro_credits: 'bigint',
    lease: 'text',
    reference: 'text',
    receipt_id: 'text',
    accepted_at: 'unix ms',
  },
  content: {
    content_at: 'unix ms',
    send_at: 'unix ms',
    valid_until: 'unix ms',
    text: 'text',
    octets: 'text',
    udh: 'text',
    flash: 'boolean',
    held: 'text',
  },
  verdict: { state: 'text', state_rank: 'smallint', state_at: 'unix ms', reason: 'text', error_code: 'text' },
  routed: { routed_at: 'unix ms', connector: 'text', buy_micro_credits: 'bigint' },
  sent: { sent_at: 'unix ms', provider_ids: 'text[]' },
};

type Type = 'text' | 'smallint' | 'bigint' | 'boolean' | 'uuid' | 'jsonb' | 'unix ms' | 'text[]';

/** Where a column is handed over as something else than it is. */
const handedOverAs: Readonly<Partial<Record<Type, { readonly type: string; readonly read: (name: string) => string }>>> = {
  'unix ms': { type: 'double precision', read: (name) => `to_timestamp(${name} / 1000)` },
  'text[]': { type: 'text', read: (name) => `${name}::text[]` },
  jsonb: { type: 'text', read: (name) => `${name}::jsonb` },
};

function column<Item>(name: string, is: Type, value: (item: Item) => Value): Column<Item> {
  const as = handedOverAs[is];
  return { name, value, type: as?.type ?? is, ...(as ? { read: as.read(name) } : {}) };
}

function columnsOf(group: GroupName): Column<Row>[] {
  return Object.entries<Type>(groups[group]).map(([name, is]) =>
    column(name, is, (row) => {
      const value = (row[group] as Readonly<Record<string, Value | readonly string[]>> | undefined)?.[name];
      return Array.isArray(value) ? arrayLiteral(value) : (value as Value);
    }),
  );
}

const keyColumns: readonly Column<Row>[] = [column('tenant', 'text', ({ tenant }) => tenant), column('id', 'uuid', ({ id }) => id)];
const hopColumns: readonly Column<Row>[] = [column('hops', 'jsonb', ({ hops }) => storableJson(JSON.stringify(hops)))];
const reportedColumns: readonly Column<Row>[] = [column('reported_rank', 'smallint', ({ reports }) => reports.at(-1)?.rank ?? 0)];

/** Rows that say as much. A column that none of them has costs nearly as much as one that all have, so later rows are written with fewer. */
const notedColumns = [...keyColumns, ...columnsOf('verdict'), ...hopColumns];
const laterColumns = [...notedColumns, ...columnsOf('routed'), ...columnsOf('sent'), ...reportedColumns];
const allColumns = [...laterColumns, ...columnsOf('facts'), ...columnsOf('content')];

interface OwnReport {
  readonly id: string;
  readonly report: StoredReport;
}

/** Those of a report, beside what the statement knows: its tenant, and its place in the order. */
const reportTypes: Readonly<Record<Exclude<keyof StoredReport, 'rank'>, Type>> = {
  from_addr: 'text',
  to_addr: 'text',
  segments: 'smallint',
  reference: 'text',
  state: 'text',
  reason: 'text',
  error_code: 'text',
  accepted_at: 'unix ms',
  done_at: 'unix ms',
};
const reportColumns: readonly Column<OwnReport>[] = [
  column('message_id', 'uuid', ({ id }) => id),
  ...Object.entries<Type>(reportTypes).map(([name, is]) => column<OwnReport>(name, is, ({ report }) => report[name as keyof StoredReport])),
];
const rankColumn: Column<OwnReport> = column('rank', 'smallint', ({ report }) => report.rank);

/** Columns that change together, and when the new ones win: the rules of `log.ts` in SQL. A comparison with a column that is not known is null. */
const rules: readonly { columns: readonly string[]; wins: string }[] = [
  {
    columns: ['state', 'state_rank', 'state_at', 'reason', 'error_code'],
    wins: `(excluded.state_rank, old.state_at, excluded.state COLLATE "C", excluded.reason COLLATE "C", excluded.error_code COLLATE "C")
         > (old.state_rank, excluded.state_at, old.state COLLATE "C", old.reason COLLATE "C", old.error_code COLLATE "C")`,
  },
  {
    columns: ['content_at', 'send_at', 'valid_until', 'text', 'octets', 'udh', 'flash', 'held'],
    // one that was stored before there was this column has a content without its time: it stays until a later one is heard of
    wins: 'coalesce(excluded.content_at > old.content_at, excluded.content_at IS NOT NULL)',
  },
  {
    columns: ['routed_at', 'connector', 'buy_micro_credits'],
    wins: `coalesce((excluded.routed_at, excluded.connector COLLATE "C", coalesce(excluded.buy_micro_credits::text, '') COLLATE "C")
         > (old.routed_at, old.connector COLLATE "C", coalesce(old.buy_micro_credits::text, '') COLLATE "C"), old.routed_at IS NULL)`,
  },
  {
    columns: ['sent_at', 'provider_ids'],
    wins: 'coalesce((excluded.sent_at, excluded.provider_ids COLLATE "C") > (old.sent_at, old.provider_ids COLLATE "C"), old.sent_at IS NULL)',
  },
];

const thisTransaction = 'pg_current_xact_id()::text::bigint';
/** More than a batch has rows, each with two reports at most. */
const reportsOfATransactionMax = 1 << 20;

const reportedChanges = [
  'reported_rank = greatest(old.reported_rank, excluded.reported_rank)',
  'reported_in = CASE WHEN excluded.reported_rank > old.reported_rank THEN greatest(old.reported_in, excluded.reported_in) ELSE old.reported_in END',
];

interface Kind {
  readonly name: string;
  readonly fits: (row: Row) => boolean;
  readonly sql: string;
  readonly parameters: (rows: readonly Row[]) => string[];
}

const kinds: readonly Kind[] = [
  {
    name: 'noted',
    // a hop and nothing else: neither its state nor whether it is accepted changes by it
    fits: ({ facts, content, routed, sent, verdict }) => !facts && !content && !routed && !sent && verdict.state_rank === 0,
    sql: upsert(notedColumns),
    parameters: (rows) => parametersOf(notedColumns, rows),
  },
  tallied('later', ({ facts, content }) => !facts && !content, laterColumns),
  tallied('all', () => true, allColumns),
];

function tallied(name: string, fits: Kind['fits'], columns: readonly Column<Row>[]): Kind {
  return {
    name,
    fits,
    sql: talliedUpsert(columns),
    parameters: (rows) => {
      const reports = rows.flatMap(({ id, reports: of }) => of.map((report) => ({ id, report })));
      return [...parametersOf(columns, rows), ...parametersOf([...reportColumns, rankColumn], reports)];
    },
  };
}

function upsert(of: readonly Column<Row>[]): string {
  const names = of.map(({ name }) => name);
  const reports = names.includes('reported_rank');
  const ruled = new Set([...rules.flatMap((rule) => rule.columns), 'id', 'tenant', 'hops', 'reported_rank']);
  const changes = [
    ...names.filter((name) => !ruled.has(name)).map((name) => `${name} = coalesce(old.${name}, excluded.${name})`),
    ...rules.flatMap((rule) =>
      rule.columns
        .filter((name) => names.includes(name))
        .map((name) => `${name} = CASE WHEN ${rule.wins} THEN excluded.${name} ELSE old.${name} END`),
    ),
    'hops = old.hops || excluded.hops',
    ...(reports ? reportedChanges : []),
  ];
  return `
    INSERT INTO message_log.message AS old (${[...names, ...(reports ? ['reported_in'] : [])].join(', ')})
    SELECT ${selected(of)}${reports ? `, CASE reported_rank WHEN 0 THEN 0 ELSE ${thisTransaction} END` : ''} FROM ${given(of, 1)}
    ON CONFLICT (tenant, id) DO UPDATE SET ${changes.join(', ')}`;
}

/**
 * The messages; how many are in each state; how those of each connector end; and the reports that have not been written yet. A report is known by the transaction that writes
 * it and its place in that: this is the only statement of its transaction. Where a transaction that began later had the message first, the
 * report comes under that one, behind all of its own: it cannot have been read yet, as this one was under way, and a lifted no_report stays
 * behind the no_report.
 */
function talliedUpsert(of: readonly Column<Row>[]): string {
  return `
  WITH written AS (${upsert(of)}
    RETURNING WITH (OLD AS before, NEW AS after) after.id, after.tenant, coalesce(before.reported_rank, 0) AS reported_rank,
      before.accepted_at IS NOT NULL AS counted, before.state AS state_before, after.accepted_at, after.state, after.reported_in,
      ${qualityColumns}
  ), tallied AS (${tallyChanges(`
    SELECT tenant, id, accepted_at, state, 1 AS change FROM written
    WHERE accepted_at IS NOT NULL AND (NOT counted OR state <> state_before)
    UNION ALL
    SELECT tenant, id, accepted_at, state_before, -1 FROM written WHERE counted AND state <> state_before`)}
  ), qualified AS (${qualityChanges('written')}
  )
  INSERT INTO message_log.report (tenant, written_in, n, ${reportColumns.map(({ name }) => name).join(', ')})
  SELECT tenant, reported_in, n + (reported_in - ${thisTransaction}) * ${reportsOfATransactionMax}, ${selected(reportColumns)}
  FROM (SELECT given.*, written.tenant, written.reported_in FROM ${given([...reportColumns, rankColumn], of.length + 1, true)}
        JOIN written ON written.id = given.message_id WHERE given.rank > written.reported_rank) AS given`;
}

function selected(of: readonly Column<never>[]): string {
  return of.map(({ name, read }) => read ?? name).join(', ');
}

function given(of: readonly Column<never>[], first: number, numbered = false): string {
  const arrays = of.map(({ type }, i) => `$${first + i}::${type}[]`).join(', ');
  const [order, n] = numbered ? [' WITH ORDINALITY', ', n'] : ['', ''];
  return `unnest(${arrays})${order} AS given (${of.map(({ name }) => name).join(', ')}${n})`;
}

/** PostgreSQL cannot store U+0000. (Half of a surrogate pair turns into U+FFFD by itself, on its way through UTF-8.) */
export function storableText(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}

/** The same in JSON, where PostgreSQL refuses half of a surrogate pair too (RFC 8259 §8.2); JSON.stringify writes both as escapes, and only those. */
export function storableJson(json: string): string {
  return json.replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\\ufffd');
}
