import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPrefixTable, type PrefixTable } from '@heliograph/registry';
import { z } from 'zod';

/**
 * Numbers that cost whoever calls or writes to them more than an ordinary one, and share that with somebody: what pumping is about. Data, in
 * data/premium-ranges.json: by international code (`country` empty) or country, each with its source in words. The list is conservative: only
 * whole ranges that no ordinary subscriber has. It was put together by hand, so look at the source before you rely on a single entry.
 */
export interface PremiumRange {
  /** Digits of E.164 without the plus sign. */
  readonly prefix: string;
  /** ISO 3166 alpha-2; empty: of no country. */
  readonly country: string;
  readonly kind: string;
  readonly source: string;
}

const list = z.array(
  z.strictObject({
    prefix: z.string().regex(/^[1-9][0-9]{1,14}$/),
    country: z.string().regex(/^([A-Z]{2})?$/),
    kind: z.string().min(1),
    source: z.string().min(1),
  }),
);

export const premiumRanges: readonly PremiumRange[] = list.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, '../data/premium-ranges.json'), 'utf8')),
);

export const premiumByPrefix: PrefixTable<PremiumRange> = createPrefixTable(premiumRanges.map((range) => [range.prefix, range]));
