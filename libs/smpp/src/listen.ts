import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

export type ListenOptions = {
  /** 0 lets the system choose. */
  port: number;
  /** `::` listens on IPv6 and IPv4. */
  host: string;
  tls?: { cert: string | Buffer; key: string | Buffer; minVersion?: tls.SecureVersion };
  /** Gets every connection, after its TLS handshake. */
  accept(socket: net.Socket | tls.TLSSocket): void;
  /** Milliseconds a TLS handshake may take; 10,000 unless given. */
  handshakeMs?: number;
};

/** `close` stops listening; sessions that are open stay so. */
export type Listener = { readonly port: number; close(): Promise<void> };

/** Listens for SMPP connections. Rejects when the address cannot be listened on. A failed TLS handshake ends only its own connection. */
export async function listen({ port, host, tls: secure, accept, handshakeMs = 10_000 }: ListenOptions): Promise<Listener> {
  const server =
    secure === undefined
      ? net.createServer({ noDelay: true }, accept)
      : tls.createServer({ minVersion: 'TLSv1.2', ...secure, handshakeTimeout: handshakeMs, noDelay: true }, accept);
  server.on('tlsClientError', (_error: Error, socket: tls.TLSSocket) => socket.destroy());
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as net.AddressInfo;
  return {
    port: address.port,
    // Not awaited by the sessions: server.close calls back only when the last one has gone.
    close: () =>
      new Promise((resolve) => {
        server.close();
        setImmediate(resolve);
      }),
  };
}
