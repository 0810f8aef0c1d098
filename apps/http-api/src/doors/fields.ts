import express, { type RequestHandler } from 'express';
import { parseJson } from '../http/body.ts';
import { problem, ProblemError, type ProblemReason } from '../http/problem.ts';

/** What a request of a door gives, by name; a form's and a query's are all texts. Has no prototype that a name could reach. */
export type Fields = Readonly<Record<string, unknown>>;

export type ReadFields =
  | { readonly ok: true; readonly fields: Fields }
  | { readonly ok: false; readonly reason: Extract<ProblemReason, 'bad_request' | 'malformed_json'>; readonly detail: string };

/**
 * The largest body of a door. The longest message in GSM characters that take two octets in UTF-8 has 255 parts of 153, escaped as `%C3%A9`
 * 234,090 octets; as `\u00e9` in JSON it is as long. It is read whole before the Aurora door knows who calls.
 */
export const bodyOctetsMax = 256 * 1024;

/** More names than any client has use for. */
const pairsMax = 50;

/** Leaves the names of the query in `response.locals.fields`, or refuses. */
export const readQuery: RequestHandler = (request, response, next) => {
  const at = request.originalUrl.indexOf('?');
  leave(readForm(at < 0 ? '' : request.originalUrl.slice(at + 1)), response.locals, next);
};

/** Leaves the names of the body, JSON or a form, in `response.locals.fields`, or refuses. */
export const readBody: readonly RequestHandler[] = [requireKnown, express.raw({ type: () => true, limit: bodyOctetsMax }), parse];

type Reader = (octets: Buffer) => ReadFields;

const readers: Readonly<Record<string, Reader>> = {
  'application/json': readJsonObject,
  'application/x-www-form-urlencoded': (octets) => readForm(octets.toString('latin1')),
};

/** Of both media types: UTF-8 (RFC 8259 §8.1; URL standard §5.1), which a charset parameter may only confirm. */
function readerOf(contentType = ''): Reader | undefined {
  const [media = '', ...parameters] = contentType.toLowerCase().split(';');
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) return undefined;
  return Object.hasOwn(readers, media.trim()) ? readers[media.trim()] : undefined;
}

function requireKnown(...[request, _response, next]: Parameters<RequestHandler>): void {
  if (readerOf(request.headers['content-type'])) return next();
  const accept = Object.keys(readers).join(', ');
  next(new ProblemError(problem('unsupported_media_type', `send ${accept}, in UTF-8`), { Accept: accept }));
}

function parse(...[request, response, next]: Parameters<RequestHandler>): void {
  const octets: unknown = request.body;
  const read = readerOf(request.headers['content-type']) as Reader;
  leave(read(Buffer.isBuffer(octets) ? octets : Buffer.alloc(0)), response.locals, next);
}

function leave(read: ReadFields, locals: Record<string, unknown>, next: (error?: unknown) => void): void {
  if (!read.ok) return next(new ProblemError(problem(read.reason, read.detail)));
  locals['fields'] = read.fields;
  next();
}

/**
 * Reads application/x-www-form-urlencoded (URL standard §5.1), one character an octet. What that standard mends is refused where it would
 * change a text or leave open which one is meant: octets that are not UTF-8, a name given twice. Pure.
 */
export function readForm(text: string): ReadFields {
  const pairs = text.split('&', pairsMax + 1).filter((pair) => pair !== '');
  if (pairs.length > pairsMax) return bad('too many parameters');
  const fields: Record<string, unknown> = Object.create(null);
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const name = decode(at < 0 ? pair : pair.slice(0, at));
    const value = decode(at < 0 ? '' : pair.slice(at + 1));
    if (name === undefined || value === undefined) return bad('a parameter is not UTF-8');
    if (name in fields) return bad('a parameter is given twice');
    fields[name] = value;
  }
  return withoutNul(fields);
}

/** Pure. */
export function readJsonObject(octets: Buffer): ReadFields {
  if (octets.length === 0) return { ok: false, reason: 'malformed_json', detail: 'the body is empty' };
  const parsed = parseJson(octets);
  if ('fault' in parsed) return { ok: false, reason: 'malformed_json', detail: parsed.fault };
  const { value } = parsed;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad('the body is not an object');
  return withoutNul(Object.assign(Object.create(null), value) as Fields);
}

/** No handset shows U+0000, and a C string of a provider ends with it. */
function withoutNul(fields: Fields): ReadFields {
  const has = Object.values(fields).some((value) => typeof value === 'string' && value.includes('\0'));
  return has ? bad('a parameter contains U+0000') : { ok: true, fields };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** As the URL standard decodes: `+` is a space, and a `%` that begins no escape is itself. Undefined: not UTF-8. */
function decode(escaped: string): string | undefined {
  const octets = escaped.replaceAll('+', ' ').replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  try {
    return utf8.decode(Buffer.from(octets, 'latin1'));
  } catch {
    return undefined;
  }
}

function bad(detail: string): ReadFields {
  return { ok: false, reason: 'bad_request', detail };
}
