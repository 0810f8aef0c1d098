import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePostgres, startPostgres, type PostgresServer } from '@heliograph/embedded';
import { applyMigrations } from '@heliograph/migrate';
import { watchRegistry, type RegistryWatch } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'registry-'));
const dataDir = join(folder, 'postgres');
let postgres: PostgresServer;
let watch: RegistryWatch;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir });
  await applyMigrations(postgres.url, join(import.meta.dirname, '../prisma/migrations'), 'registry');
  watch = await watchRegistry({ databaseUrl: postgres.url, listen() {}, log: { warn() {} }, pollMs: 3_600_000 });
}, 60_000);

afterAll(async () => {
  await watch?.stop();
  await postgres?.stop();
  await removePostgres(dataDir);
  rmSync(folder, { recursive: true, force: true });
});

test('the snapshot is as old as the last look that succeeded: a database that is away leaves it as it is, and says so', async () => {
  await watch.refresh();
  expect([watch.healthy, watch.staleMs < 5_000]).toEqual([true, true]);
  const { current } = watch;
  const { port } = postgres;

  await postgres.stop();
  const awaySince = performance.now();
  await watch.refresh();
  expect(watch.healthy).toBe(false);
  expect(watch.current).toBe(current);
  expect(watch.staleMs).toBeGreaterThanOrEqual(performance.now() - awaySince - 1);

  postgres = await startPostgres({ dataDir, port });
  const backSince = performance.now();
  await watch.refresh();
  expect(watch.healthy).toBe(true);
  expect(watch.staleMs).toBeLessThanOrEqual(performance.now() - backSince);
});
