import { withoutDashes, type BalanceAnswer } from '@heliograph/message';
import { Prisma, type BillingDatabase } from './database.ts';
import type { ChargeSum } from './charge.ts';
import type { RefundDue } from './refund.ts';

export type PositionedStage = 'charge' | 'refund';

/** The records that a batch was made of. */
export interface BatchSpan {
  readonly firstSeq: number;
  readonly upToSeq: number;
}

/** `moved` false: the position was past the first record already, and nothing was posted. */
export interface ChargesPosted {
  readonly moved: boolean;
  /** Sums, or parts of them, that their lease did not cover: charged from the balance. */
  readonly lateSums: number;
  readonly lateMicroCredits: bigint;
}

export interface RefundsPosted {
  readonly moved: boolean;
  /** Of the refunds given; the rest had been posted before. */
  readonly posted: number;
}

export type TopUpResult = 'posted' | 'repeated' | 'key_reused';
export type AdjustmentResult = TopUpResult | 'below_limit';

/**
 * Postings to the ledger, each one statement and so one transaction: entries, kept balances and the stream position change together or not at all.
 * Every statement locks the account rows it changes first, in the order of the tenants; after that it may touch the tenants' leases. So two of them never deadlock,
 * and an account and its leases are always seen at one moment.
 */
export interface Ledger {
  positionOf(stage: PositionedStage): Promise<number>;
  /** Takes each sum out of its lease; what is beyond the lease, or has none that is open, out of the balance: a stored record is charged, whatever the balance. */
  postCharges(sums: readonly ChargeSum[], span: BatchSpan): Promise<ChargesPosted>;
  postRefunds(refunds: readonly RefundDue[], span: BatchSpan): Promise<RefundsPosted>;
  /** `microCredits` > 0. The same key and tenant is posted once; with another amount it is refused. */
  topUp(topUp: { tenant: string; microCredits: bigint; key: string; note: string }): Promise<TopUpResult>;
  /** `microCredits` not 0: pays in, or takes out as long as the balance stays within the credit limit. Keys are one tenant's, together with those of top-ups. */
  adjust(adjustment: { tenant: string; microCredits: bigint; key: string; reason: string }): Promise<AdjustmentResult>;
  /** `microCredits` >= 0. Resolves with the limit until now. */
  setLimit(tenant: string, microCredits: bigint): Promise<bigint>;
  /** Which of these messages had their charge back. Ids are UUIDs. */
  refundsOf(tenant: string, ids: readonly string[]): Promise<{ id: string; microCredits: bigint }[]>;
  /** Zeros for a tenant that never had credit. */
  balanceOf(tenant: string): Promise<BalanceAnswer>;
}

