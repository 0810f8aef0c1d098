import { guardsOf, type Guards } from '@heliograph/registry';
import { Prisma, type BillingDatabase } from './database.ts';
import type { CapLeft } from './grant.ts';

/**
 * Spending caps of a day (UTC). They are held where leases are granted, in the transaction that grants and under the lock of the account: what the
 * leases of a day took and did not give back is never more than the cap. So they hold over any number of ingresses to the last micro-credit.
 * The day of a charge is that of its lease's grant. A refund gives nothing back to a cap: what was sent was sent.
 */
export interface Cap {
  /** Digits that its numbers begin with; empty: everything. */
  readonly prefix: string;
  /** Micro-credits of a day. */
  readonly microCredits: bigint;
}

/** Those that a lease for this scope counts towards, as far as they are set. Pure. */
export function capsOf(tenant: { readonly guards?: unknown } | undefined, scope: readonly string[]): Cap[] {
  const { caps }: Pick<Guards, 'caps'> = guardsOf(tenant ?? {});
  return ['', ...scope].flatMap((prefix) => {
    const microCredits = caps.get(prefix);
    return microCredits === undefined ? [] : [{ prefix, microCredits }];
  });
}

/** As PostgreSQL reads a date: `2026-11-20`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

const dayMs = 24 * 3_600_000;

/** When the next day begins, unix ms: POSIX time has days of one length. */
export function nextDayMs(ms: number): number {
  return (Math.floor(ms / dayMs) + 1) * dayMs;
}

/** After the account was locked: nobody else grants or takes back. */
export async function capsLeft(
  transaction: Pick<BillingDatabase, '$queryRaw'>,
  { tenant, day, caps }: { readonly tenant: string; readonly day: string; readonly caps: readonly Cap[] },
): Promise<CapLeft[]> {
  if (caps.length === 0) return [];
  const rows = await transaction.$queryRaw<{ prefix: string; micro_credits: bigint }[]>`
    SELECT prefix, micro_credits FROM billing.lent
     WHERE day = ${day}::date AND tenant = ${tenant} AND prefix = ANY(${caps.map(({ prefix }) => prefix)}::text[])`;
  const lent = new Map(rows.map((row) => [row.prefix, row.micro_credits]));
  return caps.map(({ prefix, microCredits }) => ({ prefix, left: microCredits - (lent.get(prefix) ?? 0n) }));
}

/** Of a statement whose CTE `granted(tenant, granted, day, scope)` gave a lease. The whole is counted for every tenant: a cap may be set at noon. */
export const countGiven = Prisma.sql`
  counted AS (
    INSERT INTO billing.lent (day, tenant, prefix, micro_credits)
    SELECT g.day, g.tenant, p.prefix, g.granted FROM granted g CROSS JOIN LATERAL unnest(array_append(g.scope, '')) AS p(prefix)
    ON CONFLICT (day, tenant, prefix) DO UPDATE SET micro_credits = lent.micro_credits + excluded.micro_credits
  )`;

/** Of a statement whose CTE `ended(tenant, day, scope, amount)` took amounts out of leases. */
export const uncount = Prisma.sql`
  given_back AS (
    SELECT e.day, e.tenant, p.prefix, sum(e.amount)::bigint AS amount
      FROM ended e CROSS JOIN LATERAL unnest(array_append(e.scope, '')) AS p(prefix)
     WHERE e.amount > 0 GROUP BY 1, 2, 3
  ), uncounted AS (
    UPDATE billing.lent l SET micro_credits = l.micro_credits - b.amount
      FROM given_back b WHERE l.day = b.day AND l.tenant = b.tenant AND l.prefix = b.prefix
  )`;

/** No lease of a day before yesterday is out any more. */
const keptDays = 7;

/** Once a day. `forgotten`: what it gave the last time. */
export async function forgetDays(database: Pick<BillingDatabase, '$executeRaw'>, nowMs: number, forgotten: string): Promise<string> {
  const day = dayOf(nowMs);
  if (day !== forgotten) await database.$executeRaw`DELETE FROM billing.lent WHERE day < ${dayOf(nowMs - keptDays * dayMs)}::date`;
  return day;
}
