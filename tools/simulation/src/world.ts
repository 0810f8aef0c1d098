import { createHash } from 'node:crypto';
import net from 'node:net';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import { PGlite } from '@electric-sql/pglite';
import { createNetwork, type Network } from './network/network.ts';
import { serveDatabase } from './network/database.ts';
import { createRandom, type Random } from './random.ts';
import { createServer, type Server } from './server/server.ts';
import { simulate } from './simulated.ts';
import { installTime } from './time/install.ts';
import { createScheduler, type Scheduler } from './time/scheduler.ts';

/** Everything outside of the platform's code, simulated: time, chance, network, nats-server; PostgreSQL is the real one, inside of this process. */
export interface World {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly network: Network;
  readonly server: Server;
  readonly database: ReturnType<typeof serveDatabase>;
  readonly trail: Trail;
  /** Lets time pass until this is done, or `withinMs` are over: then it rejects. */
  drive<Result>(work: () => Promise<Result>, withinMs?: number): Promise<Result>;
  readonly databaseUrl: string;
}

/** What happened, in order. */
export interface Trail {
  tell(what: string): void;
  /** Of all that was told: two runs with the same digest went the same way. */
  digest(): string;
  /** The lines that have one of these words in them. */
  of(words: readonly string[]): string[];
  readonly lines: number;
  readonly all: readonly string[];
}

const startMs = Date.UTC(2026, 10, 20, 6);
export const databasePort = 5432;
const workMsMax = 600_000;

export async function createWorld(seed: number, follow?: (line: string) => void): Promise<World> {
  const random = createRandom(seed);
  const chanceOfPlatform = random.fork();
  const chanceOfNetwork = random.fork();
  const chanceOfServer = random.fork();
  const engine = await PGlite.create();
  // tables are small and stay so: one plan is as good as another
  await engine.exec('SET plan_cache_mode = force_generic_plan; SET jit = off');
  const scheduler = createScheduler(startMs);
  const trail = createTrail(scheduler, follow);
  standIn(scheduler);
  installTime(scheduler, chanceOfPlatform);
  installEnd(scheduler, trail);
  // mostly quick, now and then slow, as a machine that has other things to do
  const latencyMs = (): number => (chanceOfNetwork.chance(0.01) ? chanceOfNetwork.around(80) : 0.2 + chanceOfNetwork.around(0.6));
  const network = createNetwork(scheduler, latencyMs);
  // which are sockets where they are pipes: made before there are no real ones any more
  void [process.stdin, process.stdout, process.stderr];
  Object.assign(net, { Socket: network.Socket, connect: network.connect, createConnection: network.connect });
  syncBuiltinESMExports();
  const server = createServer({ scheduler, random: chanceOfServer, latencyMs });
  simulate({ scheduler, server, random: chanceOfServer });
  const database = serveDatabase({ network, port: databasePort, process: scheduler.spawn('postgres'), database: engine });

  async function drive<Result>(work: () => Promise<Result>, withinMs = workMsMax): Promise<Result> {
    let ended: { result: Result } | { error: unknown } | undefined;
    scheduler.within(scheduler.world, work).then(
      (result) => (ended = { result }),
      (error: unknown) => (ended = { error }),
    );
    await scheduler.runUntil(scheduler.nowMs + withinMs, () => ended !== undefined);
    if (!ended) throw new Error(`not done within ${withinMs} ms`);
    if ('error' in ended) throw ended.error;
    return ended.result;
  }

  const databaseUrl = `postgresql://simulation:simulation@127.0.0.1:${databasePort}/postgres`;
  return { scheduler, random, network, server, database, trail, drive, databaseUrl };
}

const parts: Readonly<Record<string, string>> = {
  '@nats-io/transport-node': './server/client.ts',
  '@nats-io/kv': './server/client.ts',
  '@nats-io/jetstream': './server/jetstream.ts',
};

/** The clients of nats-server are others for the platform, not for what stands in for them. */
function standIn(scheduler: Scheduler): void {
  registerHooks({
    resolve(specifier, context, next) {
      const part = parts[specifier];
      if (part === undefined || context.parentURL?.includes('/tools/simulation/')) return next(specifier, context);
      return { url: new URL(part, import.meta.url).href, format: 'module-typescript', shortCircuit: true };
    },
    load(url, context, next) {
      scheduler.loads();
      return next(url, context);
    },
  });
}

/** A process that ends itself, or dies of a bug, is one of those simulated. */
function installEnd(scheduler: Scheduler, trail: Trail): void {
  process.exit = ((code: number) => {
    trail.tell(`${scheduler.current.name} exits with ${code}`);
    scheduler.current.kill();
  }) as typeof process.exit;
  const caught = (error: unknown): void => {
    scheduler.caught(error);
    trail.tell(`${scheduler.current.name} fails: ${(error as Error)?.stack ?? String(error)}`);
    // a mistake of the simulation's own
    if (scheduler.current === scheduler.world) process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
  };
  process.on('unhandledRejection', caught);
  process.on('uncaughtException', caught);
}

const linesMax = 400_000;

function createTrail(scheduler: Scheduler, follow: ((line: string) => void) | undefined): Trail {
  const hash = createHash('sha256');
  const all: string[] = [];
  let lines = 0;
  return {
    tell(what) {
      const line = `${new Date(scheduler.nowMs).toISOString().slice(11)} ${what}`;
      hash.update(`${scheduler.nowMs} ${what}\n`);
      lines++;
      follow?.(line);
      if (all.length < linesMax) all.push(line);
    },
    digest: () => hash.copy().digest('hex').slice(0, 16),
    of: (words) => all.filter((line) => words.some((word) => line.includes(word))),
    get lines() {
      return lines;
    },
    all,
  };
}
