import type { Log } from '@heliograph/service';
import { createHolding, type Held } from './holding.ts';
import type { LoggedEvent, Row } from './log.ts';

/**
 * Gathers the events of all streams into one row a message, and holds it while more is to come, so that a message that runs through within some
 * seconds costs one INSERT. (A batch of each stream's worker would cost one statement a hop, and one poison event would make the batches it was
 * merged with suspect.)
 */
export interface Gatherer {
  /** Resolves when the row with this event is committed, or refused: then with the reason. It does not reject. The same promise for the whole row. */
  add(event: LoggedEvent): Promise<string | undefined>;
  /** When what was added of this message is committed, before all others; at once when nothing is waiting. */
  written(id: string): Promise<unknown>;
  /** When what was added of this tenant's messages, or of all, is committed that was first heard of so long ago, ms. */
  writtenOf(tenant: string | undefined, agedMs: number): Promise<unknown>;
  /** Writes what is held, and holds nothing for long until the returned function is called: somebody waits for all that comes. */
  hurry(): () => void;
  /** Tries no more. */
  stop(): void;
}

export interface GathererOptions {
  readonly write: (rows: readonly Row[]) => Promise<void>;
  /** An error that lies in a row, not in a server that is away. */
  readonly isPoison: (error: unknown) => boolean;
  /** What has come to rest waits at most so long, for what still comes of it and for others to be written with. */
  readonly gatherMs: number;
  /** What is on its way waits at most so long. */
  readonly holdMs: number;
  /** Whether another process may hear of the same messages: then what is on its way waits no longer than the rest. */
  readonly alone?: () => boolean;
  readonly rowsMax: number;
  /** More events than these are not held back. */
  readonly eventsMax: number;
  readonly log: Pick<Log, 'error'>;
  readonly pause?: (ms: number) => Promise<void>;
  readonly now?: () => number;
}

const retryDelayMsMax = 10_000;

export function createGatherer(options: GathererOptions): Gatherer {
  const { write, isPoison, gatherMs, holdMs, alone = () => true, rowsMax, eventsMax, log, pause = pauseFor } = options;
  const now = options.now ?? (() => performance.now());
  const holding = createHolding({ eventsMax });
  let writing: readonly Held[] = [];
  let timer: NodeJS.Timeout | undefined;
  let hurrying = 0;
  let stopped = false;

  /**
   * What came in the last quarter stays: that a message ended is heard of a moment before that its tenant was told. With three quarters between two
   * looks nothing that rests waits longer than the whole.
   */
  function look(): void {
    timer = undefined;
    const [nowMs, youngestMs] = [now(), gatherMs / 4];
    const holdForMs = hurrying > 0 || !alone() ? youngestMs : holdMs;
    holding.release({ heldSinceMs: nowMs - holdForMs, restsSinceMs: nowMs - youngestMs });
    void writeDue();
    lookAgain();
  }

  function lookAgain(): void {
    if (!timer && !stopped && holding.size > holding.due) timer = setTimeout(look, (gatherMs * 3) / 4);
  }

  /** One statement at a time: what comes meanwhile is the next batch, so a slow database makes larger ones. */
  async function writeDue(): Promise<void> {
    if (writing.length > 0) return;
    while (holding.due > 0 && !stopped) {
      writing = holding.take(rowsMax);
      const refused = new Map<string, string>();
      await store(
        writing.map(({ row }) => row),
        refused,
      );
      for (const { row, settle } of writing) settle(refused.get(row.id));
    }
    writing = [];
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
      const { written } = holding.add(event, now());
      if (holding.due > 0) void writeDue();
      lookAgain();
      return written;
    },
    async written(id) {
      const held = holding.get(id);
      if (!held) return writing.find(({ row }) => row.id === id)?.written;
      holding.releaseFirst(held);
      void writeDue();
      return held.written;
    },
    async writtenOf(tenant, agedMs) {
      const untilMs = now() - agedMs;
      const asked = ({ row, sinceMs }: Held): boolean => sinceMs <= untilMs && (tenant === undefined || row.tenant === tenant);
      const those = [...writing.filter(asked), ...holding.releaseThose(asked)];
      void writeDue();
      return Promise.all(those.map(({ written }) => written));
    },
    hurry() {
      hurrying++;
      holding.releaseThose(() => true);
      void writeDue();
      return () => void hurrying--;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
