import { statfsSync } from 'node:fs';

/** What there is to ask and to do about a nats-server that runs. */
export interface Mendable {
  readonly pid: number;
  storeFault(): Promise<string | undefined>;
  onExit(listener: () => void): void;
}

export interface MendOptions {
  /** On the disk that its streams are on. */
  readonly dataDir: string;
  say(line: string): void;
  /** Asks it to end; whoever keeps it running starts it again. */
  readonly end?: (pid: number) => void;
  /** Octets that can be written. */
  readonly room?: () => number;
  readonly lookEveryMs?: number;
}

/** What one record and its index take is far less; a server that is started to find the disk full again only writes its log. */
const roomMin = 64 * 1024 ** 2;

/**
 * A stream that nats-server could not write, as on a full disk, stays shut until the server is started again: it is asked to end as soon as there is
 * room. Until then nothing is accepted, and nothing that was accepted is lost.
 */
export function mendWhenThereIsRoom(server: Mendable, options: MendOptions): void {
  const { dataDir, say, lookEveryMs = 5_000 } = options;
  const { end = (pid) => void process.kill(pid, 'SIGTERM'), room = () => roomOn(dataDir) } = options;
  let isTold = false;
  let isEnding = false;

  async function look(): Promise<void> {
    const fault = await server.storeFault();
    if (fault === undefined || isEnding) return;
    if (!isTold) say(`nats-server cannot store, nothing is accepted: ${fault.trim()}`);
    isTold = true;
    if (room() < roomMin) return;
    isEnding = true;
    say('there is room on the disk: nats-server is started again');
    end(server.pid);
  }

  const timer = setInterval(() => void look(), lookEveryMs);
  timer.unref();
  server.onExit(() => clearInterval(timer));
}

function roomOn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
