import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePostgres, startPostgres, type PostgresServer } from '@heliograph/embedded';
import { applyMigrations } from '@heliograph/migrate';
import fc from 'fast-check';
import {
  addPrices,
  openRegistry,
  putCredential,
  publishRoutes,
  putInboundRoute,
  putPricePlan,
  putRoute,
  putTenant,
  putWebhook,
  rollBackRoutes,
  type RegistryDatabase,
} from '../src/index.ts';
import { readParts } from '../src/load.ts';
import { snapshotOf, type Parts } from '../src/snapshot.ts';

const folder = mkdtempSync(join(tmpdir(), 'registry-'));
const dataDir = join(folder, 'postgres');
let postgres: PostgresServer;
let database: RegistryDatabase;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir });
  await applyMigrations(postgres.url, join(import.meta.dirname, '../prisma/migrations'), 'registry');
  database = openRegistry(postgres.url, 4);
  await putPricePlan(database, { id: 'plan', name: 'Plan', refunds: ['failed'], prices: [{ prefix: '31', microCreditsPerSegment: 1n }] });
  await putTenant(database, { id: 'acme', name: 'Acme', pricePlanId: 'plan' });
  await database.connector.create({ data: { id: 'carrier', kind: 'smpp', groupId: 'carrier', settings: {} } });
  await putRoute(database, { id: 'all', prefix: '', connectorId: 'carrier' });
}, 60_000);

afterAll(async () => {
  await database?.$disconnect();
  await postgres?.stop();
  await removePostgres(dataDir);
  rmSync(folder, { recursive: true, force: true });
});

const sql = (text: string) => database.$executeRawUnsafe(text);
/** Whoever else has the login gets another. */
async function credential(id: string, login: string, previousLogin = '') {
  await sql(`UPDATE registry.credential SET login = 'free-' || id WHERE login = '${login}' AND id <> '${id}'`);
  await putCredential(database, { id, tenantId: 'acme', kind: 'api_key', login, previousLogin, verifier: id });
}

const inboundRoute = { id: 'code', address: '4040', match: 'exact', keyword: '', tenantId: 'acme', credentialId: null } as const;

const query = {
  messageId: 'm',
  tenant: 'acme',
  from: { addr: '', ton: 0, npi: 0 },
  class: 'normal',
  segments: 1,
  nowMs: 1_000,
} as const;
const facts = {
  connector: () => ({ enabled: true, mode: 'running', available: true }) as const,
  buyPrice: () => undefined,
  quality: () => undefined,
  network: () => undefined,
};
/** Everything that a snapshot says, as something to compare. */
function shown(parts: Parts) {
  const snapshot = snapshotOf(parts);
  const { revision, tenants, credentials, connectors, webhooks, routes } = snapshot;
  const route = (digits: string) => routes.decide({ ...query, digits }, facts);
  const byId = (map: ReadonlyMap<string, unknown>) => Object.fromEntries(map);
  const logins = ['a', 'b', 'c'].map((login) => snapshot.credentialByLogin('api_key', login)?.id);
  const numbers = ['31612345678', '447912345678', '15551234567'].map((digits) => [
    route(digits),
    ...['plan', 'other'].map((plan) => snapshot.price(plan, digits, 1_000)),
    snapshot.buyPrice('carrier', digits, 1_000),
  ]);
  const refunds = ['plan', 'other'].map((plan) => snapshot.refunds(plan));
  const inbound = ['4040', '31612345678'].map((address) => [
    ...['', 'win'].map((keyword) => snapshot.inbound.match(address, keyword)),
    snapshot.credentialsOfRange(address),
  ]);
  return { revision, logins, numbers, refunds, inbound, all: [tenants, credentials, connectors, webhooks].map(byId) };
}

