import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type CommandName, INTERFACE_VERSION_3_4, commandStatus, isResponseId } from './constants.ts';
import type { UnsuccessSme } from './fields.ts';
import { createFramer, type Frame } from './framer.ts';
import { createOutbox } from './outbox.ts';
import {
  type AnsweredName,
  type BindName,
  type NoticeToSend,
  type Pdu,
  type PduOf,
  type PduToWrite,
  type RequestName,
  type RequestPdu,
  type RequestToSend,
  type RequestToSendOf,
  type ResponseName,
  type ResponsePdu,
  responseNameOf,
} from './pdus.ts';
import { type BoundState, boundStates, isBind, mayIssue, refusal, type Role, type SessionState } from './states.ts';
import { decideTimers, type SessionTimers, tickMs } from './timers.ts';
import { getTlv, noTlvs, type Tlv, tlvs } from './tlvs.ts';
import { createWindow, type RequestOutcome } from './window.ts';

export type SessionOptions = {
  /** A connected net.Socket or tls.TLSSocket, or any Duplex. The session owns it from now on. */
  socket: Duplex;
  /** Which side we are. */
  role: Role;
  timers: SessionTimers;
  /** Our requests that may be unanswered at once; more are queued. */
  windowMax: number;
  /** The peer's requests that may be unanswered by us at once; at this number reading stops. */
  receiveWindowMax: number;
  /** Largest PDU accepted, in octets; 66,000 unless given. */
  pduOctetsMax?: number;
  /**
   * A request that its state allows; enquire_link and unbind never come here. Answer it through `reply`, now or later. What
   * it throws, or rejects with, is answered ESME_RSYSERR and told as `handler_failed`.
   */
  onRequest(request: RequestPdu, reply: Reply): void | Promise<void>;
  /** Once, when the socket is gone. */
  onClose(reason: CloseReason): void;
  onEvent?(event: SessionEvent): void;
  /** Milliseconds of a clock that never goes back; performance.now unless given. */
  now?: () => number;
  /** Who the peer is, when the socket does not know (PROXY protocol). */
  peer?: Peer;
};

export type Peer = { address: string; port: number };

export type CloseCode =
  | 'unbound' // by either side
  | 'peer_closed'
  | 'lost' // the peer sent what is not SMPP
  | 'session_init_timeout'
  | 'enquire_link_timeout'
  | 'inactive'
  | 'peer_not_reading'
  | 'socket_error';

/** Why a session ended. `close()` may give a code of the application's own. */
export type CloseReason = { code: CloseCode | (string & {}); detail?: string };

export type SessionEvent =
  | { kind: 'pdu'; direction: 'in' | 'out'; command: CommandName; status: number }
  | { kind: 'nack'; direction: 'in' | 'out'; status: number; reason: string }
  | { kind: 'timeout'; command: AnsweredName }
  | { kind: 'unexpected_response'; command: CommandName | undefined; sequence: number }
  | { kind: 'state'; state: SessionState }
  | { kind: 'reading'; paused: boolean }
  | { kind: 'handler_failed'; command: RequestName; error: unknown };

export type Counters = {
  pdusIn: number;
  pdusOut: number;
  octetsIn: number;
  octetsOut: number;
  nacksIn: number;
  nacksOut: number;
  timeouts: number;
  unexpectedResponses: number;
};

/** Mandatory and optional parameters of a response. */
export type ReplyFields = {
  message_id?: string;
  system_id?: string;
  final_date?: string;
  message_state?: number;
  error_code?: number;
  unsuccess_sme?: readonly UnsuccessSme[];
  tlvs?: readonly Tlv[];
};

/** Answers one request, once; false when it was answered before or the session is closed. */
export type Reply = {
  /** ESME_ROK. Throws RangeError for a value that the wire cannot carry. A bind becomes bound by it. */
  ok(fields?: ReplyFields): boolean;
  /** An error of 16 octets, without a body. */
  error(status: number): boolean;
  readonly answered: boolean;
};

