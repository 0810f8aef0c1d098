import type { WatchOptions } from './watch.ts';

export interface Looking {
  /** Looks now; resolves when a look that began after the call is done. */
  refresh(): Promise<void>;
  /** Resolves when the look under way is done. */
  stop(): Promise<void>;
}

export interface LookingOptions extends Required<Pick<WatchOptions, 'listen' | 'pollMs'>> {
  /** Must not reject. */
  readonly look: () => Promise<void>;
  /** What is told to all when there is something to see. */
  readonly subject: string;
}

/** Looks when told to, and every `pollMs` in case that was lost: one look at a time, and one more for all who asked meanwhile. */
export function startLooking({ look, subject, listen, pollMs }: LookingOptions): Looking {
  let looking: Promise<void> | undefined;
  let lookAgain = false;

  function refresh(): Promise<void> {
    if (looking) {
      lookAgain = true;
      return looking;
    }
    looking = (async () => {
      do {
        lookAgain = false;
        await look();
      } while (lookAgain);
      looking = undefined;
    })();
    return looking;
  }

  listen(subject, () => void refresh());
  const poll = setInterval(() => void refresh(), pollMs).unref();
  return {
    refresh,
    async stop() {
      clearInterval(poll);
      await looking;
    },
  };
}
