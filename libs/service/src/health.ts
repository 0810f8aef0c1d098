import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** True when fit; false, or the reason, when not. Must be quick: it is asked at every probe. */
export type Check = () => boolean | string;

export type HealthOptions = {
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Read at every request, so checks may be added later. */
  checks: Record<string, Check>;
  /** Metrics in the Prometheus text format; without it /metrics is 404. */
  metrics?: () => Promise<string>;
};

export type Health = {
  port: number;
  /** From now on not ready: no new work is sent here, what is in hand goes on. */
  drain(): void;
  stop(): Promise<void>;
};

/**
 * `/live` answers 200 as long as the event loop turns, also while draining: a supervisor must not kill what is finishing its work.
 * `/ready` answers 200, or 503 with the failing checks. Rejects when the address cannot be listened on.
 */
export const startHealth = async ({ host, port, checks, metrics }: HealthOptions): Promise<Health> => {
  let draining = false;
  const pages: Record<string, () => Answer | Promise<Answer>> = {
    '/live': () => json(200, { live: true }),
    '/ready': () => readiness(draining ? { draining: () => false } : checks),
    ...(metrics === undefined
      ? {}
      : { '/metrics': async () => ({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await metrics() }) }),
  };
  const server = createServer((request, response) => void answer(pages, request, response));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    drain: () => void (draining = true),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

type Answer = { status: number; type: string; body: string };

const answer = async (
  pages: Record<string, () => Answer | Promise<Answer>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const page = pages[(request.url ?? '').split('?', 1)[0] ?? ''];
  const { status, type, body } = page === undefined ? json(404, {}) : isRead(request) ? await answered(page) : json(405, {});
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...(status === 405 ? { allow: 'GET, HEAD' } : {}) });
  response.end(request.method === 'HEAD' ? undefined : body);
};

const isRead = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

/** Anybody may ask for a page, so a bug behind one must not end the process (design §3.8). */
const answered = async (page: () => Answer | Promise<Answer>): Promise<Answer> => {
  try {
    return await page();
  } catch (error) {
    return json(500, { error: error instanceof Error ? error.name : 'error' });
  }
};

const readiness = (checks: Record<string, Check>): Answer => {
  const failing = Object.entries(checks).flatMap(([name, check]) => {
    const fit = ask(check);
    return fit === true ? [] : [[name, fit === false ? 'failing' : fit] as const];
  });
  return failing.length === 0 ? json(200, { ready: true }) : json(503, { ready: false, failing: Object.fromEntries(failing) });
};

const ask = (check: Check): boolean | string => {
  try {
    return check();
  } catch (error) {
    return `threw ${error instanceof Error ? error.name : 'something'}`;
  }
};

const json = (status: number, value: object): Answer => ({ status, type: 'application/json', body: JSON.stringify(value) });
