import {
  historyLeasesMax,
  historySubjects,
  withoutDashes,
  type ChargedAnswer,
  type ChargedLease,
  type ChargedQuestion,
} from '@heliograph/message';
import { Prisma, type BillingDatabase } from './database.ts';
import type { Comparison, Noted } from './reconcile-book.ts';
import { createPace, type Pace } from './pace.ts';
import { askMsMax, caughtUpMsMax, type Look, type LookContext } from './reconcile-look.ts';
import type { LookPosition } from './reconcile-progress.ts';

/** What the ledger posted for a lease: out of it, and out of the balance for records that came late. */
export interface PostedLease {
  readonly tenant: string;
  readonly lease: string;
  readonly posted: bigint;
  /** No message was accepted with it before that, unix ms. */
  readonly sinceMs: number;
}

export function compareLease({ tenant, lease, posted, sinceMs }: PostedLease, history: ChargedLease): Comparison {
  const expected = BigInt(history.microCredits);
  const verdict = expected === posted ? 'agrees' : history.erasedUpToMs >= sinceMs ? 'unknown' : 'differs';
  return { tenant, subject: lease, expected, found: posted, verdict };
}

/** A message's time of acceptance is of before it waits for a lease: for some seconds. Clocks differ by less than the rest. */
const acceptedBeforeGrantMs = 5 * 60_000;
/** When a lease is not known, all that is known is that its messages were not posted at once. */
const acceptedBeforePostedMs = 24 * 3_600_000;

/** How long after a lease was closed, or charged late, it is looked at: soon, and once more when what changes later would have. */
const delays = { soon: 3 * 60_000, again: 24 * 3_600_000 } as const;

type Page = (after: LookPosition, beforeMs: number, limit: number) => Prisma.Sql;

/** Leases that are over, in the order in which they ended, and those that were charged after. */
const sources: Readonly<Record<'closed' | 'late', Page>> = {
  closed: ({ atMs, id }, beforeMs, limit) => Prisma.sql`
    SELECT tenant, id::text AS lease, closed_at AS at, id::text AS id FROM billing.lease
     WHERE state = 'closed' AND (closed_at, id) > (${new Date(atMs)}, ${id === '' ? '0'.repeat(32) : id}::uuid) AND closed_at < ${new Date(beforeMs)}
     ORDER BY closed_at, id LIMIT ${limit}`,
  late: ({ atMs, id }, beforeMs, limit) => Prisma.sql`
    SELECT tenant, lease::text, at, id::text FROM billing.entry
     WHERE kind = 'charge' AND debit = 'balance' AND lease IS NOT NULL
       AND (at, id) > (${new Date(atMs)}, ${id === '' ? '0' : id}::bigint) AND at < ${new Date(beforeMs)}
     ORDER BY at, id LIMIT ${limit}`,
};

interface SourceRow {
  readonly tenant: string;
  readonly lease: string;
  readonly at: Date;
  readonly id: string;
}

/**
 * Per lease: what its messages cost by the history is what was posted for it. Measured: 2 µs of PostgreSQL a message, at each of the two times
 * that its lease is looked at.
 */
export function createLookAtLeases(): Look {
  const pace = createPace({ min: 1, max: historyLeasesMax });
  return (context, nowMs) => lookAtLeases(context, pace, nowMs);
}

async function lookAtLeases(context: LookContext, pace: Pace, nowMs: number): Promise<boolean> {
  for (const open = await context.book.open('charge'); open.length > 0;) {
    const compared = await compareLeases(context, open.splice(0, pace.size), pace);
    if (!(await context.note('charge', compared, nowMs)) || !context.goesOn()) return false;
  }
  let all = true;
  for (const source of ['closed', 'late'] as const) {
    for (const delay of ['soon', 'again'] as const) {
      const look = { name: `charge ${source} ${delay}`, page: sources[source], pace, beforeMs: nowMs - delays[delay], nowMs };
      all = (await lookOn(context, look)) && all;
    }
  }
  return all;
}

