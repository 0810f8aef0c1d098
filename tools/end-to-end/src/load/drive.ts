import { commandIds, encodePdu } from '@heliograph/smpp';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { answerTo, commandAt, deliveredNumber, deliverRespOctets, sequenceAt, statusAt, submitTemplate, writeDeliverResp } from './pdus.ts';
import { openPipe, type Pipe } from './pipe.ts';

export interface DriveOptions {
  readonly port: number;
  readonly systemId: string;
  readonly password: string;
  /** Transceivers. */
  readonly binds: number;
  /** submit_sm without an answer, of each bind. */
  readonly window: number;
  /** Numbers of the messages: `first` to `first + messagesMax - 1`; each only once in a sink's life. */
  readonly first: number;
  /** At most so many. */
  readonly messagesMax: number;
  /** And as long as this at most; not with a pace, as what was due and not sent would not count. */
  readonly durationMs?: number;
  /** Messages a second; undefined: as fast as they are answered. */
  readonly pace?: number;
  /** At most so many without their receipt: a sender that waits for them to come. */
  readonly unreportedMax?: number;
  readonly receipts: boolean;
}

export interface DriveResult {
  readonly sent: number;
  readonly accepted: number;
  /** Answers other than 0, by command_status. */
  readonly refused: Readonly<Record<number, number>>;
  /** Different messages whose receipt came. */
  readonly reported: number;
  /** Receipts of a message that had one. */
  readonly reportedAgain: number;
  /** deliver_sm about none of these messages. */
  readonly strays: number;
  /** Why it ended before its time; undefined: it did not. */
  readonly broken: string | undefined;
  /** First submit_sm to last answer, s. */
  readonly acceptedInS: number;
  /** First submit_sm to last receipt, s; 0 without receipts. */
  readonly reportedInS: number;
  /** ms, sorted. Of a paced message from when it was due, so that waiting behind others counts. */
  readonly answeredAfterMs: Float64Array;
  /** ms, sorted, from the sink's deliver_sm to ours; empty without `receiptSentAtMs`. */
  readonly reportedAfterMs: Float64Array;
}

interface Bind {
  readonly socket: Socket;
  readonly pipe: Pipe;
  unanswered: number;
}

const text = 'Your order is on its way and will arrive tomorrow.';
const bindSequence = 1;
/** Of the first message. */
const firstSequence = 2;
const unbindSequence = 0x7fffffff;
/** Given up when nothing at all came for so long. */
const silenceMsMax = 60_000;
const textOf = { receipts: submitTemplate({ text, receipt: true }), none: submitTemplate({ text, receipt: false }) };

