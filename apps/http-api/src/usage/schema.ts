import { messageStates } from '@heliograph/message';
import { z } from 'zod';
import { credits, named, number, time, timeGiven } from '../http/schema.ts';

export const usageQuery = z
  .strictObject({
    from: timeGiven.optional().describe('accepted then or later, RFC 3339; default when this day began (UTC)'),
    until: timeGiven.optional().describe('accepted before, RFC 3339; default now'),
    format: z.enum(['json', 'csv']).optional().describe('default by the header Accept, else json'),
  })
  .refine(({ from, until }) => from === undefined || until === undefined || Date.parse(from) <= Date.parse(until), {
    path: ['until'],
    message: 'must not be before from',
  });

const usageRecord = z.strictObject({
  id: z.string(),
  accepted: time,
  to: number,
  from: z.string(),
  segments: z.int().min(0),
  credits: credits.describe('what it was charged'),
  refunded: credits.describe('what of it was given back'),
  state: z.enum(messageStates),
  connector: z.string().optional().describe('for operators'),
  reference: z.string().optional().describe('your own word for it'),
});

export const usage = z.strictObject({
  tenant: z.string(),
  from: time,
  until: time,
  records: z.array(usageRecord).describe('in the order of their ids'),
});

named.add(usageRecord, { id: 'UsageRecord' });
named.add(usage, { id: 'Usage' });
