import type { AddressInfo, Server } from 'node:net';
import smpp from 'smpp';

/** A provider that is not ours: npm `smpp` as the SMSC. It takes every submit_sm and reports each by a receipt. */
export interface ForeignCarrier {
  readonly port: number;
  readonly submits: readonly ForeignSubmit[];
  /** So far, those that have ended too. */
  readonly binds: number;
  stop(): void;
}

/** A submit_sm as npm `smpp` reads it. */
export interface ForeignSubmit {
  readonly source_addr: string;
  readonly destination_addr: string;
  readonly esm_class: number;
  readonly data_coding: number;
  readonly registered_delivery: number;
  readonly short_message: { readonly udh?: readonly Buffer[]; readonly message: string | Buffer };
}

export interface ForeignCarrierOptions {
  /** The message_id of submit_sm_resp and the id of the receipt, by the number of the submit_sm: 0, 1, ... */
  idsOf(count: number): { readonly answered: string; readonly reported: string };
  /** `stat:` and `err:` of the receipt. */
  endOf(submit: ForeignSubmit): { readonly stat: string; readonly err: string };
}

interface ForeignPdu extends ForeignSubmit {
  response(fields?: object): ForeignPdu;
}

interface ForeignSession {
  on(event: string, listener: (pdu: ForeignPdu) => void): void;
  send(pdu: ForeignPdu): void;
  deliver_sm(fields: object, answered?: (pdu: ForeignPdu) => void): void;
  destroy(): void;
}

export async function startForeignCarrier({ idsOf, endOf }: ForeignCarrierOptions): Promise<ForeignCarrier> {
  const submits: ForeignSubmit[] = [];
  const sessions = new Set<ForeignSession>();
  let binds = 0;
  const server = (smpp as unknown as { createServer(accept: (session: ForeignSession) => void): Server }).createServer((session) => {
    sessions.add(session);
    for (const bind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver'])
      session.on(bind, (pdu) => {
        binds++;
        session.send(pdu.response({ system_id: 'foreign' }));
      });
    for (const request of ['enquire_link', 'unbind']) session.on(request, (pdu) => session.send(pdu.response()));
    session.on('submit_sm', (pdu) => {
      const { answered, reported } = idsOf(submits.length);
      submits.push(pdu);
      session.send(pdu.response({ message_id: answered }));
      const { stat, err } = endOf(pdu);
      session.deliver_sm({
        esm_class: 4,
        source_addr: pdu.destination_addr,
        destination_addr: pdu.source_addr,
        short_message: `id:${reported} sub:001 dlvrd:001 submit date:2611200700 done date:2611200701 stat:${stat} err:${err} text:`,
      });
    });
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    submits,
    get binds() {
      return binds;
    },
    stop() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}
