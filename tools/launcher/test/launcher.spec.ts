import { processStart, removePostgres } from '@heliograph/embedded';
import { eventually } from '@heliograph/testbed';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Summary } from '../src/banner.ts';

const timeoutMs = 60_000;
const anyPorts = ['--smpp-port=0', '--smpp-tls-port=0', '--http-port=0'];
let folder: string;
let launchers: Launcher[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-launcher-'));
  launchers = [];
});
afterEach(async () => {
  await Promise.all(launchers.map((launcher) => launcher.end()));
  removePostgres(join(folder, 'data', 'postgres'));
  rmSync(folder, { recursive: true, force: true });
}, timeoutMs);

interface Launcher {
  child: ChildProcess;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when stderr matches. */
  says(pattern: RegExp): Promise<void>;
  exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  end(): Promise<void>;
}

function launcher(args: string[] = anyPorts, env: NodeJS.ProcessEnv = {}): Launcher {
  const { NODE_OPTIONS: _, DATABASE_URL: __, NATS_URL: ___, ...base } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fake-main.ts'), `--data=${join(folder, 'data')}`, ...args], {
    env: { ...base, FAKE_FOLDER: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'], // as the bootstrap does
  });
  let [stdout, stderr] = ['', ''];
  child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  // Not `close`: it never comes once we have called disconnect().
  const all = Promise.all([once(child, 'exit'), once(child.stdout!, 'end'), once(child.stderr!, 'end')]);
  const exited = all.then(([exit]) => exit) as Launcher['exited'];
  const made: Launcher = {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    says: async (pattern) => {
      while (!pattern.test(stderr)) {
        const [chunk] = await Promise.race([once(child.stderr!, 'data'), exited.then(() => [undefined])]);
        if (chunk === undefined && !pattern.test(stderr)) throw new Error(`ended without saying ${pattern}:\n${stderr}`);
      }
    },
    exited,
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
    },
  };
  launchers.push(made);
  return made;
}

async function ready(running: Launcher): Promise<Summary> {
  while (!running.stdout().includes('\n')) {
    const [chunk] = await Promise.race([once(running.child.stdout!, 'data'), running.exited.then(() => [undefined])]);
    if (chunk === undefined) throw new Error(`did not start:\n${running.stderr()}`);
  }
  return JSON.parse(running.stdout()) as Summary;
}

const start = async (args = anyPorts, env?: NodeJS.ProcessEnv) => {
  const running = launcher(['--json', ...args], env);
  return { running, summary: await ready(running) };
};
const journal = () => readFileSync(join(folder, 'journal'), 'utf8').trim().split('\n');
const processesNow = () => JSON.parse(readFileSync(join(folder, 'data', 'processes.json'), 'utf8')) as Record<string, number>;

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

async function gone(pid: number): Promise<void> {
  await eventually(`process ${pid} ends`, () => processStart(pid) === undefined);
}

describe('npm start', () => {
  test(
    'starts servers and services, tells one line of JSON, keeps secrets to itself, and stops in the order of the flow at Ctrl-C',
    async () => {
      const { running, summary } = await start();
      expect(Object.keys(summary)).toEqual(['ready', 'smpp', 'http', 'data', 'processes']);
      expect(Object.keys(summary.processes).sort()).toEqual(['carrier', 'ingress', 'last', 'middle', 'nats', 'postgres']);
      expect(summary.processes).toEqual(processesNow());
      expect(summary.data).toBe(join(folder, 'data'));
      expect(await Promise.all([summary.smpp.port, summary.smpp.tlsPort, Number(new URL(summary.http.url).port)].map(answers))).toEqual([
        true,
        true,
        true,
      ]);
      for (const secret of ['processes.json', 'master.key', 'launcher.lock', 'logs/ingress.log']) {
        expect(statSync(join(folder, 'data', secret)).mode & 0o077).toBe(0);
      }
      expect(running.stderr()).toContain('kept: 1 migration applied');
      await running.says(/middle warn: a warning after the start/);
      expect(readFileSync(join(folder, 'data/logs/middle.log'), 'utf8')).toContain('"msg":"ready"');

      running.child.kill('SIGINT');
      running.child.kill('SIGINT'); // npm and the bootstrap pass on what the terminal has sent as well
      expect(await running.exited).toEqual([0, null]);
      expect(running.stdout().split('\n')).toHaveLength(2);
      expect(journal().slice(-4)).toEqual(['stopped ingress', 'stopped middle', 'stopped last', 'stopped carrier']);
      expect(Object.values(summary.processes).map(processStart)).toEqual(Array(6).fill(undefined));
      expect(existsSync(join(folder, 'data', 'launcher.lock'))).toBe(false);
    },
    timeoutMs,
  );

  test(
    'a second time goes on with the same data and credentials',
    async () => {
      const first = await start();
      await first.running.end();
      const second = await start();
      expect(second.summary.smpp.password).toBe(first.summary.smpp.password);
      expect(second.summary.http.apiKey).toBe(first.summary.http.apiKey);
      expect(second.running.stderr()).not.toContain('migration');
    },
    timeoutMs,
  );

  test(
    'on a folder that another one runs on is refused and leaves that one alone',
    async () => {
      const { running, summary } = await start();
      const second = launcher();
      expect(await second.exited).toEqual([1, null]);
      expect(second.stderr()).toContain(`is in use: process ${running.child.pid} runs on it`);
      expect(await answers(summary.smpp.port)).toBe(true);
    },
    timeoutMs,
  );

  test(
    'uses servers of others when their URLs are given, and does not stop them',
    async () => {
      const { running, summary } = await start();
      const secretOf = (name: string) => readFileSync(join(folder, 'data', name), 'utf8').trim();
      const url = `postgres://heliograph:${secretOf('postgres/password')}@127.0.0.1:${await portOf(summary.processes['postgres']!)}/postgres`;
      const other = launcher(['--json', ...anyPorts, `--data=${join(folder, 'other')}`], {
        DATABASE_URL: url,
        NATS_URL: 'nats://127.0.0.1:1',
      });
      expect(Object.keys((await ready(other)).processes).sort()).toEqual(['carrier', 'ingress', 'last', 'middle']);
      await other.end();
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.end();
      await running.end();
    },
    timeoutMs,
  );
});

