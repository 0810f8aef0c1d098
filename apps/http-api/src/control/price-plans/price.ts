import type { Price, PricePlace, PriceRow } from '@heliograph/registry';
import { overlapsIn } from '@heliograph/registry';
import { z } from 'zod';
import { creditsText } from '../../credits/credits.ts';
import { credits, named, time, timeGiven } from '../../http/schema.ts';
import { timeText } from '../../http/time.ts';
import { creditsGiven, microCreditsOf } from '../amount.ts';
import { prefix } from '../schema.ts';

/** What a segment costs: the same of what tenants pay and of what providers take. */

/** Six digits before the point: 255 segments at such a price are 2.6 * 10^14 micro-credits, and the ledger takes amounts up to 10^16. */
export const perSegmentDigitsMax = 6;
export const pricesMax = 20_000;

const what = {
  prefix: prefix.optional(),
  mcc: z
    .string()
    .regex(/^[0-9]{3}$/, 'must be three digits')
    .optional()
    .describe("mobile country code, in place of a prefix: numbers of this country's networks, as the number ranges say"),
  mnc: z
    .string()
    .regex(/^[0-9]{2,3}$/, 'must be two or three digits')
    .optional()
    .describe('mobile network code, with mcc: only numbers of this network'),
};

export const creditsOfPrice = creditsGiven(perSegmentDigitsMax).describe('price of one segment, a decimal number with up to six places');

export const priceGiven = z
  .strictObject({
    ...what,
    credits: creditsOfPrice,
    validFrom: timeGiven.optional().describe('from then on, RFC 3339; without it, ever; 1970 or later'),
    validUntil: timeGiven.optional().describe('before then, RFC 3339; without it, for ever'),
  })
  .superRefine(checkPrice);
export type PriceGiven = z.output<typeof priceGiven>;

type Checked = { readonly [Name in Exclude<keyof PriceGiven, 'credits'>]?: PriceGiven[Name] | undefined };

/** What the fields say of each other. */
function checkPrice(given: Checked, context: z.RefinementCtx): void {
  for (const { field, message } of faultsOf(given)) context.addIssue({ code: 'custom', path: [field], message });
}

export function faultsOf({ prefix: digits, mcc, mnc, validFrom, validUntil }: Checked): { field: keyof Checked; message: string }[] {
  const from = validFrom === undefined ? 0 : Date.parse(validFrom);
  return [
    ...(digits === undefined && mcc === undefined
      ? [{ field: 'prefix' as const, message: 'is missing: either prefix or mcc is needed' }]
      : []),
    ...(digits !== undefined && mcc !== undefined ? [{ field: 'mcc' as const, message: 'cannot be given together with prefix' }] : []),
    ...(mnc !== undefined && mcc === undefined ? [{ field: 'mnc' as const, message: 'goes with mcc only' }] : []),
    ...(from < 0 ? [{ field: 'validFrom' as const, message: 'must be in 1970 or later' }] : []),
    ...(validUntil !== undefined && Date.parse(validUntil) <= from
      ? [{ field: 'validUntil' as const, message: 'must be after validFrom' }]
      : []),
  ];
}

export const pricesGiven = z
  .array(priceGiven)
  .max(pricesMax)
  .superRefine((prices, context) => {
    for (const at of overlapsIn(prices.map(priceOf)))
      context.addIssue({ code: 'custom', path: [at, prices[at]?.mcc === undefined ? 'prefix' : 'mcc'], message: 'has a price already' });
  })
  .describe('numbers that none fits are refused; a prefix, or a network, has one price at a time');

/** Of what fits the schema. */
export function priceOf({ prefix: digits = '', mcc = '', mnc = '', credits: amount, validFrom, validUntil }: PriceGiven): Price {
  return {
    prefix: digits,
    mcc,
    mnc,
    microCreditsPerSegment: microCreditsOf(amount),
    validFrom: validFrom === undefined ? null : new Date(validFrom),
    validUntil: validUntil === undefined ? null : new Date(validUntil),
  };
}

export const price = z.strictObject({
  ...what,
  credits: credits.describe('price of one segment'),
  validFrom: time.optional().describe('absent: ever'),
  validUntil: time.optional().describe('absent: for ever'),
});

export function showPrice({
  prefix: digits = '',
  mcc = '',
  mnc = '',
  microCreditsPerSegment,
  validFrom,
  validUntil,
}: Price): z.infer<typeof price> {
  return {
    ...(mcc === '' ? { prefix: digits } : { mcc }),
    ...(mnc === '' ? {} : { mnc }),
    credits: creditsText(microCreditsPerSegment),
    ...(validFrom?.getTime() ? { validFrom: timeText(validFrom.getTime()) } : {}),
    ...(validUntil ? { validUntil: timeText(validUntil.getTime()) } : {}),
  };
}

/** In the order in which they are listed. */
export function showPrices(prices: readonly Price[]): z.infer<typeof price>[] {
  const order = (one: Price): string =>
    [one.prefix ?? '', one.mcc ?? '', one.mnc ?? '', String(one.validFrom?.getTime() ?? 0).padStart(16, '0')].join(' ');
  return prices
    .map((one) => ({ one, at: order(one) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ one }) => showPrice(one));
}

const cursorForm = /^([0-9]{0,15})\.([0-9]{0,3})\.([0-9]{0,3})\.([0-9]{1,15})$/;

export const cursor = z.string().regex(cursorForm, 'must be the next of a page');

export const pricePageMax = 1_000;

export const pricePageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(pricePageMax).default(100).describe('how many on a page'),
  after: cursor.optional().describe('the cursor: only those that come after it'),
});

export const pricePage = z.strictObject({
  prices: z.array(price).describe('by prefix, then by network, then by time'),
  next: z.union([cursor, z.null()]).describe('give it as after to get the next page; null on the last'),
});

export function cursorOf({ prefix: digits, mcc, mnc, validFrom }: PricePlace): string {
  return [digits, mcc, mnc, validFrom.getTime()].join('.');
}

/** Of what fits the schema. */
export function placeOf(text: string | undefined): PricePlace | undefined {
  const [, digits = '', mcc = '', mnc = '', ms = ''] = cursorForm.exec(text ?? '') ?? [];
  return text === undefined ? undefined : { prefix: digits, mcc, mnc, validFrom: new Date(Number(ms)) };
}

/** `rows`: one more than fits, which tells whether there are others. */
export function pageOfPrices(rows: readonly PriceRow[], limit: number): z.infer<typeof pricePage> {
  const last = rows[limit - 1];
  return { prices: rows.slice(0, limit).map(showPrice), next: rows.length > limit && last ? cursorOf(last) : null };
}

named.add(priceGiven, { id: 'PriceGiven' });
named.add(price, { id: 'Price' });
named.add(pricePage, { id: 'PricePage' });
