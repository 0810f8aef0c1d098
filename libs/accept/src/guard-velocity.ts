import { blockDigits, type GuardLevel, type Guards, type GuardVelocity } from '@heliograph/registry';

/**
 * Counts what goes to each block of numbers, and says what is too much. In this process alone, as with a tenant's pace: a count over all
 * processes would cost a message to another process for every message that is accepted, and the guard is against floods, which show in any
 * one of them. With n doors up to n times as many may pass.
 */
export interface VelocityGuard {
  /** A message is about to be accepted: counts it. By whose settings it has to wait for a review; undefined: by nobody's. `digits`: the number without its plus sign. */
  count(message: { readonly tenant: string; readonly digits: string }, guards: Guards, nowMs: number): GuardLevel | undefined;
  /** Blocks that are kept. */
  readonly size: number;
}

/** The window is counted in so many slices: a message counts for one window, and at most one slice more. */
const slices = 10;
/** 100,000 blocks are some 20 MB; beyond that the ones that were quiet the longest are forgotten. */
const blocksMax = 100_000;

interface Block {
  readonly counts: number[];
  /** Number of the slice that was counted in last. */
  last: number;
  readonly sliceMs: number;
}

export function createVelocityGuard(): VelocityGuard {
  /** The one that was quiet the longest first. */
  const blocks = new Map<string, Block>();

  function isTooMuch(key: string, { messages, windowSeconds }: GuardVelocity, nowMs: number): boolean {
    const sliceMs = (windowSeconds * 1_000) / slices;
    const known = blocks.get(key);
    // settings of another window begin anew
    const block = known?.sliceMs === sliceMs ? known : { counts: new Array<number>(slices + 1).fill(0), last: 0, sliceMs };
    blocks.delete(key);
    blocks.set(key, block);
    const slice = Math.max(block.last, Math.floor(nowMs / sliceMs));
    const passed = Math.min(slice - block.last, block.counts.length);
    for (let i = 0; i < passed; i++) block.counts[(slice - i) % block.counts.length] = 0;
    block.last = slice;
    const at = slice % block.counts.length;
    block.counts[at] = (block.counts[at] ?? 0) + 1;
    return block.counts.reduce((a, b) => a + b) > messages;
  }

  function forgetQuiet(nowMs: number): void {
    for (const [key, { last, sliceMs }] of blocks) {
      const isQuiet = (last + slices + 1) * sliceMs < nowMs;
      if (!isQuiet && blocks.size <= blocksMax) return;
      blocks.delete(key);
    }
  }

  return {
    count({ tenant, digits }, { velocities }, nowMs) {
      if (velocities.length === 0) return undefined;
      // every level counts, whatever another one says
      const held = velocities.filter((one) => isTooMuch(`${tenant} ${one.level} ${blockOf(digits, one)}`, one, nowMs));
      forgetQuiet(nowMs);
      return held[0]?.level;
    },
    get size() {
      return blocks.size;
    },
  };
}

/** The longest configured prefix that fits, or else the block of numbers that begin with the same digits. */
export function blockOf(digits: string, { prefixes }: Pick<GuardVelocity, 'prefixes'>): string {
  return prefixes.longest(digits) ?? digits.slice(0, blockDigits);
}
