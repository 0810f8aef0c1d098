import { isId, newId, withoutDashes, type LeaseAnswer } from '@heliograph/message';
import { capsLeft, countGiven, dayOf, forgetDays, nextDayMs, uncount, type Cap } from './caps.ts';
import { Prisma, type BillingDatabase } from './database.ts';
import { decideGrant, type GrantRequest, type KnownLease } from './grant.ts';
import { creditBalance, lockAccountsOf } from './ledger.ts';

/** What to tell the asker, and which leases to call back. */
export interface GrantResult {
  readonly answer: LeaseAnswer;
  readonly recall: readonly { readonly id: string; readonly ingress: string }[];
}

/** The leases in the database. `nowMs`: unix ms, by PostgreSQL's clock, as any process may lead next. */
export interface Leases {
  /** `caps`: that the lease would count towards. */
  grant(request: LeaseRequest, nowMs: number): Promise<GrantResult>;
  /**
   * The ingress will spend no more of it: all but what its records have spent, posted or not, goes back to the balance. Gives the
   * micro-credits that went back. A lease that is unknown, closed or given back already is left as it is.
   */
  giveBack(lease: string, spent: bigint): Promise<bigint>;
  /**
   * Ends what is over: leases past their end are marked expired, and `graceMs` later closed, their rest going back to the balance. Closes only
   * when `caughtUp`, asked after that time, says that every record stored by then is posted. Gives the number of leases closed.
   */
  end(nowMs: number, caughtUp: () => Promise<boolean>): Promise<number>;
}

export interface LeaseRequest extends Omit<GrantRequest, 'scope'> {
  readonly tenant: string;
  /** Without it, as with `caps`: none. */
  readonly scope?: readonly string[];
  readonly caps?: readonly Cap[];
}

export interface LeaseTimes {
  /** How long an ingress may spend a lease, ms. */
  readonly ttlMs: number;
  /** How long after that it stays open for records under way, ms. */
  readonly graceMs: number;
}

const retryAfterMs = 100;
const closedAtOnceMax = 1_000;
/** A burst of grants waits for a connection; an asker gives up after 2 s. */
const transactionLimits = { maxWait: 5_000, timeout: 10_000 };

export function createLeases(database: BillingDatabase, { ttlMs, graceMs }: LeaseTimes): Leases {
  /** The day on which old days were forgotten last. */
  let forgotten = '';
  return {
    grant: (request, nowMs) =>
      database.$transaction(async (transaction) => {
        const { tenant, scope = [], caps = [] } = request;
        const day = dayOf(nowMs);
        // the row lock makes grants of one tenant serial: no two see the same credit
        const [account] = await transaction.$queryRaw<{ available: bigint }[]>`
          SELECT balance + credit_limit AS available FROM billing.account WHERE tenant = ${tenant} FOR UPDATE`;
        if (!account) return { answer: { kind: 'no_credit' }, recall: [] };
        const leases = await knownLeases(transaction, tenant, nowMs);
        const left = await capsLeft(transaction, { tenant, day, caps });
        const dayEndsAtMs = nextDayMs(nowMs);
        const facts = { available: account.available, leases, graceMs, caps: left, dayEndsAtMs };
        const decision = decideGrant({ ...request, scope }, facts, nowMs);
        switch (decision.kind) {
          case 'no_credit':
          case 'capped':
            return { answer: decision, recall: [] };
          case 'retry':
            await transaction.$executeRaw`
              UPDATE billing.lease SET recalled_at = ${new Date(nowMs)} WHERE id = ANY(${decision.recall.map(({ id }) => id)}::uuid[]) AND recalled_at IS NULL`;
            return { answer: { kind: 'retry', retryAfterMs: decision.afterMs ?? retryAfterMs }, recall: decision.recall };
          case 'grant': {
            // what is spent under a cap is spent on its day
            const expiresAtMs = caps.length > 0 ? Math.min(nowMs + ttlMs, dayEndsAtMs) : nowMs + ttlMs;
            const lease = { id: newId(), microCredits: decision.microCredits, expiresAtMs };
            await insertLease(transaction, { ...request, ...lease, scope, day, nowMs });
            const answer = {
              kind: 'granted',
              lease: lease.id,
              microCredits: String(lease.microCredits),
              expiresAtMs,
              forMs: expiresAtMs - nowMs,
            } as const;
            return { answer, recall: [] };
          }
        }
      }, transactionLimits),

    async giveBack(lease, spent) {
      if (!isId(lease)) return 0n;
      const [row] = await database.$queryRaw<{ amount: bigint }[]>`
        WITH locked AS MATERIALIZED (${lockAccountsOf(Prisma.sql`SELECT tenant FROM billing.lease WHERE id = ${lease}::uuid`)}),
        ended AS (
          UPDATE billing.lease l
             SET spent = ${spent}::bigint,
                 held = ${stillToPost(spent)},
                 returned = l.returned + l.held - ${stillToPost(spent)},
                 state = CASE WHEN ${stillToPost(spent)} > 0 THEN 'returned' ELSE 'closed' END,
                 closed_at = CASE WHEN ${stillToPost(spent)} > 0 THEN NULL ELSE now() END
            FROM locked
           WHERE l.id = ${lease}::uuid AND l.tenant = locked.tenant AND l.state IN ('active', 'expired')
          RETURNING l.tenant, l.id AS lease, l.day, l.scope, old.held - new.held AS amount
        ), ${intoBalance}
        SELECT coalesce(sum(amount), 0)::bigint AS amount FROM ended`;
      return row?.amount ?? 0n;
    },

    async end(nowMs, caughtUp) {
      await database.$executeRaw`UPDATE billing.lease SET state = 'expired' WHERE state = 'active' AND expires_at <= ${new Date(nowMs)}`;
      const over = await database.lease.findMany({
        where: { state: { not: 'closed' }, expiresAt: { lt: new Date(nowMs - graceMs) } },
        select: { id: true },
        take: closedAtOnceMax,
      });
      forgotten = await forgetDays(database, nowMs, forgotten);
      if (over.length === 0 || !(await caughtUp())) return 0;
      const ids = over.map(({ id }) => id);
      const [row] = await database.$queryRaw<[{ closed: number }]>`
        WITH locked AS MATERIALIZED (${lockAccountsOf(Prisma.sql`SELECT tenant FROM billing.lease WHERE id = ANY(${ids}::uuid[])`)}),
        ended AS (
          UPDATE billing.lease l
             SET held = 0, returned = l.returned + l.held, state = 'closed', closed_at = now()
            FROM locked
           WHERE l.id = ANY(${ids}::uuid[]) AND l.tenant = locked.tenant AND l.state <> 'closed'
          RETURNING l.tenant, l.id AS lease, l.day, l.scope, old.held - new.held AS amount
        ), ${intoBalance}
        SELECT count(*)::int AS closed FROM ended`;
      return row.closed;
    },
  };
}

