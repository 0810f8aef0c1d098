import type { BindName, Session } from '@heliograph/smpp';
import type { OptOuts, SmppConnectorSettings } from '@heliograph/registry';
import { messageClasses, sendingBegun, type ConnectorHealth, type ConnectorMode, type SendingBegun } from '@heliograph/message';
import type { Delivery, Marks, Queue, Worker } from '@heliograph/queue';
import type { Log } from '@heliograph/service';
import { createAsides } from './send/asides.ts';
import { backlogOf, type ToDeliver } from './send/backlog.ts';
import { keepBound } from './link/bind.ts';
import { createCircuit } from './health/circuit.ts';
import { createGate } from './health/gate.ts';
import { createHealth } from './health/health.ts';
import { metricsOf } from './metrics.ts';
import type { WantedConnector } from './plan.ts';
import { createReceiver } from './receive/receiver.ts';
import type { PutOff } from './send/job.ts';
import type { Neighbours } from './send/neighbours.ts';
import { createSender } from './send/sender.ts';
import { createTally } from './health/tally.ts';
import { createTurns } from './link/turns.ts';

export interface ConnectorOptions {
  readonly connector: WantedConnector;
  readonly queue: Queue;
  readonly putOff: PutOff;
  /** Messages whose tenants want them back, by id. */
  readonly cancelled: Marks;
  /** Who wants no more messages. */
  readonly optOuts: Pick<OptOuts, 'has'>;
  readonly neighbours: Neighbours;
  readonly mode: ConnectorMode;
  /** Its circuit or its links have changed. */
  readonly onHealth: () => void;
  readonly log: Log;
}

/** A connector that runs: its binds, and a reader of the stream for each class of message. */
export interface RunningConnector {
  /** Links, of which a `tx+rx` bind has two. */
  readonly bound: number;
  readonly parked: number;
  readonly inFlight: number;
  readonly segmentsPerSecond: number;
  health(now: number): Omit<ConnectorHealth, 'instance'>;
  /** Takes effect at once; the links stay as they are. */
  setMode(mode: ConnectorMode): void;
  /** Begins nothing more, waits up to `graceMs` for the answers of what is in the windows, gives the rest back, unbinds. */
  stop(graceMs: number): Promise<void>;
}

/** The links of a connector, in the order in which they are made: of each pair the receiver first, as receipts may wait already. */
export function bindsOf({ bind, binds }: Pick<SmppConnectorSettings, 'bind' | 'binds'>): BindName[] {
  const each = bind === 'tx+rx' ? (['bind_receiver', 'bind_transmitter'] as const) : (['bind_transceiver'] as const);
  return Array.from({ length: binds }).flatMap(() => each);
}

const sweepEveryMs = 1_000;
const shareEveryMs = 250;
const lookEveryMs = 20;
/** Left of the grace for saying unbind. */
const unbindMs = 1_000;

export async function startConnector(options: ConnectorOptions): Promise<RunningConnector> {
  const { connector, queue, putOff, cancelled, optOuts, neighbours, onHealth, log: appLog } = options;
  const { id, settings } = connector;
  const log = appLog.child({ connector: id });
  const metrics = metricsOf(id);
  const onRequest = createReceiver({ connector, queue, metrics, log });
  let { mode } = options;
  const tally = createTally();
  const circuit = createCircuit({
    now: Date.now(),
    onChange() {
      log.warn({ circuit: circuit.state, why: circuit.state === 'closed' ? undefined : circuit.why }, 'circuit');
      sender.pump();
      onHealth();
    },
  });
  const heldMax = 2 * settings.window * settings.binds;
  const reading = {
    eventsInFlightMax: heldMax,
    handle: (one: Delivery<ToDeliver>) => sender.handle(one),
    onStored: (one: Delivery<ToDeliver>) => sender.stored(one),
  };
  const asides = createAsides({ connector: id, queue, ...reading, log });
  const gate = createGate({ circuit, tally, mode: () => mode });
  const sender = createSender({
    connector,
    sessions: submitting,
    putOff,
    cancelled,
    optOuts,
    gate,
    asides,
    neighbours,
    heldMax,
    metrics,
    log,
  });
  const endCancelling = cancelled.onPut((id) => {
    if (!sender.cancel(id)) queue.broadcast(sendingBegun, { id } satisfies SendingBegun);
  });
  const turns = createTurns();
  const binds = bindsOf(settings).map((command) =>
    keepBound({
      connector,
      command,
      turns,
      log,
      metrics,
      onBound() {
        linksChanged();
        sender.pump();
      },
      onLost: linksChanged,
      onFault: (what) => health.fault(what),
      onRequest,
    }),
  );
  const health = createHealth({
    connector: id,
    links: () => ({ bound: binds.filter(({ session }) => session).length, wanted: binds.length }),
    circuit,
    tally,
    sender,
    backlog: (name) => workers[messageClasses.indexOf(name)]?.backlog(),
    log,
  });
  const sweep = setInterval(() => {
    sender.sweep();
    void asides.look();
  }, sweepEveryMs);
  const sharing = setInterval(() => sender.share(), shareEveryMs);

  function* submitting(): Iterable<Session> {
    for (const { command, session } of binds) if (session && command !== 'bind_receiver') yield session;
  }

  function linksChanged(): void {
    circuit.linksChanged([...submitting()].length, Date.now());
    onHealth();
  }

  async function end(graceMs: number): Promise<void> {
    clearInterval(sweep);
    clearInterval(sharing);
    endCancelling();
    await Promise.all(binds.map((bind) => bind.stop(graceMs)));
  }

  const workers: Worker[] = [];
  try {
    // before the queue that all share: whose own is not empty has older ones there
    await asides.look();
    for (const name of messageClasses) {
      const worker = await queue.workEach({
        ...backlogOf(id, name),
        ...reading,
      });
      workers.push(worker);
    }
  } catch (error) {
    await Promise.all([asides, ...workers].map((one) => one.stop(0)));
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
    health: health.read,
    setMode(wanted) {
      if (wanted === mode) return;
      log.info({ mode: wanted }, 'mode');
      mode = wanted;
      sender.pump();
      onHealth();
    },
    async stop(graceMs) {
      const deadline = performance.now() + Math.max(0, graceMs - unbindMs);
      await within(sender.drain(), deadline);
      // What is held beyond the parked messages has its outcome, on its way to the stream.
      while (unsettled([asides, ...workers]) > sender.parked && performance.now() < deadline) await pause(lookEveryMs);
      await Promise.all([asides, ...workers].map((one) => one.stop(0)));
      await end(unbindMs);
      log.info({ givenBack: sender.parked, unanswered: sender.inFlight }, 'connector stopped');
    },
  };
}

function unsettled(workers: readonly Pick<Worker, 'unsettled'>[]): number {
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
