import type { Random } from './random.ts';
import type { Server } from './server/server.ts';
import type { Scheduler } from './time/scheduler.ts';

export interface Simulated {
  readonly scheduler: Scheduler;
  readonly server: Server;
  readonly random: Random;
}

let current: Simulated | undefined;

/** What the stand-ins of libraries speak to. One for each process: time itself is replaced. */
export function simulated(): Simulated {
  if (!current) throw new Error('nothing is simulated yet');
  return current;
}

export function simulate(one: Simulated): void {
  current = one;
}
