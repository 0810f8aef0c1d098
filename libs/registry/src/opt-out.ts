import type { RegistryTransaction } from './audit.ts';
import type { RegistryDatabase } from './database.ts';

/** What a service tells the others when it has stored opt-outs: a hint to look at once. */
export const optOutsChanged = 'opt-outs.changed';

/** In the place of a sender: all of the tenant's. */
export const allSenders = '*';

/** Who wants no more messages of a tenant, and from which of its senders. */
export interface OptOut {
  readonly tenantId: string;
  /** As `optOutSender` makes it, or `allSenders`. */
  readonly sender: string;
  /** E.164 without its plus sign, 1 to 15 digits. */
  readonly recipient: string;
  /** How they came to be out. */
  readonly via: 'keyword' | 'api';
  /** When it was said last. */
  readonly at: Date;
}

/** What somebody said, at the time `at`. */
export interface OptOutSaid extends OptOut {
  /** `out`: no more. `in`: some again. */
  readonly state: 'out' | 'in';
}

/** A sender as opt-outs know it: a number without its plus sign, a name in lower case. */
export function optOutSender(addr: string): string {
  return addr.startsWith('+') ? addr.slice(1) : addr.toLowerCase();
}

/**
 * Stores what was said, and gives for each, in order, whether it changed anything. The last word counts by its time: what is said twice, or
 * comes late, changes nothing, nor does what is said of a tenant that is gone. What is said by API was said now, whatever clocks say. Several of one recipient and sender: the latest counts. Rejects when the database fails. Whoever calls tells
 * the others with `optOutsChanged`, after the commit.
 */
export async function sayOptOuts(database: RegistryTransaction, said: readonly OptOutSaid[]): Promise<boolean[]> {
  if (said.length === 0) return [];
  // what the statement reads is then what it changes
  await database.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('heliograph opt-outs'))`;
  const changed = await database.$queryRaw<{ place: number }[]>`
    WITH "said" AS (
      SELECT DISTINCT ON ("tenant_id", "sender", "recipient") * FROM ROWS FROM (
        jsonb_to_recordset(${JSON.stringify(said)}::jsonb)
          AS ("tenantId" text, "sender" text, "recipient" text, "state" text, "via" text, "at" timestamptz)
      ) WITH ORDINALITY AS "one" ("tenant_id", "sender", "recipient", "state", "via", "at", "place")
      ORDER BY "tenant_id", "sender", "recipient", "at" DESC, "place" DESC
    ), "written" AS (
      INSERT INTO "registry"."opt_out" AS "known" ("tenant_id", "sender", "recipient", "state", "via", "at")
      SELECT "tenant_id", "sender", "recipient", "state", "via", "at" FROM "said"
      WHERE EXISTS (SELECT FROM "registry"."tenant" WHERE "id" = "tenant_id")
      ON CONFLICT ("tenant_id", "sender", "recipient")
        DO UPDATE SET "state" = EXCLUDED."state", "at" = GREATEST(EXCLUDED."at", "known"."at"),
          "via" = CASE WHEN EXCLUDED."state" = "known"."state" THEN "known"."via" ELSE EXCLUDED."via" END
        WHERE EXCLUDED."at" >= "known"."at" OR EXCLUDED."via" = 'api'
      RETURNING *
    )
    SELECT ("said"."place" - 1)::int AS "place"
    FROM ("said" JOIN "written" USING ("tenant_id", "sender", "recipient"))
    LEFT JOIN "registry"."opt_out" AS "before" USING ("tenant_id", "sender", "recipient")
    WHERE coalesce("before"."state", 'in') <> "written"."state"`;
  const places = new Set(changed.map(({ place }) => place));
  return said.map((_, place) => places.has(place));
}

export interface OptOutQuestion {
  readonly tenantId: string;
  /** As they are stored. */
  readonly sender?: string | undefined;
  readonly recipient?: string | undefined;
  /** Only those behind this one. */
  readonly after?: Pick<OptOut, 'sender' | 'recipient'> | undefined;
  readonly limit: number;
}

/** Who is out, by sender and recipient. */
export async function listOptOuts(database: RegistryTransaction, question: OptOutQuestion): Promise<OptOut[]> {
  const { tenantId, sender = null, recipient = null, after, limit } = question;
  const [afterSender, afterRecipient] = [after?.sender ?? '', after?.recipient ?? ''];
  return database.$queryRaw`
    SELECT "tenant_id" AS "tenantId", "sender", "recipient", "via", "at" FROM "registry"."opt_out"
    WHERE "tenant_id" = ${tenantId} AND "state" = 'out' AND ("sender", "recipient") > (${afterSender}, ${afterRecipient})
      AND (${sender}::text IS NULL OR "sender" = ${sender}) AND (${recipient}::text IS NULL OR "recipient" = ${recipient})
    ORDER BY "sender", "recipient" LIMIT ${limit}`;
}

/** A change as followers read it. */
export interface OptOutChange {
  readonly tenant: string;
  readonly sender: string;
  readonly recipient: string;
  readonly out: boolean;
}

export interface OptOutChanges {
  readonly changes: readonly OptOutChange[];
  /** Of the last of these; to be given to read on. */
  readonly last: bigint;
  /** Nothing comes after it. */
  readonly whole: boolean;
  /** The database has fewer than it had: it was restored, and all has to be read anew. */
  readonly past: boolean;
}

const rowsMax = 10_000;

/** What was said after the change `after`; 0: from the beginning. As one text, as objects take more time than the database. */
export async function readOptOutChanges(database: RegistryDatabase, after: bigint): Promise<OptOutChanges> {
  const [page] = await database.$queryRaw<{ count: number; last: bigint | null; newest: bigint | null; text: string | null }[]>`
    SELECT count(*)::int AS "count", max("change") AS "last", (SELECT max("change") FROM "registry"."opt_out") AS "newest",
      string_agg(concat_ws(E'\t', "tenant_id", "sender", "recipient", "state"), E'\n' ORDER BY "change") AS "text"
    FROM (SELECT * FROM "registry"."opt_out" WHERE "change" > ${after} ORDER BY "change" LIMIT ${rowsMax}) AS "page"`;
  const { count = 0, last = null, newest = null, text = null } = page ?? {};
  return {
    changes: text === null ? [] : text.split('\n').map(changeOf),
    last: last ?? after,
    whole: count < rowsMax,
    past: (newest ?? 0n) < after,
  };
}

function changeOf(line: string): OptOutChange {
  const [tenant = '', sender = '', recipient = '', state = ''] = line.split('\t');
  return { tenant, sender, recipient, out: state === 'out' };
}