export type Session = {
  readonly id: string;
  readonly role: Role;
  readonly state: SessionState;
  readonly peer: Peer;
  /** system_id of the bind; undefined before it. */
  readonly systemId: string | undefined;
  /** The peer's; below 0x34 it is sent no optional parameters. undefined before the bind. */
  readonly interfaceVersion: number | undefined;
  readonly counters: Readonly<Counters>;
  /** Octets held for this session: read and not yet understood, written and not yet taken. */
  readonly bytesBuffered: number;
  /** The peer's requests that have no answer yet. */
  readonly held: number;
  /** Our requests that have no answer yet, queued ones included. */
  readonly outstanding: number;
  /** Requests that would be written at once. 0 when closed, unbinding, or the peer does not read. */
  readonly windowFree: number;
  /** Calls back once, as soon as windowFree > 0 or the session is closed. */
  whenWindowFree(callback: () => void): void;
  /** Sends a request, or queues it when the window is full. Rejects only for our own bugs: wrong state, value out of range. */
  request<C extends AnsweredName>(pdu: RequestToSendOf<C> & { command: C }): Promise<RequestOutcome<C>>;
  /** role esme: `response` with status 0 means that the session is bound. */
  bind<C extends BindName>(pdu: RequestToSendOf<C> & { command: C }): Promise<RequestOutcome<C>>;
  /** Sends outbind or alert_notification, which have no answer; false when closed. */
  notify(pdu: NoticeToSend): boolean;
  /** Graceful end: waits for our answers, says unbind, answers what is held, closes. Resolves when the socket is gone. */
  unbind(): Promise<void>;
  /** Ends now, without unbind; what is written already still goes out. */
  close(reason?: CloseReason): void;
};

/** Over this many octets that the peer has not taken we stop reading its requests. */
const WAITING_OCTETS_MAX = 256 * 1024;
/** How long a peer may take to close its side after we closed ours. */
const LINGER_MS_MAX = 2000;

