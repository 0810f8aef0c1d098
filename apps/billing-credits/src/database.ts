import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/client.ts';

export { Prisma } from '../generated/client.ts';
export type BillingDatabase = PrismaClient;

/** Two readers, the sweeper and a grant at once; more grants wait their turn. */
const connectionsMax = 4;

export function openBilling(databaseUrl: string): BillingDatabase {
  const adapter = new PrismaPg(
    { connectionString: databaseUrl, max: connectionsMax, application_name: 'billing-credits' },
    { schema: 'billing' },
  );
  return new PrismaClient({ adapter });
}

/** Its clock, unix ms. */
export async function lookAtClock(database: BillingDatabase): Promise<number> {
  // not now(), which is when the transaction began
  const [row] = await database.$queryRaw<[{ ms: number }]>`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`;
  return row.ms;
}
