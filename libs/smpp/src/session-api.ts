import type { Duplex } from 'node:stream';
import type { CommandName } from './constants.ts';
import type { UnsuccessSme } from './fields.ts';
import type { AnsweredName, BindName, NoticeToSend, RequestName, RequestPdu, RequestToSendOf } from './pdus.ts';
import type { Role, SessionState } from './states.ts';
import type { SessionTimers } from './timers.ts';
import type { Tlv } from './tlvs.ts';
import type { RequestOutcome } from './window.ts';

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
  /** Requests that would be written at once. 0 unless bound: before the bind, unbinding, closed; also while the peer does not read. */
  readonly windowFree: number;
  /**
   * For who has found windowFree 0. Calls back at most once, never before this call returns: with true when there is room
   * (look at windowFree again: another may have taken it), with false when the session has begun to end. One that takes no more
   * requests returns false and never calls back, so asking again from the callback cannot go round for ever.
   */
  whenWindowFree(callback: (takesRequests: boolean) => void): boolean;
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
