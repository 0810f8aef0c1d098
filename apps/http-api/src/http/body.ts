import type { IncomingHttpHeaders } from 'node:http';
import express, { type RequestHandler } from 'express';
import { jsonFault } from './json-fault.ts';
import { problem, ProblemError } from './problem.ts';

/** Leaves the parsed JSON of the request in `response.locals.body`, or refuses. */
export function readJson(octetsMax: number): RequestHandler[] {
  return [requireJson, readOctets(octetsMax), parse];
}

/**
 * Leaves the octets of the body in `request.body`. Nearly every body says how long it is and is not packed: those are read here, all others by
 * Express. Measured: 5 µs less of 40 a request.
 */
function readOctets(octetsMax: number): RequestHandler {
  const readAny = express.raw({ type: () => true, limit: octetsMax });
  return (request, response, next) => {
    const length = Number(request.headers['content-length'] ?? 0);
    const isPlain = length > 0 && length <= octetsMax && request.headers['content-encoding'] === undefined && request.readable;
    if (!isPlain) return readAny(request, response, next);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.once('end', () => {
      request.body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      next();
    });
    request.once('error', () => next(new ProblemError(problem('bad_request', 'the body ends before its length'))));
  };
}

/** The same; a request that has no body, whatever it says of its type, has `{}`. */
export function readJsonOrNothing(octetsMax: number): RequestHandler[] {
  return readJson(octetsMax).map((handler): RequestHandler => (request, response, next) => {
    if (hasBody(request.headers)) return handler(request, response, next);
    response.locals.body = {};
    next();
  });
}

/** RFC 9112 §6.3 */
function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** The same as `readJson`; of a text/csv (RFC 7111 §5.1: in UTF-8, unless it says otherwise), an object that has it as `csv`. */
export function readCsvOrJson(octetsMax: number): RequestHandler[] {
  const [requireType, ...readOctets] = readJson(octetsMax) as [RequestHandler, ...RequestHandler[]];
  return [
    (request, response, next) => (isCsv(request.headers['content-type']) ? next() : requireType(request, response, next)),
    ...readOctets.slice(0, -1),
    (request, response, next) => (isCsv(request.headers['content-type']) ? decodeCsv : parse)(request, response, next),
  ];
}

function isCsv(contentType = ''): boolean {
  return /^text\/csv\s*(;\s*(charset="?utf-8"?|header=(present|absent))\s*)*$/i.test(contentType);
}

const decodeCsv: RequestHandler = (request, response, next) => {
  const octets = request.body as Buffer | undefined;
  try {
    response.locals.body = { csv: utf8.decode(Buffer.isBuffer(octets) ? octets : Buffer.alloc(0)) };
  } catch {
    return next(new ProblemError(problem('invalid', 'the body is not UTF-8', [{ field: '/csv', message: 'is not UTF-8' }])));
  }
  next();
};

/** RFC 8259 §8.1: JSON on the wire is UTF-8; a charset parameter may only say so. */
const requireJson: RequestHandler = (request, _response, next) => {
  const [media = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='));
  if (media.trim() === 'application/json' && (charset === undefined || /^charset="?utf-?8"?$/.test(charset))) return next();
  next(
    new ProblemError(problem('unsupported_media_type', 'send Content-Type: application/json, in UTF-8'), { Accept: 'application/json' }),
  );
};

const parse: RequestHandler = (request, response, next) => {
  const octets = request.body as Buffer | undefined;
  if (!Buffer.isBuffer(octets) || octets.length === 0) return next(new ProblemError(problem('malformed_json', 'the body is empty')));
  const parsed = parseJson(octets);
  if ('fault' in parsed) return next(new ProblemError(problem('malformed_json', parsed.fault)));
  response.locals.body = parsed.value;
  next();
};

/** `fatal`: a text in another encoding is refused instead of being sent with replacement characters. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

export function parseJson(octets: Uint8Array): { readonly value: unknown } | { readonly fault: string } {
  let text: string;
  try {
    text = utf8.decode(octets);
  } catch {
    return { fault: 'the body is not UTF-8' };
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    const { line, column, what } = jsonFault(text);
    return { fault: `line ${line}, column ${column}: ${what}` };
  }
}
