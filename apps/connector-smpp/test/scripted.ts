import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createFramer, encodePdu, type Pdu, type PduToWrite } from '@heliograph/smpp';
import { createHeard } from '@heliograph/testbed';

/** What the connector has said, and on which link. */
export interface Said {
  readonly pdu: Pdu;
  readonly link: Link;
}

export interface Link {
  write(...pdus: PduToWrite[]): void;
  readonly closed: boolean;
}

/** A provider that says what the test says, right or wrong. Left alone it takes binds, enquire_link and unbind, and nothing else. */
export interface Scripted {
  readonly port: number;
  readonly links: readonly Link[];
  readonly said: readonly Said[];
  /** The `nth` PDU of this command, over all links, once it has come. */
  heard<C extends Pdu['command']>(command: C, nth?: number): Promise<{ pdu: Extract<Pdu, { command: C }>; link: Link }>;
  stop(): Promise<void>;
}

/** `script` is asked first; what it returns true for has no other answer. */
export async function startScripted(script: (said: Said) => boolean = () => false): Promise<Scripted> {
  const heard = createHeard<Said>();
  const links: Link[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const link: Link = {
      write: (...pdus) => void socket.write(Buffer.concat(pdus.map(encodePdu))),
      get closed() {
        return socket.destroyed || socket.readableEnded;
      },
    };
    links.push(link);
    const framer = createFramer();
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      framer.push(chunk);
      for (let frame = framer.next(); frame.kind !== 'need_more'; frame = framer.next()) {
        if (frame.kind !== 'pdu') throw new Error(`the connector has sent ${JSON.stringify(frame)}`);
        const said = { pdu: frame.pdu, link };
        if (!script(said)) answer(said, socket);
        heard.hear(said);
      }
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    links,
    said: heard.all,
    async heard<C extends Pdu['command']>(command: C, nth = 1) {
      const of = (all: readonly Said[]): Said | undefined => all.filter(({ pdu }) => pdu.command === command)[nth - 1];
      await heard.when((all) => of(all) !== undefined);
      return of(heard.all) as { pdu: Extract<Pdu, { command: C }>; link: Link };
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer({ pdu: { command, sequence }, link }: Said, socket: Socket): void {
  switch (command) {
    case 'bind_transceiver':
    case 'bind_receiver':
    case 'bind_transmitter':
      return link.write({ command: `${command}_resp`, sequence, system_id: 'scripted' });
    case 'enquire_link':
      return link.write({ command: 'enquire_link_resp', sequence });
    case 'unbind':
      link.write({ command: 'unbind_resp', sequence });
      socket.end();
  }
}
