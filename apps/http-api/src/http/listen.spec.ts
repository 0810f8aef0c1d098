import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { generate } from 'selfsigned';
import type { Api } from '../api.ts';
import { createApp } from './app.ts';
import { endpoints } from '../api.ts';
import type { Caller } from '../caller/caller.ts';
import { listen, type Limits } from './listen.ts';
import { problem } from './problem.ts';

const lines: object[] = [];
const log = { debug: () => {}, error: (fields: object) => void lines.push(fields) };

const nothing = async () => ({ ok: false as const, problem: problem('not_found', 'nothing') });
const quiet = Object.fromEntries(Object.keys(endpoints).map((name) => [name, nothing])) as unknown as Api;

function appWith(api: Partial<Api>, tls = false) {
  const authenticate: Parameters<typeof createApp>[0]['authenticate'] = (_request, response, next) => {
    response.locals.caller = { credential: 'key-1', tenant: 'acme', role: 'tenant-user', mode: 'live', may: () => true } satisfies Caller;
    next();
  };
  const idempotency: Parameters<typeof createApp>[0]['idempotency'] = {
    once: () => {
      throw new Error('not asked for');
    },
  };
  const persons = { anybody: authenticate, person: authenticate };
  return createApp({ endpoints, api: { ...quiet, ...api }, authenticate, persons, idempotency, bodyOctetsMax: 1024, tls, log });
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

/** Answers what has a body when it has come, and everything else at once. */
const plain: Parameters<typeof listen>[0]['app'] = (request, response) => {
  if (request.url === '/refused') return void response.writeHead(401).end('refused');
  if (request.url === '/large') return void response.end(Buffer.alloc(64 * 1024 * 1024));
  request.resume().on('end', () => setTimeout(() => response.end(`answer to ${request.url}`), request.url === '/slow' ? 50 : 0));
};

const short: Partial<Limits> = { headersTimeout: 150, requestTimeout: 300, connectionsCheckingInterval: 30 };

async function withServer(limits: Partial<Limits>, use: (port: number) => Promise<void>): Promise<void> {
  const server = await listen({ app: plain, host: '127.0.0.1', port: 0, limits });
  try {
    await use(server.port);
  } finally {
    await server.stop(0);
  }
}

/** All that comes until the other side closes; `goOn` writes as long as it does not. */
async function talk(port: number, text: string, goOn?: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(text);
  const writing = goOn && setInterval(() => goOn(socket), 20);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  clearInterval(writing);
  return Buffer.concat(chunks).toString();
}

const statusesOf = (whole: string): string[] => [...whole.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status);
const drip = (text: string) => (socket: Socket) => void (socket.writable && socket.write(text));
const head = (path: string, more = ''): string => `POST ${path} HTTP/1.1\r\nHost: x\r\n${more}`;

describe('a peer that is slow', () => {
  it.each([
    ['that says nothing', '', undefined],
    ['with half a line', 'POST / HT', undefined],
    ['with headers that drip', head('/'), drip('X-Slow: y\r\n')],
    ['with a body that is announced and never comes', head('/', 'Content-Length: 10\r\n\r\n'), undefined],
    ['with a body that drips', head('/', 'Content-Length: 100000\r\n\r\n'), drip('x')],
    ['with pieces of a body that drip', head('/', 'Transfer-Encoding: chunked\r\n\r\n'), drip('1\r\nx\r\n')],
    ['that was told to go on and does not', head('/', 'Content-Length: 10\r\nExpect: 100-continue\r\n\r\n'), undefined],
  ])('%s: 408, and closed', async (_, text, goOn) => {
    await withServer(short, async (port) => {
      const whole = await talk(port, text, goOn);
      expect(statusesOf(whole).filter((status) => status !== '100')).toEqual(['408']);
      expect(whole).toMatch(/application\/problem\+json/);
    });
  });

  it('after a request that was answered: 408 as well', async () => {
    await withServer(short, async (port) => {
      const whole = await talk(port, head('/first', 'Content-Length: 0\r\n\r\n') + head('/second', 'Content-Length: 10\r\n\r\n'));
      expect(statusesOf(whole)).toEqual(['200', '408']);
    });
  });

  it('whose request was refused before its body came: closed, and not answered twice', async () => {
    await withServer(short, async (port) => {
      expect(statusesOf(await talk(port, head('/refused', 'Content-Length: 10\r\n\r\n')))).toEqual(['401']);
    });
  });

  it.each([
    ['', ''],
    [', and writes what is no HTTP', 'x'],
  ])('that does not read its answer%s: closed', async (_, more) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const app: typeof plain = (request, response) => {
      request.socket.once('close', () => resolve());
      plain(request, response);
    };
    const server = await listen({ app, host: '127.0.0.1', port: 0, limits: { silence: 200 } });
    const socket = connect(server.port, '127.0.0.1').pause();
    socket.on('error', () => {});
    socket.write(head('/large', 'Content-Length: 0\r\n\r\n'));
    const writing = setInterval(() => more !== '' && socket.write(more), 50);
    await promise;
    clearInterval(writing);
    socket.destroy();
    await server.stop(0);
  });

  it('that is refused and does not go away: closed all the same', async () => {
    await withServer({}, async (port) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).resume();
      socket.on('error', () => {});
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.write('HELO me\r\n\r\n');
      // what is closed is seen only by who writes
      const writing = setInterval(() => socket.write('x'), 100);
      await closed;
      clearInterval(writing);
    });
  });
});