interface LookOn {
  readonly name: string;
  readonly page: Page;
  readonly pace: Pace;
  readonly beforeMs: number;
  readonly nowMs: number;
}

async function lookOn(context: LookContext, { name, page, pace, beforeMs, nowMs }: LookOn): Promise<boolean> {
  let after = (await context.progress.read(name)) ?? { atMs: 0, id: '' };
  while (context.goesOn()) {
    const rows = await context.database.$queryRaw<SourceRow[]>(page(after, beforeMs, pace.size));
    const last = rows.at(-1);
    if (!last) return true;
    const leases = new Map(rows.map(({ tenant, lease }) => [`${tenant} ${lease}`, { tenant, subject: withoutDashes(lease) }]));
    const compared = await compareLeases(context, [...leases.values()], pace);
    // one side cannot say now: the same leases the next time
    if (!(await context.note('charge', compared, nowMs))) return false;
    after = { atMs: last.at.getTime(), id: last.id };
    await context.progress.write(name, after);
  }
  return false;
}

/** Undefined: not now. What differs is looked at once more, as a record may have come between the two sides' answers. */
async function compareLeases(context: LookContext, leases: readonly Noted[], pace: Pace): Promise<Comparison[] | undefined> {
  if (leases.length === 0) return [];
  const first = await compareOnce(context, leases, pace);
  const differing = first?.filter(({ verdict }) => verdict === 'differs') ?? [];
  if (!first || differing.length === 0) return first;
  const second = await compareOnce(context, differing, pace);
  return second && [...first.filter(({ verdict }) => verdict !== 'differs'), ...second];
}

async function compareOnce(context: LookContext, leases: readonly Noted[], pace: Pace): Promise<Comparison[] | undefined> {
  if (!(await context.caughtUp.charge(caughtUpMsMax))) return undefined;
  const posted = await readPosted(context.database, leases);
  const question: ChargedQuestion = { leases: posted.map(({ tenant, lease }) => ({ tenant, lease })) };
  const beganMs = performance.now();
  const answer = await context.queue.ask<ChargedAnswer>(historySubjects.charged, question, askMsMax);
  pace.took(performance.now() - beganMs);
  if (!answer?.complete) return undefined;
  const byLease = new Map(answer.leases.map((one) => [`${one.tenant} ${one.lease}`, one]));
  return posted.flatMap((one) => {
    const history = byLease.get(`${one.tenant} ${one.lease}`);
    return history ? [compareLease(one, history)] : [];
  });
}

async function readPosted(database: BillingDatabase, leases: readonly Noted[]): Promise<PostedLease[]> {
  const rows = await database.$queryRaw<{ tenant: string; lease: string; posted: bigint; granted_at: Date | null; late_at: Date | null }[]>`
    SELECT asked.tenant, asked.lease::text, (coalesce(l.posted, 0) + coalesce(late.amount, 0))::bigint AS posted, l.granted_at, late.at AS late_at
      FROM unnest(${leases.map(({ tenant }) => tenant)}::text[], ${leases.map(({ subject }) => subject)}::uuid[]) AS asked(tenant, lease)
      LEFT JOIN billing.lease l ON l.id = asked.lease AND l.tenant = asked.tenant
     CROSS JOIN LATERAL (
       SELECT sum(e.micro_credits) AS amount, min(e.at) AS at FROM billing.entry e
        WHERE e.lease = asked.lease AND e.tenant = asked.tenant AND e.kind = 'charge' AND e.debit = 'balance'
     ) AS late`;
  return rows.map(({ tenant, lease, posted, granted_at, late_at }) => ({
    tenant,
    lease: withoutDashes(lease),
    posted,
    sinceMs: granted_at ? granted_at.getTime() - acceptedBeforeGrantMs : (late_at?.getTime() ?? 0) - acceptedBeforePostedMs,
  }));
}
