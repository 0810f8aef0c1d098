import { blockDigits, guardPrefixesMax } from '@heliograph/registry';
import { z } from 'zod';
import { creditsGiven } from '../control/amount.ts';
import { named } from '../http/schema.ts';

const prefix = z.string().regex(/^[1-9][0-9]{0,14}$/, 'must be 1 to 15 digits, without a plus sign, the first not 0');
const prefixes = z.array(prefix).max(guardPrefixesMax).default([]);
/** 12 digits before the point and 6 after it: what PostgreSQL's bigint holds of micro-credits. */
const creditsOfDay = creditsGiven(12);

const velocity = z.strictObject({
  messages: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe('so many may go to one block of numbers within the window; what is more waits for a review'),
  windowSeconds: z.int().min(10).max(86_400),
  prefixes: prefixes.describe(
    `blocks: the longest that fits; without one, all numbers with the same first ${blockDigits} digits are a block`,
  ),
});

const destinationCap = z.strictObject({ prefix, credits: creditsOfDay });

const own = {
  dailyCap: creditsOfDay
    .nullable()
    .default(null)
    .describe('credits that may be charged in a day (UTC); null: no cap. What is refunded does not count back'),
  destinationCaps: z
    .array(destinationCap)
    .max(100)
    .default([])
    .describe('the same for numbers that begin with the prefix, counted from when it is set; where several fit, each holds'),
  segmentsMax: z.int().min(1).max(255).nullable().default(null).describe('segments that a message may take; null: 255'),
  allow: prefixes.describe('only numbers that begin with one of these; empty: all'),
  deny: prefixes.describe('no number that begins with one of these'),
  velocity: velocity.nullable().default(null).describe('null: nothing is held for a review'),
};

export const ownGuards = z.strictObject(own);
export const operatorGuards = z.strictObject({
  ...own,
  allowPremium: prefixes.describe(
    'numbers of premium ranges, which are denied by default, are let through when they begin with one of these',
  ),
});
export type OwnGuardsBody = z.infer<typeof ownGuards>;
export type OperatorGuardsBody = z.infer<typeof operatorGuards>;

export const guards = z
  .strictObject({ operator: operatorGuards.describe('set by the operator'), own: ownGuards.describe('set by the tenant itself') })
  .describe('both hold');

named.add(velocity, { id: 'GuardVelocity' });
named.add(destinationCap, { id: 'DestinationCap' });
named.add(ownGuards, { id: 'OwnGuards' });
named.add(operatorGuards, { id: 'OperatorGuards' });
named.add(guards, { id: 'Guards' });
