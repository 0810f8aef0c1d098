/** Values by prefix of an E.164 number; the longest prefix that fits wins. */
export interface PrefixTable<Value> {
  /** `digits`: the number without its plus sign. */
  longest(digits: string): Value | undefined;
  readonly size: number;
}

/** Prefixes have 0..15 digits, so a look-up is at most 16 tries in a map; lengths that no prefix has are not tried. */
export function createPrefixTable<Value>(entries: Iterable<readonly [prefix: string, value: Value]>): PrefixTable<Value> {
  const values = new Map<string, Value>(entries);
  const lengths = [...new Set([...values.keys()].map((prefix) => prefix.length))].sort((a, b) => b - a);
  return {
    size: values.size,
    longest(digits) {
      for (const length of lengths) {
        if (length > digits.length) continue;
        const value = values.get(digits.slice(0, length));
        if (value !== undefined) return value;
      }
      return undefined;
    },
  };
}
