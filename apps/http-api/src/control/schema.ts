import { senderPattern } from '@heliograph/routing';
import { z } from 'zod';

/** What the schemas of the control plane share. */

const idForm = /^[a-z0-9][a-z0-9-]{0,39}$/;

export const idRule = 'must be 1 to 40 of a-z, 0-9 and hyphens, the first no hyphen';

export const id = z.string().regex(idForm, idRule);

/** PostgreSQL stores neither U+0000 nor half a character. */
const legible = /^[^\p{Cc}\p{Cs}]*$/u;

/** One line of text. */
export function line(max: number) {
  return z.string().max(max).regex(legible, 'must have no control characters');
}

export const prefix = z
  .string()
  .regex(/^[0-9]{0,15}$/, 'must be 0 to 15 digits, without a plus sign')
  .describe('digits that an international number begins with, without the plus sign; the longest that fits wins; empty: every number');

export const senderPatterns = z.array(senderPattern).max(1_000).default([]);

export const pageLimitMax = 100;

/** Pages of things that are listed by id. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(pageLimitMax).default(20).describe('how many on a page'),
  after: id.optional().describe('the cursor: only those whose id comes after this one'),
});

export const next = z.union([id, z.null()]).describe('give it as after to get the next page; null on the last');
