import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { Entry, Scheduler } from './scheduler.ts';

/**
 * From now on time and chance of this whole process are the scheduler's and the seed's: of the platform's code, of its libraries, and of
 * PostgreSQL, whose clock is `Date.now`. Nothing takes them back: a process simulates, and ends.
 */
export function installTime(scheduler: Scheduler, random: Random): void {
  const RealDate = Date;
  const monotonicFromMs = scheduler.nowMs;
  const now = (): number => Math.floor(scheduler.nowMs + scheduler.current.clockErrorMs);

  class SimulatedDate extends RealDate {
    constructor(...given: unknown[]) {
      if (given.length === 0) super(now());
      else super(...(given as [number]));
    }
    static override now(): number {
      return now();
    }
  }
  globalThis.Date = SimulatedDate as DateConstructor;
  Object.defineProperty(performance, 'now', { value: () => scheduler.nowMs - monotonicFromMs + 1_000, configurable: true });
  const hrtime = Object.assign(
    () => {
      const ms = scheduler.nowMs - monotonicFromMs + 1_000;
      return [Math.floor(ms / 1_000), Math.floor((ms % 1_000) * 1e6)] as [number, number];
    },
    { bigint: () => BigInt(Math.floor((scheduler.nowMs - monotonicFromMs + 1_000) * 1e6)) },
  );
  Object.defineProperty(process, 'hrtime', { value: hrtime, configurable: true });

  const faked = timersOf(scheduler);
  installTicks();
  Object.assign(globalThis, faked);
  Object.assign(timers, faked);
  const { setTimeout: set, setImmediate: immediate } = faked;
  const pause = (ms = 0, value?: unknown): Promise<unknown> => new Promise((resolve) => set(() => resolve(value), ms));
  Object.assign(timersPromises, { setTimeout: pause, setImmediate: () => new Promise((resolve) => immediate(() => resolve(undefined))) });

  installChance(random, now);
  installOutside(scheduler);
  syncBuiltinESMExports();
}

/** What throws in a tick ends no step: the scheduler runs ticks itself, and Node cannot leave them half-way. */
function installTicks(): void {
  const real = process.nextTick.bind(process);
  process.nextTick = (run: (...given: unknown[]) => void, ...given: unknown[]): void =>
    real(() => {
      try {
        run(...given);
      } catch (error) {
        process.emit('uncaughtException', error as Error, 'uncaughtException');
      }
    });
}

/** What compiles WebAssembly does so in a thread of its own: time stands still until it has. */
function installOutside(scheduler: Scheduler): void {
  // no part of the types of Node
  const { WebAssembly: compiler } = globalThis as unknown as { WebAssembly: Record<string, unknown> };
  for (const name of ['compile', 'instantiate'] as const) {
    const real = compiler[name] as (...given: unknown[]) => Promise<unknown>;
    Object.assign(compiler, { [name]: (...given: unknown[]) => scheduler.outside(real(...given)) });
  }
}

/** As Node's: can be told to keep no process alive, and can be cleared by itself or by its number. */
class SimulatedTimer {
  entry: Entry;
  readonly again: () => Entry;
  constructor(again: () => Entry) {
    this.again = again;
    this.entry = again();
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
  refresh(): this {
    this.entry.cancel();
    this.entry = this.again();
    return this;
  }
  close(): this {
    this.entry.cancel();
    return this;
  }
  [Symbol.dispose](): void {
    this.entry.cancel();
  }
}

/**
 * Looks that find nothing most of the time, by the file that sets their timer and its period, ms: rarer than in reality, as nothing here
 * depends on them within seconds and they would be most of the work.
 */
const rarer: readonly (readonly [file: string, everyMs: number, insteadMs: number])[] = [
  ['/libs/registry/src/looking.ts', 900, 30_000],
  ['/libs/service/src/shared-clock.ts', 1_000, 5_000],
  ['/apps/dlr-forwarder/src/rounds.ts', 1_000, 5_000],
  ['/apps/billing-credits/src/lead.ts', 1_000, 10_000],
  // within the time for which a leader may be silent
  ['/apps/billing-credits/src/leadership.ts', 2_000, 5_000],
];
const periods = new Set(rarer.map(([, everyMs]) => everyMs));

function rarely(ms: number | undefined): number | undefined {
  if (ms === undefined || !periods.has(ms)) return ms;
  const { stack = '' } = new Error();
  return rarer.find(([file, everyMs]) => everyMs === ms && stack.includes(file))?.[2] ?? ms;
}

type Called = (...given: unknown[]) => void;

function timersOf(scheduler: Scheduler) {
  const clear = (timer: unknown): void => {
    if (timer instanceof SimulatedTimer) timer.entry.cancel();
  };
  const atLeast = (ms: unknown): number => (typeof ms === 'number' && ms >= 1 ? ms : 1);
  return {
    setTimeout(run: Called, givenMs?: number, ...given: unknown[]) {
      const ms = rarely(givenMs);
      return new SimulatedTimer(() => scheduler.after(atLeast(ms), () => run(...given)));
    },
    setInterval(run: Called, givenMs?: number, ...given: unknown[]) {
      const ms = rarely(givenMs);
      const timer: SimulatedTimer = new SimulatedTimer(() =>
        scheduler.after(atLeast(ms), () => {
          timer.entry = timer.again();
          run(...given);
        }),
      );
      return timer;
    },
    setImmediate: (run: Called, ...given: unknown[]) => new SimulatedTimer(() => scheduler.after(0, () => run(...given))),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
}

function installChance(random: Random, now: () => number): void {
  const octets = (count: number): Buffer => Buffer.from(Array.from({ length: count }, () => random.integer(0, 255)));
  const fill = <View extends NodeJS.ArrayBufferView>(view: View): View => {
    Buffer.from(view.buffer, view.byteOffset, view.byteLength).set(octets(view.byteLength));
    return view;
  };
  function uuid(version: number, head = ''): string {
    const hex = head + octets(16).toString('hex').slice(head.length);
    const all = `${hex.slice(0, 12)}${version}${hex.slice(13, 16)}${'89ab'[Number.parseInt(hex.charAt(16), 16) & 3]}${hex.slice(17, 32)}`;
    return all.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
  Math.random = random.next;
  const chance = {
    randomBytes: (count: number, told?: (error: null, made: Buffer) => void) => {
      const made = octets(count);
      return told ? void told(null, made) : made;
    },
    randomFillSync: fill,
    randomInt: (min: number, max?: number) => (max === undefined ? random.integer(0, min - 1) : random.integer(min, max - 1)),
    randomUUID: () => uuid(4),
    randomUUIDv7: () => uuid(7, now().toString(16).padStart(12, '0')),
  };
  Object.assign(crypto, chance);
  Object.defineProperty(globalThis.crypto, 'getRandomValues', { value: fill, configurable: true });
  Object.defineProperty(globalThis.crypto, 'randomUUID', { value: () => uuid(4), configurable: true });
}