/** Submits over SMPP with as little work of its own as Node can do: what is measured shares the machine with it. `receiptSentAtMs`: of the sink beside it. */
export async function drive(options: DriveOptions, receiptSentAtMs?: (n: number) => number): Promise<DriveResult> {
  const { first, messagesMax, window, pace, receipts, durationMs = Infinity, unreportedMax = Infinity } = options;
  const template = receipts ? textOf.receipts : textOf.none;
  const sentAtMs = new Float64Array(messagesMax);
  const answeredAfterMs = new Float64Array(messagesMax);
  const reportedAtMs = receipts ? new Float64Array(messagesMax) : new Float64Array(0);
  const refused: Record<number, number> = {};
  let [sent, answered, accepted, reported, reportedAgain, strays] = [0, 0, 0, 0, 0, 0];
  let [lastAnswerAtMs, lastReportAtMs] = [0, 0];
  let broken: string | undefined;
  let next = 0;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));

  const binds = await Promise.all(Array.from({ length: options.binds }, () => openBind(options, take)));
  const startMs = performance.now();
  let heardAtMs = startMs;
  for (const { socket } of binds) socket.on('close', () => end('a connection was closed'));
  const ticker = pace === undefined ? undefined : setInterval(() => fillPaced(pace), 1);
  const watcher = setInterval(() => {
    if (performance.now() - heardAtMs > silenceMsMax) end(`nothing came for ${silenceMsMax / 1000} s`);
    endWhenDone();
  }, 100);
  if (pace === undefined) binds.forEach(fill);
  await finished;
  clearInterval(ticker);
  clearInterval(watcher);
  await Promise.all(binds.map(closeBind));

  return {
    sent,
    accepted,
    refused,
    reported,
    reportedAgain,
    strays,
    broken,
    acceptedInS: (lastAnswerAtMs - startMs) / 1000,
    reportedInS: receipts ? (lastReportAtMs - startMs) / 1000 : 0,
    answeredAfterMs: answeredAfterMs.slice(0, answered).sort(),
    reportedAfterMs: latencies(),
  };

  function take(bind: Bind, octets: Buffer, at: number): void {
    const nowMs = performance.now();
    heardAtMs = nowMs;
    const command = commandAt(octets, at);
    if (command === commandIds.submit_sm_resp) {
      const i = sequenceAt(octets, at) - firstSequence;
      const status = statusAt(octets, at);
      bind.unanswered--;
      answeredAfterMs[answered++] = nowMs - (sentAtMs[i] ?? NaN);
      lastAnswerAtMs = nowMs;
      if (status === 0) accepted++;
      else refused[status] = (refused[status] ?? 0) + 1;
      if (pace === undefined) fill(bind);
    } else if (command === commandIds.deliver_sm) {
      const { buffer, at: to } = bind.pipe.room(deliverRespOctets);
      bind.pipe.wrote(writeDeliverResp(buffer, to, sequenceAt(octets, at)));
      takeReport(deliveredNumber(octets, at) - first, nowMs);
    } else if (command === commandIds.unbind_resp) {
      bind.socket.end();
    } else {
      const answer = answerTo(command, sequenceAt(octets, at));
      if (answer) bind.pipe.send(answer);
    }
  }

  function takeReport(i: number, nowMs: number): void {
    if (!(i >= 0 && i < reportedAtMs.length)) return void strays++;
    if (reportedAtMs[i] !== 0) return void reportedAgain++;
    reportedAtMs[i] = nowMs;
    lastReportAtMs = nowMs;
    reported++;
    // those that stopped for want of a receipt have no answer that would wake them
    if (unreportedMax !== Infinity && sent - reported === unreportedMax - 1) binds.forEach(fill);
  }

  function isOver(): boolean {
    return next >= messagesMax || performance.now() - startMs >= durationMs;
  }

  function fill(bind: Bind): void {
    while (bind.unanswered < window && sent - reported < unreportedMax && !isOver()) submit(bind, performance.now());
  }

  /** What is due by now, in turn over the binds; what finds every window full stays due. */
  function fillPaced(perSecond: number): void {
    const due = Math.min(messagesMax, Math.floor(((performance.now() - startMs) / 1000) * perSecond));
    while (next < due) {
      const turn = binds[next % binds.length] as Bind;
      const free = turn.unanswered < window ? turn : binds.find(({ unanswered }) => unanswered < window);
      if (!free) return;
      submit(free, startMs + (next * 1000) / perSecond);
    }
  }

  function submit(bind: Bind, atMs: number): void {
    const { buffer, at } = bind.pipe.room(template.octets);
    bind.pipe.wrote(template.write(buffer, at, first + next, firstSequence + next));
    sentAtMs[next++] = atMs;
    bind.unanswered++;
    sent++;
  }

  function endWhenDone(): void {
    if (isOver() && answered === sent && (!receipts || reported >= accepted)) end(undefined);
  }

  function end(why: string | undefined): void {
    broken ??= why;
    finish();
  }

  function latencies(): Float64Array {
    if (!receiptSentAtMs || !receipts) return new Float64Array(0);
    const found = new Float64Array(reported);
    let count = 0;
    for (const [i, atMs] of reportedAtMs.entries()) {
      const fromMs = receiptSentAtMs(first + i);
      if (atMs !== 0 && fromMs !== 0) found[count++] = atMs - fromMs;
    }
    return found.slice(0, count).sort();
  }
}

async function openBind({ port, systemId, password }: DriveOptions, take: (bind: Bind, octets: Buffer, at: number) => void): Promise<Bind> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return new Promise((resolve, reject) => {
    let isBound = false;
    const refuse = (): void => reject(new Error('the bind was not answered'));
    socket.once('close', refuse);
    const pipe = openPipe(socket, (octets, at) => {
      if (isBound) return take(bind, octets, at);
      const status = statusAt(octets, at);
      if (status !== 0) return reject(new Error(`bind refused: 0x${status.toString(16)}`));
      isBound = true;
      socket.off('close', refuse);
      resolve(bind);
    });
    const bind: Bind = { socket, pipe, unanswered: 0 };
    pipe.send(encodePdu({ command: 'bind_transceiver', sequence: bindSequence, system_id: systemId, password, interface_version: 0x34 }));
  });
}

/** Says unbind, so that receipts that were answered a moment ago are not sent again to the next. */
async function closeBind({ socket, pipe }: Bind): Promise<void> {
  if (socket.destroyed) return;
  socket.removeAllListeners('close');
  const closed = once(socket, 'close');
  pipe.send(encodePdu({ command: 'unbind', sequence: unbindSequence }));
  const timer = setTimeout(() => socket.destroy(), 2_000);
  await closed;
  clearTimeout(timer);
}
