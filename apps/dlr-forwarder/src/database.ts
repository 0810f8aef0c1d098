import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/client.ts';

export type Database = PrismaClient;

export function openDatabase(databaseUrl: string, connectionsMax: number): Database {
  const adapter = new PrismaPg({ connectionString: databaseUrl, max: connectionsMax }, { schema: 'dlr' });
  return new PrismaClient({ adapter });
}

/** An error that lies in the data (SQLSTATE class 22, data exception; 23, constraint; 54, an id too long for an index): trying again cannot help. */
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
