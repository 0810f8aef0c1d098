import { finalStates } from '@heliograph/message';
import { z } from 'zod';
import { credits, named } from '../../http/schema.ts';
import { creditsGiven } from '../amount.ts';
import { id, line, next, prefix } from '../schema.ts';

/** Six digits before the point: 255 segments at such a price are 2.6 * 10^14 micro-credits, and the ledger takes amounts up to 10^16. */
const perSegmentDigitsMax = 6;
const pricesMax = 20_000;

const name = line(200).min(1);
const refunds = z
  .array(z.enum(finalStates.filter((state) => state !== 'delivered')))
  .refine((states) => new Set(states).size === states.length, 'must name each state once')
  .describe('the final states that give the charge back');
const fields = { name, refunds: refunds.default(['rejected', 'failed', 'expired', 'cancelled']) };

const priceGiven = z.strictObject({
  prefix,
  credits: creditsGiven(perSegmentDigitsMax).describe('price of one segment, a decimal number with up to six places'),
});

export const pricePlanPut = z.strictObject({
  ...fields,
  prices: z
    .array(priceGiven)
    .max(pricesMax)
    .superRefine((prices, context) => {
      const seen = new Set<string>();
      for (const [at, price] of prices.entries()) {
        if (seen.has(price.prefix)) context.addIssue({ code: 'custom', path: [at, 'prefix'], message: 'has a price already' });
        seen.add(price.prefix);
      }
    })
    .describe('numbers that no prefix fits are refused; a prefix has one price'),
});

const price = z.strictObject({ prefix, credits: credits.describe('price of one segment') });

export const pricePlan = z.strictObject({ id, name, refunds, prices: z.array(price).describe('by prefix') });

const pricePlanHead = z.strictObject({ id, name, refunds, priceCount: z.int().min(0).describe('how many prices it has') });

export const pricePlanList = z.strictObject({ pricePlans: z.array(pricePlanHead).describe('by id, without their prices'), next });

named.add(priceGiven, { id: 'PriceGiven' });
named.add(pricePlanPut, { id: 'PricePlanPut' });
named.add(price, { id: 'Price' });
named.add(pricePlan, { id: 'PricePlan' });
named.add(pricePlanHead, { id: 'PricePlanHead' });
named.add(pricePlanList, { id: 'PricePlanList' });
