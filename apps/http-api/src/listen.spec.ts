import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:net';
import { generate } from 'selfsigned';
import type { Api } from './api.ts';
import { createApp } from './app.ts';
import { endpoints } from './endpoint.ts';
import { listen } from './listen.ts';
import { problem } from './problem.ts';

const lines: object[] = [];
const log = { debug: () => {}, error: (fields: object) => void lines.push(fields) };

const nothing = async () => ({ ok: false as const, problem: problem('not_found', 'nothing') });
const quiet = Object.fromEntries(Object.keys(endpoints).map((name) => [name, nothing])) as unknown as Api;

function appWith(api: Partial<Api>, tls = false) {
  const authenticate: Parameters<typeof createApp>[0]['authenticate'] = (_request, response, next) => {
    response.locals.caller = { credential: 'key-1', tenant: 'acme' };
    next();
  };
  return createApp({ api: { ...quiet, ...api }, authenticate, bodyOctetsMax: 1024, tls, log });
}

describe('the listening app', () => {
  it('answers a bug with 500 and none of its words, and logs it once', async () => {
    const server = await listen({
      app: appWith({ balance: () => Promise.reject(new Error('select secret from table')) }),
      host: '127.0.0.1',
      port: 0,
    });
    const response = await fetch(`http://127.0.0.1:${server.port}/v1/balance`);
    expect(await response.json()).toEqual(problem('internal', 'the request failed on our side; its id is in x-request-id'));
    expect([response.status, lines.length]).toEqual([500, 1]);
    expect(lines[0]).toMatchObject({ requestId: response.headers.get('x-request-id') });
    await server.stop(0);
  });

  it('asked to stop in the middle of a request, answers it, then ends', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const balance: Api['balance'] = async () => {
      asked.resolve();
      await answer.promise;
      return { ok: true, body: { credits: 'some' } };
    };
    const server = await listen({ app: appWith({ balance }), host: '127.0.0.1', port: 0 });
    const idleClosed = once(connect(server.port, '127.0.0.1'), 'close');
    const response = fetch(`http://127.0.0.1:${server.port}/v1/balance`);
    await asked.promise;
    const stopped = server.stop(60_000);
    await expect(fetch(`http://127.0.0.1:${server.port}/docs`)).rejects.toThrow();
    answer.resolve();
    expect(await (await response).json()).toEqual({ credits: 'some' });
    await Promise.all([stopped, idleClosed]);
  });

  it('asked to stop, does not wait for ever', async () => {
    const asked = Promise.withResolvers<void>();
    const balance: Api['balance'] = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    const server = await listen({ app: appWith({ balance }), host: '127.0.0.1', port: 0 });
    const response = fetch(`http://127.0.0.1:${server.port}/v1/balance`).catch(() => 'cut off');
    await asked.promise;
    await server.stop(10);
    expect(await response).toBe('cut off');
  });

  it('with a certificate speaks TLS, and says that browsers shall stay there', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    });
    const server = await listen({ app: appWith({}, true), host: '127.0.0.1', port: 0, tls: { cert, key } });
    const asked = request({ host: '127.0.0.1', servername: 'localhost', port: server.port, path: '/docs', ca: cert, agent: false }).end();
    const [response] = await once(asked, 'response');
    expect([response.statusCode, response.headers['strict-transport-security']]).toEqual([200, expect.stringContaining('max-age=')]);
    response.resume();
    await once(response, 'end');
    await server.stop(0);
  });

  it('refuses an address that is taken', async () => {
    const first = await listen({ app: appWith({}), host: '127.0.0.1', port: 0 });
    await expect(listen({ app: appWith({}), host: '127.0.0.1', port: first.port })).rejects.toThrow(/EADDRINUSE/);
    await first.stop(0);
  });
});
