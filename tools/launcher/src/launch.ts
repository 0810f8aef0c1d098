import { applyMigrations } from '@heliograph/migrate';
import { resolve } from 'node:path';
import type { Summary } from './banner.ts';
import { compileCacheIn } from './compile-cache.ts';
import { openDataFolder } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { demoCredentials } from './demo.ts';
import type { DemoCredentials, DemoFacts, DemoSeeds } from './demo.ts';
import { keepRunning } from './keep-running.ts';
import type { Kept } from './keep-running.ts';
import { openLogFile } from './log-file.ts';
import type { Options } from './options.ts';
import type { DataOwner } from './owners.ts';
import { portErrors } from './ports.ts';
import { externalServer, keepNats, keepNatsCluster, keepPostgres } from './servers.ts';
import type { Server } from './servers.ts';
import { startService } from './service-process.ts';
import type { ServiceRun } from './service-process.ts';
import { serviceEnv } from './services.ts';
import type { ServiceSpec, Surroundings } from './services.ts';

/** What is started: the tables, and what they are relative to. */
export interface Stack {
  root: string;
  owners: DataOwner[];
  services: ServiceSpec[];
  carrierSimulator: ServiceSpec;
  seeds: DemoSeeds;
}

export interface LaunchOptions {
  options: Options;
  stack: Stack;
  env: NodeJS.ProcessEnv;
  /** Progress and warnings, for people. */
  say(line: string): void;
}

export interface Launch {
  /** Rejects with a readable message when something did not start; all the rest has been stopped by then. */
  ready: Promise<Summary>;
  /** Everything in the order of the flow; resolves when all have ended. Also while starting. */
  stop(): Promise<void>;
  /** Everything at once, without draining. */
  kill(): void;
}

/** Above the services': NATS while they drain, PostgreSQL to the last. */
const natsStopRank = 10;
const postgresStopRank = 11;

/** Where the services of this stack listen. */
const host = '127.0.0.1';

/** Starts a whole Heliograph on this machine. */
export function launch(start: LaunchOptions): Launch {
  const kept: { rank: number; process: Kept }[] = [];
  const aborting = new AbortController();
  let folder: DataFolder | undefined;
  let stopped: Promise<void> | undefined;

  const run: Run = {
    ...start,
    signal: aborting.signal,
    giveUp: () => aborting.abort(),
    keep: (rank, process) => {
      kept.push({ rank, process });
      run.noteProcesses();
    },
    hold: (opened) => (folder = opened),
    processes: () =>
      Object.fromEntries(kept.flatMap(({ process }) => (process.pid() === undefined ? [] : [[process.name, process.pid()!]]))),
    noteProcesses: () => folder?.note(run.processes()),
  };
  const stopAll = async () => {
    aborting.abort();
    await starting.catch(() => undefined);
    for (const rank of [...new Set(kept.map((entry) => entry.rank))].sort((a, b) => a - b)) {
      await Promise.all(kept.filter((entry) => entry.rank === rank).map(({ process }) => process.stop()));
    }
    folder?.release();
  };
  const stop = () => (stopped ??= stopAll());
  const starting = startAll(run);
  return {
    ready: starting.catch(async (error: unknown) => {
      await stop();
      throw error;
    }),
    stop,
    kill: () => {
      for (const { process } of kept) process.kill();
    },
  };
}

interface Run extends LaunchOptions {
  /** Aborted when the start is to end: asked to, or because something failed. */
  signal: AbortSignal;
  giveUp(): void;
  keep(rank: number, process: Kept): void;
  hold(folder: DataFolder): void;
  processes(): Record<string, number>;
  noteProcesses(): void;
}

async function startAll(run: Run): Promise<Summary> {
  const { options, stack, env, say, signal } = run;
  const folder = await openDataFolder(options.data, say);
  run.hold(folder);
  // After the folder: a launcher that was killed may have left services on these ports.
  const errors = await portErrors(options);
  if (errors.length > 0) throw new Error(errors.join('\n'));

  say(env['DATABASE_URL'] && env['NATS_URL'] ? 'starting' : 'starting the servers');
  const [postgres, nats, carrier] = await together(run, [
    startPostgresServer(run, folder),
    startNatsServer(run, folder),
    startCarrier(run, folder),
  ]);
  signal.throwIfAborted();

  for (const { schema, migrations } of stack.owners) {
    const { applied } = await applyMigrations(postgres.url, resolve(stack.root, migrations), schema);
    if (applied.length > 0) say(`${schema}: ${applied.length} ${applied.length === 1 ? 'migration' : 'migrations'} applied`);
    signal.throwIfAborted();
  }

  const surroundings: Surroundings = {
    options,
    databaseUrl: postgres.url,
    natsUrl: nats.url,
    masterKey: folder.masterKey(env['MASTER_KEY']),
    compileCache: compileCacheIn(run.stack.root, options.data),
  };
  const facts: DemoFacts = {
    ...surroundings,
    credentials: demoCredentials(surroundings.masterKey),
    carrier: { host: carrier.host, port: carrier.port },
    balanceMicroCredits: options.balanceMicroCredits,
    profile: options.profile,
  };
  await stack.seeds.beforeServices(facts);
  signal.throwIfAborted();

  say(`starting ${stack.services.length} services`);
  const ports = Object.assign(
    {},
    ...(await together(
      run,
      stack.services.map((spec) => startOne(spec, surroundings, run, folder)),
    )),
  ) as Record<string, number>;
  signal.throwIfAborted();
  await stack.seeds.afterServices(facts);
  signal.throwIfAborted();
  return summarize(run, { credentials: facts.credentials, carrierUrl: carrier.url, ports });
}

