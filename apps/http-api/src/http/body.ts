import express, { type RequestHandler } from 'express';
import { jsonFault } from './json-fault.ts';
import { problem, ProblemError } from './problem.ts';

/** Leaves the parsed JSON of the request in `response.locals.body`, or refuses. */
export function readJson(octetsMax: number): RequestHandler[] {
  return [requireJson, express.raw({ type: () => true, limit: octetsMax }), parse];
}

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
