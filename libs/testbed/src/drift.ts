import { readFileSync } from 'node:fs';
import pg from 'pg';
import { readDataModel, type DataModel, type Field, type Index, type Model } from './data-model.ts';
import { prismaSchemaOf, startServers, type Schema } from './servers.ts';

/**
 * What an owner's schema.prisma and its tables as the migrations made them do not agree on, one line each; empty when they do. Compared: tables, columns,
 * types, nullability, defaults, primary keys, uniques, and the indexes and foreign keys that the schema declares (the database may have more). Not
 * compared, as Prisma has no words for them: checks, triggers, views, partial indexes.
 */
export async function driftOf(databaseUrl: string, schema: Schema): Promise<string[]> {
  const model = await readDataModel(readFileSync(prismaSchemaOf(schema), 'utf8'));
  return compare(declared(model, schema), await found(databaseUrl, schema));
}

/** The same of a fresh database: what an owner's test wants to be empty. */
export async function driftAfterMigrations(schema: Schema): Promise<string[]> {
  const servers = await startServers({ schemas: [schema] });
  try {
    return await driftOf(servers.databaseUrl, schema);
  } finally {
    await servers.stop();
  }
}

/** Both sides in the same words: facts such as `column tenant.name: text not null`, by what they are about. */
export type Facts = ReadonlyMap<string, string>;

export function compare(wanted: Facts, there: Facts): string[] {
  return [...new Set([...wanted.keys(), ...there.keys()])].sort().flatMap((about) => {
    const [schema, database] = [wanted.get(about), there.get(about)];
    if (schema === database) return [];
    // what only the database has of these changes nothing for a reader of schema.prisma
    if (schema === undefined && /^(index|foreign key) /.test(about)) return [];
    return [`${about}: schema.prisma says ${schema ?? 'nothing'}, the database has ${database ?? 'nothing'}`];
  });
}

/** What schema.prisma says, in PostgreSQL's words. */
export function declared({ models, indexes }: DataModel, schema: string): Facts {
  const facts = new Map<string, string>();
  const byName = new Map(models.map((model) => [model.name, model]));
  for (const model of models) {
    const table = model.dbName ?? model.name;
    facts.set(`table ${table}`, `in schema ${model.schema ?? 'public'}`);
    if (model.schema !== schema) continue;
    for (const field of model.fields) {
      if (field.kind !== 'object') facts.set(`column ${table}.${columnOf(field)}`, columnFact(field));
      else if (field.relationFromFields?.length) facts.set(...foreignKey(model, field, byName.get(field.type) as Model));
    }
  }
  for (const index of indexes) {
    const model = byName.get(index.model) as Model;
    facts.set(`${indexKinds[index.type]} ${model.dbName ?? model.name} (${indexColumns(model, index)})`, 'yes');
  }
  return facts;
}

const indexKinds: Record<Index['type'], string> = { id: 'primary key', unique: 'unique', normal: 'index', fulltext: 'full-text index' };

const columnOf = (field: Field): string => field.dbName ?? field.name;

const columnNamed = (model: Model, name: string): string => columnOf(model.fields.find((field) => field.name === name) as Field);

function indexColumns(model: Model, { fields }: Index): string {
  return fields.map(({ name, sortOrder }) => columnNamed(model, name) + (sortOrder === 'desc' ? ' DESC' : '')).join(', ');
}

function foreignKey(model: Model, field: Field, target: Model): [string, string] {
  const columns = (of: Model, names: readonly string[] = []) => names.map((name) => columnNamed(of, name)).join(', ');
  const about = `foreign key ${model.dbName ?? model.name} (${columns(model, field.relationFromFields)})`;
  return [about, `${target.dbName ?? target.name} (${columns(target, field.relationToFields)})`];
}

/** Prisma's types without @db (Prisma, "PostgreSQL type mapping"). */
const scalarTypes: Record<string, string> = {
  String: 'text',
  Boolean: 'boolean',
  Int: 'integer',
  BigInt: 'bigint',
  Float: 'double precision',
  Decimal: 'numeric(65,30)',
  DateTime: 'timestamp(3) without time zone',
  Json: 'jsonb',
  Bytes: 'bytea',
};

/** Those with @db; `(n)` stands where the parameters go. */
const nativeTypes: Record<string, string> = {
  Text: 'text',
  VarChar: 'character varying(n)',
  Char: 'character(n)',
  Uuid: 'uuid',
  Boolean: 'boolean',
  SmallInt: 'smallint',
  Integer: 'integer',
  BigInt: 'bigint',
  Real: 'real',
  DoublePrecision: 'double precision',
  Decimal: 'numeric(n)',
  Timestamptz: 'timestamp(n) with time zone',
  Timestamp: 'timestamp(n) without time zone',
  Date: 'date',
  Time: 'time(n) without time zone',
  Timetz: 'time(n) with time zone',
  Json: 'json',
  JsonB: 'jsonb',
  ByteA: 'bytea',
  Inet: 'inet',
};

