/** The registry's drift test is here and not in libs/registry, which this library depends on. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { driftOf, startServers, type TestServers } from '../src/index.ts';

let servers: TestServers;
beforeAll(async () => {
  servers = await startServers({ schemas: ['registry'] });
}, 60_000);
afterAll(() => servers.stop(), 60_000);

test("the registry's migrations make what its schema.prisma declares", async () => {
  expect(await driftOf(servers.databaseUrl, 'registry')).toEqual([]);
});

/** Each a migration that somebody forgot to put into schema.prisma, or the other way round, with what is said of it. */
const mutations: Record<string, readonly string[]> = {
  'ALTER TABLE registry.route_draft_change RENAME TO way': [
    'column route_draft_change.draft_id: schema.prisma says text not null, the database has nothing',
    'column route_draft_change.rule: schema.prisma says jsonb, the database has nothing',
    'column route_draft_change.rule_id: schema.prisma says text not null, the database has nothing',
    'column way.draft_id: schema.prisma says nothing, the database has text not null',
    'column way.rule: schema.prisma says nothing, the database has jsonb',
    'column way.rule_id: schema.prisma says nothing, the database has text not null',
    'foreign key route_draft_change (draft_id): schema.prisma says route_draft (id), the database has nothing',
    'primary key route_draft_change (draft_id, rule_id): schema.prisma says yes, the database has nothing',
    'primary key way (draft_id, rule_id): schema.prisma says nothing, the database has yes',
    'table route_draft_change: schema.prisma says in schema registry, the database has nothing',
    'table way: schema.prisma says nothing, the database has in schema registry',
  ],
  'ALTER TABLE registry.tenant ADD note TEXT': ['column tenant.note: schema.prisma says nothing, the database has text'],
  'ALTER TABLE registry.connector DROP secret': [
    'column connector.secret: schema.prisma says text not null default , the database has nothing',
  ],
  'ALTER TABLE registry.credential ALTER "window" TYPE BIGINT': [
    'column credential.window: schema.prisma says integer not null default 100, the database has bigint not null default 100',
  ],
  'ALTER TABLE registry.tenant ALTER created_at TYPE TIMESTAMPTZ(6)': [
    'column tenant.created_at: schema.prisma says timestamp(3) with time zone not null default CURRENT_TIMESTAMP, ' +
      'the database has timestamp(6) with time zone not null default CURRENT_TIMESTAMP',
  ],
  'ALTER TABLE registry.price_plan ALTER refunds TYPE TEXT USING refunds::text': [
    'column price_plan.refunds: schema.prisma says text[], the database has text',
  ],
  'ALTER TABLE registry.tenant ALTER name DROP NOT NULL': ['column tenant.name: schema.prisma says text not null, the database has text'],
  'ALTER TABLE registry.webhook ALTER enabled SET DEFAULT false': [
    'column webhook.enabled: schema.prisma says boolean not null default true, the database has boolean not null default false',
  ],
  "ALTER TABLE registry.webhook ALTER secrets SET DEFAULT ARRAY['a', 'b']": [
    'column webhook.secrets: schema.prisma says text[], the database has text[] default [a, b]',
  ],
  'ALTER TABLE registry.connector ALTER enabled DROP DEFAULT': [
    'column connector.enabled: schema.prisma says boolean not null default true, the database has boolean not null',
  ],
  'ALTER TABLE registry.price DROP CONSTRAINT price_pkey, ADD PRIMARY KEY (prefix, plan_id)': [
    'primary key price (plan_id, prefix, mcc, mnc, valid_from): schema.prisma says yes, the database has nothing',
    'primary key price (prefix, plan_id): schema.prisma says nothing, the database has yes',
  ],
  'DROP INDEX registry.credential_kind_login_key': ['unique credential (kind, login): schema.prisma says yes, the database has nothing'],
  'CREATE UNIQUE INDEX ON registry.tenant (name)': ['unique tenant (name): schema.prisma says nothing, the database has yes'],
  'ALTER TABLE registry.credential DROP CONSTRAINT credential_tenant_id_fkey': [
    'foreign key credential (tenant_id): schema.prisma says tenant (id), the database has nothing',
  ],
  // reading faster, or only what Prisma has no words for
  'CREATE INDEX ON registry.credential (tenant_id)': [],
  "ALTER TABLE registry.tenant ADD CHECK (name <> '')": [],
};

test('each kind of drift is told', async () => {
  const client = new pg.Client({ connectionString: servers.databaseUrl });
  await client.connect();
  for (const sql of Object.keys(mutations)) await client.query(sql);
  await client.end();
  expect(await driftOf(servers.databaseUrl, 'registry')).toEqual(Object.values(mutations).flat().sort());
});
