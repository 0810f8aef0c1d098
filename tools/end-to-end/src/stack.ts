import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from '@heliograph/testbed';

/** The line of `npm start -- --json`. */
export interface Ready {
  readonly ready: true;
  readonly smpp: { host: string; port: number; tlsPort: number; systemId: string; password: string };
  readonly http: { url: string; apiKey: string; operatorKey: string };
  readonly data: string;
  readonly processes: Record<string, number>;
}

export interface Stack {
  readonly ready: Ready;
  /** Of the API, as the demo tenant. */
  get<Answer>(path: string): Promise<Answer>;
  post(path: string, body: object): Promise<Response>;
  /** As the operator; rejects when it is refused. */
  put(path: string, body: object): Promise<void>;
  balance(): Promise<Balance>;
  /** Of this moment; undefined while it is down. */
  pid(service: string): number | undefined;
  /** `kill -9`, and the launcher starts it again: resolves when it runs once more. */
  killAndRestart(service: string): Promise<void>;
  /** Asks it to end, as a deployment does; the launcher starts it again: resolves when it runs once more. */
  restart(service: string): Promise<void>;
  /** A second instance of it, with the environment of the one that runs. */
  startAnother(service: string): Promise<Instance>;
  /** Ctrl-C; resolves when every process of it has ended. Its data is gone then, unless it is to be kept. */
  stop(options?: { readonly keepData?: boolean }): Promise<void>;
}

export interface Instance {
  readonly pid: number;
  /** Resolves when it has drained and ended. */
  stop(): Promise<void>;
}

export interface Balance {
  readonly credits: string;
  readonly charged: string;
  readonly funds: string;
}

const root = join(import.meta.dirname, '../../..');

export interface StackOptions {
  readonly carrierPort: number;
  /** Credits of the demo tenant. */
  readonly balance?: number;
  readonly profile?: 'demo' | 'production';
  readonly env?: Readonly<Record<string, string>>;
  /** With its empty data folder, before anything starts; what it gives back is called when all has ended. */
  readonly prepareFolder?: (folder: string) => () => void;
}

/** A whole Heliograph of this test's own, started as a newcomer would: `npm start`. */
export async function startStack({
  carrierPort,
  balance = 1_000,
  profile = 'demo',
  env = {},
  prepareFolder,
}: StackOptions): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-e2e-'));
  const tidyUp = prepareFolder?.(folder);
  const ports = ['--smpp-port', '0', '--smpp-tls-port', '0', '--http-port', '0'];
  const options = [
    '--json',
    '--data',
    folder,
    ...ports,
    '--carrier',
    `127.0.0.1:${carrierPort}`,
    '--balance',
    String(balance),
    '--profile',
    profile,
  ];
  const child = spawn('npm', ['start', '--', ...options], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // it is a group of its own: who dies without stopping it must not leave it behind
  const endWithUs = (): void => void process.kill(-(child.pid as number), 'SIGINT');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  const ready = await readyLine(child);
  const headers = { authorization: `Bearer ${ready.http.apiKey}` };

  async function get<Answer>(path: string): Promise<Answer> {
    const response = await fetch(ready.http.url + path, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  async function endAndAwait(service: string, signal: NodeJS.Signals): Promise<void> {
    const before = pidsIn(folder)[service];
    if (before === undefined) throw new Error(`${service} does not run`);
    process.kill(before, signal);
    const runsAgain = () => {
      const pid = pidsIn(folder)[service];
      return pid !== undefined && pid !== before;
    };
    await eventually(`${service} runs again`, runsAgain, restartWithinMs);
  }

  return {
    ready,
    get,
    post: (path, body) =>
      fetch(ready.http.url + path, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    async put(path, body) {
      const answer = await fetch(ready.http.url + path, {
        method: 'PUT',
        headers: { authorization: `Bearer ${ready.http.operatorKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    },
    balance: () => get<Balance>('/v1/balance'),
    pid: (service) => pidsIn(folder)[service],
    killAndRestart: (service) => endAndAwait(service, 'SIGKILL'),
    // PostgreSQL: SIGTERM waits for its clients to leave, and they never do
    restart: (service) => endAndAwait(service, service === 'postgres' ? 'SIGINT' : 'SIGTERM'),
    startAnother: (service) => startAnother(service, pidsIn(folder)[service] as number),
    async stop({ keepData = false } = {}) {
      const pids = Object.entries(pidsIn(folder));
      const ended = once(child, 'exit');
      process.kill(-(child.pid as number), 'SIGINT');
      await ended;
      await eventually('every process ends', () => pids.every(([, pid]) => !isAlive(pid)));
      if (keepData) return;
      tidyUp?.();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The launcher waits up to 30 s before it starts again what ends often; a drain takes up to 15 s. */
const restartWithinMs = 60_000;

/** With the environment of the one that runs, but for its name and its port. */
async function startAnother(service: string, pid: number): Promise<Instance> {
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
  const inherited = Object.fromEntries(environment.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const { NODE_CHANNEL_FD: _, ...env } = { ...inherited, SERVICE_INSTANCE: `${service}-second`, HEALTH_PORT: '0' } as NodeJS.ProcessEnv;
  const main = join(root, 'apps', service, 'src/main.ts');
  const child = spawn(process.execPath, [main], { cwd: root, env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`a second ${service} ended before it was ready`);
  });
  await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => {});
  return { pid: child.pid as number, stop: () => stopChild(child) };
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function readyLine(child: ChildProcess): Promise<Ready> {
  const said: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`npm start ended before it was ready:\n${said.join('')}`);
  });
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  // nothing but the one line may stand on stdout; when npm writes there instead, it says that the start failed
  if (!line.startsWith('{"ready":true')) await ended;
  ended.catch(() => {});
  return JSON.parse(line) as Ready;
}

function pidsIn(folder: string): Record<string, number> {
  return JSON.parse(readFileSync(join(folder, 'processes.json'), 'utf8')) as Record<string, number>;
}
