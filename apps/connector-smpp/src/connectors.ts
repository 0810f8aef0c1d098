import type { ConnectorMode } from '@heliograph/message';
import type { Delivery, Marks, Queue } from '@heliograph/queue';
import type { OptOuts, Snapshot } from '@heliograph/registry';
import type { Log } from '@heliograph/service';
import type { Answer } from './send/answer.ts';
import type { Neighbours } from './send/neighbours.ts';
import type { ToDeliver } from './send/backlog.ts';
import { startConnector, type RunningConnector } from './connector.ts';
import { planConnectors, wantedConnectors, type WantedConnector } from './plan.ts';
import { forgetExpired, jobKey, type PutOff } from './send/job.ts';

export interface ConnectorsOptions {
  readonly queue: Queue;
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Marks;
  /** Who wants no more messages. */
  readonly optOuts: Pick<OptOuts, 'has'>;
  readonly neighbours: Neighbours;
  readonly log: Log;
  /** Ids; empty = every enabled connector of kind smpp. */
  readonly only: readonly string[];
  readonly open: (sealed: string, context: string) => string | undefined;
  readonly drainMs: number;
  /** The circuit or the links of one that runs have changed. */
  readonly onHealth: (running: RunningConnector) => void;
}

/** The connectors of this process, as the registry wants them at each moment. */
export interface Connectors {
  /** Starts what is new, stops what is gone, does both to what changed. Resolves when all of it is done. */
  follow(snapshot: Snapshot): Promise<void>;
  /** What the provider has said of the segments of a message that was put off here; empty when nothing is known. */
  answersTo(id: string, delivery: Delivery<ToDeliver>): readonly (Answer | undefined)[];
  readonly running: Iterable<readonly [WantedConnector, RunningConnector]>;
  stop(graceMs: number): Promise<void>;
}

type Entry = {
  readonly wanted: WantedConnector;
  readonly started: Promise<RunningConnector | undefined>;
  running: RunningConnector | undefined;
};

const startAgainMs = 1_000;

export function createConnectors({
  queue,
  cancelled,
  optOuts,
  neighbours,
  log,
  only,
  open,
  drainMs,
  onHealth,
}: ConnectorsOptions): Connectors {
  const entries = new Map<string, Entry>();
  /** The end of the last one of that id: two never run at once, as both would read the same messages. */
  const ends = new Map<string, Promise<void>>();
  const putOffs = new Map<string, PutOff>();
  let refusedBefore = new Set<string>();
  let newest: Snapshot | undefined;
  let stopped = false;

  async function follow(snapshot: Snapshot): Promise<void> {
    if (stopped) return;
    newest = snapshot;
    const wanted = wantedConnectors(snapshot.connectors.values(), only, open);
    tellRefused(wanted.refused);
    const { stop, start } = planConnectors(new Map([...entries].map(([id, entry]) => [id, entry.wanted])), wanted);
    const ending = stop.map((id) => end(id, drainMs));
    const starting = start.map((one) => begin(one));
    for (const [id, { running }] of entries) running?.setMode(modeOf(id));
    await Promise.all([...ending, ...starting]);
    forgetEnded();
  }

  /** No part of what it runs with: another mode must not cut its links. */
  function modeOf(id: string): ConnectorMode {
    return newest?.connectors.get(id)?.mode ?? 'running';
  }

  /** What is put off outlives its connector: a removed one's messages are still to be ended, by what is known of them. */
  function forgetEnded(): void {
    for (const [id, putOff] of putOffs) {
      if (entries.has(id)) continue;
      forgetExpired(putOff, Date.now());
      if (putOff.size === 0 && !newest?.connectors.has(id)) putOffs.delete(id);
    }
  }

  async function begin(wanted: WantedConnector): Promise<void> {
    const entry: Entry = { wanted, started: startAfterEnd(wanted), running: undefined };
    entries.set(wanted.id, entry);
    entry.running = await entry.started;
    // as it may have changed meanwhile
    entry.running?.setMode(modeOf(wanted.id));
    if (entry.running || entries.get(wanted.id) !== entry) return;
    entries.delete(wanted.id);
    setTimeout(() => newest && void follow(newest), startAgainMs).unref();
  }

  async function startAfterEnd(wanted: WantedConnector): Promise<RunningConnector | undefined> {
    await ends.get(wanted.id);
    let putOff = putOffs.get(wanted.id);
    if (!putOff) putOffs.set(wanted.id, (putOff = new Map()));
    try {
      return await startConnector({
        connector: wanted,
        queue,
        putOff,
        cancelled,
        optOuts,
        neighbours,
        mode: modeOf(wanted.id),
        onHealth() {
          const running = entries.get(wanted.id)?.running;
          if (running) onHealth(running);
        },
        log,
      });
    } catch (err) {
      log.error({ connector: wanted.id, err }, 'connector does not start, trying again');
      return undefined;
    }
  }

  function end(id: string, graceMs: number): Promise<void> {
    const entry = entries.get(id);
    entries.delete(id);
    const over = (async () => (await entry?.started)?.stop(graceMs))();
    ends.set(id, over);
    return over;
  }

  /** Once for each mistake, not at every change of anything. */
  function tellRefused(refused: readonly { id: string; reason: string }[]): void {
    const now = new Set(refused.map(({ id, reason }) => `${id}: ${reason}`));
    for (const { id, reason } of refused)
      if (!refusedBefore.has(`${id}: ${reason}`)) log.error({ connector: id, reason }, 'connector cannot be run');
    refusedBefore = now;
  }

  return {
    follow,
    answersTo: (id, delivery) => putOffs.get(id)?.get(jobKey(delivery))?.answers ?? [],
    get running() {
      return [...entries.values()].flatMap(({ wanted, running }) => (running ? [[wanted, running] as const] : []));
    },
    async stop(graceMs) {
      stopped = true;
      await Promise.all([...entries.keys()].map((id) => end(id, graceMs)).concat([...ends.values()]));
    },
  };
}
