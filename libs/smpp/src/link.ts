import type { Duplex } from 'node:stream';
import { INTERFACE_VERSION_3_4 } from './constants.ts';
import { createFramer, type Framer } from './framer.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { type BindName, type PduToWrite, type RequestName, responseNameOf } from './pdus.ts';
import type { CloseReason, Counters, SessionEvent, SessionOptions } from './session-api.ts';
import type { BoundState, Role, SessionState } from './states.ts';
import type { SessionTimers } from './timers.ts';
import { noTlvs } from './tlvs.ts';
import { createWindow, type Window } from './window.ts';

/**
 * What the parts of one session share; the parts are functions over it: incoming.ts (what the peer sends), reply.ts (our
 * answers), requests.ts (what we ask), binding.ts, closing.ts, liveness.ts (time). Times are of `now`, in milliseconds.
 */
export type Link = {
  readonly socket: Duplex;
  readonly role: Role;
  readonly peerRole: Role;
  readonly timers: SessionTimers;
  readonly windowMax: number;
  readonly receiveWindowMax: number;
  readonly now: () => number;
  readonly onRequest: SessionOptions['onRequest'];
  readonly onEvent: ((event: SessionEvent) => void) | undefined;
  readonly framer: Framer;
  readonly outbox: Outbox;
  readonly window: Window;
  /** Those called back when the window has room. */
  windowWaiters: ((takesRequests: boolean) => void)[];
  readonly counts: Omit<Counters, 'pdusOut' | 'octetsOut'>;

  bound: BoundState | undefined;
  /** A bind that has no answer yet, of either side. */
  bindAsked: { command: BindName; sequence: number; systemId: string } | undefined;
  systemId: string | undefined;
  interfaceVersion: number | undefined;

  /** draining: we wait for our answers before unbind; asked, answered: our unbind; told: the peer's, held until we have answered all. */
  leaving: 'no' | 'draining' | 'asked' | 'answered' | 'told';
  leavingAt: number;
  leavingReason: CloseReason;
  unbindSequence: number;
  closing: { reason: CloseReason; at: number } | undefined;

  /** The peer's requests that we have not answered. */
  held: number;
  pumping: boolean;
  readingPaused: boolean;
  resumeScheduled: boolean;

  readonly openedAt: number;
  heardAt: number;
  activeAt: number;
  enquiredAt: number | undefined;
  enquirySequence: number;
};

/** Over this many octets that the peer has not taken we stop reading its requests. */
const WAITING_OCTETS_MAX = 256 * 1024;

export function createLink(options: SessionOptions): Link {
  const { socket, role, timers, windowMax, receiveWindowMax, onRequest, onEvent, pduOctetsMax, now = () => performance.now() } = options;
  const openedAt = now();
  return {
    socket,
    role,
    peerRole: role === 'smsc' ? 'esme' : 'smsc',
    timers,
    windowMax,
    receiveWindowMax,
    now,
    onRequest,
    onEvent,
    framer: createFramer(pduOctetsMax === undefined ? {} : { pduOctetsMax }),
    outbox: createOutbox({ socket, now }),
    window: createWindow(),
    windowWaiters: [],
    counts: { pdusIn: 0, octetsIn: 0, nacksIn: 0, nacksOut: 0, timeouts: 0, unexpectedResponses: 0 },
    bound: undefined,
    bindAsked: undefined,
    systemId: undefined,
    interfaceVersion: undefined,
    leaving: 'no',
    leavingAt: 0,
    leavingReason: { code: 'unbound' },
    unbindSequence: 0,
    closing: undefined,
    held: 0,
    pumping: false,
    readingPaused: false,
    resumeScheduled: false,
    openedAt,
    heardAt: openedAt,
    activeAt: openedAt,
    enquiredAt: undefined,
    enquirySequence: 0,
  };
}

export function stateNow(link: Link): SessionState {
  if (link.closing !== undefined) return 'closed';
  return link.leaving === 'no' ? (link.bound ?? 'open') : 'unbinding';
}

/** Until the peer has answered our unbind it is in its right to go on: what crossed with it is work like any other. */
export function stateOfRules(link: Link): SessionState {
  return link.leaving === 'draining' || link.leaving === 'asked' ? (link.bound ?? 'open') : stateNow(link);
}

export function tellState(link: Link): void {
  link.onEvent?.({ kind: 'state', state: stateNow(link) });
}

/** The peer leaves unread what we write. */
export function isCongested(link: Link): boolean {
  return link.outbox.octetsWaiting > WAITING_OCTETS_MAX;
}

/** Throws RangeError, and writes nothing, for a value that the wire cannot carry. */
export function write(link: Link, pdu: PduToWrite): void {
  const { interfaceVersion } = link;
  const old = interfaceVersion !== undefined && interfaceVersion < INTERFACE_VERSION_3_4;
  link.outbox.append(old && pdu.tlvs !== undefined ? { ...pdu, tlvs: noTlvs } : pdu);
  link.onEvent?.({ kind: 'pdu', direction: 'out', command: pdu.command, status: pdu.status ?? 0 });
}

export function refuse(link: Link, command: RequestName, sequence: number, status: number): void {
  const response = responseNameOf(command);
  if (response === undefined) nack(link, sequence, status, `${command} is refused`);
  else write(link, { command: response, status, sequence, headerOnly: true } as PduToWrite);
}

export function nack(link: Link, sequence: number, status: number, reason: string): void {
  link.counts.nacksOut++;
  link.onEvent?.({ kind: 'nack', direction: 'out', status, reason });
  write(link, { command: 'generic_nack', status, sequence });
}
