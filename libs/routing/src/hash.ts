/** Two halves of 32 bits. */
export interface Hash {
  readonly high: number;
  readonly low: number;
}

/** Of ids and numbers: as good as needed to share messages out, and the same in every process and version. */
export function hashOf(text: string): Hash {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  return { high: mixed(high ^ (low >>> 16)), low: mixed(low ^ (high >>> 13)) };
}

/** Of two hashes, a number above 0, at most 1, evenly spread. */
export function fractionOf(one: Hash, other: Hash): number {
  const high = mixed(one.high ^ Math.imul(other.high, 0x9e3779b1) ^ (other.low >>> 3));
  const low = mixed(one.low ^ Math.imul(other.low, 0x85ebca6b) ^ high);
  // 53 bits, and half a step up so that it is never 0
  return (mixed(high ^ low) * 2_097_152 + (low >>> 11) + 0.5) / 9_007_199_254_740_992;
}

/** The last step of MurmurHash3: each bit changes each with a chance of about one half. */
function mixed(value: number): number {
  let mix = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return (mix ^ (mix >>> 16)) >>> 0;
}
