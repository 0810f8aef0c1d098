import { afterEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const fixture = fileURLToPath(new URL('../test/service.fixture.ts', import.meta.url));
const good = { NATS_URL: 'nats://app:hunter2@127.0.0.1:4222', SMPP_PORT: '2775', SIGNING_SECRET: 'hunter2hunter2' };

type Service = { child: ChildProcess; ready: Promise<unknown[]>; exit: Promise<unknown[]>; out: () => string; err: () => string };
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

const run = (env: Record<string, string>, { ipc = true } = {}): Service => {
  const child = spawn(process.execPath, [fixture], { env, stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])] });
  started.push(child);
  const output = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => (output.out += String(chunk)));
  child.stderr?.on('data', (chunk) => (output.err += String(chunk)));
  // 'exit' may come before the last byte of output; the child's own 'close' never comes after disconnect().
  const ended = [once(child, 'exit'), ...[child.stdout, child.stderr].map((stream) => once(stream as Readable, 'close'))];
  return {
    child,
    ready: once(child, 'message'),
    exit: Promise.all(ended).then(([exit]) => exit ?? []),
    out: () => output.out,
    err: () => output.err,
  };
};

const messages = (service: Service): unknown[] =>
  service
    .out()
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { msg: unknown }).msg);
const printed = async (service: Service, text: string): Promise<void> => {
  while (!service.out().includes(text)) await once(service.child.stdout ?? service.child, 'data');
};
const status = async (service: Service, path: string): Promise<number> => {
  const [message] = (await service.ready) as [{ ports: { health: number } }];
  return (await fetch(`http://127.0.0.1:${message.ports.health}${path}`)).status;
};

describe('starting', () => {
  test('a broken environment: every error at once on stderr, no secret, exit 1', async () => {
    const service = run({ SMPP_PORT: 'abc', SIGNING_SECRET: 'hunter2', HEALTH_PORT: '99999' });
    service.ready.catch(() => undefined);
    expect(await service.exit).toEqual([1, null]);
    expect(service.err()).toBe(
      [
        'fixture: the configuration is wrong',
        '  NATS_URL: is required',
        '  HEALTH_PORT: must be 0..65535 (got "99999")',
        '  SMPP_PORT: must be 0..65535 (got "abc")',
        '  SIGNING_SECRET: must have at least 8 characters',
        '',
      ].join('\n'),
    );
    expect(service.out()).toBe('');
  });

  test('ready: the launcher is told the ports, /ready is 200, /metrics has the service’s own', async () => {
    const service = run(good);
    expect((await service.ready)[0]).toEqual({ ready: true, ports: { health: expect.any(Number), smpp: 2775 } });
    expect(await status(service, '/ready')).toBe(200);
    const [message] = (await service.ready) as [{ ports: { health: number } }];
    expect(await (await fetch(`http://127.0.0.1:${message.ports.health}/metrics`)).text()).toContain(
      'fixture_accepted_total{door="smpp"} 2',
    );
  });

  test('start rejects: one fatal line, exit 1', async () => {
    const service = run({ ...good, FAULT: 'start' });
    expect(await service.exit).toEqual([1, null]);
    expect(messages(service)).toEqual(['start failed']);
  });

  test('a taken health port: one fatal line, exit 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const service = run({ ...good, HEALTH_PORT: String((taken.address() as AddressInfo).port) });
    expect(await service.exit).toEqual([1, null]);
    expect(service.out()).toContain('EADDRINUSE');
    taken.close();
  });
});

describe('ending', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s: drains and exits 0', async (signal) => {
    const service = run(good);
    await service.ready;
    service.child.kill(signal);
    expect(await service.exit).toEqual([0, null]);
    expect(messages(service)).toEqual(['example', 'ready', 'draining', 'stopped']);
    expect(service.out() + service.err()).not.toMatch(/5551234567|4711|hunter2/);
  });

  test('without a launcher: drains on SIGTERM all the same', async () => {
    const service = run(good, { ipc: false });
    service.ready.catch(() => undefined);
    await printed(service, '"ready"');
    service.child.kill('SIGTERM');
    expect(await service.exit).toEqual([0, null]);
  });

  test('the launcher goes away: drains and exits 0', async () => {
    const service = run(good);
    await service.ready;
    service.child.disconnect();
    expect(await service.exit).toEqual([0, null]);
    expect(messages(service)).toContain('stopped');
  });

  test('while draining: live, not ready', async () => {
    const service = run({ ...good, FAULT: 'stuck' });
    await service.ready;
    service.child.kill('SIGTERM');
    await printed(service, 'draining');
    expect([await status(service, '/live'), await status(service, '/ready')]).toEqual([200, 503]);
  });

  test('stop is stuck: the deadline ends it with an error and exit 1', async () => {
    const service = run({ ...good, FAULT: 'stuck', DRAIN_MS: '50ms' });
    await service.ready;
    service.child.kill('SIGTERM');
    expect(await service.exit).toEqual([1, null]);
    expect(messages(service)).toEqual(['example', 'ready', 'draining', 'drain deadline passed']);
  });

  test('stop is stuck: a second signal ends it at once', async () => {
    const service = run({ ...good, FAULT: 'stuck' });
    await service.ready;
    service.child.kill('SIGTERM');
    await printed(service, 'draining');
    service.child.kill('SIGTERM');
    expect(await service.exit).toEqual([1, null]);
  });

  test('Ctrl-C and the launcher’s SIGTERM together are one signal', async () => {
    const service = run({ ...good, FAULT: 'stuck', DRAIN_MS: '400ms' });
    await service.ready;
    service.child.kill('SIGINT');
    await printed(service, 'draining');
    service.child.kill('SIGTERM');
    await service.exit;
    expect(messages(service)).toContain('drain deadline passed');
  });

  test('the reader of stdout goes away: it lives, drains and exits 0', async () => {
    const service = run(good);
    await service.ready;
    service.child.stdout?.destroy();
    expect(await status(service, '/ready')).toBe(200);
    service.child.kill('SIGTERM');
    expect(await service.exit).toEqual([0, null]);
  });
});

test.each([
  ['throw', 'uncaught exception'],
  ['reject', 'unhandled rejection'],
])('a bug (%s): one fatal line for the %s, exit 1', async (fault) => {
  const service = run({ ...good, FAULT: fault });
  expect(await service.exit).toEqual([1, null]);
  expect(messages(service).filter((message) => message === 'bug')).toEqual(['bug']);
  expect(service.out()).not.toContain('hunter2');
});
