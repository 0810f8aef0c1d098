import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CarrierView } from './carrier.ts';
import { inboundRequest } from './inbound.ts';

type Answer = { readonly status: number; readonly body: object };
type Page = { readonly [method: string]: (query: URLSearchParams, request: IncomingMessage) => Answer | Promise<Answer> };

/**
 * A window onto the carrier, for people and tests: `GET /messages?to=&limit=`, `DELETE /messages`, `GET /stats`; and a handset: `POST /inbound`.
 * No authentication: loopback only.
 */
export async function startHttp({
  host,
  port,
  view,
}: {
  host: string;
  port: number;
  view: CarrierView;
}): Promise<{ port: number; stop(): Promise<void> }> {
  const pages: Record<string, Page> = {
    '/messages': {
      GET: (query) => ok(view.messages(filterOf(query))),
      DELETE: () => {
        view.clear();
        return ok({ cleared: true });
      },
    },
    '/stats': { GET: () => ok(view.stats()) },
    '/inbound': { POST: (_, request) => postInbound(view, request) },
  };
  const server = createServer((request, response) => {
    // who goes away while it posts wants no answer
    answer(pages, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(pages: Record<string, Page>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  const method = request.method ?? '';
  const serve = page && Object.hasOwn(page, method) ? page[method] : undefined;
  const { status, body } = serve
    ? await serve(new URLSearchParams(query), request)
    : { status: page ? 405 : 404, body: { pages: Object.keys(pages) } };
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body, undefined, 1)}\n`);
}

const ok = (body: object): Answer => ({ status: 200, body });
const refused = (status: number, error: string): Answer => ({ status, body: { error } });

async function postInbound(view: CarrierView, request: IncomingMessage): Promise<Answer> {
  // a page of another site that a browser shows can post, but not this type without asking first, which nobody answers
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) return refused(415, 'content-type must be application/json');
  const text = await bodyOf(request);
  if (text === undefined) return refused(413, `more than ${bodyOctetsMax} octets`);
  const given = inboundRequest.safeParse(parsed(text));
  if (!given.success)
    return refused(400, given.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; '));
  const sent = await view.inbound(given.data);
  if (sent.ok) return ok({ reference: sent.reference, parts: sent.parts, answers: sent.answers });
  return refused(sent.reason === 'nobody' ? 409 : 400, sent.detail);
}

const bodyOctetsMax = 200_000;

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets <= bodyOctetsMax) chunks.push(chunk);
  }
  return octets <= bodyOctetsMax ? Buffer.concat(chunks).toString() : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A `+` that was not escaped arrives as a space; on the wire numbers have neither. */
function filterOf(query: URLSearchParams): { to?: string; limit?: number } {
  const to = query.get('to')?.replace(/^[ +]/, '');
  const limit = Number(query.get('limit') ?? NaN);
  return { ...(to === undefined ? {} : { to }), ...(Number.isSafeInteger(limit) && limit >= 0 ? { limit } : {}) };
}
