import type { z } from 'zod';
import { parseConfig, type Config, type serviceConfig } from './config.ts';
import { startHealth, type Check, type Health } from './health.ts';
import { createLog, type Log } from './log.ts';
import { settleMemory } from './settle-memory.ts';
import { startTelemetry, type Telemetry } from './telemetry.ts';

/** The keys of `serviceConfig` that running a service needs; an app's schema has them by extending it. */
export type RunConfig = Omit<Config<typeof serviceConfig>, 'DATABASE_URL' | 'NATS_URL'>;

export type ServiceContext<S extends z.ZodObject> = { name: string; instance: string; config: Config<S>; log: Log };

export type Running = {
  /** Ports listened on, told to the launcher beside `health`. */
  ports?: Record<string, number>;
  checks?: Record<string, Check>;
  /** Takes no new work, finishes what is in hand, closes. Called once. */
  stop(): Promise<void>;
};

export type ServiceOptions<S extends z.ZodObject> = {
  name: string;
  version?: string;
  config: S & z.ZodType<RunConfig>;
  start(context: ServiceContext<S>): Promise<Running>;
};

/**
 * A service's whole life, from reading the configuration to the exit code; README.md lists the ways it ends. Resolves once the service is ready.
 * A launcher that started it with an IPC channel gets `{ ready: true, ports }`, and its going away counts as SIGTERM.
 */
export const runService = async <S extends z.ZodObject>({
  name,
  version = '0.1.0',
  config: schema,
  start,
}: ServiceOptions<S>): Promise<void> => {
  const parsed = parseConfig(schema as S);
  if (!parsed.ok) return refuse(name, parsed.errors);
  const config = parsed.config as Config<S> & RunConfig;
  const instance = config.SERVICE_INSTANCE;
  const log = createLog({ name, level: config.LOG_LEVEL, instance });
  dieOfBugs(log);

  let begun = false;
  const checks: Record<string, Check> = { start: () => begun || 'starting' };
  const surroundings = await begin({ name, version, config, log, checks });
  const running = start({ name, instance, config, log });
  onEnd((reason) => end({ reason, running, surroundings, log, drainMs: config.DRAIN_MS }));
  try {
    const { ports, checks: own } = await running;
    Object.assign(checks, own);
    settleMemory();
    begun = true;
    tellLauncher({ ready: true, ports: { health: surroundings.health.port, ...ports } });
    log.info({ ports: { health: surroundings.health.port, ...ports } }, 'ready');
  } catch (err) {
    log.fatal({ err }, 'start failed');
    process.exit(1);
  }
};

type Surroundings = { telemetry: Telemetry; health: Health };

const begin = async (of: {
  name: string;
  version: string;
  config: RunConfig;
  log: Log;
  checks: Record<string, Check>;
}): Promise<Surroundings> => {
  const { name, version, config, log, checks } = of;
  const telemetry = await startTelemetry({
    name,
    version,
    instance: config.SERVICE_INSTANCE,
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    traceSampleRatio: config.TRACE_SAMPLE_RATIO,
    onError: (reason) => log.warn({ reason }, 'telemetry not exported'),
  });
  try {
    return {
      telemetry,
      health: await startHealth({ host: config.HEALTH_HOST, port: config.HEALTH_PORT, checks, metrics: telemetry.prometheus }),
    };
  } catch (err) {
    log.fatal({ err }, 'health cannot listen');
    return process.exit(1);
  }
};

const refuse = (name: string, errors: readonly string[]): never => {
  process.stderr.write(`${name}: the configuration is wrong\n${errors.map((error) => `  ${error}\n`).join('')}`);
  return process.exit(1);
};

/** The state of a process that threw where nobody expected it is unknown; the supervisor starts a new one. */
const dieOfBugs = (log: Log): void => {
  let dying = false;
  const die = (err: unknown): void => {
    if (dying) return;
    dying = true;
    log.fatal({ err: err instanceof Error ? err : new Error(String(err)) }, 'bug');
    process.exit(1);
  };
  process.on('uncaughtException', die).on('unhandledRejection', die);
  // A reader of our output that went away is no bug: what is in hand is still finished. The log itself turns into a sink (output.ts).
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
};

const onEnd = (begin: (reason: string) => void): void => {
  let first: { signal: string; atMs: number } | undefined;
  const ended = (signal: string): void => {
    // Ctrl-C reaches the whole process group, and a launcher that got it too sends SIGTERM: one wish told twice, not a second signal.
    const echo = first !== undefined && first.signal !== signal && Date.now() - first.atMs < echoMs;
    if (echo) return;
    if (first !== undefined) process.exit(1);
    first = { signal, atMs: Date.now() };
    begin(signal);
  };
  process.on('SIGTERM', ended).on('SIGINT', ended);
  if (process.send !== undefined) process.once('disconnect', () => first ?? ended('disconnect'));
};

const echoMs = 1000;

const end = async (of: {
  reason: string;
  running: Promise<Running>;
  surroundings: Surroundings;
  log: Log;
  drainMs: number;
}): Promise<void> => {
  const { reason, running, surroundings, log, drainMs } = of;
  surroundings.health.drain();
  log.info({ reason, drainMs }, 'draining');
  const deadline = setTimeout(() => {
    log.error({ drainMs }, 'drain deadline passed');
    process.exit(1);
  }, drainMs);
  await (await running).stop();
  clearTimeout(deadline);
  log.info('stopped');
  await surroundings.telemetry.stop();
  await surroundings.health.stop();
  process.exit(0);
};

/** A launcher that is gone has no use for the message; its going is told by `disconnect`. */
const tellLauncher = (message: object): void => void process.send?.(message, undefined, undefined, () => {});
