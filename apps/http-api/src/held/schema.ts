import { historyListMax } from '@heliograph/message';
import { z } from 'zod';
import { named } from '../http/schema.ts';
import { message } from '../messages/schema.ts';

const { id } = message.shape;

export const heldQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(historyListMax).default(20).describe('messages on a page'),
  before: id.optional().describe('the cursor: only messages older than the one with this id'),
});

export const heldMessage = message.extend({
  tenant: z.string(),
  heldBy: z.enum(['operator', 'own']).describe('whose settings hold it: only an operator releases what its own do'),
});

export const heldList = z.strictObject({
  messages: z.array(heldMessage).describe('newest first'),
  next: z.union([id, z.null()]).describe('give it as before to get the next page; null on the last'),
});

export const reviewed = z.strictObject({ id, outcome: z.enum(['released', 'rejected']) });

named.add(heldMessage, { id: 'HeldMessage' });
named.add(heldList, { id: 'HeldList' });
named.add(reviewed, { id: 'Reviewed' });
