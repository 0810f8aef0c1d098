/** Numbers that look like chance and come again with the same seed. */
export interface Random {
  /** 0 (included) to 1 (not). */
  next(): number;
  /** A whole number, both ends included. */
  integer(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<One>(all: readonly One[]): One;
  /** Mostly short, now and then long: of an exponential distribution. */
  around(mean: number): number;
  /** Another one, whose numbers do not depend on how many this one gives from now on. */
  fork(): Random;
}

/** mulberry32: 32 bits of state, which is enough for what is no secret. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return {
    next,
    integer: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: (probability) => next() < probability,
    pick: (all) => all[Math.floor(next() * all.length)] as (typeof all)[number],
    around: (mean) => -mean * Math.log(1 - next()),
    fork: () => createRandom(Math.floor(next() * 2 ** 32)),
  };
}