/** From the command line PostgreSQL was started with. */
async function portOf(pid: number): Promise<string> {
  const { commandLineOf } = await import('@heliograph/embedded');
  return /-p (\d+)/.exec(commandLineOf(pid)!)![1]!;
}

describe('a process that dies', () => {
  test(
    'by kill -9 is started again at the ports it had, and so are the embedded servers',
    async () => {
      const { running, summary } = await start();
      const victims = ['ingress', 'nats', 'postgres'];
      for (const name of victims) process.kill(summary.processes[name]!, 'SIGKILL');
      await Promise.all(victims.map((name) => running.says(new RegExp(`${name} ended by SIGKILL; starting it again in 1 s`))));
      await Promise.all(victims.map((name) => running.says(new RegExp(`${name} runs again`))));
      expect(await answers(summary.smpp.port)).toBe(true);
      const now = processesNow();
      expect(Object.keys(now).sort()).toEqual(Object.keys(summary.processes).sort());
      for (const name of victims) expect(now[name]).not.toBe(summary.processes[name]);
      expect(now['middle']).toBe(summary.processes['middle']);
    },
    timeoutMs,
  );

  test(
    'at its first start ends the launch, with its own words, and nothing is left running',
    async () => {
      const failed = launcher(anyPorts, { FAKE_FAILS: 'middle' });
      expect(await failed.exited).toEqual([1, null]);
      expect(failed.stdout()).toBe('');
      expect(failed.stderr()).toMatch(
        /did not start\.\nmiddle ended with exit code 1 before it was ready\n {2}middle: SMPP_PORT must be 0\.\.65535/,
      );
      expect(existsSync(join(folder, 'data', 'processes.json'))).toBe(false);
      expect(journal().filter((line) => line.startsWith('started')).length).toBe(
        journal().filter((line) => /^(stopped|leash)/.test(line)).length,
      );
    },
    timeoutMs,
  );

  test(
    'the launcher itself, by kill -9: the services end by themselves, the next start takes the servers over',
    async () => {
      const first = await start();
      first.running.child.kill('SIGKILL');
      const second = await start([`--smpp-port=${first.summary.smpp.port}`, '--smpp-tls-port=0', '--http-port=0']);
      expect(second.summary.smpp.port).toBe(first.summary.smpp.port);
      await Promise.all(Object.values(first.summary.processes).map(gone));
    },
    timeoutMs,
  );
});

describe('a stop', () => {
  test(
    'begins as well when the bootstrap is gone',
    async () => {
      const { running, summary } = await start();
      running.child.disconnect();
      expect(await running.exited).toEqual([0, null]);
      expect(Object.values(summary.processes).map(processStart)).toEqual(Array(6).fill(undefined));
    },
    timeoutMs,
  );

  test(
    'that hangs is cut short by Ctrl-C again, and the next start has all data',
    async () => {
      const { running, summary } = await start(anyPorts, { FAKE_HANGS: 'middle' });
      const again = setInterval(() => running.child.kill('SIGINT'), 200);
      expect(await running.exited).toEqual([130, null]);
      clearInterval(again);
      await Promise.all(Object.values(summary.processes).map(gone));
      expect((await start()).running.stderr()).not.toContain('migration');
    },
    timeoutMs,
  );
});

describe('Ctrl-C while starting', () => {
  test(
    'stops what has been started and exits 0',
    async () => {
      const running = launcher();
      await running.says(/starting/);
      running.child.kill('SIGINT');
      expect(await running.exited).toEqual([0, null]);
      expect(running.stdout()).toBe('');
      expect(existsSync(join(folder, 'data', 'launcher.lock'))).toBe(false);
    },
    timeoutMs,
  );
});

describe('before anything is started', () => {
  test('wrong options are all told, exit code 2', async () => {
    const wrong = launcher(['--smpp-port=x', '--nonsense']);
    expect(await wrong.exited).toEqual([2, null]);
    expect(wrong.stderr()).toBe('--nonsense is not an option (see --help)\n--smpp-port must be 0..65535 (got "x")\n');
  });

  test('--help is on stdout', async () => {
    const help = launcher(['--help']);
    expect(await help.exited).toEqual([0, null]);
    expect(help.stdout()).toContain('--carrier HOST:PORT');
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  test('ports that are taken or given twice are all told', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const refused = launcher([`--smpp-port=${port}`, `--http-port=${port}`, '--smpp-tls-port=0']);
    expect(await refused.exited).toEqual([1, null]);
    taken.close();
    expect(refused.stderr()).toContain(`port ${port} is wished for twice`);
    expect(refused.stderr()).toContain(`port ${port} is in use by another program; choose another with --smpp-port (0 = any free port)`);
    expect(refused.stderr()).toContain('choose another with --http-port');
  });

  test('a data folder that cannot be made is told', async () => {
    writeFileSync(join(folder, 'file'), '');
    const refused = launcher([`--data=${join(folder, 'file', 'data')}`]);
    expect(await refused.exited).toEqual([1, null]);
    expect(refused.stderr()).toContain('ENOTDIR');
  });
});
