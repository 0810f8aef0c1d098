import type { Platform } from './platform.ts';
import { providerPorts } from './platform.ts';
import type { Random } from './random.ts';
import { calm, storm, type Scenario } from './scenario.ts';
import type { Misbehaviour } from './provider.ts';
import { databasePort, type World } from './world.ts';

/** From, until: true time, unix ms. While it lasts and a while after, what a connector knows of its answers may be lost. */
export interface Disturbance {
  readonly what: string;
  /** An app, a provider's port, or all of them: `''`. */
  readonly of: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Faults {
  readonly misbehaviour: Misbehaviour;
  readonly disturbances: readonly Disturbance[];
  readonly counts: Readonly<Record<string, number>>;
  /** No more of them: everything is there, and right. */
  stop(): void;
}

export function startFaults(world: World, platform: () => Platform | undefined, random: Random, scenario: Scenario): Faults {
  const { scheduler, server, network, trail } = world;
  const disturbances: Disturbance[] = [];
  const counts: Record<string, number> = {};
  let misbehaviour = scenario.misbehaviour;
  let stopped = false;

  const note = (what: string, ms: number, of: string | number = ''): void => {
    counts[what] = (counts[what] ?? 0) + 1;
    disturbances.push({ what, of: String(of), fromMs: scheduler.nowMs, untilMs: scheduler.nowMs + ms });
    trail.tell(`FAULT ${what} ${of} ${ms}`);
  };
  const app = () => random.pick(platform()?.apps ?? []);
  const briefly = (): number => random.integer(100, 20_000);

  /** Weights beside; each takes effect at once. */
  const kinds: readonly (readonly [number, () => void])[] = [
    [6, () => {
      const one = app();
      note('kill', 0, one.name);
      one.kill();
    }],
    [3, () => {
      const one = app();
      const ms = random.chance(0.5) ? random.integer(1_000, 15_000) : random.integer(15_000, 300_000);
      note('pause', ms, one.name);
      one.pause(ms);
    }],
    [2, () => {
      const one = app();
      note('replace', 30_000, one.name);
      void one.replace();
    }],
    [2, () => {
      const ms = briefly();
      note('nats-restart', ms);
      server.restart(ms, random.integer(0, 5_000));
    }],
    [3, () => {
      const [one, ms] = [app(), briefly()];
      note('nats-cut', ms, one.name);
      server.cut(one.process, ms);
    }],
    [3, () => {
      const [port, ms] = [random.pick(Object.values(providerPorts)), random.integer(0, 60_000)];
      note('provider-cut', ms, port);
      network.cut(port);
      network.setReachable(port, false);
      scheduler.after(ms, () => network.setReachable(port, true), scheduler.world);
    }],
    [2, () => {
      const ms = random.chance(0.5) ? 0 : briefly();
      note('database-cut', ms);
      network.cut(databasePort);
      network.setReachable(databasePort, false);
      scheduler.after(ms, () => network.setReachable(databasePort, true), scheduler.world);
    }],
    [1, () => {
      const { name, process } = app();
      process.clockErrorMs = random.integer(-5_000, 5_000);
      note('clock', process.clockErrorMs, name);
    }],
    [1, () => {
      const stream = random.pick(['SUBMITTED', 'ROUTED', 'OUTCOMES', 'RECEIPTS', 'REPORTED', 'NOTIFY']);
      const ms = briefly();
      note('full', ms, stream);
      server.full.add(stream);
      scheduler.after(ms, () => server.full.delete(stream), scheduler.world);
    }],
  ]; // prettier-ignore
  const weights = kinds.flatMap(([weight, fault]) => Array.from({ length: weight }, () => fault));

  function fault(): void {
    if (stopped) return;
    scheduler.after(random.around(scenario.faultEveryMs), fault, scheduler.world);
    if (platform()) random.pick(weights)();
  }

  function stormy(): void {
    if (stopped) return;
    misbehaviour = storm(random, scenario.misbehaviour);
    const ms = random.integer(10_000, 300_000);
    note('storm', ms);
    trail.tell(`the storm: ${JSON.stringify(misbehaviour)}`);
    scheduler.after(ms, () => (misbehaviour = stopped ? calm : scenario.misbehaviour), scheduler.world);
    scheduler.after(random.around(scenario.stormEveryMs), stormy, scheduler.world);
  }

  scheduler.after(random.around(scenario.faultEveryMs), fault, scheduler.world);
  scheduler.after(random.around(scenario.stormEveryMs), stormy, scheduler.world);
  return {
    get misbehaviour() {
      return misbehaviour;
    },
    disturbances,
    counts,
    stop() {
      stopped = true;
      misbehaviour = calm;
      for (const { process } of platform()?.apps ?? []) process.clockErrorMs = 0;
    },
  };
}
