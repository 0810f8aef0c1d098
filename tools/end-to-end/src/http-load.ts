import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  readonly url: string;
  /** Of one request each; a connection sends its next when it has its answer. */
  readonly connections: number;
  readonly requests: number;
  /** Header lines besides Host and those of a body. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body of the n-th request, 0..; without one all are GET. */
  readonly body?: (n: number) => string;
  readonly path: string | ((n: number) => string);
}

export interface LoadResult {
  readonly seconds: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Sorted, ms from the request's first octet sent to its answer's last octet read. */
  readonly latenciesMs: Float64Array;
}

/** Asks over keep-alive connections with as little work of its own as Node can do: what is measured shares the machine with it. */
export async function postMany(options: LoadOptions): Promise<LoadResult> {
  const { connections, requests, url } = options;
  const latenciesMs = new Float64Array(requests);
  const statuses: Record<number, number> = {};
  let sent = 0;
  let answered = 0;
  const head = headOf(options);
  const startMs = performance.now();
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(url)));
  await Promise.all(sockets.map(run));
  const seconds = (performance.now() - startMs) / 1000;
  return { seconds, statuses, latenciesMs: latenciesMs.sort() };

  function run(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      let sentAtMs = 0;
      let held = '';
      const next = (): void => {
        if (sent >= requests) {
          socket.end();
          return resolve();
        }
        sentAtMs = performance.now();
        socket.write(requestText(options, head, sent++));
      };
      socket.on('error', reject);
      socket.on('close', () => (sent < requests ? reject(new Error('the server closed a connection')) : resolve()));
      socket.on('data', (chunk: string) => {
        held += chunk;
        const status = statusOfWhole(held);
        if (status === undefined) return;
        held = '';
        latenciesMs[answered++] = performance.now() - sentAtMs;
        statuses[status] = (statuses[status] ?? 0) + 1;
        next();
      });
      next();
    });
  }
}

function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    // answers of the API to ASCII requests are ASCII: an octet is a character, so lengths agree
    socket.setEncoding('latin1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** What all requests have in common, after their first line. */
function headOf({ url, headers }: Pick<LoadOptions, 'url' | 'headers'>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return ` HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${lines.join('')}`;
}

function requestText({ path, body }: Pick<LoadOptions, 'path' | 'body'>, head: string, n: number): string {
  const target = typeof path === 'string' ? path : path(n);
  const text = body?.(n);
  if (text === undefined) return `GET ${target}${head}\r\n`;
  return `POST ${target}${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/** The status of an answer that is all there; undefined: not yet. */
function statusOfWhole(text: string): number | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  return text.length >= end + 4 + length ? Number(head.slice(9, 12)) : undefined;
}
