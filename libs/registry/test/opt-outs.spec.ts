import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePostgres, startPostgres, type PostgresServer } from '@heliograph/embedded';
import { applyMigrations } from '@heliograph/migrate';
import {
  listOptOuts,
  openRegistry,
  optOutsChanged,
  putPricePlan,
  putTenant,
  sayOptOuts,
  watchOptOuts,
  type OptOuts,
  type OptOutSaid,
  type RegistryDatabase,
} from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'opt-outs-'));
const dataDir = join(folder, 'postgres');
let postgres: PostgresServer;
let database: RegistryDatabase;
let heard: () => void;
const watches: OptOuts[] = [];

beforeAll(async () => {
  postgres = await startPostgres({ dataDir });
  await applyMigrations(postgres.url, join(import.meta.dirname, '../prisma/migrations'), 'registry');
  database = openRegistry(postgres.url, 4);
  await putPricePlan(database, { id: 'plan', name: 'Plan', refunds: [], prices: [] });
  for (const id of ['acme', 'other']) await putTenant(database, { id, name: id, pricePlanId: 'plan' });
}, 60_000);

beforeEach(() => database.$executeRaw`DELETE FROM "registry"."opt_out"`);

afterAll(async () => {
  await Promise.all(watches.map((watch) => watch.stop()));
  await database?.$disconnect();
  await postgres?.stop();
  await removePostgres(dataDir);
  rmSync(folder, { recursive: true, force: true });
});

const said = (state: 'out' | 'in', atMs: number, more: Partial<OptOutSaid> = {}): OptOutSaid => ({
  tenantId: 'acme',
  sender: 'shop',
  recipient: '31612345678',
  via: 'keyword',
  at: new Date(atMs),
  state,
  ...more,
});
const say = (...all: OptOutSaid[]) => database.$transaction((transaction) => sayOptOuts(transaction, all));
const out = async () => (await listOptOuts(database, { tenantId: 'acme', limit: 10 })).map(({ recipient }) => recipient);

async function watch(pollMs = 3_600_000): Promise<OptOuts> {
  const listen = (subject: string, wake: () => void) => {
    expect(subject).toBe(optOutsChanged);
    heard = wake;
  };
  const optOuts = await watchOptOuts({ databaseUrl: postgres.url, listen, log: { warn() {} }, pollMs });
  watches.push(optOuts);
  return optOuts;
}

test.each<[what: string, all: OptOutSaid[][], changed: boolean[][], out: boolean]>([
  ['stop', [[said('out', 1)]], [[true]], true],
  ['stop twice', [[said('out', 1)], [said('out', 2)]], [[true], [false]], true],
  ['stop, start', [[said('out', 1)], [said('in', 2)]], [[true], [true]], false],
  ['stop, start, and the stop comes once more', [[said('out', 1)], [said('in', 2)], [said('out', 1)]], [[true], [true], [false]], false],
  ['the start comes before the stop it was said after', [[said('in', 2)], [said('out', 1)]], [[false], [false]], false],
  ['both at once: the later one', [[said('in', 2), said('out', 1)]], [[false, false]], false],
  ['both at once, the other way', [[said('in', 1), said('out', 2)]], [[false, true]], true],
  ['a start by API, by a clock that is behind', [[said('out', 9)], [said('in', 1, { via: 'api' })]], [[true], [true]], false],
])('%s', async (_, all, changed, isOut) => {
  const answers: boolean[][] = [];
  for (const some of all) answers.push(await say(...some));
  expect(answers).toEqual(changed);
  expect(await out()).toEqual(isOut ? ['31612345678'] : []);
});

test('the list is of one tenant, in pages, by sender and by recipient', async () => {
  const of = (sender: string, recipient: string, tenantId = 'acme') => said('out', 1, { sender, recipient, tenantId });
  await say(of('b', '1'), of('a', '2'), of('a', '1'), of('*', '3'), of('a', '1', 'other'));
  const list = async (question: object) =>
    (await listOptOuts(database, { tenantId: 'acme', limit: 10, ...question })).map(({ sender, recipient }) => `${sender} ${recipient}`);
  expect(await list({})).toEqual(['* 3', 'a 1', 'a 2', 'b 1']);
  expect(await list({ limit: 2 })).toEqual(['* 3', 'a 1']);
  expect(await list({ after: { sender: 'a', recipient: '1' } })).toEqual(['a 2', 'b 1']);
  expect(await list({ sender: 'a' })).toEqual(['a 1', 'a 2']);
  expect(await list({ recipient: '1' })).toEqual(['a 1', 'b 1']);
});

test('a follower misses none of two writers: who began first and commits last has the later change', async () => {
  const optOuts = await watch();
  const began = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const slow = database.$transaction(async (transaction) => {
    await sayOptOuts(transaction, [said('out', 1, { recipient: '1' })]);
    began.resolve();
    await goOn.promise;
  });
  await began.promise;
  const fast = say(said('out', 1, { recipient: '2' }));
  await optOuts.refresh();
  expect(optOuts.size).toBe(0);
  goOn.resolve();
  await slow;
  await optOuts.refresh();
  expect(optOuts.has('acme', ['Shop'], '1')).toBe(true);
  await fast;
  await optOuts.refresh();
  expect(optOuts.has('acme', ['Shop'], '2')).toBe(true);
});

test('a follower has what 40 writers at once have said, wherever it looked in between', async () => {
  const optOuts = await watch(5);
  await Promise.all(
    Array.from({ length: 40 }, (_, i) => say(said('out', 1, { recipient: String(i) }), said('out', 1, { recipient: `9${i}` }))),
  );
  await optOuts.refresh();
  expect(optOuts.size).toBe((await database.$queryRaw<unknown[]>`SELECT FROM "registry"."opt_out"`).length);
});

test('more than fit a page are loaded before it resolves, and each later one is heard of', async () => {
  await database.$executeRaw`INSERT INTO "registry"."opt_out" SELECT 'acme', 'shop', n::text, 'out', 'api', now() FROM generate_series(1, 25000) AS n`;
  const optOuts = await watch();
  expect([optOuts.size, optOuts.has('acme', ['shop'], '25000')]).toEqual([25_000, true]);
  await say(said('in', Date.now() + 1_000, { recipient: '25000' }));
  heard();
  await optOuts.refresh();
  expect([optOuts.size, optOuts.has('acme', ['shop'], '25000')]).toEqual([24_999, false]);
});

test('a database that was restored to an earlier time is read anew', async () => {
  await say(said('out', 1, { recipient: '1' }));
  await say(said('out', 1, { recipient: '2' }));
  const optOuts = await watch();
  await database.$executeRaw`DELETE FROM "registry"."opt_out" WHERE "recipient" = '2'`;
  await optOuts.refresh();
  expect([optOuts.has('acme', ['shop'], '1'), optOuts.has('acme', ['shop'], '2')]).toEqual([true, false]);
});

test('a database that is away leaves what is known, and it is said how old that is', async () => {
  await say(said('out', 1));
  const optOuts = await watch();
  const { port } = postgres;
  await database.$disconnect();
  await postgres.stop();
  const awaySince = performance.now();
  await optOuts.refresh();
  expect(optOuts.has('acme', ['shop'], '31612345678')).toBe(true);
  expect(optOuts.staleMs).toBeGreaterThanOrEqual(performance.now() - awaySince - 1);
  postgres = await startPostgres({ dataDir, port });
  const backSince = performance.now();
  await optOuts.refresh();
  expect(optOuts.staleMs).toBeLessThanOrEqual(performance.now() - backSince);
});
