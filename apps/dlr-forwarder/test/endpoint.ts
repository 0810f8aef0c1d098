import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A tenant's web server: answers each path as told, 200 otherwise, and keeps what it got. */
export interface Endpoint {
  readonly url: string;
  /** Replaces what the path does: a status, or anything with the response; the tries count from 1. */
  onPath(path: string, answer: (attempt: number, response: ServerResponse) => number | void): void;
  /** Resolves with what the path got when it is as many. */
  until(path: string, count: number): Promise<Received[]>;
  received(path: string): Received[];
  stop(): Promise<void>;
}

export async function startEndpoint(): Promise<Endpoint> {
  const answers = new Map<string, (attempt: number, response: ServerResponse) => number | void>();
  const all: Received[] = [];
  const waiting = new Set<() => void>();
  const received = (path: string) => all.filter((one) => one.path === path);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      all.push({ path, headers: request.headers, body: Buffer.concat(chunks).toString() });
      const answer = answers.get(path);
      const status = answer ? answer(received(path).length, response) : 200;
      if (status !== undefined) response.writeHead(status).end('answer');
      for (const look of waiting) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onPath: (path, answer) => void answers.set(path, answer),
    received,
    until(path, count) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (received(path).length < count) return;
          waiting.delete(look);
          resolve(received(path));
        };
        waiting.add(look);
        look();
      });
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
