import { subjectIdOf } from '@heliograph/message';
import type { Log } from '@heliograph/service';
import { addEvent, type LoggedEvent, type Row } from './log.ts';

/** Ids of messages the history cannot hold, and why. */
export type Refused = ReadonlyMap<string, string>;

/**
 * Gathers the events of all streams into one row a message, so that a message that runs through within a moment costs one INSERT.
 * (A batch of each stream's worker would cost one statement a hop, and one poison event would make the batches it was merged with suspect.)
 */
export interface Gatherer {
  /** Resolves when the batch with this event is committed; it does not reject. The same promise for the whole batch. */
  add(event: LoggedEvent): Promise<Refused>;
  /** When what was added of this message is committed; at once when nothing is waiting. */
  written(id: string): Promise<unknown>;
  /** Tries no more. */
  stop(): void;
}

export interface GathererOptions {
  readonly write: (rows: readonly Row[]) => Promise<void>;
  /** An error that lies in a row, not in a server that is away. */
  readonly isPoison: (error: unknown) => boolean;
  readonly gatherMs: number;
  readonly rowsMax: number;
  readonly log: Pick<Log, 'error'>;
  readonly pause?: (ms: number) => Promise<void>;
}

interface Batch {
  readonly rows: Map<string, Row>;
  readonly committed: Promise<Refused>;
  settle(refused: Refused): void;
}

const retryDelayMsMax = 10_000;

export function createGatherer(options: GathererOptions): Gatherer {
  const { write, isPoison, gatherMs, rowsMax, log, pause = pauseFor } = options;
  let gathering: Batch | undefined;
  let writing: Batch | undefined;
  let timer: NodeJS.Timeout | undefined;
  let due = false;
  let stopped = false;

  /** One statement at a time: what comes meanwhile is the next batch, so a slow database makes larger ones. */
  async function flush(): Promise<void> {
    due = true;
    if (writing) return;
    while (due && gathering && !stopped) {
      writing = gathering;
      gathering = undefined;
      clearTimeout(timer);
      due = false;
      const refused = new Map<string, string>();
      await store([...writing.rows.values()], refused);
      writing.settle(refused);
    }
    writing = undefined;
  }

  async function store(rows: readonly Row[], refused: Map<string, string>): Promise<void> {
    for (let failures = 1; !stopped; failures++) {
      try {
        return await write(rows);
      } catch (error) {
        if (isPoison(error)) return isolate(rows, error, refused);
        log.error({ rows: rows.length, failures, err: error }, 'history not written, trying again');
        await pause(Math.min(100 * 2 ** failures, retryDelayMsMax));
      }
    }
    // Neither committed nor refused: the records stay with the server, for the next reader.
    await new Promise(() => {});
  }

  /** One bad row must not hold up the others: each half by itself, down to the one that is poison. */
  async function isolate(rows: readonly Row[], error: unknown, refused: Map<string, string>): Promise<void> {
    const [only] = rows;
    if (only && rows.length === 1) return void refused.set(only.id, error instanceof Error ? error.message : String(error));
    const half = Math.ceil(rows.length / 2);
    await store(rows.slice(0, half), refused);
    await store(rows.slice(half), refused);
  }

  return {
    add(event) {
      gathering ??= openBatch();
      const { rows, committed } = gathering;
      const id = subjectIdOf(event);
      const known = rows.get(id);
      const row = addEvent(known, event);
      if (!known) rows.set(id, row);
      if (rows.size >= rowsMax) void flush();
      else if (rows.size === 1 && !known) timer = setTimeout(() => void flush(), gatherMs);
      return committed;
    },
    async written(id) {
      if (gathering?.rows.has(id)) {
        const { committed } = gathering;
        void flush();
        return committed;
      }
      return writing?.rows.has(id) ? writing.committed : undefined;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function openBatch(): Batch {
  const { promise, resolve } = Promise.withResolvers<Refused>();
  return { rows: new Map(), committed: promise, settle: resolve };
}

function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
