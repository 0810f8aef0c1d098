// Run: node --expose-gc libs/registry/src/registry.bench.ts. How long the whole registry takes to be loaded, what it takes in memory, how long one change
// takes to be seen, and what a look-up of a price costs, with a PostgreSQL of its own. BENCH_TENANTS (100,000, with a credential each), BENCH_PLANS (1,000),
// BENCH_PRICES of each (1,000): a minute, most of it to make them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePostgres, startPostgres } from '@heliograph/embedded';
import { applyMigrations } from '@heliograph/migrate';
import { openRegistry } from './database.ts';
import { readParts } from './load.ts';
import { ruleOfRoute } from './route-change.ts';
import { snapshotOf } from './snapshot.ts';

const size = (name: string, usual: number): number => Number(process.env[name] ?? usual);
const tenants = size('BENCH_TENANTS', 100_000);
const plans = size('BENCH_PLANS', 1_000);
const pricesOfPlan = size('BENCH_PRICES', 1_000);
const lookUps = 2_000_000;

const folder = mkdtempSync(join(tmpdir(), 'registry-bench-'));
const dataDir = join(folder, 'postgres');
const postgres = await startPostgres({ dataDir });
try {
  await applyMigrations(postgres.url, join(import.meta.dirname, '../prisma/migrations'), 'registry');
  const database = openRegistry(postgres.url, 1);
  await fill((sql) => database.$executeRawUnsafe(sql));

  globalThis.gc?.();
  const rssBefore = process.memoryUsage().rss;
  let startMs = performance.now();
  let parts = await readParts(database);
  const loadMs = performance.now() - startMs;
  const rssAfter = process.memoryUsage().rss;
  globalThis.gc?.();
  const heapKept = process.memoryUsage();

  const changes: [name: string, sql: string][] = [
    ['a tenant', `UPDATE registry.tenant SET name = name || '!' WHERE id = 'tenant-7'`],
    ['a credential', `UPDATE registry.credential SET verifier = verifier || '!' WHERE id = 'credential-7'`],
    ['a price', `UPDATE registry.price SET micro_credits_per_segment = 5 WHERE plan_id = 'plan-7' AND prefix = '49'`],
    ['a route', `INSERT INTO registry.route_rule (id, from_version, rule) VALUES ('more', 1, '${rule('998')}')`],
  ];
  console.log('| what | |\n| --- | ---: |');
  console.log(`| ${tenants} tenants, as many credentials, ${plans * pricesOfPlan} prices loaded | ${(loadMs / 1_000).toFixed(1)} s |`);
  console.log(`| growth of the process while loading | ${megabytes(rssAfter - rssBefore)} |`);
  console.log(`| heap and arrays in use after it | ${megabytes(heapKept.heapUsed + heapKept.external)} |`);
  for (const [name, sql] of changes) {
    await database.$executeRawUnsafe(sql);
    startMs = performance.now();
    parts = await readParts(database, parts);
    const snapshot = snapshotOf(parts);
    console.log(
      `| ${name} changed: seen, read and swapped (revision ${snapshot.revision}) | ${(performance.now() - startMs).toFixed(1)} ms |`,
    );
  }
  startMs = performance.now();
  await readParts(database, parts);
  console.log(`| a look when nothing has changed | ${(performance.now() - startMs).toFixed(1)} ms |`);
  startMs = performance.now();
  const copied = new Map(parts.tenants);
  console.log(
    `| a copy of the map of ${copied.size} tenants, which one change in 1,000 makes | ${(performance.now() - startMs).toFixed(1)} ms |`,
  );

  const snapshot = snapshotOf(parts);
  const numbers = Array.from({ length: 4_096 }, (_, i) => String(((i * 7_919_000_003) % 8.9e11) + 1e11));
  const ids = Array.from({ length: 4_096 }, (_, i) => `plan-${((i * 7_919) % plans) + 1}`);
  let found = 0;
  startMs = performance.now();
  for (let i = 0; i < lookUps; i++)
    if (snapshot.price(ids[i & 4_095] as string, numbers[(i * 31) & 4_095] as string, 1_000) !== undefined) found++;
  const lookUpNs = ((performance.now() - startMs) * 1e6) / lookUps;
  console.log(`| a price looked up, of any plan (${((found / lookUps) * 100).toFixed(0)} % found) | ${lookUpNs.toFixed(0)} ns |`);
  await database.$disconnect();
} finally {
  await postgres.stop();
  await removePostgres(dataDir);
  rmSync(folder, { recursive: true, force: true });
}

function megabytes(octets: number): string {
  return `${(octets / 1e6).toFixed(0)} MB`;
}

/** Prefixes of one to seven digits, 5,000 ranges of numbers, and a price of a network in each plan. */
async function fill(run: (sql: string) => Promise<unknown>): Promise<void> {
  await run(
    `INSERT INTO registry.price_plan SELECT 'plan-' || n, 'Plan ' || n, ARRAY['failed', 'expired'] FROM generate_series(1, ${plans}) AS n`,
  );
  await run(`INSERT INTO registry.price (plan_id, prefix, micro_credits_per_segment)
    SELECT 'plan-' || plan, CASE WHEN n < 90 THEN (n + 9)::text ELSE (n * 7919 + 1000000)::text END, plan + n
    FROM generate_series(1, ${plans}) AS plan, generate_series(1, ${pricesOfPlan - 1}) AS n`);
  await run(
    `INSERT INTO registry.price (plan_id, mcc, mnc, micro_credits_per_segment) SELECT 'plan-' || plan, '204', '04', 5 FROM generate_series(1, ${plans}) AS plan`,
  );
  await run(
    `INSERT INTO registry.number_range SELECT (n * 17 + 100000)::text, (200 + n % 500)::text, lpad((n % 90)::text, 2, '0') FROM generate_series(1, 5000) AS n`,
  );
  await run(
    `INSERT INTO registry.tenant (id, name, price_plan_id) SELECT 'tenant-' || n, 'Tenant ' || n, 'plan-' || (n % ${plans} + 1) FROM generate_series(1, ${tenants}) AS n`,
  );
  await run(`INSERT INTO registry.credential (id, tenant_id, kind, login, verifier)
    SELECT 'credential-' || n, 'tenant-' || n, 'api_key', md5(n::text), md5('v' || n) || md5('w' || n) FROM generate_series(1, ${tenants}) AS n`);
  await run(`INSERT INTO registry.connector (id, kind, group_id, settings) VALUES ('carrier', 'smpp', 'carrier', '{}')`);
  await run(`INSERT INTO registry.route_version (version, published_by) VALUES (1, 'bench')`);
  await run(`INSERT INTO registry.route_rule (id, from_version, rule) VALUES ('all', 1, '${rule('')}')`);
}

function rule(prefix: string): string {
  return JSON.stringify(ruleOfRoute({ prefix, connectorId: 'carrier' }));
}
