import type { HeliographEvent } from './event.ts';

/**
 * What a stage decides about one event. Only the queue turns it into acknowledgements.
 * `done`: publish these events, then acknowledge. `later`: again at that time (unix ms). `never`: to the dead letters.
 */
export type Outcome =
  | { readonly kind: 'done'; readonly events: readonly HeliographEvent[] }
  | { readonly kind: 'later'; readonly atMs: number; readonly reason: string }
  | { readonly kind: 'never'; readonly reason: string };

export function done(...events: HeliographEvent[]): Outcome {
  return { kind: 'done', events };
}

export function later(atMs: number, reason: string): Outcome {
  return { kind: 'later', atMs, reason };
}

export function never(reason: string): Outcome {
  return { kind: 'never', reason };
}