/** As `format_type` writes it. A type that is in neither table differs from everything, and so asks to be added. */
function columnFact({ type, nativeType, isList, isRequired, default: value }: Field): string {
  const [native, parameters = []] = nativeType ?? [];
  const base =
    native === undefined ? scalarTypes[type] : nativeTypes[native]?.replace('(n)', parameters.length ? `(${parameters.join(',')})` : '');
  const words = [`${base ?? `a type unknown to drift.ts (${native ?? type})`}${isList ? '[]' : ''}`];
  // A list has no null in Prisma, which reads one as empty: NOT NULL or not, it is the same to it.
  if (isRequired && !isList) words.push('not null');
  if (value !== undefined && value !== null) words.push(`default ${defaultFact(value)}`);
  return words.join(' ');
}

function defaultFact(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(defaultFact).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { name, args } = value as { name: string; args?: readonly unknown[] };
  const functions: Record<string, string> = { now: 'CURRENT_TIMESTAMP', autoincrement: 'nextval', dbgenerated: String(args?.[0]) };
  return functions[name] ?? `${name}()`;
}

/** What PostgreSQL has in the schema. */
async function found(databaseUrl: string, schema: string): Promise<Facts> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const facts = new Map<string, string>();
    const ask = async <Row extends object>(sql: string) => (await client.query<Row>(sql, [schema])).rows;
    for (const { name } of await ask<{ name: string }>(tablesSql)) facts.set(`table ${name}`, `in schema ${schema}`);
    for (const { name, type, required, value } of await ask<Column>(columnsSql)) {
      facts.set(`column ${name}`, `${type}${required ? ' not null' : ''}${value === null ? '' : ` default ${literal(value)}`}`);
    }
    for (const { kind, name, columns } of await ask<FoundIndex>(indexesSql)) facts.set(`${kind} ${name} (${columns.join(', ')})`, 'yes');
    for (const { name, columns, target, targetColumns } of await ask<ForeignKey>(foreignKeysSql)) {
      facts.set(`foreign key ${name} (${columns.join(', ')})`, `${target} (${targetColumns.join(', ')})`);
    }
    return facts;
  } finally {
    await client.end();
  }
}

/** A default as an expression (`'sent'::text`, `nextval('entry_id_seq'::regclass)`, `0`) in the words of `defaultFact`. */
function literal(expression: string): string {
  if (expression.startsWith('nextval(')) return 'nextval';
  const items = /^ARRAY\[(.*)\](?:::.*)?$/.exec(expression)?.[1] ?? (/^'{}'::.*\[\]$/.test(expression) ? '' : undefined);
  if (items !== undefined) return `[${items === '' ? '' : items.split(', ').map(literal).join(', ')}]`;
  const text = /^'((?:[^']|'')*)'::/.exec(expression)?.[1];
  return text === undefined ? expression : text.replaceAll("''", "'");
}

// _prisma_migrations is the runner's own.
const ours = `c.relnamespace = $1::text::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> '_prisma_migrations'`;

const tablesSql = `SELECT c.relname AS name FROM pg_class c WHERE ${ours}`;

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly value: string | null;
}
const columnsSql = `
  SELECT c.relname || '.' || a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AND a.attndims = 0 AS required,
         pg_get_expr(d.adbin, d.adrelid) AS value
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
   WHERE ${ours}`;

interface FoundIndex {
  readonly kind: string;
  readonly name: string;
  readonly columns: readonly string[];
}
/** The first bit of `indoption` says DESC (pg_index.h, INDOPTION_DESC). Indexes over a part of the rows or an expression are left out. */
const indexesSql = `
  SELECT CASE WHEN i.indisprimary THEN 'primary key' WHEN i.indisunique THEN 'unique' ELSE 'index' END AS kind, c.relname AS name,
         array_agg(a.attname::text || CASE WHEN i.indoption[k.at - 1] & 1 = 1 THEN ' DESC' ELSE '' END ORDER BY k.at) AS columns
    FROM pg_class c
    JOIN pg_index i ON i.indrelid = c.oid AND i.indpred IS NULL AND i.indexprs IS NULL
   CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY AS k(attnum, at)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
   WHERE ${ours}
   GROUP BY i.indexrelid, i.indisprimary, i.indisunique, c.relname`;

interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly target: string;
  readonly targetColumns: readonly string[];
}
const foreignKeysSql = `
  SELECT c.relname AS name, t.relname AS target,
         array_agg(a.attname::text ORDER BY k.at) AS columns, array_agg(b.attname::text ORDER BY k.at) AS "targetColumns"
    FROM pg_class c
    JOIN pg_constraint f ON f.conrelid = c.oid AND f.contype = 'f'
    JOIN pg_class t ON t.oid = f.confrelid
   CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(own, other, at)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.own
    JOIN pg_attribute b ON b.attrelid = t.oid AND b.attnum = k.other
   WHERE ${ours}
   GROUP BY f.oid, c.relname, t.relname`;