export function createLedger(database: BillingDatabase): Ledger {
  /** Tenants that have an account: none is ever removed. */
  const known = new Set<string>();

  async function openAccounts(tenants: readonly string[]): Promise<void> {
    const unknown = tenants.filter((tenant) => !known.has(tenant));
    if (unknown.length === 0) return;
    await database.$executeRaw`INSERT INTO billing.account (tenant) SELECT DISTINCT unnest(${unknown}::text[]) ON CONFLICT DO NOTHING`;
    for (const tenant of unknown) known.add(tenant);
  }

  return {
    async positionOf(stage) {
      const { seq } = await database.position.findUniqueOrThrow({ where: { stage } });
      return Number(seq);
    },

    async postCharges(sums, span) {
      await openAccounts(sums.map(({ tenant }) => tenant));
      const items = JSON.stringify(sums.map(({ tenant, lease, microCredits }) => ({ tenant, lease, amount: String(microCredits) })));
      const [row] = await database.$queryRaw<[{ moved: boolean; late_sums: number; late: bigint }]>`
        WITH moved AS (${movePosition('charge', span)}),
        item AS MATERIALIZED (
          SELECT i.* FROM moved, jsonb_to_recordset(${items}::jsonb) AS i(tenant text, lease uuid, amount bigint)
        ), locked AS MATERIALIZED (${lockAccountsOf(Prisma.sql`SELECT tenant FROM item`)}),
        paid AS (
          UPDATE billing.lease l
             SET held = l.held - least(l.held, i.amount),
                 posted = l.posted + least(l.held, i.amount),
                 state = CASE WHEN l.held > i.amount THEN l.state ELSE 'closed' END,
                 closed_at = CASE WHEN l.held > i.amount THEN NULL ELSE now() END
            FROM item i JOIN locked USING (tenant)
           WHERE l.id = i.lease AND l.tenant = i.tenant AND l.state <> 'closed'
          RETURNING l.tenant, l.id AS lease, old.held - new.held AS amount
        ), leg AS MATERIALIZED (
          SELECT tenant, lease, 'leased' AS debit, amount FROM paid
          UNION ALL
          SELECT i.tenant, i.lease, 'balance', i.amount - coalesce(p.amount, 0)
            FROM item i LEFT JOIN paid p ON p.lease = i.lease AND p.tenant = i.tenant
           WHERE i.amount > coalesce(p.amount, 0)
        ), entered AS (
          INSERT INTO billing.entry (tenant, kind, debit, credit, micro_credits, lease, up_to_seq)
          SELECT tenant, 'charge', debit, 'charged', amount, lease, ${span.upToSeq}::bigint FROM leg
        ), total AS (
          SELECT tenant,
                 coalesce(sum(amount) FILTER (WHERE debit = 'leased'), 0)::bigint AS leased,
                 coalesce(sum(amount) FILTER (WHERE debit = 'balance'), 0)::bigint AS late
            FROM leg GROUP BY tenant
        ), kept AS (
          -- a late charge is the one posting that may pass the limit: by how much is kept, so that the check on the balance holds for all others
          UPDATE billing.account a
             SET leased = a.leased - t.leased,
                 balance = a.balance - t.late,
                 charged = a.charged + t.leased + t.late,
                 overdrawn = CASE WHEN t.late > 0 THEN greatest(0, t.late - a.balance - a.credit_limit) ELSE a.overdrawn END
            FROM total t WHERE a.tenant = t.tenant
        )
        SELECT EXISTS (SELECT 1 FROM moved) AS moved,
               (SELECT count(*)::int FROM leg WHERE debit = 'balance') AS late_sums,
               (SELECT coalesce(sum(amount), 0)::bigint FROM leg WHERE debit = 'balance') AS late`;
      return { moved: row.moved, lateSums: row.late_sums, lateMicroCredits: row.late };
    },

    async postRefunds(refunds, span) {
      await openAccounts(refunds.map(({ tenant }) => tenant));
      const items = JSON.stringify(
        refunds.map(({ messageId, tenant, state, microCredits }) => ({ id: messageId, tenant, state, amount: String(microCredits) })),
      );
      const [row] = await database.$queryRaw<[{ moved: boolean; posted: number }]>`
        WITH moved AS (${movePosition('refund', span)}),
        item AS MATERIALIZED (
          SELECT i.* FROM moved, jsonb_to_recordset(${items}::jsonb) AS i(id uuid, tenant text, state text, amount bigint)
        ), locked AS MATERIALIZED (${lockAccountsOf(Prisma.sql`SELECT tenant FROM item`)}),
        fresh AS (
          INSERT INTO billing.refund (message_id, tenant, state, micro_credits)
          SELECT i.id, i.tenant, i.state, i.amount FROM item i JOIN locked USING (tenant)
          ON CONFLICT (message_id) DO NOTHING
          RETURNING tenant, micro_credits
        ), total AS MATERIALIZED (
          SELECT tenant, sum(micro_credits)::bigint AS amount FROM fresh GROUP BY tenant
        ), entered AS (
          INSERT INTO billing.entry (tenant, kind, debit, credit, micro_credits, up_to_seq)
          SELECT tenant, 'refund', 'refunded', 'balance', amount, ${span.upToSeq}::bigint FROM total
        ), kept AS (
          UPDATE billing.account a
             SET refunded = a.refunded + t.amount, ${creditBalance}
            FROM total t WHERE a.tenant = t.tenant
        )
        SELECT EXISTS (SELECT 1 FROM moved) AS moved, (SELECT count(*)::int FROM fresh) AS posted`;
      return row;
    },

    async topUp({ tenant, microCredits, key, note }) {
      await openAccounts([tenant]);
      const posted = await database.$queryRaw<unknown[]>`
        WITH locked AS MATERIALIZED (${lockAccountsOf(Prisma.sql`${tenant}`)}),
        total AS (
          INSERT INTO billing.entry (tenant, kind, debit, credit, micro_credits, key, note)
          SELECT tenant, 'top_up', 'funding', 'balance', ${microCredits}::bigint, ${key}, ${note} FROM locked
          ON CONFLICT (tenant, key) DO NOTHING
          RETURNING tenant, micro_credits AS amount
        )
        UPDATE billing.account a
           SET funds = a.funds + t.amount, ${creditBalance}
          FROM total t WHERE a.tenant = t.tenant
        RETURNING a.tenant`;
      if (posted.length > 0) return 'posted';
      const before = await database.entry.findUniqueOrThrow({ where: { tenant_key: { tenant, key } } });
      return before.kind === 'top_up' && before.microCredits === microCredits ? 'repeated' : 'key_reused';
    },

    async adjust({ tenant, microCredits, key, reason }) {
      await openAccounts([tenant]);
      const posted = await database.$queryRaw<unknown[]>`
        WITH locked AS MATERIALIZED (SELECT tenant, balance, credit_limit FROM billing.account WHERE tenant = ${tenant} FOR UPDATE),
        entered AS (
          INSERT INTO billing.entry (tenant, kind, debit, credit, micro_credits, key, note)
          SELECT tenant, 'adjustment', ${microCredits > 0n ? 'funding' : 'balance'}, ${microCredits > 0n ? 'balance' : 'funding'},
                 abs(${microCredits}::bigint), ${key}, ${reason}
            FROM locked WHERE ${microCredits}::bigint > 0 OR balance + ${microCredits}::bigint >= -credit_limit
          ON CONFLICT (tenant, key) DO NOTHING
          RETURNING tenant
        ), total AS (SELECT tenant, ${microCredits}::bigint AS amount FROM entered)
        UPDATE billing.account a
           SET funds = a.funds + t.amount, ${creditBalance}
          FROM total t WHERE a.tenant = t.tenant
        RETURNING a.tenant`;
      if (posted.length > 0) return 'posted';
      const before = await database.entry.findUnique({ where: { tenant_key: { tenant, key } } });
      if (!before) return 'below_limit';
      const amount = before.credit === 'funding' ? -before.microCredits : before.microCredits;
      return before.kind === 'adjustment' && amount === microCredits ? 'repeated' : 'key_reused';
    },

    async setLimit(tenant, microCredits) {
      await openAccounts([tenant]);
      const [row] = await database.$queryRaw<[{ before: bigint }]>`
        UPDATE billing.account SET credit_limit = ${microCredits}::bigint, overdrawn = greatest(0, -balance - ${microCredits}::bigint)
         WHERE tenant = ${tenant} RETURNING old.credit_limit AS before`;
      return row.before;
    },

    async refundsOf(tenant, ids) {
      const rows = await database.refund.findMany({
        where: { messageId: { in: [...ids] }, tenant },
        select: { messageId: true, microCredits: true },
      });
      return rows.map(({ messageId, microCredits }) => ({ id: withoutDashes(messageId), microCredits }));
    },

    async balanceOf(tenant) {
      const account = await database.account.findUnique({ where: { tenant } });
      return {
        fundsMicroCredits: String(account?.funds ?? 0n),
        balanceMicroCredits: String(account?.balance ?? 0n),
        leasedMicroCredits: String(account?.leased ?? 0n),
        chargedMicroCredits: String(account?.charged ?? 0n),
        refundedMicroCredits: String(account?.refunded ?? 0n),
        limitMicroCredits: String(account?.creditLimit ?? 0n),
        overdrawnMicroCredits: String(account?.overdrawn ?? 0n),
      };
    },
  };
}

/** Gives a row only when no record of the batch was posted before: by a try whose commit we did not hear of, or by a leader that has been replaced. */
function movePosition(stage: PositionedStage, { firstSeq, upToSeq }: BatchSpan): Prisma.Sql {
  return Prisma.sql`UPDATE billing.position SET seq = ${upToSeq}::bigint WHERE stage = ${stage} AND seq < ${firstSeq}::bigint RETURNING seq`;
}

/** `tenants`: a subquery or a value. */
export function lockAccountsOf(tenants: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`SELECT tenant FROM billing.account WHERE tenant IN (${tenants}) ORDER BY tenant FOR UPDATE`;
}

/** For an UPDATE of `account a` joined with a total `t(tenant, amount)` that comes into the balance. Pays off what is overdrawn. */
export const creditBalance = Prisma.sql`balance = a.balance + t.amount, overdrawn = least(a.overdrawn, greatest(0, -a.balance - t.amount - a.credit_limit))`;
