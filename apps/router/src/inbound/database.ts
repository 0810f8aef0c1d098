import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../generated/client.ts';

export type Database = PrismaClient;

/** What a transaction of it is. */
export type Transaction = Parameters<Parameters<Database['$transaction']>[0]>[0];

export function openDatabase(databaseUrl: string, connectionsMax: number): Database {
  const adapter = new PrismaPg({ connectionString: databaseUrl, max: connectionsMax }, { schema: 'inbound' });
  return new PrismaClient({ adapter });
}

/** An error that lies in the data (SQLSTATE class 22, data exception; 23, constraint; 54, a text too long for an index): trying again cannot help. */
export function isDataError(error: unknown): boolean {
  const code = sqlStateOf(error);
  return code !== undefined && /^(2[23]|54)/.test(code);
}

/** Prisma wraps what Postgres said: the SQLSTATE is the driver adapter's `originalCode`, or `code` of an error not wrapped. */
function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { originalCode, code, meta, cause, driverAdapterError } = error as Record<string, unknown>;
  if (typeof originalCode === 'string') return originalCode;
  const inner = sqlStateOf(driverAdapterError) ?? sqlStateOf(meta) ?? sqlStateOf(cause);
  return inner ?? (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^P\d{4}$/.test(code) ? code : undefined);
}
