import { z } from 'zod';
import { credits, named } from '../../http/schema.ts';
import { creditsGiven } from '../amount.ts';
import { id, line } from '../schema.ts';

/** The ledger takes amounts below 10^16 micro-credits. */
const creditsDigitsMax = 10;

export const topUpBody = z.strictObject({
  credits: creditsGiven(creditsDigitsMax)
    .refine((text) => /[1-9]/.test(text), 'must be more than nothing')
    .describe('how much, a decimal number with up to six places'),
  key: line(200)
    .min(1)
    .describe("your own word for it, one of this tenant's: the same key again tops up nothing more and gets the same answer"),
  note: line(1_000).default('').describe('kept in the ledger'),
});

export const topUp = z.strictObject({ tenant: id, key: z.string(), credits });

named.add(topUpBody, { id: 'TopUpBody' });
named.add(topUp, { id: 'TopUp' });
