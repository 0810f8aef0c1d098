import { lowBalanceThresholdsMax } from '@heliograph/message';
import { z } from 'zod';
import { creditsDigitsMax, signedCreditsGiven } from '../control/amount.ts';
import { credits, named, time } from '../http/schema.ts';

export const balance = z.strictObject({
  credits: credits.describe('what you can spend: balance and leased'),
  balance: credits.describe('in your account'),
  leased: credits.describe('of it, lent to the gateways that take your messages, for some seconds'),
  charged: credits.describe('charged so far'),
  refunded: credits.describe('given back so far'),
  funds: credits.describe('paid in so far: balance + leased + charged - refunded'),
  limit: credits.describe('how far your account may go below zero: 0 is prepaid'),
  overdrawn: credits.describe('how far it is below that, which is paid off first'),
});

const thresholds = (amount: z.ZodString) =>
  z.array(amount).max(lowBalanceThresholdsMax).describe('credits, balance and leased together; below zero for those who pay later');

export const lowBalanceBody = z.strictObject({ thresholds: thresholds(signedCreditsGiven(creditsDigitsMax)) });

export const lowBalance = z.strictObject({ thresholds: thresholds(credits).describe('highest first') });

/** In UTC, and a year that PostgreSQL has. */
const day = z.iso.date().refine((text) => text >= '2000-01-01', 'must be 2000-01-01 or later');

export const statementQuery = z
  .strictObject({
    from: day.optional().describe('first day (UTC), such as 2026-11-01; default the first of this month'),
    until: day.optional().describe('the first day that is not in it any more; default tomorrow'),
    format: z.enum(['json', 'csv']).optional().describe('default by the header Accept, else json'),
  })
  .refine(({ from, until }) => from === undefined || until === undefined || from <= until, {
    path: ['until'],
    message: 'must not be before from',
  });

const statementLine = z.strictObject({
  date: z.iso.date().describe('UTC'),
  kind: z.enum(['top_up', 'adjustment', 'charge', 'refund']).describe('charge and refund: all of that day together'),
  credits: credits.describe('what it added; charges are below zero'),
  balance: credits.describe('what you could spend after it'),
  at: time.optional(),
  key: z.string().optional(),
  note: z.string().optional(),
});

export const statement = z.strictObject({
  tenant: z.string(),
  from: z.iso.date(),
  until: z.iso.date(),
  opening: credits.describe('what you could spend, balance and leased together, when the first day began'),
  lines: z.array(statementLine).describe('by day'),
  closing: credits.describe('opening and all lines together'),
});

named.add(balance, { id: 'Balance' });
named.add(lowBalanceBody, { id: 'LowBalanceBody' });
named.add(lowBalance, { id: 'LowBalance' });
named.add(statementLine, { id: 'StatementLine' });
named.add(statement, { id: 'Statement' });
