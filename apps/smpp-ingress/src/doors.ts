import type { Socket } from 'node:net';
import tls from 'node:tls';
import { plainAddress, type Networks } from '@heliograph/credential';
import { listen, type Listener, type Peer } from '@heliograph/smpp';
import { readProxyHeader } from './proxy-header.ts';

export interface DoorsOptions {
  readonly hosts: readonly string[];
  /** 0: the first address chooses. */
  readonly port: number;
  /** Without it the door is plain. */
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    /** PEM of the authorities whose client certificates are let in; none: a client needs no certificate. */
    readonly clientCa?: string;
  };
  /** Whose connections begin with a PROXY header; from anybody else one is garbage. */
  readonly proxies: Networks;
  /** Time for the PROXY header, and again for the TLS handshake. */
  readonly handshakeMs: number;
  /** Asked for each connection before anything is read from it. */
  readonly admits: (socket: Socket) => boolean;
  /** Gets every connection after its header and handshake, with the address that it came from in the first place. */
  readonly accept: (socket: Socket | tls.TLSSocket, peer: Peer) => void;
}

/** One port, listened on at several addresses. */
export interface Doors {
  readonly port: number;
  close(): Promise<void>;
}

/** Codes of an address that this machine does not have: a laptop without IPv6 still serves on IPv4. */
const absent: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);

/** Listens on the same port at each address. Rejects when an address is in use, or when none is there. */
export async function openDoors(options: DoorsOptions): Promise<Doors> {
  const enter = createEntrance(options);
  const listeners: Listener[] = [];
  let { port } = options;
  let missing: unknown;
  for (const host of options.hosts) {
    try {
      const listener = await listen({ host, port, accept: (socket) => void enter(socket) });
      port = listener.port;
      listeners.push(listener);
    } catch (error) {
      if (!absent.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      missing = error;
    }
  }
  if (listeners.length === 0) throw missing ?? new Error('no address to listen on');
  return {
    port,
    async close() {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

/** The way of a connection: admitted, its PROXY header if it is a balancer's, its TLS handshake if the door has TLS, accepted. */
function createEntrance({ tls: secure, proxies, handshakeMs, admits, accept }: DoorsOptions): (socket: Socket) => Promise<void> {
  // The PROXY header precedes the TLS hello, so this server does not listen: it is given connections (Node, tls.Server, event 'connection').
  const handshakes = secure && createHandshakes(secure, handshakeMs);
  const sources = new Map<string, Peer>();
  handshakes?.on('secureConnection', (socket) => accept(socket, sources.get(nameOf(socket)) ?? peerOf(socket)));

  return async (socket) => {
    if (!admits(socket)) return void socket.destroy();
    if (!proxies.empty && proxies.has(peerOf(socket).address)) {
      const header = await readProxyHeader(socket, handshakeMs);
      if (!header) return void socket.destroy();
      const name = nameOf(socket);
      sources.set(name, header.source ?? peerOf(socket));
      socket.once('close', () => sources.delete(name));
    }
    if (handshakes) handshakes.emit('connection', socket);
    else accept(socket, sources.get(nameOf(socket)) ?? peerOf(socket));
  };
}

function createHandshakes({ cert, key, clientCa }: NonNullable<DoorsOptions['tls']>, handshakeTimeout: number): tls.Server {
  const server = tls.createServer({
    cert,
    key,
    minVersion: 'TLSv1.2',
    handshakeTimeout,
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  });
  return server.on('tlsClientError', (_error, socket) => socket.destroy());
}

/** Of a connection that is open: no other has it. */
function nameOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}

function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): Peer {
  return { address: plainAddress(remoteAddress), port: remotePort };
}
