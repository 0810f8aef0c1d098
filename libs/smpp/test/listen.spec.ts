import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { generate } from 'selfsigned';
import { listen, type ListenOptions } from '../src/index.ts';
import { type Side, createFeed, sideOf } from './links.ts';

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

async function start(options: Partial<ListenOptions> = {}) {
  const sides = createFeed<Side>();
  const listener = await listen({
    port: 0,
    host: '127.0.0.1',
    accept: (socket) => {
      stops.push(() => socket.destroy());
      sides.push(sideOf(socket, { role: 'smsc', onRequest: (_request, reply) => void reply.ok({ system_id: 'heliograph' }) }));
    },
    ...options,
  });
  stops.push(() => void listener.close());
  return { ...listener, port: listener.port, sides };
}

async function bindOver(socket: net.Socket) {
  stops.push(() => socket.destroy());
  await once(socket, socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect');
  return sideOf(socket, { role: 'esme' }).session.bind({ command: 'bind_transceiver', system_id: 'a', interface_version: 0x34 });
}

describe('listen', () => {
  test('over IPv6, tells the peer address', async () => {
    const { port, sides } = await start({ host: '::1' });
    expect(await bindOver(net.connect({ port, host: '::1' }))).toMatchObject({ kind: 'response', pdu: { status: 0 } });
    expect((await sides.next()).session.peer.address).toBe('::1');
  });

  test('over TLS, a session works as over a plain socket, and who speaks no TLS harms nobody', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }]);
    const { port } = await start({ tls: { cert, key } });
    const plain = net.connect({ port, host: '127.0.0.1' });
    plain.on('error', () => undefined);
    plain.end(Buffer.from('0000001000000015000000000000000100', 'hex'));
    plain.resume();
    await once(plain, 'close');
    // The certificate is of the test's own making, so there is no authority to ask.
    expect(await bindOver(tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }))).toMatchObject({ pdu: { status: 0 } });
  });

  test('rejects for an address in use', async () => {
    const { port } = await start();
    await expect(listen({ port, host: '127.0.0.1', accept: () => undefined })).rejects.toThrow('EADDRINUSE');
  });

  test('closed, takes no more connections and keeps those it has', async () => {
    const { port, sides, close } = await start();
    await bindOver(net.connect({ port, host: '127.0.0.1' }));
    await close();
    const late = net.connect({ port, host: '127.0.0.1' });
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    expect((await sides.next()).session.state).toBe('bound_trx');
  });
});
