import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { counter, histogram, type Log } from '@heliograph/service';

const requestsTotal = counter('heliograph_http_api_requests_total', 'Requests answered, by endpoint and status');
const requestSeconds = histogram(
  'heliograph_http_api_request_seconds',
  'Time from a request to its answer, by endpoint',
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
);

const requestIdForm = /^[\w.:-]{1,128}$/;

/** Gives each request an id, and counts, times and logs its answer. */
export function measure(log: Pick<Log, 'debug'>, endpointNames: readonly string[]): RequestHandler {
  const attributesOf = keepAttributes(endpointNames);
  return (request, response, next) => {
    const startMs = performance.now();
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && requestIdForm.test(given) ? given : randomUUID();
    response.locals.requestId = requestId;
    response.setHeader('X-Request-Id', requestId);
    response.on('finish', () => {
      const endpoint = String(response.locals.endpoint ?? 'other');
      const ms = performance.now() - startMs;
      const attributes = attributesOf(endpoint, response.statusCode);
      requestsTotal.add(1, attributes.answered);
      requestSeconds.record(ms / 1000, attributes.timed);
      log.debug({ requestId, endpoint, method: request.method, status: response.statusCode, ms }, 'answered');
    });
    next();
  };
}

/** Which endpoint it is, for the measures; what answers is a caller's own and kept nowhere. */
export function named(name: string): RequestHandler {
  return (_request, response, next) => {
    response.locals.endpoint = name;
    response.setHeader('Cache-Control', 'no-store');
    next();
  };
}

/** Attributes are remembered by identity: one object each, kept. */
function keepAttributes(endpointNames: readonly string[]) {
  const timed = new Map(['other', ...endpointNames].map((endpoint) => [endpoint, { endpoint }]));
  const answered = new Map<string, { endpoint: string; status: number }>();
  return (endpoint: string, status: number) => {
    const key = `${endpoint} ${status}`;
    let attributes = answered.get(key);
    if (!attributes) answered.set(key, (attributes = { endpoint, status }));
    return { answered: attributes, timed: timed.get(endpoint) ?? { endpoint: 'other' } };
  };
}
