import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePostgres, startPostgres, type PostgresServer } from '@heliograph/embedded';
import { applyMigrations } from '@heliograph/migrate';
import {
  audited,
  changeWebhookOf,
  openRegistry,
  putPricePlan,
  putTenant,
  readAudit,
  type RegistryDatabase,
  type RegistryTransaction,
} from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'registry-'));
const dataDir = join(folder, 'postgres');
const actor = { credential: 'tester', address: '192.0.2.1', requestId: 'request' };
let postgres: PostgresServer;
let database: RegistryDatabase;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir });
  await applyMigrations(postgres.url, join(import.meta.dirname, '../prisma/migrations'), 'registry');
  database = openRegistry(postgres.url, 4);
  await putPricePlan(database, { id: 'plan', name: 'Plan', refunds: [], prices: [] });
  await putTenant(database, { id: 'acme', name: '0', pricePlanId: 'plan' });
}, 60_000);

afterAll(async () => {
  await database?.$disconnect();
  await postgres?.stop();
  await removePostgres(dataDir);
  rmSync(folder, { recursive: true, force: true });
});

/** Counts the tenant's name up: what it gives shows whether another change came between. */
async function countUp(transaction: RegistryTransaction) {
  const before = await transaction.tenant.findUniqueOrThrow({ where: { id: 'acme' } });
  const after = { ...before, name: String(Number(before.name) + 1) };
  await putTenant(transaction, after);
  return { result: after.name, changes: [{ tenantId: 'acme', action: 'tenant.changed', subject: 'acme', before, after } as const] };
}

const entries = () => readAudit(database, { limit: 1_000 });
const name = async () => (await database.tenant.findUniqueOrThrow({ where: { id: 'acme' } })).name;

test('changes made at once come one after the other, and the record of each begins where the one before ended', async () => {
  const results = await Promise.all(Array.from({ length: 20 }, () => audited(database, actor, countUp)));
  expect(results.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 1)));
  const names = (await entries()).map(({ before, after }) => [before, after].map((state) => Number((state as { name: string }).name)));
  expect(names).toEqual(Array.from({ length: 20 }, (_, i) => [19 - i, 20 - i]));
});

test('a change that fails after its write leaves neither it nor a record', async () => {
  const before = { name: await name(), entries: await entries() };
  const failing = audited(database, actor, async (transaction) => {
    await countUp(transaction);
    throw new Error('thought better of it');
  });
  await expect(failing).rejects.toThrow('thought better of it');
  expect({ name: await name(), entries: await entries() }).toEqual(before);
});

test('a change whose record cannot be written is not made', async () => {
  const before = await name();
  await database.$executeRaw`ALTER TABLE "registry"."audit" RENAME TO "audit_away"`;
  await expect(audited(database, actor, countUp)).rejects.toThrow();
  await database.$executeRaw`ALTER TABLE "registry"."audit_away" RENAME TO "audit"`;
  expect(await name()).toBe(before);
});

test('a webhook that is changed is on record without its secrets', async () => {
  const webhook = { tenantId: 'acme', url: 'https://a.example/', enabled: true, secrets: ['v1.sealed'], oldUntil: [] };
  await changeWebhookOf(database, actor, 'acme', () => webhook);
  await changeWebhookOf(database, actor, 'acme', (before) => before && { ...before, enabled: false });
  expect(await changeWebhookOf(database, actor, 'acme', () => undefined)).toBeUndefined();
  const [changed, created] = await readAudit(database, { tenantId: 'acme', limit: 2 });
  expect(created).toMatchObject({ action: 'webhook.created', subject: 'acme', actor: 'tester', address: '192.0.2.1', before: null });
  expect(changed).toMatchObject({ action: 'webhook.changed', requestId: 'request', before: { enabled: true }, after: { enabled: false } });
  expect(JSON.stringify([changed?.before, changed?.after, created?.after])).not.toMatch(/v1\.|secrets/);
});

test('the log is read by tenant and from an entry on', async () => {
  const [newest, second, third] = await entries();
  expect(await readAudit(database, { before: newest!.id, limit: 2 })).toEqual([second, third]);
  expect(await readAudit(database, { tenantId: 'other', limit: 2 })).toEqual([]);
});
