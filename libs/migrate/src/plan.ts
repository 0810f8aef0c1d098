import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One folder of `prisma/migrations`. */
export interface Migration {
  name: string;
  sql: string;
}

/** A row of `_prisma_migrations` that was not marked as rolled back. */
export interface AppliedMigration {
  name: string;
  checksum: string;
  finished: boolean;
}

/** What to run, in order; or why nothing may be run. */
export type Plan = { ok: true; pending: Migration[] } | { ok: false; reason: 'edited' | 'unfinished'; migration: string };

/** The migrations of a folder by name, which begins with the time. Throws when one has no migration.sql. */
export function readMigrations(dir: string): Migration[] {
  const names = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return names.map((name) => {
    const file = join(dir, name, 'migration.sql');
    if (!existsSync(file)) throw new Error(`${file} is missing`);
    return { name, sql: readFileSync(file, 'utf8') };
  });
}

/**
 * Agrees with `prisma migrate deploy`: what is not recorded is pending, even when something with a later name is; what is recorded
 * and has no folder here is left alone, so that an older release can be started again after a newer one.
 */
export function planMigrations(migrations: Migration[], applied: AppliedMigration[]): Plan {
  const unfinished = applied.find(({ finished }) => !finished);
  if (unfinished) return { ok: false, reason: 'unfinished', migration: unfinished.name };
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  const pending: Migration[] = [];
  for (const migration of migrations) {
    const recorded = checksums.get(migration.name);
    if (recorded === undefined) pending.push(migration);
    else if (!hasChecksum(migration.sql, recorded)) return { ok: false, reason: 'edited', migration: migration.name };
  }
  return { ok: true, pending };
}

/** Hex SHA-256 of the file, as Prisma records it. */
export function checksumOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

/** Git may have changed the line ends since (core.autocrlf); Prisma forgives that, so do we. */
function hasChecksum(sql: string, checksum: string): boolean {
  const unix = sql.replaceAll('\r\n', '\n');
  return [sql, unix, unix.replaceAll('\n', '\r\n')].some((variant) => checksumOf(variant) === checksum);
}
