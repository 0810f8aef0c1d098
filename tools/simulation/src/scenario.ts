import type { Misbehaviour } from './provider.ts';
import type { Random } from './random.ts';

/** How rough a simulated stretch of time is. All of it from the seed. */
export interface Scenario {
  readonly messagesPerHour: number;
  /** Mean time between two faults of a kind, ms. */
  readonly faultEveryMs: number;
  readonly misbehaviour: Misbehaviour;
  /** Every now and then the providers behave quite otherwise for some minutes. */
  readonly stormEveryMs: number;
}

export const calm: Misbehaviour = {
  silent: 0,
  ignores: 0,
  throttles: 0,
  refuses: 0,
  hangsUp: 0,
  receiptNever: 0,
  receiptEarly: 0,
  receiptTwice: 0,
  receiptOfNothing: 0,
  undelivered: 0.05,
};

export function chooseScenario(random: Random): Scenario {
  const some = (most: number): number => (random.chance(0.3) ? 0 : random.next() * most);
  return {
    messagesPerHour: random.integer(60, 400),
    faultEveryMs: random.integer(20, 300) * 1_000,
    stormEveryMs: random.integer(120, 1_800) * 1_000,
    misbehaviour: {
      silent: some(0.03),
      ignores: some(0.03),
      throttles: some(0.1),
      refuses: some(0.03),
      hangsUp: some(0.02),
      receiptNever: some(0.1),
      receiptEarly: some(0.3),
      receiptTwice: some(0.2),
      receiptOfNothing: some(0.05),
      undelivered: some(0.2),
    },
  };
}

export function storm(random: Random, usual: Misbehaviour): Misbehaviour {
  return random.pick<Misbehaviour>([
    { ...usual, ignores: 0.9 },
    { ...usual, silent: 0.5 },
    { ...usual, throttles: 0.95 },
    { ...usual, hangsUp: 0.3 },
    { ...usual, receiptNever: 1 },
    { ...usual, refuses: 0.8 },
    { ...usual, receiptEarly: 1, receiptTwice: 1 },
  ]);
}
