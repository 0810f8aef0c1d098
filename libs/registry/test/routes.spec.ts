import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, cpSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePostgres, startPostgres, type PostgresServer } from '@heliograph/embedded';
import { applyMigrations } from '@heliograph/migrate';
import { routeRule, type RouteRule } from '@heliograph/routing';
import fc from 'fast-check';
import {
  changesTo,
  listRouteVersions,
  openRegistry,
  publishRoutes,
  putDraftRule,
  putDraftTable,
  readDraftChanges,
  readRules,
  rollBackRoutes,
  routeVersion,
  ruleNaming,
  ruleOfRoute,
  withChanges,
  type RegistryDatabase,
  type RuleChange,
} from '../src/index.ts';
import { readParts } from '../src/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'routes-'));
const dataDir = join(folder, 'postgres');
const migrations = join(import.meta.dirname, '../prisma/migrations');
let postgres: PostgresServer;
let database: RegistryDatabase;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir });
  await migrateWithOldRoutes();
  database = openRegistry(postgres.url, 6);
}, 60_000);

afterAll(async () => {
  await database?.$disconnect();
  await postgres?.stop();
  await removePostgres(dataDir);
  rmSync(folder, { recursive: true, force: true });
});

/** As an installation comes to it that has routes by prefix. */
async function migrateWithOldRoutes(): Promise<void> {
  const before = join(folder, 'before');
  mkdirSync(before);
  for (const name of readdirSync(migrations))
    if (name < '20261121000000') cpSync(join(migrations, name), join(before, name), { recursive: true });
  await applyMigrations(postgres.url, before, 'registry');
  const old = openRegistry(postgres.url, 1);
  await old.$executeRaw`INSERT INTO "registry"."connector" ("id", "kind", "group_id", "settings") VALUES ('north', 'smpp', 'north', '{}'), ('south', 'smpp', 'south', '{}')`;
  await old.$executeRaw`INSERT INTO "registry"."route" ("id", "prefix", "connector_id") VALUES ('nl', '31', 'north'), ('all', '', 'south')`;
  await old.$disconnect();
  await applyMigrations(postgres.url, migrations, 'registry');
}

const ruleTo = (connectorId: string, given: object = {}): RouteRule => routeRule.parse({ targets: [{ connectorId }], ...given });
const publish = (changes: readonly RuleChange[], note = '') =>
  database.$transaction((transaction) => publishRoutes(transaction, { changes, by: 'test', note }));
const rollBack = (to: bigint) => database.$transaction((transaction) => rollBackRoutes(transaction, { to, by: 'test' }));
const live = async () => Object.fromEntries((await readRules(database)).map(({ id, rule }) => [id, rule]));
const tableAt = async (version: bigint) => Object.fromEntries((await readRules(database, { version })).map(({ id, rule }) => [id, rule]));

describe('routes by prefix, from before', () => {
  it('are rules of the first version', async () => {
    expect(await routeVersion(database)).toBe(1n);
    expect(await live()).toEqual({
      nl: ruleOfRoute({ prefix: '31', connectorId: 'north' }),
      all: ruleOfRoute({ prefix: '', connectorId: 'south' }),
    });
    expect(await publish([{ id: 'nl', rule: ruleOfRoute({ prefix: '31', connectorId: 'north' }) }])).toBe(1n);
    const { routes } = await readParts(database);
    expect([routes.version, routes.size]).toEqual([1, 2]);
  });
});

