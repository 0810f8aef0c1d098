import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { freePort } from './free-port.ts';
import { findNatsServer } from './nats-binary.ts';
import type { NatsBinary } from './nats-binary.ts';
import { lastLogLines, releaseOrphan, startServer, waitUntil } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

export interface NatsOptions {
  /** Made when missing. Holds the streams, the generated configuration and the log. */
  dataDir: string;
  /** 0, the default, takes any free port. */
  port?: number;
  /** Where /varz, /jsz and so on are served, below a path that nobody can guess; 0, the default, takes any free port. */
  monitorPort?: number;
  /**
   * Sync every write before it is acknowledged (the default). An acknowledged message is a promise about a disk, and the server's own
   * default is to sync every two minutes. Only for tests that are about something else is false of use.
   */
  syncAlways?: boolean;
  /** Upper limit of all streams together, bytes. */
  fileStoreBytesMax?: number;
  /** It is one of several that replicate their streams, as `natsCluster` gives it; a single server unless given. */
  cluster?: ClusterNode;
  /** Which nats-server; by default the first that `findNatsServer` finds. */
  binary?: NatsBinary;
  /** Told what takes longer than a moment, in words for people. */
  log?: (line: string) => void;
}

export interface NatsServer extends ServerProcess {
  url: string;
  port: number;
  version: string;
  /** Of its monitoring: `/varz` and so on are below it. Like a password, as loopback is open to every user of the machine. */
  monitorUrl: string;
  /**
   * What it says of a stream that it could not write, as on a full disk; undefined: all can be written, or it does not answer. Such a stream takes
   * nothing more until the server is started again, whether there is room by then or not (nats-server 2.15).
   */
  storeFault(): Promise<string | undefined>;
}

/** One server of a cluster on this machine. */
export interface ClusterNode {
  /** 1, 2, … */
  number: number;
  /** Where the servers of the cluster find each other, in the order of their numbers. */
  routePorts: readonly number[];
  /** Of clients, the same at every server. */
  password: string;
}

/**
 * What `startNats` needs for each server of a cluster: to be started together, as none is ready before a majority is. A server that is started
 * again gets the same. One data folder for all; the cluster can be stopped and made anew on it.
 */
export async function natsCluster(dataDir: string, servers: number): Promise<{ dataDir: string; cluster: ClusterNode }[]> {
  const folder = resolve(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const password = passwordIn(folder);
  const routePorts: number[] = [];
  for (let i = 0; i < servers; i++) routePorts.push(await freePort());
  return routePorts.map((_, i) => ({ dataDir: join(folder, `server-${i + 1}`), cluster: { number: i + 1, routePorts, password } }));
}

/** The server reads its streams back before it listens: about a second per GB. */
const readyWaitMs = 120_000;
/** A limit, not a reservation: the disk fills only with what streams keep. */
const fileStoreBytesDefault = 64 * 1024 ** 3;

/**
 * Starts nats-server with JetStream on `dataDir` and returns when it answers; in a cluster, when it has what the others have. Only loopback. Acknowledged messages survive kill -9 of
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
  const password = options.cluster?.password ?? passwordIn(folder);
  const monitorPath = `/${randomBytes(16).toString('hex')}`;
  const config = natsConfig({ ...options, password, monitorPath, storeDir: join(folder, 'jetstream'), portsDir });
  writeFileSync(configFile, config, { mode: 0o600 });

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
    if (ports === undefined || !(await answersWithJetStream(ports.port))) return false;
    return options.cluster === undefined || (await healthOf(ports.monitorUrl + monitorPath))?.ok === true;
  };
  const settled = await waitUntil(async () => running.exit() !== undefined || (await isReady()), readyWaitMs);
  if (!settled || running.exit() !== undefined || !ports) {
    await running.stop();
    throw new Error(`nats-server did not start. The end of ${logFile}:\n${lastLogLines(logFile)}`);
  }
  const { exit: _, ...handle } = running;
  const monitorUrl = ports.monitorUrl + monitorPath;
  return {
    ...handle,
    storeFault: async () => storeFaultIn(await healthOf(monitorUrl)),
    port: ports.port,
    url: `nats://${user}:${password}@127.0.0.1:${ports.port}`,
    version: binary.version,
    monitorUrl,
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
  monitorPort = 0,
  monitorPath,
  syncAlways = true,
  fileStoreBytesMax = fileStoreBytesDefault,
  password,
  storeDir,
  portsDir,
  cluster,
}: Pick<NatsOptions, 'port' | 'monitorPort' | 'syncAlways' | 'fileStoreBytesMax' | 'cluster'> & {
  password: string;
  /** Begins with a slash. */
  monitorPath: string;
  storeDir: string;
  portsDir: string;
}): string {
  const lines = [
    `server_name: heliograph${cluster ? `-${cluster.number}` : ''}`,
    `listen: "127.0.0.1:${port || -1}"`,
    `http: "127.0.0.1:${monitorPort || -1}"`,
    `http_base_path: ${JSON.stringify(monitorPath)}`,
    `ports_file_dir: ${JSON.stringify(portsDir)}`,
    `authorization { user: ${user}, password: ${JSON.stringify(password)} }`,
    `max_payload: 8MB`,
    `jetstream {`,
    `  store_dir: ${JSON.stringify(storeDir)}`,
    `  max_file_store: ${fileStoreBytesMax}`,
    ...(syncAlways ? [`  sync_interval: always`] : []),
    `}`,
    ...(cluster ? clusterLines(cluster) : []),
  ];
  return lines.join('\n') + '\n';
}

/** Routes ask for a password as clients' connections do. */
function clusterLines({ number, routePorts, password }: ClusterNode): string[] {
  const account = `${user}:${password}`;
  const routes = routePorts.flatMap((port, i) => (i + 1 === number ? [] : [JSON.stringify(`nats://${account}@127.0.0.1:${port}`)]));
  return [
    `cluster {`,
    `  name: heliograph`,
    `  listen: "127.0.0.1:${routePorts[number - 1]}"`,
    `  authorization { user: ${user}, password: ${JSON.stringify(password)} }`,
    `  routes: [${routes.join(', ')}]`,
    `}`,
  ];
}

/**
 * `/healthz`: JetStream has a leader, each stream and consumer of this server is as far as the others are, and can be written. undefined: it does not
 * answer.
 */
async function healthOf(monitorUrl: string): Promise<{ ok: boolean; text: string } | undefined> {
  try {
    const answer = await fetch(`${monitorUrl}/healthz`, { signal: AbortSignal.timeout(5_000) });
    return { ok: answer.ok, text: await answer.text() };
  } catch {
    return undefined;
  }
}

function storeFaultIn(health: { ok: boolean; text: string } | undefined): string | undefined {
  return health?.ok === false && health.text.includes('write error') ? health.text : undefined;
}

interface Ports {
  port: number;
  monitorUrl: string;
}

/** `<program>_<pid>.ports`, written when the server listens: {"nats":["nats://127.0.0.1:4222"],"monitoring":["http://…"]}. */
function readPorts(portsDir: string, pid: number): Ports | undefined {
  const name = existsSync(portsDir) ? readdirSync(portsDir).find((entry) => entry.endsWith(`_${pid}.ports`)) : undefined;
  if (!name) return undefined;
  try {
    const { nats, monitoring } = JSON.parse(readFileSync(join(portsDir, name), 'utf8')) as { nats?: string[]; monitoring?: string[] };
    const [url, monitorUrl] = [nats?.[0], monitoring?.[0]];
    return url === undefined || monitorUrl === undefined ? undefined : { port: Number(new URL(url).port), monitorUrl };
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
