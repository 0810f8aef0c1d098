import type { FinalState } from '@heliograph/message';
import type { BillingDatabase } from './database.ts';
import type { Plans } from './post.ts';

/** Which final states of a tenant's messages give the charge back, and since when (unix ms) that is known to be so. */
export interface RefundRule {
  readonly states: ReadonlySet<FinalState>;
  readonly sinceMs: number;
}

/**
 * Price plans change, and the registry does not say what they were. So it is noted when a rule is seen for the first time; what happened before may have gone by
 * another one, and is not held against it.
 */
export interface RefundRules {
  /** The rules as they are now, by tenant. */
  observe(nowMs: number): Promise<ReadonlyMap<string, RefundRule>>;
}

export function createRefundRules(database: BillingDatabase, plans: Pick<Plans, 'current'>): RefundRules {
  let known: Map<string, RefundRule> | undefined;

  return {
    async observe(nowMs) {
      known ??= await readRules(database);
      const { current } = plans;
      const changed: { tenant: string; states: FinalState[] }[] = [];
      for (const [tenant, { pricePlanId }] of current.tenants) {
        const states = current.refunds(pricePlanId);
        if (!isSame(states, known.get(tenant)?.states)) changed.push({ tenant, states: [...states].sort() });
      }
      if (changed.length > 0) await writeRules(database, changed, nowMs);
      for (const { tenant, states } of changed) known.set(tenant, { states: new Set(states), sinceMs: nowMs });
      return known;
    },
  };
}

async function readRules(database: BillingDatabase): Promise<Map<string, RefundRule>> {
  const rows = await database.refundRule.findMany();
  return new Map(rows.map(({ tenant, states, since }) => [tenant, { states: new Set(states as FinalState[]), sinceMs: since.getTime() }]));
}

async function writeRules(
  database: BillingDatabase,
  rules: readonly { tenant: string; states: readonly FinalState[] }[],
  nowMs: number,
): Promise<void> {
  await database.$executeRaw`
    INSERT INTO billing.refund_rule (tenant, states, since)
    SELECT tenant, states, ${new Date(nowMs)} FROM jsonb_to_recordset(${JSON.stringify(rules)}::jsonb) AS r(tenant text, states text[])
    ON CONFLICT (tenant) DO UPDATE SET states = excluded.states, since = excluded.since`;
}

function isSame(states: ReadonlySet<FinalState>, known: ReadonlySet<FinalState> | undefined): boolean {
  return known !== undefined && known.size === states.size && [...states].every((state) => known.has(state));
}
