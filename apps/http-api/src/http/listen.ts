import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { counter } from '@heliograph/service';
import type { Classes } from './classes.ts';
import { problem } from './problem.ts';

export interface ListenOptions {
  readonly app: (request: IncomingMessage, response: ServerResponse) => void;
  /** Of the requests and responses that `app` takes; Node's own unless said. */
  readonly classes?: Classes;
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Others than the usual, for tests. */
  readonly limits?: Partial<Limits>;
}

export interface Listening {
  readonly port: number;
  /** Takes no new connections, answers what it has, for at most so long. */
  stop(graceMs: number): Promise<void>;
}

/** A peer that is slow on purpose holds a connection no longer than this, ms. */
const usual = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  /** Of a connection on which nothing moves, as when nobody reads the answer. The longest silence of our own is a pull of events, 30 s. */
  silence: 60_000,
  /** Each may hold 16 kB of headers and, at the doors that read who calls from the body, 256 KiB more: 1.1 GB at the worst. */
  connectionsMax: 4_000,
};
export type Limits = typeof usual;

const maxHeaderSize = 16 * 1024;
const headersMax = 100;
/**
 * After a stop has begun an idle connection stays for so long: a client that goes on using it is answered, and told with that answer to make another one,
 * elsewhere.
 */
const idleMs = 1_000;
/** How long a peer that was refused may take to read why: closing at once would throw that away when it is still sending (RFC 9112 §9.6). */
const lingerMs = 1_000;

const droppedTotal = counter('heliograph_http_api_connections_dropped_total', 'Connections closed at once, as there are too many');

/** Rejects when the address cannot be listened on. */
export async function listen({ app, classes, host, port, tls, limits = {} }: ListenOptions): Promise<Listening> {
  const { silence, connectionsMax, ...timeouts } = { ...usual, ...limits };
  let stopping = false;
  const connections = createConnections();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    connections.began(request, response);
    if (stopping) response.setHeader('Connection', 'close');
    const fault = headersFault(request);
    if (fault) refuseHeaders(response, fault);
    else app(request, response);
  };
  // Node's own refusal of a request without a host has no body
  const options = { ...timeouts, ...classes, maxHeaderSize, requireHostHeader: false };
  const server: Server = tls
    ? createTlsServer({ ...options, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: timeouts.headersTimeout }, handle)
    : createServer(options, handle);
  // one more tells that there were too many: the others are dropped, and an Idempotency-Key may be among them
  server.maxHeadersCount = headersMax + 1;
  server.maxConnections = connectionsMax;
  server.timeout = silence;
  server.on('drop', () => droppedTotal.add(1));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => connections.refuse(error, socket));
  // an expectation that nobody knows may be ignored (RFC 9110 §10.1.1); Node would answer 417 without a body
  server.on('checkExpectation', handle);
  server.on('connect', (_request, socket) => connections.refuse({ code: 'CONNECT' }, socket));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop(graceMs) {
      stopping = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      // Node's own close of an HTTP server ends idle connections at once, and with them requests that are on their way
      NetServer.prototype.close.call(server, () => resolve());
      const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
      let sweep: NodeJS.Timeout | undefined;
      const patience = setTimeout(() => (sweep = setInterval(() => server.closeIdleConnections(), 50)), Math.min(idleMs, graceMs / 2));
      await promise;
      clearTimeout(deadline);
      clearTimeout(patience);
      clearInterval(sweep);
    },
  };
}

interface HeadersFault {
  readonly status: 400 | 431;
  readonly detail: string;
}

/** What Node lets pass: headers that it has thrown away, and a host that is not said once (RFC 9112 §3.2). */
function headersFault({ rawHeaders, httpVersion }: IncomingMessage): HeadersFault | undefined {
  if (rawHeaders.length > 2 * headersMax) return { status: 431, detail: `there are more than ${headersMax} headers` };
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts++;
  return hosts > 1 || (hosts === 0 && httpVersion !== '1.0') ? { status: 400, detail: 'there must be one Host' } : undefined;
}

function refuseHeaders(response: ServerResponse, { status, detail }: HeadersFault): void {
  response.writeHead(status, { Connection: 'close', 'Content-Type': 'application/problem+json' });
  response.end(JSON.stringify({ ...problem('bad_request', detail), status }));
}

const garbage: Readonly<Record<string, { status: string; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', detail: 'the headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', detail: 'the request took too long to arrive' },
  CONNECT: { status: '400 Bad Request', detail: 'this is no proxy' },
};

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Connection {
  readonly unanswered: Set<Exchange>;
  last: Exchange | undefined;
  refused: boolean;
}

/** Octets that are no HTTP at all never reach Express; but what was asked before them is answered first, or a peer would take the refusal for that answer. */
function createConnections() {
  const all = new WeakMap<Duplex, Connection>();
  const of = (socket: Duplex): Connection => {
    const known = all.get(socket) ?? { unanswered: new Set(), last: undefined, refused: false };
    all.set(socket, known);
    return known;
  };
  return {
    began(request: IncomingMessage, response: ServerResponse): void {
      const connection = of(request.socket);
      const exchange = { request, response };
      connection.last = exchange;
      connection.unanswered.add(exchange);
      response.once('close', () => void connection.unanswered.delete(exchange));
    },
    refuse(error: Pick<NodeJS.ErrnoException, 'code'>, socket: Duplex): void {
      const connection = of(socket);
      const { last, unanswered } = connection;
      if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
      // every further octet is another fault
      if (connection.refused) return;
      connection.refused = true;
      const ofLast = last !== undefined && !last.request.complete;
      // the rest of a body whose request has its answer already
      if (ofLast && last.response.headersSent) return void socket.destroy();
      const before = [...unanswered].filter((one) => !(ofLast && one === last));
      const answered = before.map(({ response }) => new Promise<void>((resolve) => response.once('close', resolve)));
      if (answered.length === 0) return sendRefusal(socket, error.code);
      // or a peer that reads no answers could go on for ever
      socket.pause();
      void Promise.all(answered).then(() => sendRefusal(socket, error.code));
    },
  };
}

function sendRefusal(socket: Duplex, code = ''): void {
  if (!socket.writable) return void socket.destroy();
  const { status, detail } = garbage[code] ?? { status: '400 Bad Request', detail: 'this is not HTTP' };
  const body = JSON.stringify({ ...problem('bad_request', detail), status: Number(status.slice(0, 3)) });
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  socket.resume();
  const linger = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(linger));
}
