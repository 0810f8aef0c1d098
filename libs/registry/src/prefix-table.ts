import { createDigitTable, keyOf } from '@heliograph/e164';

/** Values by prefix of an E.164 number; the longest prefix that fits wins. */
export interface PrefixTable<Value> {
  /** `digits`: the number without its plus sign. */
  longest(digits: string): Value | undefined;
  readonly size: number;
}

const any = (): boolean => true;

/** Prefixes have 0..15 digits; of two of the same the later wins. A look-up is a try for each length that some prefix has, longest first. */
export function createPrefixTable<Value>(entries: Iterable<readonly [prefix: string, value: Value]>): PrefixTable<Value> {
  const values = [...new Map(entries)];
  const table = createDigitTable(Float64Array.from(values, ([prefix]) => keyOf(prefix)));
  return {
    size: values.length,
    longest: (digits) => values[table.longest(digits, any)]?.[1],
  };
}
