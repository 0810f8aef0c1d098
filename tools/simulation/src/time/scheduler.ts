import { AsyncLocalStorage } from 'node:async_hooks';

/** What runs as a process of its own does in reality: it can be killed, and it can stand still. */
export interface Process {
  readonly name: string;
  readonly alive: boolean;
  /** Unix ms, of the true clock, until which nothing of it runs. */
  readonly pausedUntilMs: number;
  /** What its clock is wrong by, ms. */
  clockErrorMs: number;
  /** Nothing of it runs any more; whoever is connected to it is told by `onEnd`. */
  kill(): void;
  pause(ms: number): void;
  onEnd(told: () => void): void;
}

export interface Entry {
  readonly cancelled: boolean;
  cancel(): void;
}

/** One clock and one list of what is to happen, for all processes: what happens next depends on nothing else. */
export interface Scheduler {
  /** Unix ms, true time. */
  readonly nowMs: number;
  /** Steps taken. */
  readonly steps: number;
  /** In the process that is running, unless one is given. Of two at the same time the first that was asked for goes first. */
  after(ms: number, run: () => void, process?: Process): Entry;
  readonly current: Process;
  /** What is outside of all that is simulated: it never ends. */
  readonly world: Process;
  within<Result>(process: Process, run: () => Result): Result;
  spawn(name: string): Process;
  /** Runs until that time has come, or until `done`. */
  runUntil(atMs: number, done?: () => boolean): Promise<void>;
  /** What was thrown out of a step and nobody caught. */
  readonly thrown: readonly { readonly process: string; readonly error: unknown }[];
  caught(error: unknown): void;
  /** Work outside of the scheduler, such as compiling, that the next step waits for. */
  outside<Result>(work: Promise<Result>): Promise<Result>;
  /** A module is being loaded: the next step waits until it is. */
  loads(): void;
}

interface Step {
  atMs: number;
  order: number;
  readonly process: Process;
  readonly run: () => void;
  cancelled: boolean;
  cancel(): void;
}

const realImmediate = setImmediate;
/** Runs what promises and `nextTick` have ready, until there is no more of it. Node has no other name for it that needs no turn of its loop. */
const { _tickCallback: runReady } = process as unknown as { _tickCallback(): void };
/** So many steps in one turn of Node's own loop: a turn costs more than most steps. */
const stepsPerTurn = 500;
/** A module is read, compiled and run in turns of their own. */
const turnsToLoad = 4;
const isReading = (): boolean => process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));

export function createScheduler(startMs: number): Scheduler {
  const running = new AsyncLocalStorage<Process>();
  const steps = createHeap();
  const thrown: { process: string; error: unknown }[] = [];
  let nowMs = startMs;
  let order = 0;
  let taken = 0;
  let outside = 0;
  let loading = false;

  function spawn(name: string): Process {
    const ends: (() => void)[] = [];
    let alive = true;
    let pausedUntilMs = 0;
    return {
      name,
      clockErrorMs: 0,
      get alive() {
        return alive;
      },
      get pausedUntilMs() {
        return pausedUntilMs;
      },
      kill() {
        if (!alive) return;
        alive = false;
        for (const told of ends) told();
      },
      pause: (ms) => void (pausedUntilMs = Math.max(pausedUntilMs, nowMs + ms)),
      onEnd: (told) => void ends.push(told),
    };
  }

  const world = spawn('world');

  function put(atMs: number, process: Process, run: () => void): Step {
    const step: Step = {
      atMs,
      order: order++,
      process,
      run,
      cancelled: false,
      cancel: () => void (step.cancelled = true),
    };
    steps.push(step);
    return step;
  }

  /** Every promise that can go on has gone on when this resolves. */
  async function settle(): Promise<void> {
    do {
      loading = false;
      for (let left = turnsToLoad; left > 0; left--) await new Promise((resolve) => realImmediate(resolve));
    } while (outside > 0 || loading || isReading());
  }

  function take({ process, run }: Step): void {
    taken++;
    try {
      running.run(process, run);
    } catch (error) {
      thrown.push({ process: process.name, error });
    }
  }

  /** The next step, with all that follows from it at once. Whether there may be another. */
  function goOn(atMs: number, done: () => boolean): boolean {
    const next = steps.first();
    if (done() || !next || next.atMs > atMs) return false;
    steps.shift();
    if (next.cancelled || !next.process.alive) return true;
    // in the order of their time, as a process that stood still finds them
    if (next.process.pausedUntilMs > Math.max(nowMs, next.atMs)) {
      next.atMs = next.process.pausedUntilMs;
      next.order = order++;
      steps.push(next);
      return true;
    }
    nowMs = Math.max(nowMs, next.atMs);
    take(next);
    runReady();
    return true;
  }

  /** Steps in a turn of Node's loop, until one is the last or waits for something outside. */
  function turn(step: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      realImmediate(() => {
        try {
          for (let left = stepsPerTurn; left > 0; left--) {
            if (!step()) return resolve(false);
            if (outside > 0 || loading) break;
          }
          resolve(true);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  return {
    get nowMs() {
      return nowMs;
    },
    get steps() {
      return taken;
    },
    get current() {
      return running.getStore() ?? world;
    },
    world,
    thrown,
    caught: (error) => void thrown.push({ process: running.getStore()?.name ?? 'world', error }),
    spawn,
    within: (process, run) => running.run(process, run),
    after: (ms, run, process = running.getStore() ?? world) => put(nowMs + Math.max(0, ms), process, run),
    async runUntil(atMs, done = () => false) {
      await settle();
      while (await turn(() => goOn(atMs, done))) if (outside > 0 || loading) await settle();
      if (!done()) nowMs = Math.max(nowMs, atMs);
    },
    loads: () => void (loading = true),
    async outside(work) {
      outside++;
      try {
        return await work;
      } finally {
        outside--;
      }
    },
  };
}

/** A binary heap by time, then by order. */
function createHeap() {
  const all: Step[] = [];
  const isBefore = (a: Step, b: Step): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  return {
    first: (): Step | undefined => all[0],
    push(step: Step): void {
      let i = all.push(step) - 1;
      for (let up = (i - 1) >> 1; i > 0 && isBefore(step, all[up] as Step); i = up, up = (i - 1) >> 1) all[i] = all[up] as Step;
      all[i] = step;
    },
    shift(): void {
      const last = all.pop() as Step;
      if (all.length === 0) return;
      let i = 0;
      for (let down = 1; down < all.length; i = down, down = 2 * i + 1) {
        if (down + 1 < all.length && isBefore(all[down + 1] as Step, all[down] as Step)) down++;
        if (!isBefore(all[down] as Step, last)) break;
        all[i] = all[down] as Step;
      }
      all[i] = last;
    },
  };
}
