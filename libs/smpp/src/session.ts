import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { end, startUnbind } from './closing.ts';
import { pump, takeOctets } from './incoming.ts';
import { createLink, type Link, stateNow, write } from './link.ts';
import { tick } from './liveness.ts';
import type { AnsweredName, PduToWrite, RequestToSendOf } from './pdus.ts';
import { request, roomMade, whenWindowFree, windowFree } from './requests.ts';
import type { Peer, Session, SessionOptions } from './session-api.ts';
import { tickMs } from './timers.ts';
import type { RequestOutcome } from './window.ts';

/** One SMPP connection, as SMSC or ESME. Nothing the peer sends throws out of it or leaves it open and deaf. */
export function createSession(options: SessionOptions): Session {
  const { socket, role, onClose } = options;
  const link = createLink(options);
  const { framer, outbox, window, counts } = link;
  const peer = options.peer ?? peerOf(socket);
  const { promise: ended, resolve: resolveEnded } = Promise.withResolvers<void>();
  attach(link, () => {
    resolveEnded();
    onClose(link.closing!.reason);
  });
  const ask = <C extends AnsweredName>(pdu: RequestToSendOf<C> & { command: C }): Promise<RequestOutcome<C>> => request(link, pdu);

  return {
    id: randomUUID(),
    role,
    peer,
    get state() {
      return stateNow(link);
    },
    get systemId() {
      return link.systemId;
    },
    get interfaceVersion() {
      return link.interfaceVersion;
    },
    get counters() {
      return { ...counts, pdusOut: outbox.appended, octetsOut: outbox.octetsOut };
    },
    get bytesBuffered() {
      return framer.octetsBuffered + outbox.octetsWaiting;
    },
    get held() {
      return link.held;
    },
    get outstanding() {
      return window.outstanding + window.queued;
    },
    get windowFree() {
      return windowFree(link);
    },
    whenWindowFree: (callback) => whenWindowFree(link, callback),
    request: ask,
    bind: ask,
    notify(pdu) {
      if (link.closing !== undefined) return false;
      write(link, { ...pdu, sequence: window.nextSequence() } as PduToWrite);
      return true;
    },
    unbind() {
      startUnbind(link, { code: 'unbound' });
      return ended;
    },
    close: (reason = { code: 'closed' }) => end(link, reason),
  };
}

/** Listens to the socket and the clock until the socket is gone, which is told once. */
function attach(link: Link, onGone: () => void): void {
  const { socket } = link;
  const ticking = setInterval(tick, tickMs(link.timers), link);
  ticking.unref();
  let gone = false;
  const closed = (): void => {
    if (gone) return;
    gone = true;
    end(link, { code: 'peer_closed' });
    clearInterval(ticking);
    onGone();
  };
  if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => takeOctets(link, chunk));
  socket.on('drain', () => {
    roomMade(link);
    pump(link);
  });
  socket.on('end', () => end(link, { code: 'peer_closed' }));
  socket.on('error', (error: Error) => end(link, { code: 'socket_error', detail: error.message }));
  socket.on('close', closed);
  // A socket may die between accept and here, and its close event is then over.
  if (socket.destroyed) setImmediate(closed);
}

function peerOf(socket: Duplex): Peer {
  const { remoteAddress, remotePort } = socket as Duplex & { remoteAddress?: string; remotePort?: number };
  return { address: remoteAddress ?? '', port: remotePort ?? 0 };
}
