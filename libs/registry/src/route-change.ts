import { routeRule, type RouteRule } from '@heliograph/routing';
import type { Prisma } from '../generated/client.ts';
import type { RegistryTransaction } from './audit.ts';
import type { RegistryDatabase } from './database.ts';

/** A rule that is put, or with null taken away. */
export interface RuleChange {
  readonly id: string;
  readonly rule: RouteRule | null;
}

/** A rule as it is stored: one that an older program wrote may not be one any more. */
export interface StoredRule {
  readonly id: string;
  readonly rule: RouteRule;
}

export interface Publication {
  readonly changes: readonly RuleChange[];
  /** Id of the credential, or the name of the program. */
  readonly by: string;
  readonly note?: string;
  readonly rolledBackTo?: bigint;
}

/** The version of the table that holds now; 0: there has never been a rule. */
export async function routeVersion(database: RegistryTransaction): Promise<bigint> {
  const { _max } = await database.routeVersion.aggregate({ _max: { version: true } });
  return _max.version ?? 0n;
}

/**
 * Makes all the changes at once, as the next version, and gives that; where none of them changes anything, the version that there is. In a
 * transaction, as whoever reads must never see a part of it. Publishers come one after the other, so a change of one is never lost by another's.
 */
export async function publishRoutes(
  transaction: RegistryTransaction,
  { changes, by, note = '', rolledBackTo }: Publication,
): Promise<bigint> {
  await queue(transaction);
  const before = await routeVersion(transaction);
  const given = JSON.stringify(changes);
  const rows = await transaction.$queryRaw<{ id: string }[]>`
    SELECT "given"."id" FROM jsonb_to_recordset(${given}::jsonb) AS "given" ("id" text, "rule" jsonb)
    LEFT JOIN "registry"."route_rule" AS "live" ON "live"."id" = "given"."id" AND "live"."until_version" IS NULL
    WHERE "live"."rule" IS DISTINCT FROM "given"."rule"`;
  if (rows.length === 0) return before;
  const changed = rows.map(({ id }) => id);
  const version = before + 1n;
  await transaction.routeVersion.create({ data: { version, publishedBy: by, note, rolledBackTo: rolledBackTo ?? null } });
  await transaction.$executeRaw`
    UPDATE "registry"."route_rule" SET "until_version" = ${version} WHERE "until_version" IS NULL AND "id" = ANY (${changed})`;
  await transaction.$executeRaw`
    INSERT INTO "registry"."route_rule" ("id", "from_version", "rule")
    SELECT "id", ${version}, "rule" FROM jsonb_to_recordset(${given}::jsonb) AS "given" ("id" text, "rule" jsonb)
    WHERE "rule" IS NOT NULL AND "id" = ANY (${changed})`;
  return version;
}

/** Every change of the registry waits for this row (migration 20261120200000_prices), so it is the last that one waits for: nobody waits in a circle. */
async function queue(transaction: RegistryTransaction): Promise<void> {
  await transaction.$queryRaw`SELECT "number" FROM "registry"."revision" WHERE "id" = 1 FOR UPDATE`;
}

/** Makes the table what it was in that version, as another one. `changes`: what that takes. */
export async function rollBackRoutes(
  transaction: RegistryTransaction,
  { to, by, note }: { readonly to: bigint } & Pick<Publication, 'by' | 'note'>,
): Promise<bigint> {
  await queue(transaction);
  const changes = await changesTo(transaction, to);
  return publishRoutes(transaction, { changes, by, rolledBackTo: to, ...(note === undefined ? {} : { note }) });
}

/** What makes the published table what it was in that version. */
export async function changesTo(database: RegistryTransaction, version: bigint): Promise<RuleChange[]> {
  return database.$queryRaw<RuleChange[]>`
    SELECT coalesce("then"."id", "live"."id") AS "id", "then"."rule"
    FROM (SELECT * FROM "registry"."route_rule" WHERE "from_version" <= ${version} AND coalesce("until_version" > ${version}, true)) AS "then"
    FULL JOIN (SELECT * FROM "registry"."route_rule" WHERE "until_version" IS NULL) AS "live" ON "live"."id" = "then"."id"
    WHERE "live"."rule" IS DISTINCT FROM "then"."rule" ORDER BY 1`;
}

/** Numbers that begin with `prefix` (digits of E.164 without the plus sign; empty: all) go to one connector: the short form of a rule. */
export interface Route {
  readonly id: string;
  readonly prefix: string;
  readonly connectorId: string;
}

