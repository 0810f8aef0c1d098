import { createSession, encodePdu, type Session } from '@heliograph/smpp';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Somebody who connects and then does not do as he should. */
export interface BadPeer {
  readonly what: string;
  /** Whether the platform has closed it. */
  readonly isClosed: () => boolean;
  end(): void;
}

export async function connectBadPeer(what: string, port: number, first?: Buffer | string): Promise<BadPeer> {
  const socket = connect(port, '127.0.0.1');
  let isClosed = false;
  socket.on('error', () => {});
  socket.on('close', () => (isClosed = true));
  socket.on('data', () => {});
  await once(socket, 'connect');
  if (first !== undefined) socket.write(first);
  return { what, isClosed: () => isClosed, end: () => socket.destroy() };
}

/** The first half of a bind, and nothing more. */
export const halfABind = (): Buffer => {
  const pdu = encodePdu({ command: 'bind_transceiver', sequence: 1, system_id: 'half', password: 'half', interface_version: 0x34 });
  return pdu.subarray(0, pdu.length / 2);
};

export const halfARequest = 'POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: applica';

interface Credentials {
  readonly port: number;
  readonly systemId: string;
  readonly password: string;
}

/**
 * Is bound like an honest client, and from then on neither reads nor answers, as one whose machine froze: no FIN tells of it, and it hears of none. Gives
 * what ends it.
 */
export async function connectDeaf({ port, systemId, password }: Credentials): Promise<() => void> {
  const socket: Socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const session: Session = createSession({
    socket,
    role: 'esme',
    timers: { sessionInitMs: 10_000, enquireLinkMs: 0, inactivityMs: 0, responseMs: 60_000 },
    windowMax: 1,
    receiveWindowMax: 1,
    onRequest() {},
    onClose() {},
  });
  const bound = await session.bind({ command: 'bind_transceiver', system_id: systemId, password, interface_version: 0x34 });
  if (bound.kind !== 'response' || bound.pdu.status !== 0) throw new Error('the deaf client was not bound');
  socket.pause();
  return () => void socket.destroy();
}