type Transaction = Parameters<Parameters<BillingDatabase['$transaction']>[0]>[0];

async function knownLeases(transaction: Transaction, tenant: string, nowMs: number): Promise<KnownLease[]> {
  const rows = await transaction.lease.findMany({
    where: { tenant, OR: [{ state: { not: 'closed' } }, { expiresAt: { gt: new Date(nowMs) } }] },
    select: { id: true, ingress: true, state: true, held: true, expiresAt: true, recalledAt: true, day: true, scope: true },
  });
  return rows.map(({ id, ingress, state, held, expiresAt, recalledAt, day, scope }) => ({
    id: withoutDashes(id),
    ingress,
    state: state as KnownLease['state'],
    held,
    expiresAtMs: expiresAt.getTime(),
    scope,
    ofToday: dayOf(day.getTime()) === dayOf(nowMs),
    ...(recalledAt ? { recalledAtMs: recalledAt.getTime() } : {}),
  }));
}

interface NewLease {
  readonly id: string;
  readonly tenant: string;
  readonly ingress: string;
  readonly microCredits: bigint;
  readonly scope: readonly string[];
  readonly day: string;
  readonly nowMs: number;
  readonly expiresAtMs: number;
}

async function insertLease(
  transaction: Transaction,
  { id, tenant, ingress, microCredits, scope, day, nowMs, expiresAtMs }: NewLease,
): Promise<void> {
  await transaction.$executeRaw`
    WITH granted AS (
      INSERT INTO billing.lease (id, tenant, ingress, granted, held, scope, day, granted_at, expires_at)
      VALUES (${id}::uuid, ${tenant}, ${ingress}, ${microCredits}, ${microCredits}, ${[...scope]}::text[], ${day}::date, ${new Date(nowMs)}, ${new Date(expiresAtMs)})
      RETURNING id, tenant, granted, day, scope
    ), ${countGiven}, entered AS (
      INSERT INTO billing.entry (tenant, kind, debit, credit, micro_credits, lease)
      SELECT tenant, 'lease_out', 'balance', 'leased', granted, id FROM granted
    )
    UPDATE billing.account a SET balance = a.balance - g.granted, leased = a.leased + g.granted FROM granted g WHERE a.tenant = g.tenant`;
}

/** What of `lease l` records are still to be posted for: the ingress says what it spent, and what is posted is spent whatever it says. */
function stillToPost(spent: bigint): Prisma.Sql {
  return Prisma.sql`least(l.held, greatest(${spent}::bigint - l.posted, 0))`;
}

/** The rest of a statement whose CTE `ended(tenant, lease, day, scope, amount)` took amounts out of leases. */
const intoBalance = Prisma.sql`
  entered AS (
    INSERT INTO billing.entry (tenant, kind, debit, credit, micro_credits, lease)
    SELECT tenant, 'lease_in', 'leased', 'balance', amount, lease FROM ended WHERE amount > 0
  ), total AS (
    SELECT tenant, sum(amount)::bigint AS amount FROM ended GROUP BY tenant
  ), ${uncount}, kept AS (
    UPDATE billing.account a SET leased = a.leased - t.amount, ${creditBalance} FROM total t WHERE a.tenant = t.tenant
  )`;
