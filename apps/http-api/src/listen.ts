import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { problem } from './problem.ts';

export interface ListenOptions {
  readonly app: (request: IncomingMessage, response: ServerResponse) => void;
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface Listening {
  readonly port: number;
  /** Takes no new connections, answers what it has, for at most so long. */
  stop(graceMs: number): Promise<void>;
}

/** A peer that is slow on purpose holds a connection no longer than this. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 30_000,
  maxHeaderSize: 16 * 1024,
  connectionsCheckingInterval: 5_000,
};
const headersMax = 100;

/** Rejects when the address cannot be listened on. */
export async function listen({ app, host, port, tls }: ListenOptions): Promise<Listening> {
  let stopping = false;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (stopping) response.setHeader('Connection', 'close');
    app(request, response);
  };
  const server: Server = tls ? createTlsServer({ ...limits, ...tls, minVersion: 'TLSv1.2' }, handle) : createServer(limits, handle);
  server.maxHeadersCount = headersMax;
  server.on('clientError', refuseGarbage);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop(graceMs) {
      stopping = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
      // a connection that was in the middle of a request when it began is idle after it
      const sweep = setInterval(() => server.closeIdleConnections(), 50);
      await promise;
      clearTimeout(deadline);
      clearInterval(sweep);
    },
  };
}

const garbage: Readonly<Record<string, { status: string; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', detail: 'the headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', detail: 'the request took too long to arrive' },
};

/** Octets that are no HTTP at all never reach Express. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable || ((socket as Socket).bytesWritten ?? 0) > 0) return void socket.destroy();
  const { status, detail } = garbage[error.code ?? ''] ?? { status: '400 Bad Request', detail: 'this is not HTTP' };
  const body = JSON.stringify({ ...problem('bad_request', detail), status: Number(status.slice(0, 3)) });
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
