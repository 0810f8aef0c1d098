import { once } from 'node:events';
import smpp from 'smpp';

/** An SMPP client that is not ours: npm `smpp`. Keeps the receipts that come. */
export interface SmppClient {
  submit(fields: Record<string, unknown>): Promise<{ command_status: number; message_id?: string }>;
  readonly receipts: Receipt[];
  close(): void;
}

export interface Receipt {
  readonly id: string;
  readonly stat: string;
  readonly text: string;
}

interface Pdu {
  readonly command_status: number;
  readonly message_id?: string;
  readonly short_message?: { message: Buffer | string };
  response(): Pdu;
}

interface ForeignSession {
  on(event: string, listener: (pdu: Pdu) => void): void;
  bind_transceiver(fields: object, answered: (pdu: Pdu) => void): void;
  submit_sm(fields: object, answered: (pdu: Pdu) => void): void;
  send(pdu: Pdu): void;
  destroy(): void;
}

/** `url`: `smpp://host:port`, or `ssmpp://` for TLS. Rejects when the bind is refused. */
export async function connectSmpp({ url, systemId, password }: { url: string; systemId: string; password: string }): Promise<SmppClient> {
  const receipts: Receipt[] = [];
  const session = (smpp as unknown as { connect(options: object): ForeignSession }).connect({ url, rejectUnauthorized: false });
  session.on('deliver_sm', (pdu) => {
    session.send(pdu.response());
    const text = String(pdu.short_message?.message);
    receipts.push({ id: /id:(\S+)/.exec(text)?.[1] ?? '', stat: /stat:(\S+)/.exec(text)?.[1] ?? '', text });
  });
  session.on('error', () => {});
  await once(session as unknown as NodeJS.EventEmitter, url.startsWith('ssmpp') ? 'secureConnect' : 'connect');
  const { command_status: status } = await new Promise<Pdu>((resolve) =>
    session.bind_transceiver({ system_id: systemId, password }, resolve),
  );
  if (status !== 0) throw new Error(`bind refused: ${status}`);
  return {
    receipts,
    submit: (fields) => new Promise((resolve) => session.submit_sm(fields, resolve)),
    close: () => session.destroy(),
  };
}