/** One SMPP connection, as SMSC or ESME. Nothing the peer sends throws out of it or leaves it open and deaf. */
export function createSession(options: SessionOptions): Session {
  const { socket, role, timers, windowMax, receiveWindowMax, onRequest, onClose, onEvent, now = () => performance.now() } = options;
  const peerRole: Role = role === 'smsc' ? 'esme' : 'smsc';
  const framer = createFramer(options.pduOctetsMax === undefined ? {} : { pduOctetsMax: options.pduOctetsMax });
  const outbox = createOutbox({ socket, now });
  const window = createWindow();
  const peer = options.peer ?? peerOf(socket);
  const counts = { pdusIn: 0, octetsIn: 0, nacksIn: 0, nacksOut: 0, timeouts: 0, unexpectedResponses: 0 };

  const openedAt = now();
  let bound: BoundState | undefined;
  let bindAsked: { command: BindName; sequence: number; systemId: string } | undefined;
  let systemId: string | undefined;
  let interfaceVersion: number | undefined;
  let leaving: 'no' | 'draining' | 'asked' | 'answered' | 'told' = 'no';
  let leavingAt = 0;
  let leavingReason: CloseReason = { code: 'unbound' };
  let unbindSequence = 0;
  let held = 0;
  let pumping = false;
  let readingPaused = false;
  let resumeScheduled = false;
  let heardAt = openedAt;
  let activeAt = openedAt;
  let enquiredAt: number | undefined;
  let enquirySequence = 0;
  let closing: { reason: CloseReason; at: number } | undefined;
  let gone = false;
  let windowWaiters: (() => void)[] = [];
  const { promise: ended, resolve: resolveEnded } = Promise.withResolvers<void>();

  const ticking = setInterval(tick, tickMs(timers));
  ticking.unref();
  if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true);
  socket.on('data', onData);
  socket.on('drain', onDrain);
  socket.on('end', () => end({ code: 'peer_closed' }));
  socket.on('error', (error: Error) => end({ code: 'socket_error', detail: error.message }));
  socket.on('close', onGone);
  // A socket may die between accept and here, and its close event is then over.
  if (socket.destroyed) setImmediate(onGone);

  return {
    id: randomUUID(),
    role,
    peer,
    get state() {
      return stateNow();
    },
    get systemId() {
      return systemId;
    },
    get interfaceVersion() {
      return interfaceVersion;
    },
    get counters() {
      return { ...counts, pdusOut: outbox.appended, octetsOut: outbox.octetsOut };
    },
    get bytesBuffered() {
      return framer.octetsBuffered + outbox.octetsWaiting;
    },
    get held() {
      return held;
    },
    get outstanding() {
      return window.outstanding + window.queued;
    },
    get windowFree() {
      return windowFree();
    },
    whenWindowFree(callback) {
      if (windowFree() > 0 || closing !== undefined) queueMicrotask(callback);
      else windowWaiters.push(callback);
    },
    request,
    bind: request,
    notify(pdu) {
      if (closing !== undefined) return false;
      write({ ...pdu, sequence: window.nextSequence() } as PduToWrite);
      return true;
    },
    unbind() {
      startUnbind({ code: 'unbound' });
      return ended;
    },
    close: (reason = { code: 'closed' }) => end(reason),
  };

  // What the peer sends

  function onData(chunk: Buffer): void {
    if (closing !== undefined) return;
    heardAt = now();
    counts.octetsIn += chunk.length;
    framer.push(chunk);
    pump();
  }

  function pump(): void {
    if (pumping) return;
    pumping = true;
    try {
      while (closing === undefined && !mustPause()) {
        const frame = framer.next();
        if (frame.kind === 'need_more') break;
        take(frame);
      }
    } finally {
      // An onEvent that throws must not leave the session deaf.
      pumping = false;
      setReading();
    }
  }

  function take(frame: Exclude<Frame, { kind: 'need_more' }>): void {
    if (frame.kind === 'lost') {
      nack(frame.sequence, commandStatus.ESME_RINVCMDLEN, frame.reason);
      end({ code: 'lost', detail: frame.reason });
      return;
    }
    counts.pdusIn++;
    enquiredAt = undefined;
    if (frame.kind === 'nack') {
      takeIllegible(frame);
      return;
    }
    const { pdu } = frame;
    onEvent?.({ kind: 'pdu', direction: 'in', command: pdu.command, status: pdu.status });
    if (isRequest(pdu)) takeRequest(pdu);
    else takeResponse(pdu);
  }

  function takeRequest(pdu: RequestPdu): void {
    const { command, sequence } = pdu;
    if (command === 'enquire_link') {
      write({ command: 'enquire_link_resp', sequence });
      return;
    }
    activeAt = heardAt;
    const state = stateOfRules();
    if (!mayIssue(peerRole, command, state) || (isBind(command) && bindAsked !== undefined)) {
      refuse(
        command,
        sequence,
        isBind(command) && bindAsked !== undefined ? commandStatus.ESME_RALYBND : refusal(peerRole, command, state),
      );
      return;
    }
    if (command === 'unbind') takeUnbind(sequence);
    else handle(pdu);
  }

  function handle(pdu: RequestPdu): void {
    const { command } = pdu;
    if (isBindRequest(pdu)) bindAsked = { command: pdu.command, sequence: pdu.sequence, systemId: pdu.system_id };
    const reply = responseNameOf(command) === undefined ? silentReply : createReply(pdu);
    const failed = (error: unknown): void => {
      onEvent?.({ kind: 'handler_failed', command, error });
      reply.error(commandStatus.ESME_RSYSERR);
    };
    try {
      const result = onRequest(pdu, reply);
      if (result !== undefined) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  function createReply(pdu: RequestPdu): Reply {
    const { sequence } = pdu;
    const command = responseNameOf(pdu.command)!;
    let answered = false;
    held++;
    return {
      get answered() {
        return answered;
      },
      ok(fields) {
        if (answered || closing !== undefined) return false;
        if (isBindRequest(pdu)) acceptBind(pdu, fields ?? {});
        else write({ command, status: 0, sequence, ...fields } as PduToWrite);
        answered = true;
        released();
        return true;
      },
      error(status) {
        if (answered || closing !== undefined) return false;
        if (isBindRequest(pdu)) bindAsked = undefined;
        write({ command, status, sequence, headerOnly: true } as PduToWrite);
        answered = true;
        released();
        return true;
      },
    };
  }

  function acceptBind(pdu: RequestPdu & { command: BindName; interface_version: number; system_id: string }, fields: ReplyFields): void {
    const { tlvs: given = noTlvs, ...mandatory } = fields;
    // §4.1.2: only who speaks 3.4 is told our version. `write` keeps optional parameters from all others.
    const told =
      getTlv(given, 'sc_interface_version') === undefined ? [...tlvs({ sc_interface_version: INTERFACE_VERSION_3_4 }), ...given] : given;
    interfaceVersion = pdu.interface_version;
    write({ command: responseNameOf(pdu.command), status: 0, sequence: pdu.sequence, ...mandatory, tlvs: told } as PduToWrite);
    bindAsked = undefined;
    becomeBound(pdu.command, pdu.system_id);
  }

  function released(): void {
    held--;
    activeAt = heardAt;
    finishLeaving();
    if (!readingPaused || resumeScheduled || mustPause()) return;
    // Once per turn: replies mostly come many at a time, and each pause and resume is work for the event loop.
    resumeScheduled = true;
    setImmediate(() => {
      resumeScheduled = false;
      pump();
    });
  }

  function takeResponse(pdu: ResponsePdu): void {
    const { command, sequence, status } = pdu;
    if (command === 'generic_nack') {
      counts.nacksIn++;
      onEvent?.({ kind: 'nack', direction: 'in', status, reason: 'generic_nack' });
    }
    if (command === 'enquire_link_resp' && sequence === enquirySequence) return;
    if (leaving === 'asked' && sequence === unbindSequence && (command === 'unbind_resp' || command === 'generic_nack')) {
      leaving = 'answered';
      finishLeaving();
      return;
    }
    // Bound before anything else of this chunk is read: the SMSC may deliver right behind its bind_resp.
    if (sequence === bindAsked?.sequence && role === 'esme') takeBindResponse(pdu, bindAsked);
    settle(sequence, command, { kind: 'response', pdu } as RequestOutcome);
  }

  function takeBindResponse(pdu: ResponsePdu, asked: { command: BindName; systemId: string }): void {
    if (pdu.command !== `${asked.command}_resp` && pdu.command !== 'generic_nack') return;
    bindAsked = undefined;
    if (pdu.status !== 0 || pdu.command === 'generic_nack') return;
    // §5.3.2.25 takes a missing version for 3.3, but many 3.4 SMSCs leave it out and need optional parameters.
    interfaceVersion = getTlv(pdu.tlvs, 'sc_interface_version') ?? INTERFACE_VERSION_3_4;
    becomeBound(asked.command, asked.systemId);
  }

  function settle(sequence: number, command: ResponsePdu['command'], outcome: RequestOutcome): void {
    if (window.answer(sequence, command, outcome)) {
      roomMade();
      return;
    }
    // Late, duplicate, or of the wrong kind. §3.3: responses are never nacked.
    counts.unexpectedResponses++;
    onEvent?.({ kind: 'unexpected_response', command, sequence });
  }

  function takeIllegible(frame: Extract<Frame, { kind: 'nack' }>): void {
    const { command, sequence, status, reason } = frame;
    if (isResponseId(frame.commandId)) {
      takeIllegibleResponse(frame);
      return;
    }
    if (command === undefined) {
      nack(sequence, status, reason);
      return;
    }
    const request = command as RequestName;
    const state = stateOfRules();
    counts.nacksOut++;
    onEvent?.({ kind: 'nack', direction: 'out', status, reason });
    refuse(request, sequence, mayIssue(peerRole, request, state) ? status : refusal(peerRole, request, state));
  }

  function takeIllegibleResponse({ command, sequence, receivedStatus, reason }: Extract<Frame, { kind: 'nack' }>): void {
    if (command === undefined || window.commandOf(sequence) === undefined) {
      counts.unexpectedResponses++;
      onEvent?.({ kind: 'unexpected_response', command, sequence });
      return;
    }
    if (bindAsked?.sequence === sequence && role === 'esme') bindAsked = undefined;
    settle(sequence, command as ResponseName, { kind: 'malformed', status: receivedStatus, reason });
  }

  // What we send

  function request<C extends AnsweredName>(pdu: RequestToSendOf<C> & { command: C }): Promise<RequestOutcome<C>> {
    return new Promise((resolve, reject) => {
      const queued = { pdu: pdu as unknown as RequestToSend, settle: resolve as (outcome: RequestOutcome) => void, fail: reject };
      if (closing !== undefined || leaving !== 'no') resolve({ kind: 'closed', written: false });
      else if (!mayIssue(role, pdu.command, stateOfRules()))
        reject(new Error(`${pdu.command} may not be sent by the ${role} in ${stateNow()}`));
      else if (windowFree() === 0) window.enqueue(queued);
      else send(queued);
    });
  }

  function send({
    pdu,
    settle,
    fail,
  }: {
    pdu: RequestToSend;
    settle: (outcome: RequestOutcome) => void;
    fail: (error: unknown) => void;
  }): void {
    const sequence = window.nextSequence();
    try {
      write({ ...pdu, sequence } as PduToWrite);
    } catch (error) {
      fail(error);
      return;
    }
    activeAt = now();
    if (isBindToSend(pdu)) bindAsked = { command: pdu.command, sequence, systemId: pdu.system_id ?? '' };
    window.add(sequence, { command: pdu.command, sentAt: activeAt, order: outbox.appended, settle });
  }

  function roomMade(): void {
    while (window.queued > 0 && roomToSend() > 0) send(window.dequeue()!);
    if (leaving === 'draining' && window.outstanding === 0) sayUnbind();
    if (windowWaiters.length === 0 || windowFree() === 0) return;
    callWaiters();
  }

  function callWaiters(): void {
    const waiters = windowWaiters;
    windowWaiters = [];
    for (const callback of waiters) queueMicrotask(callback);
  }

  function windowFree(): number {
    return leaving === 'no' ? Math.max(0, roomToSend() - window.queued) : 0;
  }

  function roomToSend(): number {
    if (closing !== undefined || outbox.octetsWaiting > WAITING_OCTETS_MAX) return 0;
    return Math.max(0, windowMax - window.outstanding);
  }

  function refuse(command: RequestName, sequence: number, status: number): void {
    const response = responseNameOf(command);
    if (response === undefined) nack(sequence, status, `${command} is refused`);
    else write({ command: response, status, sequence, headerOnly: true } as PduToWrite);
  }

  function nack(sequence: number, status: number, reason: string): void {
    counts.nacksOut++;
    onEvent?.({ kind: 'nack', direction: 'out', status, reason });
    write({ command: 'generic_nack', status, sequence });
  }

  function write(pdu: PduToWrite): void {
    const old = interfaceVersion !== undefined && interfaceVersion < INTERFACE_VERSION_3_4;
    outbox.append(old && pdu.tlvs !== undefined ? { ...pdu, tlvs: noTlvs } : pdu);
    onEvent?.({ kind: 'pdu', direction: 'out', command: pdu.command, status: pdu.status ?? 0 });
  }

  // State

  function becomeBound(command: BindName, id: string): void {
    bound = boundStates[command];
    systemId = id;
    tellState();
  }

  function stateNow(): SessionState {
    if (closing !== undefined) return 'closed';
    return leaving === 'no' ? (bound ?? 'open') : 'unbinding';
  }

  /** Until an unbind has been written the peer is in its right to go on. */
  function stateOfRules(): SessionState {
    return leaving === 'draining' ? (bound ?? 'open') : stateNow();
  }

  function tellState(): void {
    onEvent?.({ kind: 'state', state: stateNow() });
  }

  function startUnbind(reason: CloseReason): void {
    if (closing !== undefined || leaving !== 'no') return;
    if (bound === undefined) {
      end({ ...reason, detail: 'was not bound' });
      return;
    }
    leaving = 'draining';
    leavingReason = reason;
    leavingAt = now();
    window.closeQueued();
    tellState();
    if (window.outstanding === 0) sayUnbind();
  }

  function sayUnbind(): void {
    leaving = 'asked';
    leavingAt = now();
    unbindSequence = window.nextSequence();
    write({ command: 'unbind', sequence: unbindSequence });
  }

  function takeUnbind(sequence: number): void {
    if (leaving === 'asked' || leaving === 'answered') {
      // Two unbinds have crossed: theirs is answered at once, ours is taken for answered.
      write({ command: 'unbind_resp', sequence });
      leaving = 'answered';
    } else {
      leaving = 'told';
      leavingAt = now();
      unbindSequence = sequence;
      window.closeQueued();
      tellState();
    }
    finishLeaving();
  }

  /** Ends an unbinding session once nothing of the peer's is held. */
  function finishLeaving(): void {
    if (held > 0 || closing !== undefined) return;
    if (leaving === 'told') write({ command: 'unbind_resp', sequence: unbindSequence });
    if (leaving === 'told' || leaving === 'answered') end(leavingReason);
  }

  function end(reason: CloseReason): void {
    if (closing !== undefined) return;
    outbox.flush();
    closing = { reason, at: now() };
    window.closeQueued();
    window.closeOutstanding(outbox.flushed);
    callWaiters();
    tellState();
    if (reason.code === 'peer_not_reading') {
      socket.destroy();
      return;
    }
    // What still comes is read and dropped: unread octets would turn our last words into a reset.
    socket.resume();
    socket.end();
  }

  function onGone(): void {
    if (gone) return;
    gone = true;
    end({ code: 'peer_closed' });
    clearInterval(ticking);
    resolveEnded();
    onClose(closing!.reason);
  }

  // Reading and time

  function mustPause(): boolean {
    return held >= receiveWindowMax || outbox.octetsWaiting > WAITING_OCTETS_MAX;
  }

  function setReading(): void {
    const pause = closing === undefined && mustPause();
    if (pause === readingPaused) return;
    readingPaused = pause;
    if (closing !== undefined) return;
    onEvent?.({ kind: 'reading', paused: pause });
    if (pause) {
      socket.pause();
      return;
    }
    heardAt = now();
    socket.resume();
  }

  function onDrain(): void {
    roomMade();
    pump();
  }

  function tick(): void {
    const at = now();
    if (closing !== undefined) {
      const linger = socket.writableLength > 0 ? timers.responseMs : Math.min(timers.responseMs, LINGER_MS_MAX);
      if (at - closing.at >= linger) socket.destroy();
      return;
    }
    for (const command of window.expire(at - timers.responseMs)) {
      counts.timeouts++;
      if (isBind(command)) bindAsked = undefined;
      onEvent?.({ kind: 'timeout', command });
    }
    roomMade();
    // A Duplex with a high water mark above ours never says drain.
    if (readingPaused && !mustPause()) pump();
    outbox.trim();
    if (leaving !== 'no' && leaving !== 'draining' && at - leavingAt >= timers.responseMs) giveUpLeaving();
    else obey(at);
  }

  /** The peer did not answer our unbind, or the application still owes answers: the link ends all the same. */
  function giveUpLeaving(): void {
    if (leaving === 'told') write({ command: 'unbind_resp', sequence: unbindSequence });
    end({ ...leavingReason, detail: leaving === 'asked' ? 'unbind was not answered' : `${held} requests were not answered` });
  }

  function obey(at: number): void {
    const facts = {
      bound: bound !== undefined,
      openedAt,
      heardAt,
      enquiredAt,
      activeAt,
      outstanding: window.outstanding + held,
      readingPaused,
      writeStuckAt: outbox.stuckAt,
    };
    const decision = decideTimers(facts, at, timers);
    if (decision === 'enquire') enquire(at);
    else if (decision === 'inactive') startUnbind({ code: 'inactive' });
    else if (decision !== 'none') end({ code: decision });
  }

  function enquire(at: number): void {
    enquiredAt = at;
    enquirySequence = window.nextSequence();
    write({ command: 'enquire_link', sequence: enquirySequence });
  }
}

const silentReply: Reply = { ok: () => false, error: () => false, answered: true };

function isRequest(pdu: Pdu): pdu is RequestPdu {
  return !pdu.command.endsWith('_resp') && pdu.command !== 'generic_nack';
}

function isBindRequest(pdu: RequestPdu): pdu is PduOf<BindName> & RequestPdu {
  return isBind(pdu.command);
}

function isBindToSend(pdu: RequestToSend): pdu is RequestToSendOf<BindName> & RequestToSend {
  return isBind(pdu.command);
}

function peerOf(socket: Duplex): Peer {
  const { remoteAddress, remotePort } = socket as Duplex & { remoteAddress?: string; remotePort?: number };
  return { address: remoteAddress ?? '', port: remotePort ?? 0 };
}
