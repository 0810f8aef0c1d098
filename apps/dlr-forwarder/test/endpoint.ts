import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHeard } from '@heliograph/testbed';

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
  const heard = createHeard<Received>();
  const received = (path: string) => heard.all.filter((one) => one.path === path);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      const answer = answers.get(path);
      const status = answer ? answer(received(path).length + 1, response) : 200;
      if (status !== undefined) response.writeHead(status).end('answer');
      heard.hear({ path, headers: request.headers, body: Buffer.concat(chunks).toString() });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onPath: (path, answer) => void answers.set(path, answer),
    received,
    until: (path, count) => heard.until((one) => one.path === path, count),
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
