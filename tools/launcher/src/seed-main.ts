/** The seeds' own process: does what its launcher asks for, and ends when that one lets go of it. */
import type { DemoSeeds } from './demo.ts';
import { seedCredits, seedRegistry } from './seed-demo.ts';
import type { SeedAnswer, SeedQuestion } from './seeds-process.ts';

const seeds: DemoSeeds = { beforeServices: seedRegistry, afterServices: seedCredits };

// Ctrl-C is for the launcher, which tells us by letting go
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', ({ seed, facts }: SeedQuestion) => {
  const answer = (error: string | undefined): void => void process.send?.({ error } satisfies SeedAnswer);
  seeds[seed](facts).then(
    () => answer(undefined),
    (error: unknown) => answer((error as Error).message),
  );
});
