import { z } from 'zod';
import { createPrefixTable, type PrefixTable } from './prefix-table.ts';

/**
 * What holds a tenant back: caps on what it spends, where it may send, and how many messages to one place are waved through. Kept as one JSON
 * value of the tenant, in two levels: what the operator sets, and what the tenant itself does. Both hold, so its own can only be tighter.
 */

/** Of a number in E.164 without its plus sign. Never empty: the whole is another setting. */
const prefix = z.string().regex(/^[1-9][0-9]{0,14}$/, 'must be 1 to 15 digits, without a plus sign, the first not 0');
export const guardPrefixesMax = 1_000;
const prefixes = z.array(prefix).max(guardPrefixesMax).default([]);
/** Decimal digits, as JSON has no bigint; at most 10^18 - 1, which PostgreSQL's bigint holds. */
const microCredits = z.string().regex(/^[0-9]{1,18}$/);

/** A tenant's block of numbers: without configured prefixes, all that begin with the same so many digits. */
export const blockDigits = 8;

const velocity = z.strictObject({
  /** So many pass within the window; what is more waits for a review. */
  messages: z.int().min(1).max(1_000_000),
  windowSeconds: z.int().min(10).max(86_400),
  /** Messages are counted by the longest of these that fits, and without one by the first `blockDigits` digits. */
  prefixes,
});
export type Velocity = z.infer<typeof velocity>;

const own = z.strictObject({
  /** All charges of a UTC day. */
  dailyCap: microCredits.optional(),
  /** Charges of a UTC day to numbers with the prefix; where several fit, each holds. */
  destinationCaps: z.array(z.strictObject({ prefix, microCredits })).max(100).default([]),
  segmentsMax: z.int().min(1).max(255).optional(),
  /** Empty: everywhere that is not denied. */
  allow: prefixes,
  deny: prefixes,
  velocity: velocity.optional(),
});

/** Premium ranges are denied to all but those that the operator lets through: a tenant cannot open them for itself. */
const operator = own.extend({ allowPremium: prefixes });

export const tenantGuards = z.strictObject({ operator: operator.prefault({}), own: own.prefault({}) });

export type OwnGuards = z.infer<typeof own>;
export type OperatorGuards = z.infer<typeof operator>;
export type TenantGuards = z.infer<typeof tenantGuards>;

export type GuardLevel = keyof TenantGuards;

/** Both levels together, as they are asked. */
export interface Guards {
  /** Micro-credits of a UTC day by prefix; the empty prefix is the whole. */
  readonly caps: ReadonlyMap<string, bigint>;
  /** Prefixes of `caps` but the empty one. */
  readonly cappedPrefixes: readonly string[];
  readonly segmentsMax: number;
  /** A number must be in each of them. */
  readonly allowed: readonly PrefixTable<true>[];
  readonly denied: PrefixTable<true>;
  readonly allowedPremium: PrefixTable<true>;
  readonly velocities: readonly GuardVelocity[];
}

export interface GuardVelocity extends Omit<Velocity, 'prefixes'> {
  readonly level: GuardLevel;
  readonly prefixes: PrefixTable<string>;
}

/** What of it is kept as a tenant's row is read once for each row. */
const read = new WeakMap<object, Guards>();

/** The guards of a tenant. Settings that cannot be read, which nobody but a hand in the database can have made, let nothing pass. */
export function guardsOf(tenant: { readonly guards?: unknown }): Guards {
  if (tenant.guards === undefined) return unguarded;
  let guards = read.get(tenant);
  if (!guards) read.set(tenant, (guards = parsed(tenant.guards)));
  return guards;
}

function parsed(stored: unknown): Guards {
  if (typeof stored === 'object' && stored !== null && Object.keys(stored).length === 0) return unguarded;
  return combine(readTenantGuards(stored));
}

/** Both levels, as they are stored; a cap of nothing in the place of what cannot be read. */
export function readTenantGuards(stored: unknown): TenantGuards {
  return tenantGuards.safeParse(stored).data ?? { ...nothing, own: { ...nothing.own, dailyCap: '0' } };
}

/** Both levels hold: the lowest cap, all allow-lists, every deny-list. */
export function combine({ operator: given, own: chosen }: TenantGuards): Guards {
  const levels = [
    ['operator', given],
    ['own', chosen],
  ] as const;
  const caps = new Map<string, bigint>();
  const cap = (at: string, amount: bigint): unknown => caps.set(at, lower(caps.get(at), amount));
  for (const [, { dailyCap, destinationCaps }] of levels) {
    if (dailyCap !== undefined) cap('', BigInt(dailyCap));
    for (const one of destinationCaps) cap(one.prefix, BigInt(one.microCredits));
  }
  return {
    caps,
    cappedPrefixes: [...caps.keys()].filter((at) => at !== '').sort(),
    segmentsMax: Math.min(...levels.map(([, { segmentsMax = Number.POSITIVE_INFINITY }]) => segmentsMax)),
    allowed: levels.filter(([, { allow }]) => allow.length > 0).map(([, { allow }]) => table(allow)),
    denied: table([...given.deny, ...chosen.deny]),
    allowedPremium: table(given.allowPremium),
    velocities: levels.flatMap(([level, one]) =>
      one.velocity ? [{ ...one.velocity, level, prefixes: createPrefixTable(one.velocity.prefixes.map((at) => [at, at])) }] : [],
    ),
  };
}

function lower(a: bigint | undefined, b: bigint): bigint {
  return a === undefined || b < a ? b : a;
}

function table(list: readonly string[]): PrefixTable<true> {
  return createPrefixTable(list.map((at) => [at, true]));
}

const nothing: TenantGuards = tenantGuards.parse({});
const unguarded: Guards = combine(nothing);
