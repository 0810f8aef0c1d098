import { createPrefixTable, type PrefixTable } from './prefix-table.ts';

/** Whose the messages of handsets to a number are. */
export interface InboundRoute {
  readonly id: string;
  /** As `inboundAddress` makes it: of an exact match a number, a short code or a name; of a prefix 0 to 15 digits. */
  readonly address: string;
  readonly match: 'exact' | 'prefix';
  /** As `inboundKeyword` makes it; empty: whatever the text begins with. */
  readonly keyword: string;
  readonly tenantId: string;
  /** Gets them by SMPP; null: nobody does. */
  readonly credentialId: string | null;
}

/** What holds for an address and a first word: the number itself before a prefix of it, and of either the keyword before any. */
export interface InboundTable {
  /** `address` and `keyword` in the forms of `inboundAddress` and `inboundKeyword`. A look-up or four, however many routes there are. */
  match(address: string, keyword: string): InboundRoute | undefined;
  readonly size: number;
}

/** One form of an address, in which two that mean the same are equal: digits without a plus sign, names in lower case. */
export function inboundAddress(address: string): string {
  const plain = address.trim();
  return (plain.startsWith('+') ? plain.slice(1) : plain).toLowerCase();
}

/** As many characters of the first word count. */
export const inboundKeywordMax = 40;

/** Letters with their marks, and digits: `STOP!`, `"Stop"` and `stop` are one word. */
const firstWord = /^[^\p{L}\p{N}]*([\p{L}\p{N}\p{M}]+)/u;

/** The first word of a text, in lower case; empty: it has none. */
export function inboundKeyword(text: string): string {
  const word = firstWord.exec(text.slice(0, 4 * inboundKeywordMax).normalize('NFC'))?.[1] ?? '';
  return [...word.toLowerCase()].slice(0, inboundKeywordMax).join('');
}

interface OfKeyword {
  readonly exact: ReadonlyMap<string, InboundRoute>;
  readonly prefixes: PrefixTable<InboundRoute>;
}

export function createInboundTable(routes: readonly InboundRoute[]): InboundTable {
  const byKeyword = new Map<string, OfKeyword>(
    [...Map.groupBy(routes, ({ keyword }) => keyword)].map(([keyword, of]) => {
      const entries = (match: InboundRoute['match']) =>
        of.filter((route) => route.match === match).map((route) => [route.address, route] as const);
      return [keyword, { exact: new Map(entries('exact')), prefixes: createPrefixTable(entries('prefix')) }];
    }),
  );
  const ofAny = byKeyword.get('');
  return {
    size: routes.length,
    match(address, keyword) {
      const ofWord = keyword === '' ? undefined : byKeyword.get(keyword);
      const exact = ofWord?.exact.get(address) ?? ofAny?.exact.get(address);
      if (exact !== undefined || !digits.test(address)) return exact;
      return ofWord?.prefixes.longest(address) ?? ofAny?.prefixes.longest(address);
    },
  };
}

/** Prefixes are of numbers. */
const digits = /^[0-9]{1,21}$/;