/** What may be done to the registry, each as often as one likes. */
const changes: Record<string, () => Promise<unknown>> = {
  'a tenant is changed': () => sql(`UPDATE registry.tenant SET segments_per_second = segments_per_second + 1`),
  'another tenant is put': () => putTenant(database, { id: 'other', name: 'Other', pricePlanId: 'plan' }),
  'it is removed': () => sql(`DELETE FROM registry.tenant WHERE id = 'other'`),
  'a credential is put': () => credential('one', 'a'),
  'its secret is reset': () => credential('one', 'b', 'a'),
  'another gets the login that it had': () =>
    sql(`UPDATE registry.credential SET previous_login = 'c' WHERE id = 'one'`).then(() => credential('two', 'a')),
  'a credential is removed': () => sql(`DELETE FROM registry.credential WHERE id = 'one'`),
  'a login is passed on in one statement': () =>
    sql(
      `UPDATE registry.credential SET login = CASE login WHEN 'b' THEN 'c' ELSE 'b' END WHERE login IN ('b', 'c') AND (SELECT count(*) FROM registry.credential WHERE login IN ('b', 'c')) = 1`,
    ),
  'a price is added': () => sql(`INSERT INTO registry.price VALUES ('plan', '44', 7) ON CONFLICT DO NOTHING`),
  'a price is changed': () =>
    sql(`UPDATE registry.price SET micro_credits_per_segment = micro_credits_per_segment + 1 WHERE prefix = '44'`),
  'a price is removed': () => sql(`DELETE FROM registry.price WHERE prefix = '44'`),
  'a price is dated': () => sql(`UPDATE registry.price SET valid_until = CASE WHEN valid_until IS NULL THEN to_timestamp(1) END`),
  'a price of a network': () =>
    sql(`INSERT INTO registry.price (plan_id, mcc, mnc, micro_credits_per_segment) VALUES ('plan', '204', '04', 9) ON CONFLICT DO NOTHING`),
  'a range of numbers': () => sql(`INSERT INTO registry.number_range VALUES ('316', '204', '04') ON CONFLICT DO NOTHING`),
  'a range is removed': () => sql(`DELETE FROM registry.number_range`),
  'refunds are changed': () =>
    sql(`UPDATE registry.price_plan SET refunds = CASE WHEN 'expired' = ANY (refunds) THEN ARRAY['failed'] ELSE ARRAY['expired'] END`),
  'a plan is put': () =>
    putPricePlan(database, { id: 'other', name: 'Other', refunds: ['failed'], prices: [{ microCreditsPerSegment: 3n }] }),
  'a plan loses its prices': () => putPricePlan(database, { id: 'other', name: 'Other', refunds: [], prices: [] }),
  'a plan is removed': () =>
    sql(`DELETE FROM registry.price WHERE plan_id = 'other'`).then(() => sql(`DELETE FROM registry.price_plan WHERE id = 'other'`)),
  'a connector is paused, or goes on': () =>
    sql(`UPDATE registry.connector SET mode = CASE mode WHEN 'paused' THEN 'running' ELSE 'paused' END WHERE id = 'carrier'`),
  'a buy price': () =>
    sql(`INSERT INTO registry.buy_price (connector_id, micro_credits_per_segment) VALUES ('carrier', 5) ON CONFLICT DO NOTHING`),
  'no buy price': () => sql(`DELETE FROM registry.buy_price`),
  'a route': () => putRoute(database, { id: 'nl', prefix: '31', connectorId: 'carrier' }),
  'another route': () => putRoute(database, { id: 'nl', prefix: '316', connectorId: 'carrier' }),
  'no route': () =>
    database.$transaction(
      async (transaction) => void (await publishRoutes(transaction, { changes: [{ id: 'nl', rule: null }], by: 'test' })),
    ),
  'routes as they were': () =>
    database.$transaction(async (transaction) => void (await rollBackRoutes(transaction, { to: 1n, by: 'test' }))),
  'a webhook': () => putWebhook(database, { tenantId: 'acme', url: 'https://a.example/', secrets: ['s'], enabled: true }),
  'no webhook': () => sql(`DELETE FROM registry.webhook`),
  'an inbound route': () => putInboundRoute(database, inboundRoute),
  'another of a keyword': () =>
    putInboundRoute(database, { ...inboundRoute, id: 'win', match: 'prefix', address: '316', keyword: 'win', credentialId: null }),
  'an inbound route is changed': () => sql(`UPDATE registry.inbound_route SET address = '31612345678' WHERE id = 'code'`),
  'no inbound route': () => sql(`DELETE FROM registry.inbound_route`),
  'an address range': () => sql(`UPDATE registry.credential SET address_range = '+31612345678'`),
  'the range of one': () => sql(`UPDATE registry.credential SET address_range = '4040' WHERE id = 'two'`),
  'no address range': () => sql(`UPDATE registry.credential SET address_range = ''`),
  'all webhooks at once': () => sql(`TRUNCATE registry.webhook`),
  nothing: () => sql(`UPDATE registry.tenant SET name = name WHERE false`),
};

test('any changes: what is read of them makes the snapshot that reading everything makes', async () => {
  let parts = await readParts(database);
  const seed = Date.now() % 2 ** 31;
  const property = fc.asyncProperty(fc.array(fc.constantFrom(...Object.keys(changes)), { minLength: 1, maxLength: 4 }), async (names) => {
    for (const name of names) await changes[name]?.();
    parts = await readParts(database, parts);
    expect(shown(parts)).toEqual(shown(await readParts(database)));
  });
  await fc.assert(property, { seed, numRuns: 60, endOnFailure: true });
}, 60_000);

