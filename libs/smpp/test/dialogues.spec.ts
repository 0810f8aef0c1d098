import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createSession, listen, type Listener, receiptTlvs, type Reply, type RequestPdu, type Session } from '../src/index.ts';
import { readDialogues, replay } from './dialogues.ts';
import { calmTimers } from './links.ts';
import { npmSmpp } from './npm-smpp.ts';

const dialogues = readDialogues();

describe('dialogues with our server', () => {
  const sockets: Socket[] = [];
  let listener: Listener;
  beforeAll(async () => {
    listener = await listen({
      port: 0,
      host: '127.0.0.1',
      accept(socket) {
        sockets.push(socket);
        const session = createSession({
          socket,
          role: 'smsc',
          timers: calmTimers,
          windowMax: 10,
          receiveWindowMax: 10,
          onRequest: (request, reply) => serve(session, request, reply),
          onClose: () => undefined,
        });
      },
    });
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await listener.close();
  });

  test.each(dialogues.map((dialogue) => [dialogue.name, dialogue.why, dialogue] as const))('%s: %s', async (_name, _why, dialogue) => {
    expect(await replay(dialogue, listener.port)).toBeUndefined();
  });
});

/** The application of both servers, here for ours: takes every bind and message, and delivers a receipt to who asked for one. */
function serve(session: Session, request: RequestPdu, reply: Reply): void {
  const id = `id-${request.sequence}`;
  if (request.command !== 'submit_sm') reply.ok({ system_id: 'heliograph' });
  else reply.ok({ message_id: id });
  if (request.command !== 'submit_sm' || request.registered_delivery !== 1) return;
  void session.request({
    command: 'deliver_sm',
    source_addr: request.destination_addr,
    esm_class: 4,
    short_message: Buffer.from(`id:${id}`),
    tlvs: receiptTlvs({ id, state: 'DELIVERED' }),
  });
}

describe('dialogues with a server of npm smpp', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = npmServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => void server.close());

  const same = dialogues.filter(({ npm }) => npm === 'same');
  test.each(same.map((dialogue) => [dialogue.name, dialogue] as const))('%s goes the same', async (_name, dialogue) => {
    expect(await replay(dialogue, port)).toBeUndefined();
  });
});

function npmServer(): Server {
  return npmSmpp.createServer((session) => {
    const answer = (command: string, fields: object = {}): void => session.on(command, (pdu) => session.send(pdu.response(fields)));
    for (const bind of ['bind_transceiver', 'bind_receiver', 'bind_transmitter'])
      answer(bind, { system_id: 'heliograph', sc_interface_version: 0x34 });
    answer('enquire_link');
    answer('unknown');
    session.on('submit_sm', (pdu) => {
      const message_id = `id-${pdu.sequence_number}`;
      session.send(pdu.response({ message_id }));
      if (pdu['registered_delivery'] !== 1) return;
      const receipt = { source_addr: pdu['destination_addr'], esm_class: 4, short_message: Buffer.from(`id:${message_id}`) };
      session.deliver_sm({ ...receipt, receipted_message_id: message_id, message_state: 2 });
    });
    session.on('unbind', (pdu) => {
      session.send(pdu.response());
      session.close();
    });
    session.on('error', () => undefined);
  });
}
