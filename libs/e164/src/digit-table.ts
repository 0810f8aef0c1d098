/** Where strings of digits are found, by which each place in a list has been put there: a hash table of numbers, without an object an entry. */
export interface DigitTable {
  /** The place of these digits that was put last, or -1. */
  first(digits: string): number;
  /** The place of the same digits that was put before this one, or -1. */
  next(place: number): number;
  /** The place of the longest beginning of `digits` for which `good` says yes (of several places of the same, the last put), or -1. */
  longest(digits: string, good: (place: number) => boolean): number;
}

/** Digits that a number has at most: 10^16 + 10^15 is less than 2^53, so each key is exact. */
export const digitsMax = 15;

const powers = Float64Array.from({ length: digitsMax + 1 }, (_, n) => 10 ** n);

/** One number for each string of at most 15 digits: the digits after a leading one, which tells `0` from `00`. NaN: it has other characters. */
export function keyOf(digits: string): number {
  let value = 0;
  for (let i = 0; i < digits.length; i++) value = value * 10 + digitAt(digits, i);
  return digits.length > digitsMax ? NaN : value + (powers[digits.length] as number);
}

function digitAt(digits: string, i: number): number {
  const digit = digits.charCodeAt(i) - 48;
  return digit >= 0 && digit <= 9 ? digit : NaN;
}

/** `keys`: as `keyOf` makes them, by place; the table keeps the array. */
export function createDigitTable(keys: Float64Array): DigitTable {
  // at most half full: 1.5 probes for what is there, 2.5 for what is not (Knuth, TAOCP 3, §6.4, linear probing)
  let capacity = 2;
  while (capacity < keys.length * 2) capacity *= 2;
  const mask = capacity - 1;
  /** Place + 1; 0: nobody's. */
  const slots = new Int32Array(capacity);
  /** The place + 1 before it of the same key; most tables have none. */
  let before: Int32Array | undefined;
  const lengths = new Set<number>();

  function slotOf(key: number): number {
    let slot = hashOf(key) & mask;
    for (;;) {
      const place = slots[slot] as number;
      if (place === 0 || keys[place - 1] === key) return slot;
      slot = (slot + 1) & mask;
    }
  }

  for (let place = 0; place < keys.length; place++) {
    const key = keys[place] as number;
    const slot = slotOf(key);
    const other = slots[slot] as number;
    if (other !== 0) (before ??= new Int32Array(keys.length))[place] = other;
    slots[slot] = place + 1;
    lengths.add(lengthOf(key));
  }
  const longestFirst = [...lengths].sort((a, b) => b - a);

  const place = (key: number): number => (slots[slotOf(key)] as number) - 1;
  const next = (of: number): number => (before ? (before[of] as number) - 1 : -1);
  return {
    first: (digits) => {
      const key = keyOf(digits);
      return Number.isNaN(key) ? -1 : place(key);
    },
    next,
    longest(digits, good) {
      const there = Math.min(longestFirst[0] ?? 0, digits.length);
      let [length, value] = [0, 0];
      for (; length < there; length++) {
        const digit = digitAt(digits, length);
        if (Number.isNaN(digit)) break;
        value = value * 10 + digit;
      }
      for (const shorter of longestFirst) {
        if (shorter > length) continue;
        // exact: the quotient lies 10^-n or more below the next whole number, and half a unit in its last place is 0.11 * 10^-n at most
        value = Math.floor(value / (powers[length - shorter] as number));
        length = shorter;
        for (let at = place(value + (powers[length] as number)); at >= 0; at = next(at)) if (good(at)) return at;
      }
      return -1;
    },
  };
}

/** Of a key, its digits. */
function lengthOf(key: number): number {
  let length = 0;
  while (length < digitsMax && key >= 2 * (powers[length] as number)) length++;
  return length;
}

/** Both halves of the key, mixed (Knuth's multiplicative hash; the final shifts bring the high bits down). */
function hashOf(key: number): number {
  const low = key >>> 0;
  const high = (key / 4_294_967_296) >>> 0;
  let hash = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
