import type { RouteRule } from '@heliograph/routing';
import type { RegistryTransaction } from './audit.ts';
import type { RuleChange, StoredRule } from './route-change.ts';

/** Changes of the route table that are not published yet, as against the version from which it was begun. */
export interface RouteDraft {
  readonly id: string;
  readonly baseVersion: bigint;
  readonly note: string;
  readonly createdAt: Date;
  readonly createdBy: string;
}

/** One rule in a draft; null: there is none. */
export interface DraftChange {
  readonly id: string;
  /** In the version from which the draft was begun. */
  readonly before: RouteRule | null;
  readonly after: RouteRule | null;
  /** Somebody else has published another change of it since. */
  readonly conflict: boolean;
}

/** How many rules a draft changes, against its base. */
export interface DraftCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** Of which somebody else has published another change since. */
  readonly conflicts: number;
}

/** What compares a draft with its base and with what is published. */
const compared = `
  FROM "registry"."route_draft_change" AS "change" JOIN "registry"."route_draft" AS "draft" ON "draft"."id" = "change"."draft_id"
  LEFT JOIN "registry"."route_rule" AS "base" ON "base"."id" = "change"."rule_id"
    AND "base"."from_version" <= "draft"."base_version" AND coalesce("base"."until_version" > "draft"."base_version", true)
  LEFT JOIN "registry"."route_rule" AS "live" ON "live"."id" = "change"."rule_id" AND "live"."until_version" IS NULL
  WHERE "change"."draft_id" = $1`;
const conflict = '("live"."rule" IS DISTINCT FROM "base"."rule" AND "live"."rule" IS DISTINCT FROM "change"."rule")';

export interface DraftChangesQuestion {
  /** Only those whose id comes after this one. */
  readonly after?: string | undefined;
  readonly limit?: number;
}

/** By id. */
export async function readDraftChanges(
  database: RegistryTransaction,
  { id }: Pick<RouteDraft, 'id'>,
  { after = '', limit }: DraftChangesQuestion = {},
): Promise<DraftChange[]> {
  return database.$queryRawUnsafe<DraftChange[]>(
    `SELECT "change"."rule_id" AS "id", "base"."rule" AS "before", "change"."rule" AS "after", ${conflict} AS "conflict"
     ${compared} AND "change"."rule_id" > $2 ORDER BY 1 LIMIT $3`,
    id,
    after,
    limit ?? null,
  );
}

export async function countDraftChanges(database: RegistryTransaction, { id }: Pick<RouteDraft, 'id'>): Promise<DraftCounts> {
  const [counts] = await database.$queryRawUnsafe<DraftCounts[]>(
    `SELECT count(*) FILTER (WHERE "base"."id" IS NULL)::int AS "added",
            count(*) FILTER (WHERE "base"."id" IS NOT NULL AND "change"."rule" IS NOT NULL)::int AS "changed",
            count(*) FILTER (WHERE "change"."rule" IS NULL)::int AS "removed",
            count(*) FILTER (WHERE ${conflict})::int AS "conflicts" ${compared}`,
    id,
  );
  return counts as DraftCounts;
}

/** The draft changes this rule so, whatever it did with it before; one that is as it was is no change. */
export async function putDraftRule(transaction: RegistryTransaction, draft: RouteDraft, { id, rule }: RuleChange): Promise<void> {
  await transaction.routeDraftChange.deleteMany({ where: { draftId: draft.id, ruleId: id } });
  await transaction.$executeRaw`
    INSERT INTO "registry"."route_draft_change" ("draft_id", "rule_id", "rule")
    SELECT ${draft.id}, "given"."id", "given"."rule"
    FROM jsonb_to_recordset(${JSON.stringify([{ id, rule }])}::jsonb) AS "given" ("id" text, "rule" jsonb)
    LEFT JOIN "registry"."route_rule" AS "base" ON "base"."id" = "given"."id"
      AND "base"."from_version" <= ${draft.baseVersion} AND coalesce("base"."until_version" > ${draft.baseVersion}, true)
    WHERE "base"."rule" IS DISTINCT FROM "given"."rule"`;
}

/** The draft makes the table this one: what is not in it goes. */
export async function putDraftTable(transaction: RegistryTransaction, draft: RouteDraft, rules: readonly StoredRule[]): Promise<void> {
  await transaction.routeDraftChange.deleteMany({ where: { draftId: draft.id } });
  await transaction.$executeRaw`
    INSERT INTO "registry"."route_draft_change" ("draft_id", "rule_id", "rule")
    SELECT ${draft.id}, coalesce("given"."id", "base"."id"), "given"."rule"
    FROM jsonb_to_recordset(${JSON.stringify(rules)}::jsonb) AS "given" ("id" text, "rule" jsonb)
    FULL JOIN (
      SELECT "id", "rule" FROM "registry"."route_rule"
      WHERE "from_version" <= ${draft.baseVersion} AND coalesce("until_version" > ${draft.baseVersion}, true)
    ) AS "base" ON "base"."id" = "given"."id"
    WHERE "base"."rule" IS DISTINCT FROM "given"."rule"`;
}

/** `rules` with the changes made, by id: what publishing them would make. */
export function withChanges(rules: readonly StoredRule[], changes: readonly Pick<DraftChange, 'id' | 'after'>[]): StoredRule[] {
  const byId = new Map(rules.map((one) => [one.id, one]));
  for (const { id, after } of changes) {
    if (after) byId.set(id, { id, rule: after });
    else byId.delete(id);
  }
  return [...byId.values()];
}
