import type { RegistryTransaction } from './audit.ts';

/** What a segment costs, of numbers that begin with `prefix` or of a network, while it is valid. Absent dates: ever, for ever. */
export interface Price {
  /** Digits of E.164 without the plus sign; empty or absent without a network: every number. */
  readonly prefix?: string;
  /** Three digits, in place of a prefix: every network of that country, or with `mnc` (two or three digits) that one. */
  readonly mcc?: string;
  readonly mnc?: string;
  readonly microCreditsPerSegment: bigint;
  /** From then on. */
  readonly validFrom?: Date | null;
  /** Before then. */
  readonly validUntil?: Date | null;
}

/** A price as the tables have it. */
export interface PriceRow extends Required<Pick<Price, 'prefix' | 'mcc' | 'mnc' | 'microCreditsPerSegment'>> {
  readonly validFrom: Date;
  readonly validUntil: Date | null;
}

/** What it is the price of: two prices of the same may not be valid at the same time. */
export function priceKey({ prefix = '', mcc = '', mnc = '' }: Pick<Price, 'prefix' | 'mcc' | 'mnc'>): string {
  return mcc === '' ? `p${prefix}` : `n${mcc}${mnc}`;
}

/** Places of those that are valid at the same time as an earlier one of the same. */
export function overlapsIn(prices: readonly Price[]): number[] {
  const timed = prices.map((price, place) => ({ key: priceKey(price), place, from: fromMs(price), until: untilMs(price) }));
  const overlapping = new Set<number>();
  for (const same of Map.groupBy(timed, ({ key }) => key).values()) {
    if (same.length === 1) continue;
    const byTime = same.toSorted((a, b) => a.from - b.from);
    // the one that lasts longest of those that have begun: one that begins later need not end later
    let open = byTime[0] as (typeof byTime)[number];
    for (const one of byTime.slice(1)) {
      if (one.from < open.until) overlapping.add(Math.max(one.place, open.place));
      if (one.until > open.until) open = one;
    }
  }
  return [...overlapping].sort((a, b) => a - b);
}

const fromMs = ({ validFrom }: Price): number => validFrom?.getTime() ?? 0;
const untilMs = ({ validUntil }: Price): number => validUntil?.getTime() ?? Infinity;

/** The prices of a plan, or of what is bought by a connector. */
export interface PricesOf {
  readonly of: 'plan' | 'connector';
  readonly id: string;
}

const tables = { plan: { table: 'price', owner: 'plan_id' }, connector: { table: 'buy_price', owner: 'connector_id' } } as const;

/** Takes away all its prices. */
export async function removePrices(transaction: RegistryTransaction, { of, id }: PricesOf): Promise<void> {
  const { table, owner } = tables[of];
  await transaction.$executeRawUnsafe(`DELETE FROM "registry"."${table}" WHERE "${owner}" = $1`, id);
}

/** Takes away those of these prefixes and networks. */
export async function removePricesOf(
  transaction: RegistryTransaction,
  { of, id }: PricesOf,
  keys: readonly Pick<Price, 'prefix' | 'mcc' | 'mnc'>[],
): Promise<void> {
  const { table, owner } = tables[of];
  const rows = keys.map(({ prefix = '', mcc = '', mnc = '' }) => ({ prefix, mcc, mnc }));
  await transaction.$executeRawUnsafe(
    `DELETE FROM "registry"."${table}" AS "price" USING jsonb_to_recordset($2::jsonb) AS "gone" ("prefix" text, "mcc" text, "mnc" text)
     WHERE "${owner}" = $1 AND ("price"."prefix", "price"."mcc", "price"."mnc") = ("gone"."prefix", "gone"."mcc", "gone"."mnc")`,
    id,
    JSON.stringify(rows),
  );
}

/** Adds them, in one statement. Rejects when two of the same would be valid at once. */
export async function addPrices(transaction: RegistryTransaction, { of, id }: PricesOf, prices: readonly Price[]): Promise<void> {
  if (prices.length === 0) return;
  const { table, owner } = tables[of];
  const rows = prices.map(({ prefix = '', mcc = '', mnc = '', microCreditsPerSegment, validFrom, validUntil }) => ({
    prefix,
    mcc,
    mnc,
    price: String(microCreditsPerSegment),
    from: validFrom?.toISOString() ?? null,
    until: validUntil?.toISOString() ?? null,
  }));
  await transaction.$executeRawUnsafe(
    `INSERT INTO "registry"."${table}" ("${owner}", "prefix", "mcc", "mnc", "micro_credits_per_segment", "valid_from", "valid_until")
     SELECT $1, "prefix", "mcc", "mnc", "price", coalesce("from", to_timestamp(0)), "until"
     FROM jsonb_to_recordset($2::jsonb) AS "given" ("prefix" text, "mcc" text, "mnc" text, "price" bigint, "from" timestamptz, "until" timestamptz)`,
    id,
    JSON.stringify(rows),
  );
}

/** Where a list of prices goes on: after the one of this prefix or network that begins then. */
export type PricePlace = Pick<PriceRow, 'prefix' | 'mcc' | 'mnc' | 'validFrom'>;

/** In the order of prefixes, then of networks' codes, then of time. */
export async function listPrices(
  database: RegistryTransaction,
  { of, id }: PricesOf,
  { after, limit }: { readonly after?: PricePlace | undefined; readonly limit: number },
): Promise<PriceRow[]> {
  const { table, owner } = tables[of];
  const { prefix, mcc, mnc, validFrom } = after ?? { prefix: '', mcc: '', mnc: '', validFrom: new Date(-1) };
  return database.$queryRawUnsafe<PriceRow[]>(
    `SELECT "prefix", "mcc", "mnc", "micro_credits_per_segment" AS "microCreditsPerSegment", "valid_from" AS "validFrom", "valid_until" AS "validUntil"
     FROM "registry"."${table}" WHERE "${owner}" = $1 AND ("prefix", "mcc", "mnc", "valid_from") > ($2, $3, $4, $5::timestamptz)
     ORDER BY "prefix", "mcc", "mnc", "valid_from" LIMIT $6`,
    id,
    prefix,
    mcc,
    mnc,
    validFrom.toISOString(),
    limit,
  );
}
