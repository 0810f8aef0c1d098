import type { Exit } from '@heliograph/embedded';
import { restartDelayMs, stableAfterMs } from './restart-delay.ts';

/** A process that is up: it has said that it is ready. */
export interface Running {
  pid: number;
  onExit(listener: (exit: Exit) => void): void;
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>;
  /** Ends it at once, losing what is not on disk. */
  kill(): void;
}

export interface Kept {
  name: string;
  /** Undefined while it is down. */
  pid(): number | undefined;
  stop(): Promise<void>;
  kill(): void;
}

export interface KeepOptions<R extends Running> {
  name: string;
  /** Resolves when it is ready. `previous` is the run before: the next one takes over its ports. Must end what it started once `signal` is aborted. */
  start(previous: R | undefined, signal: AbortSignal): Promise<R>;
  /** For people. */
  say(line: string): void;
  /** After each start and end. */
  onChange(): void;
}

/**
 * Starts a process and starts it again whenever it ends by itself. Rejects when the first start fails: that is a mistake to be told,
 * not one to be repeated.
 */
export async function keepRunning<R extends Running>(
  { name, start, say, onChange }: KeepOptions<R>,
  signal: AbortSignal,
): Promise<Kept & { first: R }> {
  const ending = new AbortController();
  let running: R | undefined;
  let starting: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;

  const adopt = (run: R) => {
    running = run;
    const since = performance.now();
    onChange();
    run.onExit((exit) => {
      running = undefined;
      onChange();
      if (ending.signal.aborted) return;
      failures = performance.now() - since > stableAfterMs ? 1 : failures + 1;
      startAgain(run, describeExit(exit));
    });
  };
  const startAgain = (previous: R, why: string) => {
    const delayMs = restartDelayMs(failures);
    say(`${name} ${why}; starting it again in ${delayMs / 1000} s`);
    timer = setTimeout(() => {
      starting = start(previous, ending.signal).then(
        (run) => {
          adopt(run);
          say(`${name} runs again (pid ${run.pid})`);
        },
        (error: unknown) => {
          failures++;
          if (!ending.signal.aborted) startAgain(previous, `did not start: ${firstLine((error as Error).message)}`);
        },
      );
    }, delayMs);
  };

  const first = await start(undefined, signal);
  adopt(first);
  return {
    name,
    first,
    pid: () => running?.pid,
    stop: async () => {
      ending.abort();
      clearTimeout(timer);
      await starting;
      await running?.stop();
    },
    kill: () => {
      ending.abort();
      clearTimeout(timer);
      running?.kill();
    },
  };
}

export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
}

function firstLine(text: string): string {
  return text.split('\n')[0]!;
}
