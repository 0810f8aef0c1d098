import { natsCluster, startNats, startPostgres } from '@heliograph/embedded';
import type { NatsOptions, ServerProcess } from '@heliograph/embedded';
import { keepRunning } from './keep-running.ts';
import type { Kept, Running } from './keep-running.ts';
import { mendWhenThereIsRoom } from './mend-nats.ts';

/** PostgreSQL or nats-server: embedded and kept running by us, or somebody else's by its URL. */
export interface Server {
  url: string;
  /** Undefined when it is somebody else's. */
  kept: Kept | undefined;
}

export interface ServerStart {
  dataDir: string;
  say(line: string): void;
  onChange(): void;
}

type Embedded = Running & { url: string; port: number };

export function externalServer(url: string): Server {
  return { url, kept: undefined };
}

export function keepPostgres(start: ServerStart, signal: AbortSignal): Promise<Server> {
  return keepServer('postgres', start, (port) => startPostgres({ dataDir: start.dataDir, port, log: start.say }), signal);
}

export function keepNats(start: ServerStart, signal: AbortSignal): Promise<Server> {
  return keepServer('nats', start, (port) => startMended({ dataDir: start.dataDir, port }, start), signal);
}

async function startMended(
  options: NatsOptions & { dataDir: string },
  { say }: ServerStart,
): Promise<ServerProcess & { url: string; port: number }> {
  const server = await startNats({ ...options, log: say });
  mendWhenThereIsRoom(server, { dataDir: options.dataDir, say });
  return server;
}

/** Servers that replicate what they store; clients are given all of them, in one URL. */
export async function keepNatsCluster(start: ServerStart, servers: number, signal: AbortSignal): Promise<Server[]> {
  const nodes = await natsCluster(start.dataDir, servers);
  return Promise.all(nodes.map((node, i) => keepServer(`nats-${i + 1}`, start, (port) => startMended({ ...node, port }, start), signal)));
}

/** Started again at the same port: the services have its URL and reconnect by themselves. */
async function keepServer(
  name: string,
  { say, onChange }: ServerStart,
  startAt: (port: number) => Promise<ServerProcess & { url: string; port: number }>,
  signal: AbortSignal,
): Promise<Server> {
  const start = async (previous: Embedded | undefined, ending: AbortSignal): Promise<Embedded> => {
    const server = await startAt(previous?.port ?? 0);
    if (ending.aborted) {
      await server.stop();
      throw new Error('stopped while starting');
    }
    return { ...server, kill: () => void process.kill(server.pid, 'SIGKILL') };
  };
  const kept = await keepRunning({ name, start, say, onChange }, signal);
  return { url: kept.first.url, kept };
}
