import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@heliograph/testbed';

/** Kannel's two boxes between its HTTP door and an SMSC, keeping everything in memory: its fastest set-up. */
export interface Kannel {
  readonly url: string;
  readonly processes: Readonly<Record<string, number>>;
  /** Of a message by its `sendsms` door. */
  path(options: { to: string; text: string; receiptUrl?: string }): string;
  stop(): Promise<void>;
}

const boxes = ['bearerbox', 'smsbox'];

/** As `bearerbox --version` says it; undefined: it is not installed. */
export function kannelVersion(): string | undefined {
  const answers = boxes.map((box) => spawnSync(box, ['--version'], { encoding: 'utf8' }));
  if (answers.some(({ error }) => error)) return undefined;
  return (
    /Kannel .* version [`']?([\w.-]+)/.exec(answers.map(({ stdout, stderr }) => stdout + stderr).join('\n'))?.[1] ?? 'of unknown version'
  );
}

export async function startKannel(smscPort: number): Promise<Kannel> {
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-kannel-'));
  const [admin = 0, smsbox = 0, http = 0] = await freePorts(3);
  const file = join(folder, 'kannel.conf');
  writeFileSync(file, configuration({ folder, smscPort, admin, smsbox, http }));
  const run = (box: string) => spawn(box, [file], { cwd: folder, stdio: 'ignore' });
  const bearerbox = run('bearerbox');
  await eventually('bearerbox listens', () => listens(smsbox));
  const box = run('smsbox');
  await eventually('smsbox listens', () => listens(http));
  return {
    url: `http://127.0.0.1:${http}`,
    processes: { bearerbox: bearerbox.pid as number, smsbox: box.pid as number },
    path({ to, text, receiptUrl }) {
      const query = { username: 'bench', password: 'bench', from: 'Heliograph', to, text };
      return `/cgi-bin/sendsms?${new URLSearchParams(receiptUrl ? { ...query, 'dlr-mask': '1', 'dlr-url': receiptUrl } : query)}`;
    },
    async stop() {
      for (const child of [box, bearerbox]) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
        await ended;
        clearTimeout(timer);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(ports: { folder: string; smscPort: number; admin: number; smsbox: number; http: number }): string {
  const { folder, smscPort, admin, smsbox, http } = ports;
  return `group = core
admin-port = ${admin}
admin-interface = 127.0.0.1
admin-password = bench
smsbox-port = ${smsbox}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal
log-file = ${folder}/bearerbox.log
log-level = 3

group = smsc
smsc = smpp
smsc-id = sink
host = 127.0.0.1
port = ${smscPort}
transceiver-mode = true
smsc-username = bench
smsc-password = bench
system-type = bench
max-pending-submits = 100

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${http}
sendsms-interface = 127.0.0.1
log-file = ${folder}/smsbox.log
log-level = 3

group = sendsms-user
username = bench
password = bench
`;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
