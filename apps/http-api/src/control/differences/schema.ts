import { differenceKinds, differencesMax, proofTenantsMax } from '@heliograph/message';
import { z } from 'zod';
import { credits, named, time } from '../../http/schema.ts';
import { id as tenantId, next as nextTenant } from '../schema.ts';

const id = z
  .string()
  .regex(/^[0-9]{1,18}$/)
  .describe('number of the difference');
const figure = z.string().describe('credits with six places, or a whole number of messages or seconds, as unit says');

const difference = z.strictObject({
  id,
  kind: z
    .enum(differenceKinds)
    .describe(
      'charge: what was posted for a lease beside what its messages cost; refund: what was given back of the messages of an hour beside those that ended so; ' +
        'proof: a kept balance beside the entries; unended: messages without an end; behind: a reader that does not follow its stream',
    ),
  tenant: z.string().describe("empty: the platform's"),
  subject: z.string().describe('the lease; the beginning of the hour; the account; the reader'),
  unit: z.enum(['credits', 'messages', 'seconds']),
  expected: figure,
  found: figure,
  samples: z.array(z.string()).describe('ids of messages at fault, some of them'),
  foundAt: time,
  resolvedAt: z.union([time, z.null()]).describe('null: it is open'),
  resolution: z
    .union([z.enum(['agrees', 'unknown']), z.null()])
    .describe('unknown: it cannot be compared any more, as the history of it was erased'),
});

export const differencesQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(differencesMax).default(20).describe('how many on a page'),
  before: id.optional().describe('the cursor: only those older than this one'),
  tenant: tenantId.optional().describe('only those of this tenant'),
  kind: z.enum(differenceKinds).optional().describe('only those of this kind'),
  open: z.enum(['true', 'false']).optional().describe('true: only those that are open; false: only those that are resolved'),
});

export const differenceList = z.strictObject({
  differences: z.array(difference).describe('newest first'),
  next: z.union([id, z.null()]).describe('give it as before to get the next page; null on the last'),
});

const provenTenant = z.strictObject({
  tenant: tenantId,
  funds: credits.describe('paid in'),
  balance: credits,
  leased: credits.describe('lent to gateways'),
  charged: credits,
  refunded: credits.describe('given back'),
  holds: z
    .boolean()
    .describe(
      'funds = balance + leased + charged - refunded, and each is what the entries of the ledger, the leases and the refunds add up to',
    ),
  differences: z.int().min(0).describe('open differences of this tenant'),
});

export const proofQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(proofTenantsMax).default(20).describe('how many on a page'),
  after: tenantId.optional().describe('the cursor: only tenants whose id comes after this one'),
});

export const proof = z.strictObject({
  tenants: z.array(provenTenant).describe('those that have an account, by id'),
  next: nextTenant,
  comparedAt: z
    .union([time, z.null()])
    .describe('when the ledger was last compared with streams and history from end to end; null: not since billing-credits started'),
});

named.add(difference, { id: 'Difference' });
named.add(differenceList, { id: 'DifferenceList' });
named.add(provenTenant, { id: 'ProvenTenant' });
named.add(proof, { id: 'Proof' });
