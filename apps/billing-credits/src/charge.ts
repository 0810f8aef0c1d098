import { isId, type MessageHead } from '@heliograph/message';
import { readMicroCredits } from './amount.ts';

/** What a batch of records charges under one lease. */
export interface ChargeSum {
  readonly tenant: string;
  /** Null: the record names none, so it is charged from the balance. */
  readonly lease: string | null;
  readonly microCredits: bigint;
}

export interface Charges {
  readonly sums: readonly ChargeSum[];
  /** Ids of messages whose charge says nothing that could be posted: a bug of the ingress, shown and left out. */
  readonly unreadable: readonly string[];
}

/** Sums up a batch: the ledger gets an entry per lease and batch, not a row per message (the message-log has that). Free messages charge nothing. */
export function chargesOf(messages: readonly MessageHead[]): Charges {
  const byTenant = new Map<string, Map<string | null, bigint>>();
  const unreadable: string[] = [];
  for (const { id, tenant, charge } of messages) {
    const microCredits = readMicroCredits(charge?.microCredits);
    if (microCredits === undefined || typeof tenant !== 'string') {
      unreadable.push(id);
      continue;
    }
    if (microCredits === 0n) continue;
    let byLease = byTenant.get(tenant);
    if (!byLease) byTenant.set(tenant, (byLease = new Map()));
    const lease = typeof charge.lease === 'string' && isId(charge.lease) ? charge.lease : null;
    byLease.set(lease, (byLease.get(lease) ?? 0n) + microCredits);
  }
  const sums = [...byTenant].flatMap(([tenant, byLease]) => [...byLease].map(([lease, microCredits]) => ({ tenant, lease, microCredits })));
  return { sums, unreadable };
}
