import { z } from 'zod';
import { named } from '../../http/schema.ts';

export const rangePrefix = z
  .string()
  .regex(/^[0-9]{1,15}$/, 'must be 1 to 15 digits, without a plus sign')
  .describe('digits that an international number begins with, without the plus sign; the longest that fits says its network');

const network = {
  mcc: z
    .string()
    .regex(/^[0-9]{3}$/, 'must be three digits')
    .describe('mobile country code (ITU-T E.212)'),
  mnc: z
    .string()
    .regex(/^[0-9]{2,3}$/, 'must be two or three digits')
    .describe('mobile network code (ITU-T E.212)'),
};

export const numberRangePut = z.strictObject(network);

export const numberRange = z.strictObject({ prefix: rangePrefix, ...network });

export const numberRangeQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100).describe('how many on a page'),
  after: rangePrefix.optional().describe('the cursor: only those whose prefix comes after this one'),
});

export const numberRangeList = z.strictObject({
  numberRanges: z.array(numberRange).describe('by prefix'),
  next: z.union([rangePrefix, z.null()]).describe('give it as after to get the next page; null on the last'),
});

named.add(numberRangePut, { id: 'NumberRangePut' });
named.add(numberRange, { id: 'NumberRange' });
named.add(numberRangeList, { id: 'NumberRangeList' });
