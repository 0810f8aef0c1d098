import type { FinalState } from '@heliograph/message';
import { compileRoutes, routeRule, type Rule } from '@heliograph/routing';
import type { Prisma } from '../generated/client.ts';
import type { RegistryTransaction } from './audit.ts';
import type { Credential } from './credential.ts';
import type { RegistryDatabase } from './database.ts';
import { createInboundTable, inboundAddress, type InboundRoute, type InboundTable } from './inbound-table.ts';
import { createPrefixTable } from './prefix-table.ts';
import { noPrices, parsePrices, priceText, type Network, type PriceTable } from './price-table.ts';
import { readRuleRows, routeVersion } from './route-change.ts';
import { loginKey, noParts, type Connector, type Parts, type Plan } from './snapshot.ts';

/** The database knows what changed for so many revisions (migration 20261120200000_prices). */
const revisionsKept = 100_000n;
/** At once: bounds what is in memory beside the snapshot. */
const rowsMax = 5_000;
const plansMax = 50;
const rulesByIdMax = 1_000;
/** The whole of 100,000 tenants and 1 million prices takes some seconds. */
const transactionLimits = { isolationLevel: 'RepeatableRead', maxWait: 10_000, timeout: 300_000 } as const;

export interface LoadLog {
  warn(fields: object, text: string): void;
}

/**
 * What the registry holds now, in one transaction, so that it is never half of a change. Read is only what has changed since `before`, unless
 * that is too long ago; the same object when nothing has. What is there but cannot be read is left out, and `log` is told. Rejects when the
 * database fails.
 */
export async function readParts(database: RegistryDatabase, before: Parts = noParts, log?: LoadLog): Promise<Parts> {
  if ((await revisionOf(database)) === before.revision) return before;
  return database.$transaction(async (transaction) => {
    const revision = await revisionOf(transaction);
    // a revision that is lower is another past: the database was restored
    const tooOld = revision < before.revision || revision - before.revision > revisionsKept;
    const from = tooOld || before.revision < 0n ? noParts : before;
    const changed = from === noParts ? undefined : await readChanged(transaction, from.revision);
    return { ...(await readInto(from, transaction, { changed, log })), revision };
  }, transactionLimits);
}

async function revisionOf(database: RegistryTransaction): Promise<bigint> {
  return (await database.revision.findUniqueOrThrow({ where: { id: 1 } })).number;
}

/** Keys by the name of their table. */
type Changed = ReadonlyMap<string, readonly string[]>;

async function readChanged(transaction: RegistryTransaction, since: bigint): Promise<Changed> {
  const rows = await transaction.changed.findMany({ where: { revision: { gt: since } } });
  return new Map([...Map.groupBy(rows, ({ kind }) => kind)].map(([kind, of]) => [kind, of.map(({ key }) => key)]));
}

interface Reading {
  /** Undefined: all of it. */
  readonly changed: Changed | undefined;
  readonly log: LoadLog | undefined;
}

async function readInto(before: Parts, transaction: RegistryTransaction, { changed, log }: Reading): Promise<Omit<Parts, 'revision'>> {
  const keysOf = (kind: string): readonly string[] | undefined => (changed ? (changed.get(kind) ?? []) : undefined);
  const { tenant, webhook, connector } = transaction;
  const tenants = await readRows(
    keysOf('tenant'),
    (where, page) => tenant.findMany({ where: { id: where }, ...page, omit: { createdAt: true } }),
    ({ id }) => id,
  );
  const connectors = await readRows(
    keysOf('connector'),
    (where, page) => connector.findMany({ where: { id: where }, ...page }) as Promise<Connector[]>,
    ({ id }) => id,
  );
  const webhooks = await readRows(
    keysOf('webhook'),
    (where, { take }) => webhook.findMany({ where: { tenantId: where }, orderBy: { tenantId: 'asc' }, take }),
    ({ tenantId }) => tenantId,
  );
  return {
    tenants: before.tenants.with(tenants),
    connectors: before.connectors.with(connectors),
    webhooks: before.webhooks.with(webhooks),
    ...withCredentials(before, await readCredentials(transaction, keysOf('credential'))),
    plans: before.plans.with(await readPlans(before, transaction, { plans: keysOf('price_plan'), prices: keysOf('price') })),
    buyPrices: before.buyPrices.with(await readPrices(transaction, 'buy_price', keysOf('buy_price'))),
    ...(await readRoutes(before, transaction, { keys: keysOf('route_rule'), log })),
    inbound: isSame(keysOf('inbound_route')) ? before.inbound : await readInboundRoutes(transaction),
    networks: isSame(keysOf('number_range')) ? before.networks : await readNetworks(transaction),
  };
}

