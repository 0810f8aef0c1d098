import { once } from 'node:events';
import smpp from 'smpp';

/** An SMPP client that is not ours: npm `smpp`. Keeps the receipts and the handsets' messages that come. */
export interface SmppClient {
  submit(fields: Record<string, unknown>): Promise<{ command_status: number; message_id?: string }>;
  readonly receipts: Receipt[];
  /** One for each deliver_sm that is no receipt. */
  readonly inbound: InboundPart[];
  close(): void;
}

export interface InboundPart {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** Of how many it is which: 1 of 1 without a header. */
  readonly sequence: number;
  readonly total: number;
}

export interface Receipt {
  readonly id: string;
  readonly stat: string;
  readonly text: string;
}

interface Pdu {
  readonly command_status: number;
  readonly message_id?: string;
  readonly esm_class?: number;
  readonly source_addr?: string;
  readonly destination_addr?: string;
  readonly short_message?: { message: Buffer | string; udh?: readonly Buffer[] };
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
  const inbound: InboundPart[] = [];
  const session = (smpp as unknown as { connect(options: object): ForeignSession }).connect({ url, rejectUnauthorized: false });
  session.on('deliver_sm', (pdu) => {
    session.send(pdu.response());
    // message type, SMPP 3.4 §5.2.12: the usual is a message
    if (((pdu.esm_class ?? 0) & 0x3c) === 0) return void inbound.push(partOf(pdu));
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
    inbound,
    submit: (fields) => new Promise((resolve) => session.submit_sm(fields, resolve)),
    close: () => session.destroy(),
  };
}

function partOf({ source_addr: from = '', destination_addr: to = '', short_message: message }: Pdu): InboundPart {
  const [, , , total = 1, sequence = 1] = message?.udh?.find((element) => element[0] === 0) ?? [];
  return { from, to, text: String(message?.message), sequence, total };
}
