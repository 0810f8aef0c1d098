import { z } from 'zod';
import { credits, named } from '../../http/schema.ts';
import { creditsDigitsMax, creditsGiven, signedCreditsGiven } from '../amount.ts';
import { id, line } from '../schema.ts';

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

export const adjustmentBody = z.strictObject({
  credits: signedCreditsGiven(creditsDigitsMax)
    .refine((text) => /[1-9]/.test(text), 'must not be nothing')
    .describe('how much, a decimal number with up to six places; with a minus sign it takes away'),
  key: line(200)
    .min(1)
    .describe("your own word for it, one of this tenant's, and none that has topped up: the same key again adjusts nothing more"),
  reason: line(1_000).min(1).describe('kept in the ledger, and shown to the tenant in its statement'),
});

export const adjustment = z.strictObject({ tenant: id, key: z.string(), credits });

export const creditLimitBody = z.strictObject({
  credits: creditsGiven(creditsDigitsMax).describe('how far the balance may go below zero; 0 is prepaid'),
});

named.add(adjustmentBody, { id: 'AdjustmentBody' });
named.add(adjustment, { id: 'Adjustment' });
named.add(creditLimitBody, { id: 'CreditLimitBody' });
named.add(topUpBody, { id: 'TopUpBody' });
named.add(topUp, { id: 'TopUp' });
