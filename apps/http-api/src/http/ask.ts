import type { Queue } from '@heliograph/queue';
import type { ApiAnswer } from './endpoint.ts';
import { problem } from './problem.ts';

export type Asking = Pick<Queue, 'ask'>;

/** message-log waits up to two seconds for a message that was accepted a moment ago. */
export const askTimeoutMs = 5_000;

export const nobodyAnswers: Extract<ApiAnswer, { ok: false }> = {
  ok: false,
  problem: problem('unavailable', 'the service that knows it does not answer'),
};
