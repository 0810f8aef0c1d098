import { once } from 'node:events';
import net from 'node:net';
import {
  type CloseReason,
  createFramer,
  createSession,
  encodePdu,
  type Pdu,
  type PduToWrite,
  type Reply,
  type RequestPdu,
  type Session,
} from '../src/index.ts';
import { listen, type SessionEvent, type SessionOptions } from '../src/index.ts';

/** Sessions over loopback and what tests await of them. */

export const calmTimers = { sessionInitMs: 60_000, enquireLinkMs: 60_000, inactivityMs: 0, responseMs: 60_000 };

/** A list that can be awaited: `next` gives the items in order as they come. */
export type Feed<T> = { push(item: T): void; next(): Promise<T>; readonly seen: T[] };

export function createFeed<T>(): Feed<T> {
  const seen: T[] = [];
  const wanted: ((item: T) => void)[] = [];
  let taken = 0;
  return {
    seen,
    push(item) {
      seen.push(item);
      wanted.shift()?.(item);
    },
    next() {
      const index = taken++;
      return index < seen.length ? Promise.resolve(seen[index]!) : new Promise((resolve) => wanted.push(resolve));
    },
  };
}

export type Side = {
  session: Session;
  requests: Feed<{ pdu: RequestPdu; reply: Reply }>;
  events: Feed<SessionEvent>;
  closed: Promise<CloseReason>;
};

export function sideOf(socket: net.Socket, options: Partial<SessionOptions> & Pick<SessionOptions, 'role'>): Side {
  const requests = createFeed<{ pdu: RequestPdu; reply: Reply }>();
  const events = createFeed<SessionEvent>();
  const { promise: closed, resolve } = Promise.withResolvers<CloseReason>();
  const session = createSession({
    socket,
    timers: calmTimers,
    windowMax: 10,
    receiveWindowMax: 100,
    onRequest: (pdu, reply) => requests.push({ pdu, reply }),
    onEvent: events.push,
    onClose: resolve,
    ...options,
  });
  return { session, requests, events, closed };
}

/** A listening SMSC of ours; `sides` are its sessions as they come. */
export async function startSmsc(options: Partial<SessionOptions> = {}) {
  const sides = createFeed<Side>();
  const sockets: net.Socket[] = [];
  const listener = await listen({
    port: 0,
    host: '127.0.0.1',
    accept(socket) {
      sockets.push(socket);
      sides.push(sideOf(socket, { role: 'smsc', ...options }));
    },
  });
  return {
    port: listener.port,
    sides,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await listener.close();
    },
  };
}

/** A peer that writes any octets and shows the PDUs that come back. */
export async function connectRaw(port: number) {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const pdus = createFeed<Pdu>();
  const framer = createFramer();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  socket.on('close', () => resolve());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    framer.push(chunk);
    for (let frame = framer.next(); frame.kind !== 'need_more'; frame = framer.next()) {
      if (frame.kind !== 'pdu') throw new Error(`our own session wrote what we cannot read: ${JSON.stringify(frame)}`);
      pdus.push(frame.pdu);
    }
  });
  return {
    socket,
    pdus,
    ended,
    send: (...list: (PduToWrite | Buffer)[]) =>
      socket.write(Buffer.concat(list.map((one) => (Buffer.isBuffer(one) ? one : encodePdu(one))))),
  };
}

export async function connectEsme(port: number, options: Partial<SessionOptions> = {}): Promise<Side> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return sideOf(socket, { role: 'esme', ...options });
}
