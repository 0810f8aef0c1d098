import { once } from 'node:events';
import { connect } from 'node:net';
import { createSession, type PduOf, type RequestOutcome, type Session } from '@heliograph/smpp';

/** What happened on a client's connection, in order. */
export type Seen = { kind: 'receipt'; pdu: PduOf<'deliver_sm'> } | { kind: 'answer'; outcome: RequestOutcome<'submit_sm'> };

export interface Client {
  readonly session: Session;
  readonly seen: Seen[];
  readonly closed: Promise<void>;
  submit(to: string, text: string): Promise<RequestOutcome<'submit_sm'>>;
  /** Resolves once so many receipts have come. */
  receipts(count: number): Promise<PduOf<'deliver_sm'>[]>;
}

export interface ClientOptions {
  port: number;
  systemId?: string;
  password?: string;
  command?: 'bind_transceiver' | 'bind_transmitter' | 'bind_receiver';
  /** command_status for the first receipts; then ESME_ROK. */
  receiptStatuses?: number[];
}

export async function connectClient({
  port,
  systemId = 'test',
  password = 'secret',
  command = 'bind_transceiver',
  receiptStatuses = [],
}: ClientOptions) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const seen: Seen[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const { promise: closed, resolve: onClose } = Promise.withResolvers<void>();
  const received = (): PduOf<'deliver_sm'>[] => seen.flatMap((one) => (one.kind === 'receipt' ? [one.pdu] : []));
  const session = createSession({
    socket,
    role: 'esme',
    timers: { sessionInitMs: 5_000, enquireLinkMs: 0, inactivityMs: 0, responseMs: 5_000 },
    windowMax: 100,
    receiveWindowMax: 100,
    onRequest(pdu, reply) {
      if (pdu.command !== 'deliver_sm') return void reply.error(3);
      const status = receiptStatuses.shift() ?? 0;
      if (status === 0) reply.ok();
      else reply.error(status);
      seen.push({ kind: 'receipt', pdu: { ...pdu, short_message: Buffer.from(pdu.short_message) } });
      for (const one of waiting) if (received().length >= one.count) one.resolve();
    },
    onClose: () => onClose(),
  });
  const bound = await session.bind({ command, system_id: systemId, password, interface_version: 0x34 });
  const client: Client = {
    session,
    seen,
    closed,
    async submit(to, text) {
      const outcome = await session.request({
        command: 'submit_sm',
        source_addr_ton: 5,
        source_addr: 'Heliograph',
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: to,
        registered_delivery: 1,
        short_message: Buffer.from(text, 'latin1'),
      });
      seen.push({ kind: 'answer', outcome });
      return outcome;
    },
    async receipts(count) {
      if (received().length < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      return received();
    },
  };
  return { client, bound };
}
