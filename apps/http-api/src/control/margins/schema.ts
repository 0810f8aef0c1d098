import { marginGroupsMax, marginKinds } from '@heliograph/message';
import { z } from 'zod';
import { credits, named, timeGiven } from '../../http/schema.ts';

/** Sums over more messages than a month has are a matter for a warehouse, not for the database that takes messages in. */
export const marginDaysMax = 31;

export const marginsQuery = z.strictObject({
  since: timeGiven.describe('accepted then or later, RFC 3339'),
  until: timeGiven.optional().describe(`accepted before, RFC 3339, at most ${marginDaysMax} days later; without it, now`),
  by: z.enum(marginKinds).default('tenant').describe('what is added up together'),
  digits: z.coerce.number().int().min(1).max(15).default(2).describe("by prefix: so many of the first digits of the recipient's number"),
});

const count = z.int().min(0);

const margin = z.strictObject({
  key: z.string().describe('tenant, connector (empty: never routed) or prefix'),
  messages: count,
  segments: count,
  charged: credits.describe('as accepted: what was given back since is not taken off'),
  cost: credits.describe('what providers take, as far as it is known'),
  margin: credits.describe('of the messages whose cost is known: charged less cost'),
  withoutCost: count.describe('messages of which nobody has said what they cost, or that were never routed'),
});

export const margins = z.strictObject({
  margins: z.array(margin).max(marginGroupsMax).describe('by key, without test messages'),
  more: z.boolean().describe('there are others: ask for a shorter time or fewer digits'),
});

named.add(margin, { id: 'Margin' });
named.add(margins, { id: 'Margins' });