async function startPostgresServer(run: Run, folder: DataFolder): Promise<Server> {
  const url = run.env['DATABASE_URL'];
  if (url) return externalServer(url);
  const server = await keepPostgres({ dataDir: folder.join('postgres'), say: run.say, onChange: run.noteProcesses }, run.signal);
  return begun(server, postgresStopRank, 'PostgreSQL', run);
}

async function startNatsServer(run: Run, folder: DataFolder): Promise<Server> {
  const url = run.env['NATS_URL'];
  if (url) return externalServer(url);
  const start = { say: run.say, onChange: run.noteProcesses };
  if (run.options.natsServers === 1)
    return begun(await keepNats({ ...start, dataDir: folder.join('nats') }, run.signal), natsStopRank, 'nats-server', run);
  // a folder of its own: a single server's streams are not those of a cluster
  const servers = await keepNatsCluster({ ...start, dataDir: folder.join('nats-cluster') }, run.options.natsServers, run.signal);
  for (const [i, server] of servers.entries()) begun(server, natsStopRank, `nats-server ${i + 1} of ${servers.length}`, run);
  return externalServer(servers.map(({ url }) => url).join(','));
}

function begun(server: Server, rank: number, name: string, run: Run): Server {
  if (server.kept) run.keep(rank, server.kept);
  run.say(`${name} is ready on ${new URL(server.url).host}`);
  return server;
}

interface Carrier {
  host: string;
  port: number;
  /** Its page, when it is the built-in one. */
  url?: string;
}

/** The simulator needs neither server nor database, so it starts beside them. */
async function startCarrier(run: Run, folder: DataFolder): Promise<Carrier> {
  if (run.options.carrier) return run.options.carrier;
  const unused = {
    databaseUrl: 'postgres://unused',
    natsUrl: 'nats://unused',
    masterKey: '',
    compileCache: compileCacheIn(run.stack.root, run.options.data),
  };
  const { smpp, http } = await startOne(run.stack.carrierSimulator, { options: run.options, ...unused }, run, folder);
  if (smpp === undefined) throw new Error(`${run.stack.carrierSimulator.name} reported no port named smpp`);
  return { host, port: smpp, ...(http !== undefined && { url: `http://${host}:${http}` }) };
}

/** Resolves with the ports that it reported, without `health`, which every service has. */
async function startOne(spec: ServiceSpec, surroundings: Surroundings, run: Run, folder: DataFolder): Promise<Record<string, number>> {
  const { name } = spec;
  const log = openLogFile(folder.join('logs', `${name}.log`));
  const start = (previous: ServiceRun | undefined, signal: AbortSignal) => {
    const env = serviceEnv(spec, surroundings, { base: run.env, ports: previous?.ports ?? {} });
    return startService({ name, main: resolve(run.stack.root, spec.main), cwd: run.stack.root, env, log, warn: run.say }, signal);
  };
  const kept = await keepRunning({ name, start, say: run.say, onChange: run.noteProcesses }, run.signal);
  run.keep(spec.stopRank, kept);
  const { health: _, ...ports } = kept.first.ports;
  return ports;
}

/**
 * Unlike Promise.all it waits for the others before it rejects, so that whatever they started is known and can be stopped; the first
 * failure tells them to give up.
 */
async function together<T extends unknown[]>(run: Run, promises: [...{ [I in keyof T]: Promise<T[I]> }]): Promise<T> {
  const failures: unknown[] = [];
  const noted = promises.map((promise) =>
    promise.catch((error: unknown) => {
      failures.push(error);
      run.giveUp();
    }),
  );
  const values = await Promise.all(noted);
  if (failures.length > 0) throw failures[0];
  return values as T;
}

function summarize(
  run: Run,
  { credentials, carrierUrl, ports }: { credentials: DemoCredentials; carrierUrl: string | undefined; ports: Record<string, number> },
): Summary {
  const { smpp, smppTls, http } = ports;
  if (smpp === undefined || smppTls === undefined || http === undefined)
    throw new Error('the services reported no ports named smpp, smppTls and http');
  const { systemId, password, apiKey, operatorKey } = credentials;
  return {
    smpp: { host, port: smpp, tlsPort: smppTls, systemId, password },
    http: { url: `http://${host}:${http}`, apiKey, operatorKey },
    carrierUrl,
    data: run.options.data,
    processes: run.processes(),
  };
}