describe('requests one after the other, without waiting', () => {
  it('are answered in their order', async () => {
    await withServer({}, async (port) => {
      const asked = ['/slow', '/b', '/slow', '/d'].map((path) => head(path, 'Content-Length: 0\r\n\r\n'));
      const whole = await talk(port, asked.join('') + head('/e', 'Connection: close\r\nContent-Length: 0\r\n\r\n'));
      expect([...whole.matchAll(/answer to (\S+?)(?=HTTP|$)/g)].map(([, path]) => path)).toEqual(['/slow', '/b', '/slow', '/d', '/e']);
    });
  });

  it('that end in octets which are no HTTP: first the answers, then the refusal', async () => {
    await withServer({}, async (port) => {
      const whole = await talk(port, `${head('/slow', 'Content-Length: 0\r\n\r\n')}rubbish\r\n\r\n`);
      expect(whole).toMatch(/^HTTP\/1\.1 200 [^]*answer to \/slow[^]*HTTP\/1\.1 400 /);
    });
  });
});

describe('a flood of connections', () => {
  it('is held to so many; when they are gone others are served', async () => {
    await withServer({ connectionsMax: 5 }, async (port) => {
      const flood = Array.from({ length: 20 }, () => connect(port, '127.0.0.1').on('error', () => {}));
      const closed = flood.map((socket) => once(socket.resume(), 'close'));
      const dropped = new Promise<void>((resolve) => {
        let left = 15;
        for (const one of closed) void one.then(() => --left === 0 && resolve());
      });
      await dropped;
      for (const socket of flood) socket.destroy();
      await Promise.all(closed);
      expect(statusesOf(await talk(port, head('/', 'Connection: close\r\nContent-Length: 0\r\n\r\n')))).toEqual(['200']);
    });
  });
});

describe('a request that Node lets pass or answers in its own way', () => {
  const much = (lines: number): string => Array.from({ length: lines }, (_, i) => `X-${i}: y\r\n`).join('');
  const end = 'Connection: close\r\nContent-Length: 0\r\n\r\n';

  it.each<[string, string, string]>([
    ['with 100 headers: it is done', head('/', much(97) + end), '200'],
    ['with 101 headers, of which one would be thrown away', head('/', much(98) + end), '431'],
    ['without a host', `POST / HTTP/1.1\r\n${end}`, '400'],
    ['without a host in HTTP/1.0: it is done', `POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n`, '200'],
    ['with two hosts', head('/', `hOST: y\r\n${end}`), '400'],
    ['with an expectation that nobody knows: it is done', head('/', `Expect: much\r\n${end}`), '200'],
    ['to connect somewhere', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n', '400'],
  ])('%s', async (_, text, status) => {
    await withServer({}, async (port) => {
      const whole = await talk(port, text);
      expect(statusesOf(whole)).toEqual([status]);
      if (status !== '200') expect(whole).toMatch(/application\/problem\+json[^]*"type":"\/problems\/bad_request"/i);
    });
  });
});

describe('behind TLS', () => {
  it('a peer that speaks none, or stops in the middle of it, is closed', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }]);
    const server = await listen({ app: plain, host: '127.0.0.1', port: 0, tls: { cert, key }, limits: short });
    await Promise.all([talk(server.port, head('/')), talk(server.port, '\x16\x03\x01')]);
    const slow = connectTls({ port: server.port, host: '127.0.0.1', ca: cert, checkServerIdentity: () => undefined });
    slow.write('POST / HT');
    let whole = '';
    slow.on('data', (chunk: Buffer) => (whole += chunk.toString()));
    await once(slow, 'close');
    expect(statusesOf(whole)).toEqual(['408']);
    await server.stop(0);
  });
});
