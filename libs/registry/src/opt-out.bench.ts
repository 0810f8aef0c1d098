// Run: node --expose-gc libs/registry/src/opt-out.bench.ts. What a million opt-outs take in memory, how long a look-up takes, and how long they take to be loaded,
// with a PostgreSQL of its own. BENCH_OPT_OUTS (1,000,000, of 1,000 tenants): half a minute.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePostgres, startPostgres } from '@heliograph/embedded';
import { applyMigrations } from '@heliograph/migrate';
import { openRegistry } from './database.ts';
import { createOptOutTable } from './opt-out-table.ts';
import { watchOptOuts } from './opt-out-watch.ts';

const count = Number(process.env['BENCH_OPT_OUTS'] ?? 1_000_000);
const tenants = 1_000;
const lookUps = 5_000_000;

const inUse = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

console.log('| what | |\n| --- | ---: |');
const before = inUse();
const table = createOptOutTable();
for (let i = 0; i < count; i++) table.put(`tenant-${i % tenants}`, '31201234567', String(31_600_000_000 + i));
console.log(`| ${table.size} opt-outs of ${tenants} tenants in memory | ${((inUse() - before) / 1e6).toFixed(0)} MB |`);

const senders = ['+31201234567'];
/** Made before, as messages have theirs. */
const asked = Array.from({ length: 10_000 }, (_, i) => (i * 97) % count).map(
  (n) => [`tenant-${n % tenants}`, String(31_600_000_000 + n)] as const,
);
for (const [name, more] of [
  ['who is there', 0],
  ['who is not there', 1_000_000_000],
] as const) {
  const questions = asked.map(([tenant, recipient]) => [tenant, String(Number(recipient) + more)] as const);
  let found = 0;
  const startMs = performance.now();
  for (let i = 0; i < lookUps; i++) {
    const [tenant, recipient] = questions[i % questions.length] as readonly [string, string];
    if (table.has(tenant, senders, recipient)) found++;
  }
  if (found !== (more === 0 ? lookUps : 0)) throw new Error(`${found} found of those ${name}`);
  console.log(`| a look-up of ${name} | ${(((performance.now() - startMs) / lookUps) * 1e6).toFixed(0)} ns |`);
}

const folder = mkdtempSync(join(tmpdir(), 'opt-out-bench-'));
const dataDir = join(folder, 'postgres');
const postgres = await startPostgres({ dataDir });
try {
  await applyMigrations(postgres.url, join(import.meta.dirname, '../prisma/migrations'), 'registry');
  const database = openRegistry(postgres.url, 1);
  await database.$executeRaw`INSERT INTO registry.price_plan (id, name, refunds) VALUES ('plan', 'Plan', '{}')`;
  await database.$executeRaw`INSERT INTO registry.tenant (id, name, price_plan_id) SELECT 'tenant-' || n, 'Tenant', 'plan' FROM generate_series(0, ${tenants - 1}::int) AS n`;
  await database.$executeRaw`
    INSERT INTO registry.opt_out SELECT 'tenant-' || n % ${tenants}::int, '31201234567', (31600000000 + n)::text, 'out', 'keyword', now()
    FROM generate_series(0, ${count - 1}::int) AS n`;
  await database.$disconnect();
  const startMs = performance.now();
  const watch = await watchOptOuts({ databaseUrl: postgres.url, listen() {}, log: { warn() {} } });
  console.log(`| ${watch.size} loaded by a process that starts | ${((performance.now() - startMs) / 1_000).toFixed(1)} s |`);
  await watch.stop();
} finally {
  await postgres.stop();
  await removePostgres(dataDir);
  rmSync(folder, { recursive: true, force: true });
}