function isSame(keys: readonly string[] | undefined): boolean {
  return keys?.length === 0;
}

interface Page {
  readonly orderBy: { readonly id: 'asc' };
  readonly take: number;
}
type KeyFilter = Prisma.StringFilter;

/** Those with these keys, undefined for each that is gone; or, without keys, all. A few at a time. */
async function readRows<Row>(
  keys: readonly string[] | undefined,
  read: (where: KeyFilter, page: Page) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): Promise<Map<string, Row | undefined>> {
  const page: Page = { orderBy: { id: 'asc' }, take: rowsMax };
  const found = new Map<string, Row | undefined>();
  if (keys) {
    for (const key of keys) found.set(key, undefined);
    for (const some of pieces(keys, rowsMax)) for (const row of await read({ in: [...some] }, page)) found.set(keyOf(row), row);
    return found;
  }
  for (let after = ''; ;) {
    const rows = await read({ gt: after }, page);
    for (const row of rows) found.set((after = keyOf(row)), row);
    if (rows.length < rowsMax) return found;
  }
}

function* pieces<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

async function readCredentials(transaction: RegistryTransaction, keys: readonly string[] | undefined) {
  return readRows<Credential>(
    keys,
    async (where, page) => {
      const rows = await transaction.credential.findMany({ where: { id: where }, ...page, omit: { createdAt: true } });
      return rows.map((row) => ({ ...row, tenantId: row.tenantId ?? '' }) as Credential);
    },
    ({ id }) => id,
  );
}

function withCredentials(
  { credentials, logins, previousLogins, ranges }: Pick<Parts, 'credentials' | 'logins' | 'previousLogins' | 'ranges'>,
  changed: ReadonlyMap<string, Credential | undefined>,
): Pick<Parts, 'credentials' | 'logins' | 'previousLogins' | 'ranges'> {
  const changedLogins = new Map<string, Credential | undefined>();
  const changedPrevious = new Map<string, Credential | undefined>();
  // first what they were known by: another may be known by it now
  for (const id of changed.keys()) {
    const was = credentials.get(id);
    if (!was) continue;
    changedLogins.set(loginKey(was.kind, was.login), undefined);
    const previous = loginKey(was.kind, was.previousLogin);
    if (previousLogins.get(previous)?.id === id) changedPrevious.set(previous, undefined);
  }
  for (const credential of changed.values()) {
    if (!credential) continue;
    changedLogins.set(loginKey(credential.kind, credential.login), credential);
    if (credential.previousLogin !== '') changedPrevious.set(loginKey(credential.kind, credential.previousLogin), credential);
  }
  return {
    credentials: credentials.with(changed),
    logins: logins.with(changedLogins),
    previousLogins: previousLogins.with(changedPrevious),
    ranges: ranges.with(changedRanges({ credentials, ranges }, changed)),
  };
}

/** The credentials of each address range that one of these had or has. */
function changedRanges(
  { credentials, ranges }: Pick<Parts, 'credentials' | 'ranges'>,
  changed: ReadonlyMap<string, Credential | undefined>,
) {
  const ids = new Map<string, Set<string>>();
  const of = (addressRange: string): Set<string> => {
    const range = inboundAddress(addressRange);
    return ids.get(range) ?? ids.set(range, new Set(ranges.get(range))).get(range)!;
  };
  for (const [id, now] of changed) {
    const was = credentials.get(id);
    if (was && was.addressRange !== '') of(was.addressRange).delete(id);
    if (now && now.addressRange !== '') of(now.addressRange).add(id);
  }
  return new Map([...ids].map(([range, of]) => [range, of.size === 0 ? undefined : [...of].sort()]));
}

interface PlanKeys {
  readonly plans: readonly string[] | undefined;
  readonly prices: readonly string[] | undefined;
}

