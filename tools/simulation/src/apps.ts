import type { Process, Scheduler } from './time/scheduler.ts';

interface Startable {
  readonly start: (context: object) => Promise<{ stop(): Promise<void> }>;
}

interface Configured {
  readonly config: { parse(environment: object): object };
}

export type AppName = 'router' | 'connector-smpp' | 'dlr-forwarder' | 'billing-credits';

/** An app of the platform as it is, started as its `main.ts` would: its `start` with its configuration, in a process of its own. */
export interface Supervised {
  readonly name: string;
  readonly process: Process;
  readonly starts: number;
  kill(): void;
  pause(ms: number): void;
  /** Asks it to end, as a deployment does; it is started again. */
  replace(): Promise<void>;
}

export interface SuperviseOptions {
  readonly scheduler: Scheduler;
  readonly name: string;
  readonly restartMs: () => number;
  readonly run: (process: Process, instance: string) => Promise<{ stop(): Promise<void> }>;
  readonly tell: (what: string) => void;
}

/** Keeps a process running: one that ends is started again a while later. */
export function supervise({ scheduler, name, restartMs, run, tell }: SuperviseOptions): Supervised {
  let starts = 0;
  let running: Promise<{ stop(): Promise<void> }> | undefined;
  let process = begin();

  function begin(): Process {
    const instance = `${name}-${++starts}`;
    const made = scheduler.spawn(instance);
    made.onEnd(() => {
      tell(`${instance} ended`);
      running = undefined;
      scheduler.after(restartMs(), () => void (process = begin()), scheduler.world);
    });
    scheduler.after(
      0,
      () => {
        tell(`${instance} begins`);
        running = run(made, instance);
        // as runService: a start that fails ends the process
        running.then(
          () => tell(`${instance} runs`),
          (error: unknown) => {
            tell(`${instance} does not start: ${String(error)}`);
            made.kill();
          },
        );
      },
      made,
    );
    return made;
  }

  return {
    name,
    get process() {
      return process;
    },
    get starts() {
      return starts;
    },
    kill: () => process.kill(),
    pause(ms) {
      tell(`${process.name} stands still for ${ms} ms`);
      process.pause(ms);
    },
    async replace() {
      const [old, was] = [process, running];
      if (!was) return;
      tell(`${old.name} is told to end`);
      await scheduler.within(old, async () => (await was).stop());
      old.kill();
    },
  };
}

export async function loadApp(name: AppName): Promise<Startable & Configured> {
  const at = (file: string): string => new URL(`../../../apps/${name}/src/${file}.ts`, import.meta.url).href;
  const [{ start }, { config }] = (await Promise.all([import(at('start')), import(at('config'))])) as [Startable, Configured];
  return { start, config };
}
