import { inboundAddress, inboundKeyword, inboundKeywordMax } from '@heliograph/registry';
import { z } from 'zod';
import { named } from '../../http/schema.ts';
import { id, line, next, pageQuery } from '../schema.ts';

export const addressMax = 21;
const prefixRule = 'must be 0 to 15 digits where match is prefix';

const address = line(addressMax).describe(
  'what handsets write to: a number with or without its plus sign, a short code or a name; of a prefix 0 to 15 digits of an international number, none: every number',
);
const matching = z.enum(['exact', 'prefix']).describe('prefix: to all numbers that begin so');
const keyword = line(inboundKeywordMax).describe('only messages whose first word this is, letters and digits in any case; empty: all');
const tenantId = id.describe('whose the messages are');
const credentialId = z
  .union([z.string().min(1).max(64), z.null()])
  .describe('an SMPP credential of the tenant: sessions bound with it get the messages; null: nobody gets them by SMPP');

export const inboundRoutePut = z
  .strictObject({
    address,
    match: matching.default('exact'),
    keyword: keyword.default(''),
    tenantId,
    credentialId: credentialId.default(null),
  })
  .superRefine((given, context) => {
    const wrong = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const key = inboundAddress(given.address);
    if (given.match === 'prefix' && !/^[0-9]{0,15}$/.test(key)) wrong('address', prefixRule);
    if (given.match === 'exact' && key.trim() === '') wrong('address', 'must not be empty where match is exact');
    if (given.keyword !== '' && inboundKeyword(given.keyword) !== given.keyword.normalize('NFC').toLowerCase())
      wrong('keyword', 'must be one word of letters and digits');
  });

export const inboundRoute = z.strictObject({
  id,
  address: address.describe('digits without the plus sign, or a name in lower case'),
  match: matching,
  keyword: keyword.describe('in lower case'),
  tenantId,
  credentialId,
});

export const inboundRouteQuery = pageQuery;

export const inboundRouteList = z.strictObject({ inboundRoutes: z.array(inboundRoute).describe('by id'), next });

named.add(inboundRoutePut, { id: 'InboundRoutePut' });
named.add(inboundRoute, { id: 'InboundRoute' });
named.add(inboundRouteList, { id: 'InboundRouteList' });
