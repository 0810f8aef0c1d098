import { createDigitTable, keyOf, type DigitTable } from '@heliograph/e164';
import { priceKey, type Price } from './price-change.ts';

/** A mobile network (ITU-T E.212): three digits of a country and two or three of a network in it. */
export interface Network {
  readonly mcc: string;
  readonly mnc: string;
}

/**
 * What a segment costs. Of all prices that are valid at the moment the most specific counts: that of the number's network (mcc and mnc), that
 * of its network's country (mcc), that of the longest prefix of the number.
 */
export interface PriceTable {
  /** Micro-credits per segment, or undefined: there is none. `digits`: the number without its plus sign. `network`: undefined when nobody knows it. */
  price(digits: string, network: Network | undefined, nowMs: number): bigint | undefined;
  readonly size: number;
  /** False: it has none of networks, so it does not matter of which the number is. */
  readonly byNetwork: boolean;
}

/**
 * A table from the text that PostgreSQL makes of its rows, `price_text` below: a row of it is `p` or `n` for prefix or network, its digits, and the
 * micro-credits, from and until when (unix ms; empty: always), with commas between and a semicolon at its end.
 *
 * 1 million prices are 28 to 36 octets each here (three or five numbers), a tenth of what as many objects would be.
 */
export function parsePrices(text: string): PriceTable {
  const rows = countRows(text);
  const ofPrefixes = createColumns(rows.prefixes);
  const ofNetworks = createColumns(rows.networks);
  for (let at = 0; at < text.length;) {
    const end = text.indexOf(';', at);
    const columns = text[at] === 'n' ? ofNetworks : ofPrefixes;
    columns.add(text.slice(at + 1, end));
    at = end + 1;
  }
  const [prefixes, networks] = [ofPrefixes.table(), ofNetworks.table()];
  return {
    size: rows.prefixes + rows.networks,
    byNetwork: rows.networks > 0,
    price(digits, network, nowMs) {
      if (network) {
        const found = networks.exact(network.mcc + network.mnc, nowMs) ?? networks.exact(network.mcc, nowMs);
        if (found !== undefined) return found;
      }
      return prefixes.longest(digits, nowMs);
    },
  };
}

/** The row of a price as `parsePrices` reads it, in SQL. Times are whole ms: the columns have three places. */
export const priceText = `CASE WHEN "mcc" = '' THEN 'p' || "prefix" ELSE 'n' || "mcc" || "mnc" END || ',' || "micro_credits_per_segment" || ','
  || CASE WHEN "valid_from" = to_timestamp(0) THEN '' ELSE (extract(epoch FROM "valid_from") * 1000)::bigint::text END || ','
  || coalesce((extract(epoch FROM "valid_until") * 1000)::bigint::text, '') || ';'`;

function countRows(text: string): { prefixes: number; networks: number } {
  const counts = { prefixes: 0, networks: 0 };
  for (let at = 0; at < text.length; at = text.indexOf(';', at) + 1) counts[text[at] === 'n' ? 'networks' : 'prefixes']++;
  return counts;
}

interface Timed {
  exact(digits: string, nowMs: number): bigint | undefined;
  longest(digits: string, nowMs: number): bigint | undefined;
}

function createColumns(rows: number): { add(row: string): void; table(): Timed } {
  const keys = new Float64Array(rows);
  const prices = new BigInt64Array(rows);
  /** Only when some price has dates. */
  let dates: { readonly from: Float64Array; readonly until: Float64Array } | undefined;
  let added = 0;

  function add(row: string): void {
    const [digits = '', price = '', from = '', until = ''] = row.split(',');
    keys[added] = keyOf(digits);
    prices[added] = BigInt(price);
    if (from !== '' || until !== '') {
      dates ??= { from: new Float64Array(rows).fill(-Infinity), until: new Float64Array(rows).fill(Infinity) };
      if (from !== '') dates.from[added] = Number(from);
      if (until !== '') dates.until[added] = Number(until);
    }
    added++;
  }

  function table(): Timed {
    const places: DigitTable = createDigitTable(keys);
    const ever = (): boolean => true;
    const validAt = (nowMs: number): ((place: number) => boolean) => {
      if (!dates) return ever;
      const { from, until } = dates;
      return (place) => (from[place] as number) <= nowMs && nowMs < (until[place] as number);
    };
    return {
      exact(digits, nowMs) {
        const good = validAt(nowMs);
        for (let place = places.first(digits); place >= 0; place = places.next(place)) if (good(place)) return prices[place];
        return undefined;
      },
      longest: (digits, nowMs) => prices[places.longest(digits, validAt(nowMs))],
    };
  }
  return { add, table };
}

/** The same of prices that are at hand; of two of the same that are valid at once, either counts. */
export function createPriceTable(prices: readonly Price[]): PriceTable {
  const rows = prices.map((price) => {
    const { microCreditsPerSegment, validFrom, validUntil } = price;
    return `${priceKey(price)},${microCreditsPerSegment},${validFrom?.getTime() || ''},${validUntil?.getTime() ?? ''};`;
  });
  return parsePrices(rows.join(''));
}

/** Of nothing. */
export const noPrices: PriceTable = parsePrices('');