/** A plan whose prices have not changed keeps its table. */
async function readPlans({ plans }: Pick<Parts, 'plans'>, transaction: RegistryTransaction, keys: PlanKeys) {
  const heads = await readRows(
    keys.plans,
    (where, page) => transaction.pricePlan.findMany({ where: { id: where }, ...page }),
    ({ id }) => id,
  );
  const prices = await readPrices(transaction, 'price', keys.prices);
  const changed = new Map<string, Plan | undefined>();
  for (const [id, head] of heads) {
    const table = prices.has(id) ? prices.get(id) : plans.get(id)?.prices;
    changed.set(id, head && { refunds: new Set(head.refunds as FinalState[]), prices: table ?? noPrices });
  }
  for (const [id, table] of prices) {
    const plan = plans.get(id);
    if (plan && !heads.has(id)) changed.set(id, { ...plan, prices: table ?? noPrices });
  }
  return changed;
}

const owners = { price: 'plan_id', buy_price: 'connector_id' } as const;

/** Tables of prices by their owner, as one text each: a million rows as objects would be a gigabyte. Undefined: its owner has none. */
async function readPrices(
  transaction: RegistryTransaction,
  table: keyof typeof owners,
  keys: readonly string[] | undefined,
): Promise<Map<string, PriceTable | undefined>> {
  const owner = owners[table];
  const wanted = keys ?? (await ownersIn(transaction, table));
  const found = new Map<string, PriceTable | undefined>(wanted.map((key) => [key, undefined]));
  for (const some of pieces(wanted, plansMax)) {
    const rows = await transaction.$queryRawUnsafe<{ key: string; prices: string }[]>(
      `SELECT "${owner}" AS "key", string_agg(${priceText}, '') AS "prices" FROM "registry"."${table}" WHERE "${owner}" = ANY ($1) GROUP BY 1`,
      some,
    );
    for (const { key, prices } of rows) found.set(key, parsePrices(prices));
  }
  return found;
}

async function ownersIn(transaction: RegistryTransaction, table: keyof typeof owners): Promise<string[]> {
  if (table === 'price') return (await transaction.pricePlan.findMany({ select: { id: true } })).map(({ id }) => id);
  return (await transaction.connector.findMany({ select: { id: true } })).map(({ id }) => id);
}

/** Those that changed are read, the table is made anew of all. A rule that is none any more must not keep the others from being used. */
async function readRoutes(
  { rules: before, routes }: Pick<Parts, 'rules' | 'routes'>,
  transaction: RegistryTransaction,
  { keys, log }: { readonly keys: readonly string[] | undefined; readonly log: LoadLog | undefined },
): Promise<Pick<Parts, 'rules' | 'routes'>> {
  if (isSame(keys)) return { rules: before, routes };
  // so many by their ids take longer than all of them
  const all = keys === undefined || keys.length > rulesByIdMax;
  const stored = await readRows(
    all ? undefined : keys,
    (where, page) => readRuleRows(transaction, { where: { id: where, untilVersion: null }, ...page }),
    ({ id }) => id,
  );
  const changed = new Map<string, Rule | undefined>();
  for (const [id, row] of stored) {
    const parsed = row && routeRule.safeParse(row.rule);
    if (parsed?.error) log?.warn({ rule: id, err: parsed.error }, 'a stored routing rule is none, going on without it');
    changed.set(id, parsed?.data && { id, ...parsed.data });
  }
  const rules = (all ? noParts.rules : before).with(changed);
  return { rules, routes: compileRoutes(rules.values(), Number(await routeVersion(transaction))) };
}

async function readInboundRoutes(transaction: RegistryTransaction): Promise<InboundTable> {
  return createInboundTable((await transaction.inboundRoute.findMany()) as InboundRoute[]);
}

/** Networks are few, ranges many: those of one network share an object. */
async function readNetworks(transaction: RegistryTransaction): Promise<Parts['networks']> {
  const ranges = await transaction.numberRange.findMany();
  const networks = new Map<string, Network>(ranges.map(({ mcc, mnc }) => [mcc + mnc, { mcc, mnc }]));
  return createPrefixTable(ranges.map(({ prefix, mcc, mnc }) => [prefix, networks.get(mcc + mnc) as Network]));
}
