import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/client.ts';

export type Database = PrismaClient;

export function openDatabase(databaseUrl: string, connectionsMax: number): Database {
  const adapter = new PrismaPg({ connectionString: databaseUrl, max: connectionsMax }, { schema: 'dlr' });
  return new PrismaClient({ adapter });
}

/** Its clock, unix ms. */
export async function lookAtClock(database: Database): Promise<number> {
  // not now(), which is when the transaction began
  const [row] = await database.$queryRaw<[{ ms: number }]>`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`;
  return row.ms;
}

/** Postgres keeps neither U+0000 nor half a surrogate pair in text. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}

/** Chr(30): JSON never has it unescaped, so texts joined by it need no quoting, which costs more than all else about them (3 of 20 µs a message). */
export const separator = '\u001e';

/** An array as PostgreSQL reads it. */
export function arrayLiteral(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${storable(text).replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}