describe('publishing', () => {
  it('makes a version that has every change; the others stay as they were', async () => {
    const before = await live();
    const version = await publish(
      [
        { id: 'nl', rule: ruleTo('south') },
        { id: 'all', rule: null },
        { id: 'be', rule: ruleTo('north', { when: { prefixes: ['32'] } }) },
      ],
      'moved',
    );
    expect(version).toBe(2n);
    expect(Object.keys(await live()).sort()).toEqual(['be', 'nl']);
    expect(await tableAt(1n)).toEqual(before);
    const [newest] = await listRouteVersions(database, { limit: 1 });
    expect(newest).toMatchObject({ version: 2n, publishedBy: 'test', note: 'moved', added: 1, changed: 1, removed: 1, rolledBackTo: null });
  });

  it('of what is so already makes no version', async () => {
    const version = await routeVersion(database);
    expect(
      await publish([
        { id: 'nl', rule: ruleTo('south') },
        { id: 'nobody', rule: null },
      ]),
    ).toBe(version);
  });

  it('rolls back as a new version, which can be rolled back', async () => {
    const [second, first] = [await live(), await tableAt(1n)];
    const back = await rollBack(1n);
    expect(await live()).toEqual(first);
    expect(await listRouteVersions(database, { limit: 1 })).toMatchObject([
      { version: back, rolledBackTo: 1n, added: 1, changed: 1, removed: 1 },
    ]);
    expect(await rollBack(1n)).toBe(back);
    await rollBack(2n);
    expect(await live()).toEqual(second);
  });

  it('any changes: each version stays what it was, and any can be had back', async () => {
    const seed = Date.now() % 2 ** 31;
    const ids = fc.constantFrom('a', 'b', 'c', 'd');
    const change = fc.record({ id: ids, rule: fc.option(fc.integer({ min: 1, max: 3 }).map((rank) => ruleTo('north', { rank }))) });
    const step = fc.oneof(fc.uniqueArray(change, { selector: ({ id }) => id }), fc.nat({ max: 20 }));
    const model = new Map([[await routeVersion(database), await live()]]);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 4 }), async (steps) => {
        for (const one of steps) {
          const before = await live();
          const versions = [...model.keys()];
          const to = typeof one === 'number' ? (versions[one % versions.length] as bigint) : undefined;
          const wanted = to === undefined ? applied(before, one as RuleChange[]) : (model.get(to) as typeof before);
          model.set(to === undefined ? await publish(one as RuleChange[]) : await rollBack(to), wanted);
          expect(await live()).toEqual(wanted);
        }
        for (const [version, table] of model) expect(await tableAt(version)).toEqual(table);
      }),
      { seed, numRuns: 15, endOnFailure: true },
    );
  }, 60_000);

  it('by several at once loses nothing, and whoever reads never sees a part of it', async () => {
    const pair = (n: number) => ['left', 'right'].map((id) => ({ id, rule: ruleTo('north', { rank: n }) }));
    await publish(pair(0));
    const first = await routeVersion(database);
    const versions = new Set<bigint>();
    let publishing = true;
    const publishers = Promise.all(
      [1, 2, 3].map(async (who) => {
        for (let n = 0; n < 10; n++) versions.add(await publish([...pair(who * 100 + n), { id: `of-${who}-${n}`, rule: ruleTo('south') }]));
      }),
    ).finally(() => (publishing = false));
    let parts = await readParts(database);
    let looks = 0;
    while (publishing) {
      parts = await readParts(database, parts);
      expect(parts.rules.get('left')?.rank).toBe(parts.rules.get('right')?.rank);
      const table = await readRules(database);
      expect(table.find(({ id }) => id === 'left')?.rule.rank).toBe(table.find(({ id }) => id === 'right')?.rule.rank);
      looks++;
    }
    await publishers;
    expect(looks).toBeGreaterThan(0);
    expect([...versions].sort((a, b) => Number(a - b))).toEqual(Array.from({ length: 30 }, (_, i) => first + BigInt(i) + 1n));
    expect(Object.keys(await live()).filter((id) => id.startsWith('of-'))).toHaveLength(30);
  }, 60_000);
});

