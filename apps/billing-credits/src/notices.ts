import { withoutDashes, type BalanceLow } from '@heliograph/message';
import type { BillingDatabase } from './database.ts';

/** Low-balance notices: a trigger on the account writes one with the posting that crosses a threshold; here they are sent. */
export interface Notices {
  /** Reads a tenant's thresholds, micro-credits, highest first; sets them when they are given. One that is above what is left counts from the next top-up on. */
  thresholds(tenant: string, given?: readonly bigint[]): Promise<{ now: bigint[]; before: bigint[] }>;
  /**
   * Publishes what is owed, in the order of the crossings, and resolves with how many. Each is marked after it is stored: one whose mark is lost is
   * published again with the same id, by which its reader knows it.
   */
  send(publish: (event: BalanceLow) => Promise<void>): Promise<number>;
}

const sentAtOnceMax = 500;

export function createNotices(database: BillingDatabase): Notices {
  return {
    async thresholds(tenant, given) {
      if (!given) {
        const account = await database.account.findUnique({ where: { tenant }, select: { lowBalance: true } });
        return { now: account?.lowBalance ?? [], before: account?.lowBalance ?? [] };
      }
      const now = [...new Set(given)].sort((a, b) => (a < b ? 1 : -1));
      await database.$executeRaw`INSERT INTO billing.account (tenant) VALUES (${tenant}) ON CONFLICT DO NOTHING`;
      const [row] = await database.$queryRaw<[{ before: bigint[] }]>`
        UPDATE billing.account SET low_balance = ${now.map(String)}::bigint[] WHERE tenant = ${tenant} RETURNING old.low_balance AS before`;
      return { now, before: row.before.map(BigInt) };
    },

    async send(publish) {
      const owed = await database.notice.findMany({ where: { sentAt: null }, orderBy: { id: 'asc' }, take: sentAtOnceMax });
      if (owed.length === 0) return 0;
      await Promise.all(
        owed.map(({ id, tenant, threshold, spendable, at }) =>
          publish({
            type: 'balance.low',
            at: at.getTime(),
            id: withoutDashes(id),
            tenant,
            thresholdMicroCredits: String(threshold),
            spendableMicroCredits: String(spendable),
          }),
        ),
      );
      await database.notice.updateMany({ where: { id: { in: owed.map(({ id }) => id) } }, data: { sentAt: new Date() } });
      return owed.length;
    },
  };
}
