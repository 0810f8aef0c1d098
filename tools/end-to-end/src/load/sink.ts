import { commandIds } from '@heliograph/smpp';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import {
  answerTo,
  commandAt,
  messagesMax,
  receiptOctets,
  sequenceAt,
  statusAt,
  submitRespOctets,
  viewSubmit,
  writeReceipt,
  writeSubmitResp,
  type SubmitView,
} from './pdus.ts';
import { openPipe, type Pipe } from './pipe.ts';

/** What came to a sink since it was started. */
export interface SinkCounts {
  /** Different messages of a load. */
  readonly arrived: number;
  /** Came again. */
  readonly duplicates: number;
  /** Of no load. */
  readonly strays: number;
  readonly receiptsAsked: number;
  /** Answered, with status 0. */
  readonly receiptsTaken: number;
  /** Answered otherwise: they do not come again. */
  readonly receiptsRefused: number;
  /** ms of `performance.now()` of this process; 0: none came. */
  readonly lastArrivedAtMs: number;
}

/** An SMSC that takes everything and reports it delivered. */
export interface Sink {
  readonly port: number;
  counts(): SinkCounts;
  /** When the receipt of a message went out, ms of `performance.now()`; 0: not yet. */
  receiptSentAtMs(n: number): number;
  stop(): void;
}

interface Bind {
  readonly pipe: Pipe;
  canReceive: boolean;
  unanswered: number;
  sequence: number;
}

interface Due {
  readonly atMs: number;
  readonly n: number;
  readonly id: number;
  readonly source: Buffer;
  readonly destination: Buffer;
}

/** deliver_sm without an answer, of each bind. */
const windowMax = 100;
/** Times and marks are kept in pages of so many messages. */
const pageMessages = 65_536;

export async function startSink({ receiptDelayMs = 50 }: { receiptDelayMs?: number } = {}): Promise<Sink> {
  const binds = new Set<Bind>();
  const sockets = new Set<Socket>();
  const seen = pages((length) => new Uint8Array(length));
  const sentAtMs = pages((length) => new Float64Array(length));
  const counts = { arrived: 0, duplicates: 0, strays: 0, receiptsAsked: 0, receiptsTaken: 0, receiptsRefused: 0, lastArrivedAtMs: 0 };
  const view: SubmitView = { sourceAt: 0, destinationAt: 0, destinationEnd: 0, n: -1, receipt: false };
  let id = 10 ** 15;
  let due: Due[] = [];
  let head = 0;
  let timer: NodeJS.Timeout | undefined;

  const server = createServer((socket) => {
    sockets.add(socket);
    const pipe = openPipe(socket, (octets, at) => take(bind, octets, at));
    const bind: Bind = { pipe, canReceive: false, unanswered: 0, sequence: 1 };
    socket.on('close', () => {
      sockets.delete(socket);
      binds.delete(bind);
    });
  });

  function take(bind: Bind, octets: Buffer, at: number): void {
    const command = commandAt(octets, at);
    if (command === commandIds.submit_sm) return takeSubmit(bind, octets, at);
    if (command === commandIds.deliver_sm_resp) {
      bind.unanswered--;
      if (statusAt(octets, at) === 0) counts.receiptsTaken++;
      else counts.receiptsRefused++;
      if (head < due.length) pump();
      return;
    }
    const answer = answerTo(command, sequenceAt(octets, at));
    if (answer) bind.pipe.send(answer);
    if (command === commandIds.bind_transceiver || command === commandIds.bind_receiver) {
      bind.canReceive = true;
      binds.add(bind);
    }
  }

  function takeSubmit({ pipe }: Bind, octets: Buffer, at: number): void {
    viewSubmit(octets, at, view);
    const { n } = view;
    id++;
    const { buffer, at: to } = pipe.room(submitRespOctets);
    pipe.wrote(writeSubmitResp(buffer, to, sequenceAt(octets, at), id));
    if (n < 0) return void counts.strays++;
    const marks = seen(n);
    if (marks[n % pageMessages] === 1) counts.duplicates++;
    else {
      marks[n % pageMessages] = 1;
      counts.arrived++;
    }
    const nowMs = performance.now();
    counts.lastArrivedAtMs = nowMs;
    if (!view.receipt) return;
    counts.receiptsAsked++;
    // copied: the chunk they stand in is not to be held for them
    const addresses = Buffer.from(octets.subarray(view.sourceAt, view.destinationEnd));
    const source = addresses.subarray(0, view.destinationAt - view.sourceAt);
    due.push({ atMs: nowMs + receiptDelayMs, n, id, source, destination: addresses.subarray(source.length) });
    timer ??= setTimeout(pump, receiptDelayMs);
  }

  /** Sends what is due, in turn to each bind whose window has room. */
  function pump(): void {
    clearTimeout(timer);
    timer = undefined;
    const nowMs = performance.now();
    while (head < due.length) {
      const one = due[head] as Due;
      if (one.atMs > nowMs) {
        timer = setTimeout(pump, Math.max(1, one.atMs - nowMs));
        break;
      }
      const bind = freest(binds);
      if (!bind) {
        timer = setTimeout(pump, 10);
        break;
      }
      head++;
      bind.unanswered++;
      const { buffer, at } = bind.pipe.room(receiptOctets + one.source.length + one.destination.length);
      bind.pipe.wrote(writeReceipt(buffer, at, { sequence: bind.sequence++, ...one }));
      sentAtMs(one.n)[one.n % pageMessages] = nowMs;
    }
    if (head > 10_000 || head === due.length) {
      due = due.slice(head);
      head = 0;
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    counts: () => ({ ...counts }),
    receiptSentAtMs: (n) => sentAtMs(n)[n % pageMessages] ?? 0,
    stop() {
      clearTimeout(timer);
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function freest(binds: ReadonlySet<Bind>): Bind | undefined {
  let best: Bind | undefined;
  for (const bind of binds) if (bind.unanswered < (best?.unanswered ?? windowMax)) best = bind;
  return best;
}

/** Arrays made when the first of a page is touched: numbers begin anywhere. */
function pages<Page>(make: (length: number) => Page): (n: number) => Page {
  const made: (Page | undefined)[] = new Array<Page | undefined>(Math.ceil(messagesMax / pageMessages));
  return (n) => (made[Math.floor(n / pageMessages)] ??= make(pageMessages));
}
