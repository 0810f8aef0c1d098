import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createControlPlane, Unreachable, type ControlPlane } from './control-plane.ts';

let server: Server;
let controlPlane: ControlPlane;
let asked: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[];
let bodies: string[];
/** Statuses of the next answers; then 200. */
let statuses: number[];

beforeEach(async () => {
  [asked, bodies, statuses] = [[], [], []];
  server = createServer((request, response) => {
    asked.push(request);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString());
      response.writeHead(statuses.shift() ?? 200, { 'retry-after': '0', location: '/elsewhere' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  controlPlane = createControlPlane({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: 'the-key' });
});
afterEach(() => void server.close());

describe('the control plane', () => {
  it('is asked with the key, and for a tenant with a body where there is one', async () => {
    expect((await controlPlane.ask('GET', '/v1/proof?limit=1')).status).toBe(200);
    await controlPlane.ask('POST', '/v1/credentials', { tenant: 'acme', body: { kind: 'smpp' } });
    expect(asked).toMatchObject([
      { method: 'GET', url: '/v1/proof?limit=1', headers: { authorization: 'Bearer the-key' } },
      { method: 'POST', url: '/v1/credentials', headers: { 'heliograph-tenant': 'acme', 'content-type': 'application/json' } },
    ]);
    expect(bodies).toEqual(['', '{"kind":"smpp"}']);
  });

  it.each([
    ['429 and 503 pass', [429, 503], 200, 3],
    ['429 that stays is the answer after five tries', Array(9).fill(429), 429, 5],
    ['404 is an answer', [404], 404, 1],
  ])('%s', async (_, given, status, tries) => {
    statuses = [...given];
    expect((await controlPlane.ask('GET', '/')).status).toBe(status);
    expect(asked).toHaveLength(tries);
  });

  it('does not carry the key where it is sent on to', async () => {
    statuses = [307];
    await expect(controlPlane.ask('GET', '/')).rejects.toThrow(Unreachable);
    expect(asked).toHaveLength(1);
  });

  it('that nobody answers for is unreachable', async () => {
    await new Promise((resolve) => server.close(resolve));
    await expect(controlPlane.ask('GET', '/')).rejects.toThrow(/^http:\/\/127\.0\.0\.1:\d+ does not answer: /);
  });
});