export function ruleOfRoute({ prefix, connectorId }: Omit<Route, 'id'>): RouteRule {
  return routeRule.parse({ when: { prefixes: [prefix] }, targets: [{ connectorId }] });
}

/** Publishes the rule that a route by prefix is. */
export async function putRoute(database: RegistryDatabase, { id, ...route }: Route, by = 'program'): Promise<void> {
  await database.$transaction((transaction) => publishRoutes(transaction, { changes: [{ id, rule: ruleOfRoute(route) }], by }));
}

export interface RulesQuestion {
  /** Absent: as they are published now. */
  readonly version?: bigint | undefined;
  /** Only those whose id comes after this one. */
  readonly after?: string | undefined;
  readonly limit?: number;
}

/** By id. */
export async function readRules(database: RegistryTransaction, { version, after, limit }: RulesQuestion = {}): Promise<StoredRule[]> {
  return readRuleRows(database, {
    where: {
      ...(version === undefined
        ? { untilVersion: null }
        : { fromVersion: { lte: version }, OR: [{ untilVersion: null }, { untilVersion: { gt: version } }] }),
      ...(after === undefined ? {} : { id: { gt: after } }),
    },
    orderBy: { id: 'asc' },
    ...(limit === undefined ? {} : { take: limit }),
  });
}

export async function readRuleRows(
  database: RegistryTransaction,
  asked: Pick<Prisma.RouteRuleFindManyArgs, 'where' | 'orderBy' | 'take'>,
): Promise<StoredRule[]> {
  return (await database.routeRule.findMany({ ...asked, select: { id: true, rule: true } })) as unknown as StoredRule[];
}

/** The rule as it is published. */
export async function readRule(database: RegistryTransaction, id: string): Promise<RouteRule | undefined> {
  const row = await database.routeRule.findFirst({ where: { id, untilVersion: null }, select: { rule: true } });
  return row?.rule as RouteRule | undefined;
}

export interface PublishedVersion {
  readonly version: bigint;
  readonly publishedAt: Date;
  readonly publishedBy: string;
  readonly note: string;
  readonly rolledBackTo: bigint | null;
  /** Rules, against the version before. */
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

/** Newest first. */
export async function listRouteVersions(
  database: RegistryTransaction,
  { before, limit }: { readonly before?: bigint | undefined; readonly limit: number },
): Promise<PublishedVersion[]> {
  const versions = await database.routeVersion.findMany({
    ...(before === undefined ? {} : { where: { version: { lt: before } } }),
    orderBy: { version: 'desc' },
    take: limit,
  });
  const counts = await database.$queryRaw<{ version: bigint; added: number; changed: number; removed: number }[]>`
    SELECT "version", count(*) FILTER (WHERE "ended"."id" IS NULL)::int AS "added",
           count(*) FILTER (WHERE "ended"."id" IS NOT NULL AND "begun"."id" IS NOT NULL)::int AS "changed",
           count(*) FILTER (WHERE "begun"."id" IS NULL)::int AS "removed"
    FROM (SELECT "id", "from_version" AS "version" FROM "registry"."route_rule" WHERE "from_version" = ANY (${versions.map(({ version }) => version)})) AS "begun"
    FULL JOIN (SELECT "id", "until_version" AS "version" FROM "registry"."route_rule" WHERE "until_version" = ANY (${versions.map(({ version }) => version)})) AS "ended"
      USING ("id", "version")
    GROUP BY "version"`;
  const byVersion = new Map(counts.map((of) => [of.version, of]));
  return versions.map((one) => ({ added: 0, changed: 0, removed: 0, ...one, ...byVersion.get(one.version) }));
}

/** Id of a rule, published or of a draft, that leads to the connector. */
export async function ruleNaming(
  database: RegistryTransaction,
  connectorId: string,
): Promise<{ readonly id: string; readonly draft: string | null } | undefined> {
  const target = JSON.stringify([{ connectorId }]);
  const [found] = await database.$queryRaw<{ id: string; draft: string | null }[]>`
    SELECT "id", NULL AS "draft" FROM "registry"."route_rule" WHERE "until_version" IS NULL AND "rule" -> 'targets' @> ${target}::jsonb
    UNION ALL SELECT "rule_id", "draft_id" FROM "registry"."route_draft_change" WHERE "rule" -> 'targets' @> ${target}::jsonb
    ORDER BY 2 NULLS FIRST, 1 LIMIT 1`;
  return found;
}