test('each change by itself is seen', async () => {
  let parts = await readParts(database);
  for (const change of Object.values(changes)) {
    await change();
    parts = await readParts(database, parts);
    expect(shown(parts)).toEqual(shown(await readParts(database)));
  }
}, 60_000);

test('without a change nothing is made anew; with one, only what changed', async () => {
  const before = await readParts(database);
  expect(await readParts(database, before)).toBe(before);
  await sql(`UPDATE registry.tenant SET name = 'Changed' WHERE id = 'acme'`);
  const after = await readParts(database, before);
  expect(after.tenants.get('acme')?.name).toBe('Changed');
  expect(before.tenants.get('acme')?.name).not.toBe('Changed');
  const { revision: _, tenants: __, ...shared } = after;
  for (const [name, part] of Object.entries(shared)) expect(part).toBe(before[name as keyof Parts]);
});

test('a plan whose prices have not changed keeps its table', async () => {
  const before = await readParts(database);
  await sql(`UPDATE registry.price_plan SET name = name || '!' WHERE id = 'plan'`);
  const after = await readParts(database, before);
  expect(after.plans.get('plan')).not.toBe(before.plans.get('plan'));
  expect(after.plans.get('plan')?.prices).toBe(before.plans.get('plan')?.prices);
});

test('who is too far behind reads everything, also what nobody remembers', async () => {
  const before = await readParts(database);
  await sql(`UPDATE registry.tenant SET name = 'Long ago' WHERE id = 'acme'`);
  await sql(`UPDATE registry.revision SET number = number + 100000`);
  await sql(`UPDATE registry.connector SET enabled = NOT enabled`);
  expect(await database.changed.findMany({ select: { kind: true } })).toEqual([{ kind: 'connector' }]);
  const after = await readParts(database, before);
  expect(after.tenants.get('acme')?.name).toBe('Long ago');
});

test('a database that was restored is another past: everything is read', async () => {
  const before = await readParts(database);
  await sql(`UPDATE registry.revision SET number = number - 10`);
  expect(shown(await readParts(database, before))).toEqual(shown(await readParts(database)));
});

test('writers come one after the other: no revision is seen before an earlier one', async () => {
  let parts = await readParts(database);
  let writing = true;
  const writers = Array.from({ length: 3 }, (_, i) => i).map(async (i) => {
    for (let n = 0; n < 20; n++)
      await database.$transaction(async (transaction) => {
        await putTenant(transaction, { id: `writer-${i}`, name: String(n), pricePlanId: 'plan' });
        await transaction.$executeRawUnsafe(`UPDATE registry.credential SET name = '${i} ${n}'`);
      });
  });
  void Promise.all(writers).finally(() => (writing = false));
  while (writing) parts = await readParts(database, parts);
  await Promise.all(writers);
  parts = await readParts(database, parts);
  expect(shown(parts)).toEqual(shown(await readParts(database)));
}, 60_000);

const at = (seconds: number) => new Date(seconds * 1_000);
const price = { prefix: '49', microCreditsPerSegment: 1n };

test.each([
  ['without dates, when another has none', [price], false],
  ['without dates, when another has some', [{ ...price, validFrom: at(1_000) }], false],
  [
    'that begins before another ends',
    [
      { ...price, validUntil: at(2_001) },
      { ...price, validFrom: at(2_000) },
    ],
    false,
  ],
  [
    'that lies within another',
    [
      { ...price, validFrom: at(1), validUntil: at(9) },
      { ...price, validFrom: at(2), validUntil: at(3) },
    ],
    false,
  ],
  [
    'that begins when another ends',
    [
      { ...price, validUntil: at(2_000) },
      { ...price, validFrom: at(2_000) },
    ],
    true,
  ],
  ['of a longer prefix', [{ ...price, prefix: '491' }], true],
  [
    'of a network',
    [
      { mcc: '262', microCreditsPerSegment: 1n },
      { mcc: '262', mnc: '01', microCreditsPerSegment: 1n },
    ],
    true,
  ],
])('a price %s', async (situation, prices, taken) => {
  const plan = { of: 'plan', id: 'dated' } as const;
  const given = taken || prices.length > 1 ? prices : [price, ...prices];
  const adding = database.$transaction(async (transaction) => {
    await transaction.pricePlan.upsert({ where: { id: 'dated' }, create: { id: 'dated', name: '', refunds: [] }, update: {} });
    for (const one of given) await addPrices(transaction, plan, [one]);
    throw new Error(`taken: ${situation}`);
  });
  await expect(adding).rejects.toThrow(taken ? `taken: ${situation}` : /valid at the same time|[Uu]nique/);
});
