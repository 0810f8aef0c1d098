import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { findNatsServer } from './nats-binary.ts';
import type { NatsBinary } from './nats-binary.ts';
import { lastLogLines, releaseOrphan, startServer, waitUntil } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

export interface NatsOptions {
  /** Made when missing. Holds the streams, the generated configuration and the log. */
  dataDir: string;
  /** 0, the default, takes any free port. */
  port?: number;
  /** Serves /varz, /jsz and so on there; 0 takes any free port, undefined serves nothing. */
  monitorPort?: number;
  /**
   * Sync every write before it is acknowledged (the default). An acknowledged message is a promise about a disk, and the server's own
   * default is to sync every two minutes. Only for tests that are about something else is false of use.
   */
  syncAlways?: boolean;
  /** Upper limit of all streams together, bytes. */
  fileStoreBytesMax?: number;
  /** Which nats-server; by default the first that `findNatsServer` finds. */
  binary?: NatsBinary;
  /** Told what takes longer than a moment, in words for people. */
  log?: (line: string) => void;
}

export interface NatsServer extends ServerProcess {
  url: string;
  port: number;
  version: string;
  /** Set when `monitorPort` was given. */
  monitorUrl: string | undefined;
}

/** The server reads its streams back before it listens: about a second per GB. */
const readyWaitMs = 120_000;
/** A limit, not a reservation: the disk fills only with what streams keep. */
const fileStoreBytesDefault = 64 * 1024 ** 3;

/**
 * Starts nats-server with JetStream on `dataDir` and returns when it answers. Only loopback. Acknowledged messages survive kill -9 of
 * anything. Rejects with a readable message when the folder is in use, no nats-server can be had, or it does not come up.
 */
export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const { log = () => undefined } = options;
  const folder = resolve(options.dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const server = { name: 'nats-server', recordFile: join(folder, 'nats.process.json'), stopSignal: 'SIGTERM' } as const;
  await releaseOrphan(server);
  const binary = options.binary ?? (await findNatsServer({ log }));

  const portsDir = join(folder, 'ports');
  rmSync(portsDir, { recursive: true, force: true });
  mkdirSync(portsDir);
  const configFile = join(folder, 'nats.conf');
  const password = passwordIn(folder);
  writeFileSync(configFile, natsConfig({ ...options, password, storeDir: join(folder, 'jetstream'), portsDir }), { mode: 0o600 });

  const logFile = join(folder, 'nats.log');
  const running = startServer({
    ...server,
    logFile,
    account: undefined,
    command: binary.path,
    args: ['-c', configFile],
    env: { PATH: process.env['PATH'] },
  });
  let ports: Ports | undefined;
  const isReady = async () => {
    ports = readPorts(portsDir, running.pid);
    return ports !== undefined && (await answersWithJetStream(ports.port));
  };
  const settled = await waitUntil(async () => running.exit() !== undefined || (await isReady()), readyWaitMs);
  if (!settled || running.exit() !== undefined || !ports) {
    await running.stop();
    throw new Error(`nats-server did not start. The end of ${logFile}:\n${lastLogLines(logFile)}`);
  }
  const { exit: _, ...handle } = running;
  return {
    ...handle,
    port: ports.port,
    url: `nats://${user}:${password}@127.0.0.1:${ports.port}`,
    version: binary.version,
    monitorUrl: ports.monitorUrl,
  };
}

const user = 'heliograph';

/** Made once for a folder: loopback is open to every user of the machine, and messages are not theirs to read or to send. */
function passwordIn(folder: string): string {
  const file = join(folder, 'nats.password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** The configuration file (docs.nats.io, "Configuration"). A port of -1 lets the server choose; it tells in a file of `portsDir`. */
export function natsConfig({
  port = 0,
  monitorPort,
  syncAlways = true,
  fileStoreBytesMax = fileStoreBytesDefault,
  password,
  storeDir,
  portsDir,
}: Pick<NatsOptions, 'port' | 'monitorPort' | 'syncAlways' | 'fileStoreBytesMax'> & {
  password: string;
  storeDir: string;
  portsDir: string;
}): string {
  const lines = [
    `server_name: heliograph`,
    `listen: "127.0.0.1:${port || -1}"`,
    ...(monitorPort === undefined ? [] : [`http: "127.0.0.1:${monitorPort || -1}"`]),
    `ports_file_dir: ${JSON.stringify(portsDir)}`,
    `authorization { user: ${user}, password: ${JSON.stringify(password)} }`,
    `max_payload: 8MB`,
    `jetstream {`,
    `  store_dir: ${JSON.stringify(storeDir)}`,
    `  max_file_store: ${fileStoreBytesMax}`,
    ...(syncAlways ? [`  sync_interval: always`] : []),
    `}`,
  ];
  return lines.join('\n') + '\n';
}

interface Ports {
  port: number;
  monitorUrl: string | undefined;
}

/** `<program>_<pid>.ports`, written when the server listens: {"nats":["nats://127.0.0.1:4222"],"monitoring":["http://…"]}. */
function readPorts(portsDir: string, pid: number): Ports | undefined {
  const name = existsSync(portsDir) ? readdirSync(portsDir).find((entry) => entry.endsWith(`_${pid}.ports`)) : undefined;
  if (!name) return undefined;
  try {
    const { nats, monitoring } = JSON.parse(readFileSync(join(portsDir, name), 'utf8')) as { nats?: string[]; monitoring?: string[] };
    const url = nats?.[0];
    return url === undefined ? undefined : { port: Number(new URL(url).port), monitorUrl: monitoring?.[0] };
  } catch {
    return undefined; // half written
  }
}

/** The server greets every connection with a line `INFO {…}` (NATS client protocol); `jetstream` in it says that streams are served. */
function answersWithJetStream(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 2_000 });
    let greeting = '';
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (chunk: Buffer) => {
      greeting += chunk.toString();
      if (greeting.includes('\r\n')) finish(/^INFO .*"jetstream":\s*true/.test(greeting));
    });
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
    socket.once('close', () => finish(false));
  });
}
