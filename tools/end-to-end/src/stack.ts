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
  /** `kill -9`, and the launcher starts it again: resolves when it runs once more. */
  killAndRestart(service: string): Promise<void>;
  /** Ctrl-C; resolves when every process of it has ended. */
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
}

/** A whole Heliograph of this test's own, started as a newcomer would: `npm start`. */
export async function startStack({ carrierPort, balance = 1_000, profile = 'demo', env = {} }: StackOptions): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-e2e-'));
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
  const ready = await readyLine(child);
  const headers = { authorization: `Bearer ${ready.http.apiKey}` };

  async function get<Answer>(path: string): Promise<Answer> {
    const response = await fetch(ready.http.url + path, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
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
    async killAndRestart(service) {
      const before = pidsIn(folder)[service] as number;
      process.kill(before, 'SIGKILL');
      await eventually(`${service} runs again`, () => {
        const pid = pidsIn(folder)[service];
        return pid !== undefined && pid !== before;
      });
    },
    async stop() {
      const pids = Object.entries(pidsIn(folder));
      const ended = once(child, 'exit');
      process.kill(-(child.pid as number), 'SIGINT');
      await ended;
      await eventually('every process ends', () => pids.every(([, pid]) => !isAlive(pid)));
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
