import { createRequire } from 'node:module';
import type { Server, Socket } from 'node:net';

/** The parts of npm `smpp` 0.5.1 that tests use: an SMPP of other hands, as peer and as oracle. It ships no types. */
export type NpmPdu = Record<string, unknown> & {
  command: string;
  command_status: number;
  sequence_number: number;
  toBuffer(): Buffer;
  response(options?: object): NpmPdu;
};

type Send = (options?: object, answered?: (response: NpmPdu) => void) => boolean;

export type NpmSession = {
  socket: Socket;
  on(event: string, listener: (pdu: NpmPdu) => void): void;
  send(pdu: NpmPdu): boolean;
  close(): void;
} & {
  [
    C in 'bind_transceiver' | 'bind_transmitter' | 'bind_receiver' | 'submit_sm' | 'deliver_sm' | 'enquire_link' | 'unbind' | 'query_sm'
  ]: Send;
};

type NpmSmpp = {
  PDU: new (command: string | Buffer, options?: object) => NpmPdu;
  connect(options: { host: string; port: number }, connected: () => void): NpmSession;
  createServer(listener: (session: NpmSession) => void): Server;
};

export const npmSmpp = createRequire(import.meta.url)('smpp') as NpmSmpp;
