import { execFileSync } from 'node:child_process';
import { cpuSecondsByName, cpuSecondsOf } from './cpu.ts';
import type { DriveOptions, DriveResult } from './load/drive.ts';
import { startLoad, type Load } from './load/load.ts';
import type { SinkCounts } from './load/sink.ts';
import { complaints } from './load/verdict.ts';
import { startStack, type Stack } from './stack.ts';

/** A whole Heliograph as in production, between a load's driver and its sink: what the benchmarks of whole roads measure. */
export interface Road {
  readonly stack: Stack;
  readonly load: Load;
  /** Messages accepted so far; the number of the next. */
  readonly accepted: number;
  /** Does what is measured, `accepting` so many, and waits until all of it is delivered and charged; rejects, saying why, when it does not agree. */
  measure<Result>(run: { accepting(result: Result): number; do(first: number): Promise<Result> }): Promise<Measured<Result>>;
  /** Over SMPP, with the credentials of the demo tenant. */
  drive(options: Omit<DriveOptions, 'port' | 'systemId' | 'password' | 'first'>): Promise<Measured<DriveResult>>;
  /** Counts the CPU of another process as well. */
  alsoCount(name: string, pid: number): void;
  stop(): Promise<void>;
}

export interface Measured<Result> {
  readonly result: Result;
  readonly messages: number;
  /** From the begin until the last had arrived at the sink, s. */
  readonly arrivedInS: number;
  /** From the begin until all were delivered and charged, as the API shows it, s. */
  readonly settledInS: number;
  /** µs of CPU a message by process, until all were delivered. */
  readonly cpu: Readonly<Record<string, number>>;
  /** µs a message of the driver and the sink, in no sum. */
  readonly loadCpu: number;
}

/** What stands still, or does less than it should, for so long ends a run. */
const silenceMsMax = 120_000;

export async function startRoad({ credits = 20_000_000, env }: { credits?: number; env?: Record<string, string> } = {}): Promise<Road> {
  const load = await startLoad();
  const stack = await startStack({ carrierPort: load.sinkPort, balance: credits, profile: 'production', ...(env && { env }) }).catch(
    async (error: unknown) => {
      await load.stop();
      throw error;
    },
  );
  const { smpp } = stack.ready;
  const processes = { ...stack.ready.processes };
  let accepted = 0;

  const measure: Road['measure'] = async (run) => {
    const cpuBefore = cpuSecondsByName(processes);
    const loadBefore = cpuSecondsOf([load.pid]);
    const beginMs = performance.now();
    const clock = await load.counts();
    const result = await run.do(accepted);
    const messages = run.accepting(result);
    accepted += messages;
    const drive = isDrive(result) ? { drive: result, receipts: result.reportedInS > 0 } : {};
    const end = await settle(stack, load, accepted);
    const settledInS = (performance.now() - beginMs) / 1000;
    const wrong = complaints({ accepted, ...end, ...drive });
    if (wrong.length > 0) throw new Error(`no figure: ${wrong.join('; ')}`);
    const share = (seconds: number): number => (seconds / messages) * 1e6;
    const cpu = Object.entries(cpuSecondsByName(processes)).map(([name, seconds]) => [name, share(seconds - (cpuBefore[name] ?? 0))]);
    return {
      result,
      messages,
      arrivedInS: (end.sink.lastArrivedAtMs - clock.nowMs) / 1000,
      settledInS,
      cpu: Object.fromEntries(cpu) as Record<string, number>,
      loadCpu: share(cpuSecondsOf([load.pid]) - loadBefore),
    };
  };

  return {
    stack,
    load,
    get accepted() {
      return accepted;
    },
    measure,
    drive: (options) =>
      measure({
        accepting: (result) => result.accepted,
        do: (first) => load.drive({ ...options, first, port: smpp.port, systemId: smpp.systemId, password: smpp.password }),
      }),
    alsoCount(name, pid) {
      processes[name] = pid;
    },
    async stop() {
      await stack.stop();
      await load.stop();
    },
  };
}

/** The sink is asked first: each question to the API makes message-log write what it would gather. */
async function settle(stack: Stack, load: Load, accepted: number): Promise<{ sink: SinkCounts; charged: number; delivered: number }> {
  const atSink = await until(
    () => load.counts(),
    ({ arrived, receiptsTaken }) => arrived >= accepted && receiptsTaken >= accepted,
    100,
  );
  const atApi = await until(
    async () => {
      const { byState } = await stack.get<{ byState: Record<string, number> }>('/v1/stats');
      return { delivered: byState['delivered'] ?? 0, charged: Number((await stack.balance()).charged) };
    },
    ({ delivered, charged }) => delivered >= accepted && charged >= accepted,
    500,
  );
  return { sink: atSink, ...atApi };
}

/** What is there when it is as it should be, or when it has not changed for so long. */
async function until<Value extends object>(
  ask: () => Promise<Value>,
  isEnough: (value: Value) => boolean,
  everyMs: number,
): Promise<Value> {
  let changedAtMs = Date.now();
  let last = '';
  for (;;) {
    const value = await ask();
    const now = JSON.stringify({ ...value, nowMs: 0 });
    if (now !== last) [last, changedAtMs] = [now, Date.now()];
    if (isEnough(value) || Date.now() - changedAtMs > silenceMsMax) return value;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function isDrive(result: unknown): result is DriveResult {
  return typeof result === 'object' && result !== null && 'reportedAgain' in result;
}

/** Of sorted values. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
}

export const sum = (values: Readonly<Record<string, number>>): number => Object.values(values).reduce((all, one) => all + one, 0);

/** One line: of which processes the CPU of a message is. */
export function cpuLine({ cpu, loadCpu }: Pick<Measured<unknown>, 'cpu' | 'loadCpu'>): string {
  const parts = Object.entries(cpu).map(([name, one]) => `${name} ${one.toFixed(0)}`);
  return `${parts.join(', ')}; beside it the load's driver and sink ${loadCpu.toFixed(0)}`;
}

/** What ran, with which versions, and what was on. */
export function conditions({ ready: { processes } }: Stack): string {
  const version = (name: string): string =>
    execFileSync(`/proc/${processes[name] as number}/exe`, ['--version'], { encoding: 'utf8' }).trim();
  return [
    `Node ${process.version}, ${version('nats')}, ${version('postgres')}; driver, sink and platform share the machine.`,
    'On: profile production, each accept synced to disk with its charge before it is answered, receipts, message-log, metrics, log level info, traces of 1 %.',
    'Off: TLS, webhooks, replicas (one nats-server). Counted in each round: accepted = arrived = charged = delivered, nothing twice.',
  ].join('\n');
}

/** Runs a benchmark on a road of its own; one whose counts do not agree says so, has no figure and fails. */
export async function onRoad(bench: (road: Road) => Promise<void>, options?: Parameters<typeof startRoad>[0]): Promise<void> {
  const road = await startRoad(options);
  try {
    console.log(`${conditions(road.stack)}\n`);
    await bench(road);
  } catch (error) {
    console.log((error as Error).message);
    process.exitCode = 1;
  } finally {
    await road.stop();
  }
}
