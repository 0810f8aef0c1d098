import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CarrierView } from './carrier.ts';

type Page = { readonly [method: string]: (query: URLSearchParams) => object };

/** A window onto the carrier, for people and tests: `GET /messages?to=&limit=`, `DELETE /messages`, `GET /stats`. No authentication: loopback only. */
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
      GET: (query) => view.messages(filterOf(query)),
      DELETE: () => {
        view.clear();
        return { cleared: true };
      },
    },
    '/stats': { GET: () => view.stats() },
  };
  const server = createServer((request, response) => answer(pages, request, response));
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

function answer(pages: Record<string, Page>, request: IncomingMessage, response: ServerResponse): void {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  const method = request.method ?? '';
  const read = page && Object.hasOwn(page, method) ? page[method] : undefined;
  response.writeHead(read ? 200 : page ? 405 : 404, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(read ? read(new URLSearchParams(query)) : { pages: Object.keys(pages) }, undefined, 1)}\n`);
}

/** A `+` that was not escaped arrives as a space; on the wire numbers have neither. */
function filterOf(query: URLSearchParams): { to?: string; limit?: number } {
  const to = query.get('to')?.replace(/^[ +]/, '');
  const limit = Number(query.get('limit') ?? NaN);
  return { ...(to === undefined ? {} : { to }), ...(Number.isSafeInteger(limit) && limit >= 0 ? { limit } : {}) };
}
