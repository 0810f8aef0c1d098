import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { DemoFacts, DemoSeeds } from './demo.ts';

export interface SeedQuestion {
  readonly seed: keyof DemoSeeds;
  readonly facts: DemoFacts;
}

/** `error`: a message for people; undefined: it is done. */
export interface SeedAnswer {
  readonly error: string | undefined;
}

/**
 * The seeds in a process of their own, which ends with the last of them: what they need of the platform's libraries takes 60 MB, and a launcher that only
 * waits would keep it.
 */
export function seedsInProcess(): DemoSeeds {
  let child: ChildProcess | undefined;

  async function ask(question: SeedQuestion): Promise<void> {
    child ??= fork(join(import.meta.dirname, 'seed-main.ts'), {
      serialization: 'advanced',
      env: { ...process.env, NODE_COMPILE_CACHE: question.facts.compileCache },
    });
    const ended = new AbortController();
    const gone = once(child, 'exit', { signal: ended.signal }).then(() => {
      throw new Error('the process that makes the demo ended');
    });
    const answered = once(child, 'message', { signal: ended.signal }) as Promise<[SeedAnswer]>;
    child.send(question);
    try {
      const [{ error }] = await Promise.race([answered, gone]);
      if (error !== undefined) throw new Error(error);
    } finally {
      for (const waiting of [answered, gone]) waiting.catch(() => {});
      ended.abort();
    }
  }

  return {
    beforeServices: (facts) => ask({ seed: 'beforeServices', facts }),
    async afterServices(facts) {
      await ask({ seed: 'afterServices', facts });
      child?.disconnect();
      child = undefined;
    },
  };
}
