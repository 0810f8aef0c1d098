import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { createSession, type PduOf, type Reply, type Session } from '@heliograph/smpp';
import { testTenant } from '@heliograph/testbed';

/** A tenant's client: one session over a socket that the test may have prepared. */
export interface Client {
  readonly session: Session;
  /** The code with which it ended. */
  readonly ended: Promise<string>;
}

const timers = { sessionInitMs: 20_000, enquireLinkMs: 60_000, inactivityMs: 60_000, responseMs: 20_000 };

/** Connects to the port and writes `first` before anything else. */
export async function open(port: number, first?: Buffer | string): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (first !== undefined) socket.write(first);
  return socket;
}

/** TLS over a socket that is open; resolves after the handshake, rejects when it fails. */
export async function secure(socket: net.Socket, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  const secured = tls.connect({ socket, rejectUnauthorized: false, ...options });
  await once(secured, 'secureConnect');
  return secured.on('error', () => {});
}

export function speak(socket: net.Socket, onDeliver: (pdu: PduOf<'deliver_sm'>, reply: Reply) => void = (_, reply) => reply.ok()): Client {
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const session = createSession({
    socket,
    role: 'esme',
    timers,
    windowMax: 1_000,
    receiveWindowMax: 1_000,
    onRequest: (request, reply) => (request.command === 'deliver_sm' ? onDeliver(request, reply) : void reply.ok()),
    onClose: ({ code }) => resolve(code),
  });
  return { session, ended };
}

export const connect = async (port: number, onDeliver?: Parameters<typeof speak>[1]): Promise<Client> => speak(await open(port), onDeliver);

/** The status of the answer, or what came instead of one. */
async function statusOf(answer: ReturnType<Session['request']>): Promise<number | string> {
  const outcome = await answer;
  return outcome.kind === 'response' ? outcome.pdu.status : outcome.kind;
}

export const bind = ({ session }: Client, systemId: string = testTenant.systemId, password: string = testTenant.password) =>
  statusOf(session.bind({ command: 'bind_transceiver', system_id: systemId, password, interface_version: 0x34 }));

/** A text of so many segments. */
export const submit = ({ session }: Client, segments = 1) =>
  session.request({
    command: 'submit_sm',
    source_addr: 'Acme',
    source_addr_ton: 5,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: '447912345678',
    // 153 characters of GSM 03.38 to a segment; more than 254 octets go into message_payload
    tlvs: [{ tag: 0x0424, value: Buffer.alloc(segments === 1 ? 5 : 153 * segments, 'a') }],
  });

export const submitStatus = (client: Client, segments = 1) => statusOf(submit(client, segments));
