import type { BindName, Session } from '@heliograph/smpp';
import type { SmppConnectorSettings } from '@heliograph/registry';
import { messageClasses, sendingBegun, type SendingBegun } from '@heliograph/message';
import type { Marks, Queue, Worker } from '@heliograph/queue';
import type { Log } from '@heliograph/service';
import { backlogOf } from './backlog.ts';
import { keepBound } from './bind.ts';
import { metricsOf } from './metrics.ts';
import type { WantedConnector } from './plan.ts';
import { createReceiver } from './receiver.ts';
import { createSender, type PutOff } from './sender.ts';
import { createTurns } from './turns.ts';

export interface ConnectorOptions {
  readonly connector: WantedConnector;
  readonly queue: Queue;
  readonly putOff: PutOff;
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Marks;
  readonly log: Log;
}

/** A connector that runs: its binds, and a reader of the stream for each class of message. */
export interface RunningConnector {
  /** Links, of which a `tx+rx` bind has two. */
  readonly bound: number;
  readonly parked: number;
  readonly inFlight: number;
  readonly segmentsPerSecond: number;
  /** Begins nothing more, waits up to `graceMs` for the answers of what is in the windows, gives the rest back, unbinds. */
  stop(graceMs: number): Promise<void>;
}

/** The links of a connector, in the order in which they are made: of each pair the receiver first, as receipts may wait already. */
export function bindsOf({ bind, binds }: Pick<SmppConnectorSettings, 'bind' | 'binds'>): BindName[] {
  const each = bind === 'tx+rx' ? (['bind_receiver', 'bind_transmitter'] as const) : (['bind_transceiver'] as const);
  return Array.from({ length: binds }).flatMap(() => each);
}

const sweepEveryMs = 1_000;
const lookEveryMs = 20;
/** Left of the grace for saying unbind. */
const unbindMs = 1_000;

export async function startConnector({ connector, queue, putOff, cancelled, log: appLog }: ConnectorOptions): Promise<RunningConnector> {
  const { id, settings } = connector;
  const log = appLog.child({ connector: id });
  const metrics = metricsOf(id);
  const onRequest = createReceiver({ connector, queue, metrics, log });
  const sender = createSender({ connector, sessions: submitting, putOff, cancelled, metrics, log });
  const endCancelling = cancelled.onPut((id) => {
    if (!sender.cancel(id)) queue.broadcast(sendingBegun, { id } satisfies SendingBegun);
  });
  const turns = createTurns();
  const binds = bindsOf(settings).map((command) =>
    keepBound({ connector, command, turns, log, metrics, onBound: () => sender.pump(), onRequest }),
  );
  const sweep = setInterval(() => sender.sweep(), sweepEveryMs);

  function* submitting(): Iterable<Session> {
    for (const { command, session } of binds) if (session && command !== 'bind_receiver') yield session;
  }

  async function end(graceMs: number): Promise<void> {
    clearInterval(sweep);
    endCancelling();
    await Promise.all(binds.map((bind) => bind.stop(graceMs)));
  }

  const workers: Worker[] = [];
  try {
    for (const name of messageClasses) {
      const worker = await queue.workEach({
        ...backlogOf(id, name),
        eventsInFlightMax: 2 * settings.window * settings.binds,
        handle: sender.handle,
      });
      workers.push(worker);
    }
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.stop(0)));
    await end(0);
    throw error;
  }

  return {
    get bound() {
      return binds.filter(({ session }) => session).length;
    },
    get parked() {
      return sender.parked;
    },
    get inFlight() {
      return sender.inFlight;
    },
    get segmentsPerSecond() {
      return sender.segmentsPerSecond;
    },
    async stop(graceMs) {
      const deadline = performance.now() + Math.max(0, graceMs - unbindMs);
      await within(sender.drain(), deadline);
      // What is held beyond the parked messages has its outcome, on its way to the stream.
      while (unsettled(workers) > sender.parked && performance.now() < deadline) await pause(lookEveryMs);
      await Promise.all(workers.map((worker) => worker.stop(0)));
      await end(unbindMs);
      log.info({ givenBack: sender.parked, unanswered: sender.inFlight }, 'connector stopped');
    },
  };
}

function unsettled(workers: readonly Worker[]): number {
  return workers.reduce((sum, worker) => sum + worker.unsettled, 0);
}

function within(promise: Promise<void>, deadline: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.max(0, deadline - performance.now()));
    void promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
