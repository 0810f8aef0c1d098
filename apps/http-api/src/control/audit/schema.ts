import { z } from 'zod';
import { named, time } from '../../http/schema.ts';
import { id as tenantId, pageLimitMax } from '../schema.ts';

const id = z
  .string()
  .regex(/^[0-9]{1,18}$/)
  .describe('number of the entry');
const state = z
  .union([z.record(z.string(), z.unknown()), z.null()])
  .describe('without secrets; null: it was not there, or is not any more');

const auditEntry = z.strictObject({
  id,
  at: time,
  actor: z.string().describe('id of the credential, or name of the program'),
  address: z.string().describe("where the request came from; empty: not yours to know, as it is an operator's"),
  requestId: z.string(),
  tenant: z.string().describe("whose it is; empty: the platform's"),
  action: z.string().describe('what was done to what, such as tenant.changed'),
  subject: z.string().describe('id of what was changed'),
  before: state,
  after: state,
});

export const auditQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(pageLimitMax).default(20).describe('entries on a page'),
  before: id.optional().describe('the cursor: only entries older than this one'),
  tenant: tenantId.optional().describe('only those of this tenant'),
});

export const auditList = z.strictObject({
  entries: z.array(auditEntry).describe('newest first'),
  next: z.union([id, z.null()]).describe('give it as before to get the next page; null on the last'),
});

named.add(auditEntry, { id: 'AuditEntry' });
named.add(auditList, { id: 'AuditList' });
