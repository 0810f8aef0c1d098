import { startFaults } from './faults.ts';
import { judge, unended, type Violation } from './judge.ts';
import { startPlatform, tenants, type Platform } from './platform.ts';
import { chooseScenario } from './scenario.ts';
import { startTraffic } from './traffic.ts';
import { createWorld, type World } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  /** Simulated, of turbulence; the time until everything has ended comes on top. */
  readonly hours: number;
  /** Breaks the rules on purpose, to see that it is seen. */
  readonly sabotage?: Sabotage | undefined;
  /** Told each line of the trail as it comes. */
  readonly follow?: ((line: string) => void) | undefined;
}

/** What nobody may get away with, by name. */
export const sabotages = ['lost-record', 'forgotten-refund', 'duplicate-records'] as const;
export type Sabotage = (typeof sabotages)[number];

/** The rule that each of them breaks. */
export const betrayedBy: Readonly<Record<Sabotage, string>> = {
  'lost-record': 'every message ends',
  'forgotten-refund': 'money',
  'duplicate-records': 'a duplicate only where the outcome was unknown',
};

export interface Result {
  readonly seed: number;
  readonly hours: number;
  readonly messages: number;
  readonly accepted: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly (Violation & { readonly trail: readonly string[] })[];
  readonly errors: readonly string[];
  readonly digest: string;
  readonly steps: number;
  readonly statements: number;
}

const hourMs = 3_600_000;
/** Until then whatever was accepted has ended: its validity, the time without a receipt, and what it takes to look. */
const quietMsMax = hourMs / 2;
const trailLinesMax = 120;

/** One world from its beginning to its end. Only one in a process, as its time is the process's. */
export async function run({ seed, hours, sabotage, follow }: RunOptions): Promise<Result> {
  const world = await createWorld(seed, follow);
  const { scheduler, random, trail } = world;
  const scenario = chooseScenario(random.fork());
  trail.tell(`seed ${seed} ${JSON.stringify(scenario)}`);
  /** Nothing fails before it has begun. */
  const begins: { platform?: Platform } = {};
  const faults = startFaults(world, () => begins.platform, random.fork(), scenario);
  const beginMs = scheduler.nowMs;
  const begun = await startPlatform(world, () => faults.misbehaviour);
  recordEvents(world);
  await scheduler.runUntil(scheduler.nowMs + 5_000);
  await topUp(world, begun);
  begins.platform = begun;
  const traffic = startTraffic(world, begun, random.fork(), scenario.messagesPerHour);
  if (sabotage) spoil(world, sabotage, hours);
  await scheduler.runUntil(scheduler.nowMs + hours * hourMs);
  traffic.stop();
  faults.stop();
  await settleDown(world, sabotage);
  const violations = await judge({ world, platform: begun, asked: traffic.asked, disturbances: faults.disturbances });
  return {
    seed,
    hours: (scheduler.nowMs - beginMs) / hourMs,
    messages: traffic.asked.length,
    accepted: traffic.asked.filter(({ answer }) => answer?.ok).length,
    faults: faults.counts,
    violations: violations.map((one) => ({ ...one, trail: trail.of(one.about.filter((word) => word !== '')).slice(-trailLinesMax) })),
    errors: begun.errors,
    digest: trail.digest(),
    steps: scheduler.steps,
    statements: world.database.statements,
  };
}

/** Every record of every stream is in the trail, with its events. */
function recordEvents({ server, trail }: World): void {
  server.onStored((stream, { seq, data, subject }) => {
    if (!/^[A-Z]+$/.test(stream)) return;
    const text = Buffer.from(data).toString('utf8');
    if (stream === 'DEAD') return trail.tell(`DEAD ${text}`);
    for (const event of JSON.parse(text) as Record<string, unknown>[]) trail.tell(`${stream} ${seq} ${subject} ${brief(event)}`);
  });
}

function brief(event: Record<string, unknown>): string {
  const { message, id, state, reason, providerIds, providerId, cause, why } = event as Record<string, unknown> & {
    message?: { id: string };
  };
  return JSON.stringify({ message: message?.id, id, state, reason, why, providerIds, providerId, cause });
}

async function topUp(world: World, platform: Platform): Promise<void> {
  const { leaseSubjects } = await import('@heliograph/message');
  const { door } = platform;
  for (const tenant of tenants) {
    const question = { tenant, microCredits: '100000000000', key: 'begin', note: '' };
    await world.drive(async () => {
      for (;;)
        if (await door.queue?.ask(leaseSubjects.topUp, question, 2_000)) return;
        else await new Promise((resolve) => setTimeout(resolve, 100));
    });
  }
}

/** Until nothing is under way any more, and then for some minutes more, in which nothing may change. */
async function settleDown(world: World, sabotage: Sabotage | undefined): Promise<void> {
  const { scheduler } = world;
  const untilMs = scheduler.nowMs + quietMsMax;
  while (scheduler.nowMs < untilMs) {
    await scheduler.runUntil(scheduler.nowMs + 60_000);
    if (unended(world).length === 0) break;
  }
  await scheduler.runUntil(scheduler.nowMs + 3 * 60_000);
  if (sabotage === 'forgotten-refund') await world.database.rows('DELETE FROM billing.refund');
}

/** In the middle of it. */
function spoil({ server, scheduler }: World, sabotage: Sabotage, hours: number): void {
  const halfMs = (hours * hourMs) / 2;
  if (sabotage === 'lost-record')
    scheduler.after(halfMs, () => void (server.sabotage.loses = { stream: 'ROUTED', left: 2 }), scheduler.world);
  if (sabotage === 'duplicate-records') server.sabotage.keepsDuplicates = true;
}
