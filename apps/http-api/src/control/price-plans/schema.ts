import { finalStates } from '@heliograph/message';
import { z } from 'zod';
import { named } from '../../http/schema.ts';
import { id, line, next } from '../schema.ts';
import { cursor, price, pricesGiven } from './price.ts';

const name = line(200).min(1);
const refunds = z
  .array(z.enum(finalStates.filter((state) => state !== 'delivered')))
  .refine((states) => new Set(states).size === states.length, 'must name each state once')
  .describe('the final states that give the charge back');
const fields = { name, refunds: refunds.default(['rejected', 'failed', 'expired', 'cancelled']) };

export const pricePlanPut = z.strictObject({ ...fields, prices: pricesGiven });

export const pricePlan = z.strictObject({
  id,
  name,
  refunds,
  prices: z.array(price).describe('by prefix, then by network, then by time; the first 20,000'),
  next: cursor.optional().describe('there are others: give it as after to its prices'),
});

const pricePlanHead = z.strictObject({ id, name, refunds, priceCount: z.int().min(0).describe('how many prices it has') });

export const pricePlanList = z.strictObject({ pricePlans: z.array(pricePlanHead).describe('by id, without their prices'), next });

export const pricesPost = z.strictObject({
  csv: z
    .string()
    .describe(
      'lines of prefix,mcc,mnc,credits,valid_from,valid_until, the first of which names the columns that there are; no credits: take it away',
    ),
});

export const pricesPostQuery = z.strictObject({
  replace: z
    .enum(['named', 'all'])
    .default('named')
    .describe('named: only the prices of prefixes and networks that are in the file are replaced; all: every price of the plan is'),
});

export const pricesPosted = z.strictObject({
  given: z.int().min(0).describe('prices of the file that are there now'),
  priceCount: z.int().min(0).describe('how many prices the plan has now'),
});

named.add(pricePlanPut, { id: 'PricePlanPut' });
named.add(pricePlan, { id: 'PricePlan' });
named.add(pricePlanHead, { id: 'PricePlanHead' });
named.add(pricePlanList, { id: 'PricePlanList' });
named.add(pricesPost, { id: 'PricesPost' });
named.add(pricesPosted, { id: 'PricesPosted' });
