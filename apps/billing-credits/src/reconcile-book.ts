import type {
  Difference,
  DifferenceKind,
  DifferenceResolution,
  DifferencesAnswer,
  DifferencesQuestion,
  ProofQuestion,
  ProvenTenant,
} from '@heliograph/message';
import { differenceKinds, differencesMax, proofTenantsMax } from '@heliograph/message';
import type { BillingDatabase } from './database.ts';

/** What two sides say of one thing. */
export interface Comparison {
  /** Empty: the platform's. */
  readonly tenant: string;
  readonly subject: string;
  readonly expected: bigint;
  readonly found: bigint;
  /** `unknown`: one side cannot say any more. */
  readonly verdict: 'differs' | DifferenceResolution;
  /** Ids of messages at fault. */
  readonly samples?: readonly string[];
}

export interface Noted {
  readonly tenant: string;
  readonly subject: string;
}

/** The differences that were found, open and resolved. */
export interface DifferenceBook {
  /** Opens a difference for what differs, and resolves that of what does not. Gives those that are new. */
  note(kind: DifferenceKind, comparisons: readonly Comparison[], nowMs: number): Promise<Noted[]>;
  /** The oldest that are open: what is to be compared again. */
  open(kind: DifferenceKind): Promise<Noted[]>;
  countOpen(): Promise<Readonly<Record<DifferenceKind, number>>>;
  list(question: DifferencesQuestion): Promise<DifferencesAnswer>;
  prove(question: ProofQuestion): Promise<{ tenants: ProvenTenant[]; next?: string }>;
}

/** Of one kind, at each round. */
const againMax = 500;

export function createDifferenceBook(database: BillingDatabase): DifferenceBook {
  return {
    async note(kind, comparisons, nowMs) {
      if (comparisons.length === 0) return [];
      const items = JSON.stringify(
        comparisons.map(({ tenant, subject, expected, found, verdict, samples = [] }) => ({
          tenant,
          subject,
          expected: String(expected),
          found: String(found),
          verdict,
          samples,
        })),
      );
      return database.$queryRaw<Noted[]>`
        WITH item AS MATERIALIZED (
          SELECT * FROM jsonb_to_recordset(${items}::jsonb)
            AS i(tenant text, subject text, expected bigint, found bigint, verdict text, samples text[])
        ), resolved AS (
          UPDATE billing.difference d SET resolved_at = ${new Date(nowMs)}, resolution = i.verdict
            FROM item i
           WHERE i.verdict <> 'differs' AND d.resolved_at IS NULL AND d.kind = ${kind} AND d.tenant = i.tenant AND d.subject = i.subject
        ), noted AS (
          INSERT INTO billing.difference (kind, tenant, subject, expected, found, samples, found_at)
          SELECT ${kind}, tenant, subject, expected, found, samples, ${new Date(nowMs)} FROM item WHERE verdict = 'differs'
          ON CONFLICT (kind, tenant, subject) WHERE resolved_at IS NULL
            DO UPDATE SET expected = excluded.expected, found = excluded.found, samples = excluded.samples
          RETURNING WITH (OLD AS before, NEW AS after) after.tenant, after.subject, before.id IS NULL AS fresh
        )
        SELECT tenant, subject FROM noted WHERE fresh`;
    },

    open: (kind) =>
      database.difference.findMany({
        where: { kind, resolvedAt: null },
        orderBy: { id: 'asc' },
        take: againMax,
        select: { tenant: true, subject: true },
      }),

    async countOpen() {
      const counts = await database.difference.groupBy({ by: ['kind'], where: { resolvedAt: null }, _count: true });
      const byKind = new Map(counts.map(({ kind, _count }) => [kind, _count]));
      return Object.fromEntries(differenceKinds.map((kind) => [kind, byKind.get(kind) ?? 0])) as Record<DifferenceKind, number>;
    },

    async list({ limit, before, tenant, kind, open }) {
      const size = bounded(limit, differencesMax);
      const rows = await database.difference.findMany({
        where: {
          ...(before === undefined ? {} : { id: { lt: BigInt(before) } }),
          ...(tenant === undefined ? {} : { tenant }),
          ...(kind === undefined ? {} : { kind }),
          ...(open === undefined ? {} : { resolvedAt: open ? null : { not: null } }),
        },
        orderBy: { id: 'desc' },
        take: size + 1,
      });
      const shown = rows.slice(0, size);
      const last = shown.at(-1);
      return { differences: shown.map(differenceOf), ...(rows.length > size && last ? { next: String(last.id) } : {}) };
    },

    async prove({ limit, after = '' }) {
      const size = bounded(limit, proofTenantsMax);
      const tenants = await database.account.findMany({
        where: { tenant: { gt: after } },
        orderBy: { tenant: 'asc' },
        take: size + 1,
        select: { tenant: true },
      });
      const rows = await readProof(
        database,
        tenants.slice(0, size).map(({ tenant }) => tenant),
      );
      const last = rows.at(-1);
      return { tenants: rows.map(provenOf), ...(tenants.length > size && last ? { next: last.tenant } : {}) };
    },
  };
}

function bounded(limit: number, most: number): number {
  return Math.min(Math.max(1, Math.trunc(limit)), most);
}

type DifferenceRow = Awaited<ReturnType<BillingDatabase['difference']['findMany']>>[number];

function differenceOf({ id, expected, found, foundAt, resolvedAt, resolution, kind, tenant, subject, samples }: DifferenceRow): Difference {
  return {
    id: String(id),
    kind: kind as DifferenceKind,
    tenant,
    subject,
    expected: String(expected),
    found: String(found),
    samples,
    foundAtMs: foundAt.getTime(),
    ...(resolvedAt ? { resolvedAtMs: resolvedAt.getTime() } : {}),
    ...(resolution === null ? {} : { resolution: resolution as DifferenceResolution }),
  };
}

export interface ProofRow {
  readonly tenant: string;
  readonly funds: bigint;
  readonly balance: bigint;
  readonly leased: bigint;
  readonly charged: bigint;
  readonly refunded: bigint;
  readonly holds: boolean;
  readonly differences: number;
}

/** Tenant by tenant: the view of many would add up the whole ledger first. */
export function readProof(database: BillingDatabase, tenants: readonly string[]): Promise<ProofRow[]> {
  return database.$queryRaw<ProofRow[]>`
    SELECT proven.tenant, proven.funds, proven.balance, proven.leased, proven.charged, proven.refunded, proven.holds,
           (SELECT count(*)::int FROM billing.difference d WHERE d.tenant = asked.tenant AND d.resolved_at IS NULL) AS differences
      FROM unnest(${[...tenants]}::text[]) AS asked(tenant)
     CROSS JOIN LATERAL (SELECT * FROM billing.proof WHERE proof.tenant = asked.tenant OFFSET 0) AS proven
     ORDER BY asked.tenant`;
}

function provenOf({ tenant, funds, balance, leased, charged, refunded, holds, differences }: ProofRow): ProvenTenant {
  return {
    tenant,
    fundsMicroCredits: String(funds),
    balanceMicroCredits: String(balance),
    leasedMicroCredits: String(leased),
    chargedMicroCredits: String(charged),
    refundedMicroCredits: String(refunded),
    holds,
    differences,
  };
}
