/** Counts how many different things it was shown, in memory that is bounded however many there are. */
export interface Distinct {
  /** True when it is new. */
  add(hash: number): boolean;
  readonly count: number;
  /** False once the table was full and new things were no longer told apart. */
  readonly exact: boolean;
}

/** 2^21 entries at half full: 2^22 slots of 8 octets = 32 MB at the most, reached only after two million messages. */
export function createDistinct(entriesMax = 2 ** 21): Distinct {
  let slots = new Float64Array(2 ** 12);
  let count = 0;
  let exact = true;

  function place(table: Float64Array, hash: number): boolean {
    const mask = table.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      if (table[at] === hash) return false;
      if (table[at] !== 0) continue;
      table[at] = hash;
      return true;
    }
  }

  function grow(): void {
    const larger = new Float64Array(slots.length * 2);
    for (const hash of slots) if (hash !== 0) place(larger, hash);
    slots = larger;
  }

  return {
    add(hash) {
      if (count >= entriesMax) {
        exact = false;
        return false;
      }
      if (count * 2 >= slots.length) grow();
      const isNew = place(slots, hash);
      if (isNew) count++;
      return isNew;
    },
    get count() {
      return count;
    },
    get exact() {
      return exact;
    },
  };
}

/** 53 bits of two FNV-1a hashes that begin differently, never 0. Of two million things two collide with a chance of one in 4,000. */
export function hashOf(text: string, octets: readonly Uint8Array[]): number {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x01000193);
  }
  for (const part of octets) {
    for (let i = 0; i < part.length; i++) {
      const octet = part[i] as number;
      low = Math.imul(low ^ octet, 0x01000193);
      high = Math.imul(high + octet, 0x85ebca6b) ^ (high >>> 15);
    }
  }
  return ((high >>> 0) & 0x1fffff) * 2 ** 32 + (low >>> 0) || 1;
}
