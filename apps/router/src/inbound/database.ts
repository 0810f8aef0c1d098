import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../generated/client.ts';

export type Database = PrismaClient;

/** What a transaction of it is. */
export type Transaction = Parameters<Parameters<Database['$transaction']>[0]>[0];

export function openDatabase(databaseUrl: string, connectionsMax: number): Database {
  const adapter = new PrismaPg({ connectionString: databaseUrl, max: connectionsMax }, { schema: 'inbound' });
  return new PrismaClient({ adapter });
}