describe('a draft', () => {
  const begin = async (id: string) =>
    database.routeDraft.create({ data: { id, baseVersion: await routeVersion(database), createdBy: 'test' } });

  it('is what it changes against its base, whatever is published meanwhile', async () => {
    await publish(Object.keys(await live()).map((id) => ({ id, rule: null })));
    await publish([
      { id: 'stays', rule: ruleTo('north') },
      { id: 'goes', rule: ruleTo('north') },
      { id: 'turns', rule: ruleTo('north') },
    ]);
    const draft = await begin('one');
    await putDraftTable(database, draft, [
      { id: 'stays', rule: ruleTo('north') },
      { id: 'turns', rule: ruleTo('south') },
      { id: 'comes', rule: ruleTo('south') },
    ]);
    expect(await readDraftChanges(database, draft)).toEqual([
      { id: 'comes', before: null, after: ruleTo('south'), conflict: false },
      { id: 'goes', before: ruleTo('north'), after: null, conflict: false },
      { id: 'turns', before: ruleTo('north'), after: ruleTo('south'), conflict: false },
    ]);
    await publish([
      { id: 'stays', rule: ruleTo('south') },
      { id: 'turns', rule: ruleTo('north', { rank: 5 }) },
      { id: 'goes', rule: null },
    ]);
    const changes = await readDraftChanges(database, draft);
    // both took `goes` away, and nobody but it touches what the other published
    expect(changes.filter(({ conflict }) => conflict).map(({ id }) => id)).toEqual(['turns']);
    const merged = withChanges(await readRules(database), changes);
    expect(Object.fromEntries(merged.map(({ id, rule }) => [id, rule]))).toEqual({
      stays: ruleTo('south'),
      turns: ruleTo('south'),
      comes: ruleTo('south'),
    });
    expect(changes.length).toBe(3);
  });

  it('forgets what is no change of its base', async () => {
    const draft = await begin('two');
    const shown = async () => (await readDraftChanges(database, draft)).map(({ id, after }) => [id, after === null]);
    await putDraftRule(database, draft, { id: 'stays', rule: ruleTo('north', { rank: 7 }) });
    await putDraftRule(database, draft, { id: 'turns', rule: null });
    await putDraftRule(database, draft, { id: 'nobody', rule: null });
    expect(await shown()).toEqual([
      ['stays', false],
      ['turns', true],
    ]);
    await putDraftRule(database, draft, { id: 'stays', rule: ruleTo('south') });
    expect(await shown()).toEqual([['turns', true]]);
  });

  it('names connectors as published rules do', async () => {
    await publish((await readRules(database)).map(({ id }) => ({ id, rule: null })));
    await database.routeDraft.deleteMany();
    expect(await ruleNaming(database, 'south')).toBeUndefined();
    await putDraftRule(database, await begin('three'), { id: 'drafted', rule: ruleTo('south') });
    expect(await ruleNaming(database, 'south')).toEqual({ id: 'drafted', draft: 'three' });
    await publish([{ id: 'real', rule: ruleTo('south') }]);
    expect(await ruleNaming(database, 'south')).toEqual({ id: 'real', draft: null });
    expect(await changesTo(database, await routeVersion(database))).toEqual([]);
  });
});

it('a stored rule that is none is left out and told once; the others are used', async () => {
  const version = await publish([{ id: 'good', rule: ruleTo('north') }]);
  const told: object[] = [];
  const log = { warn: (fields: object) => void told.push(fields) };
  let parts = await readParts(database, undefined, log);
  await database.$executeRaw`INSERT INTO "registry"."route_rule" ("id", "from_version", "rule") VALUES ('bad', ${version}, '{"targets":7}')`;
  parts = await readParts(database, parts, log);
  await publish([{ id: 'good', rule: ruleTo('south') }]);
  parts = await readParts(database, parts, log);
  expect(told).toMatchObject([{ rule: 'bad' }]);
  expect([parts.routes.rule('bad'), parts.routes.rule('good')?.targets[0]?.connectorId]).toEqual([undefined, 'south']);
});

function applied(table: Record<string, RouteRule>, changes: readonly RuleChange[]): Record<string, RouteRule> {
  const after = { ...table };
  for (const { id, rule } of changes) {
    if (rule) after[id] = rule;
    else delete after[id];
  }
  return after;
}
