import type { Outcome } from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import type { Answer } from './answer.ts';
import type { ToDeliver } from './backlog.ts';
import { isExpired } from './deliver.ts';
import type { Submit } from './submit.ts';

/** One message on its way to the provider. */
export interface Job {
  readonly key: string;
  readonly event: ToDeliver;
  /** The newest. */
  delivery: Delivery<ToDeliver>;
  readonly beganAtMs: number;
  /** Made at the first try and kept: every try has the same concatenation reference. */
  submits: readonly Submit[];
  /** SMS that the provider makes of each. */
  segmentsEach: number;
  /** By segment; an accepted one is not sent again. */
  answers: (Answer | undefined)[];
  unanswered: number;
  /** It was in a window when it was to be cancelled, and its tenant was told that it is not. */
  goesOn: boolean;
  /** Tries that came to nothing. */
  tries: number;
  /** Unix ms; undefined: it was not tried yet. */
  firstTriedAtMs: number | undefined;
  resolve: (outcome: Outcome) => void;
}

/** Somebody else may be sending it by now, as this process stood still for too long: nothing more is done of it here. */
export function isLost({ delivery }: Job): boolean {
  return delivery.isOurs?.() === false;
}

export type PutOff = Map<string, Job>;

/** A message that was routed twice is two jobs. */
export function jobKey({ event, record }: Delivery<ToDeliver>): string {
  return `${record.stream} ${record.seq} ${event.message.id}`;
}

export function newJob(delivery: Delivery<ToDeliver>, beganAtMs: number, resolve: Job['resolve']): Job {
  return {
    key: jobKey(delivery),
    event: delivery.event,
    delivery,
    beganAtMs,
    submits: [],
    segmentsEach: 1,
    answers: [],
    unanswered: 0,
    goesOn: false,
    tries: 0,
    firstTriedAtMs: undefined,
    resolve,
  };
}

const forgottenAfterMs = 60_000;

export function forgetExpired(putOff: PutOff, now: number): void {
  for (const [key, { event }] of putOff) if (isExpired(event.message, now - forgottenAfterMs)) putOff.delete(key);
}
