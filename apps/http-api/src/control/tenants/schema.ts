import { isSupportedCountry } from 'libphonenumber-js/min';
import { z } from 'zod';
import { named, time } from '../../http/schema.ts';
import { id, line, next, senderPatterns } from '../schema.ts';

const fields = {
  name: line(200).min(1),
  enabled: z.boolean().default(true).describe('false: none of its credentials is taken any more, its sessions end'),
  pricePlanId: id.describe('what its messages cost, and what is given back'),
  defaultCountry: z
    .string()
    .refine((code: string): boolean => code === '' || isSupportedCountry(code), 'must be an ISO 3166 alpha-2 code in capitals, or empty')
    .default('')
    .describe('ISO 3166 alpha-2: national numbers are read as of this country; empty: international numbers only'),
  segmentsPerSecond: z
    .number()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('pace of all its credentials together, in one process of a door; 0: no limit'),
  parameterSecrets: z.boolean().default(false).describe('whether its secrets may be given in a URL, where others may log them'),
  senders: senderPatterns.describe('senders that its messages may have, each perhaps with a star at its end; empty: any'),
  refuseAtLoss: z.boolean().default(false).describe('whether a message is refused for which its connector costs more than the tenant pays'),
};

export const tenantPut = z.strictObject(fields);

export const tenant = z.strictObject({ id, ...fields, createdAt: time });

export const tenantList = z.strictObject({ tenants: z.array(tenant).describe('by id'), next });

named.add(tenantPut, { id: 'TenantPut' });
named.add(tenant, { id: 'Tenant' });
named.add(tenantList, { id: 'TenantList' });
