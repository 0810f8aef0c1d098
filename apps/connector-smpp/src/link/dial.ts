import { X509Certificate } from 'node:crypto';
import { isIP, connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type ConnectionOptions } from 'node:tls';
import type { WantedConnector } from '../plan.ts';

export type Provider = Pick<WantedConnector, 'settings' | 'tlsKey'>;
export type Dialled = { readonly ok: true; readonly socket: Socket } | { readonly ok: false; readonly error: Error };

/** A connection takes this long at most, its TLS handshake included. */
export const connectMs = 10_000;

/** A connected socket, after its TLS handshake, or why there is none. A certificate that does not verify is an error like any other. */
export function dial(provider: Provider, signal: AbortSignal): Promise<Dialled> {
  const { host, port, tls } = provider.settings;
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ ok: false, error: new Error('stopped') });
    const socket = tls ? connectTls({ host, port, ...secureOptions(provider) }) : connectTcp({ host, port, noDelay: true });
    const fail = (error: Error): void => {
      settle();
      socket.on('error', () => {}); // what a destroyed socket still says
      socket.destroy();
      resolve({ ok: false, error });
    };
    const abort = (): void => fail(new Error('stopped'));
    const late = setTimeout(() => fail(new Error(`no connection in ${connectMs} ms`)), connectMs);
    const connected = (): void => {
      settle();
      resolve({ ok: true, socket });
    };
    const settle = (): void => {
      clearTimeout(late);
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      socket.off(tls ? 'secureConnect' : 'connect', connected);
    };
    signal.addEventListener('abort', abort);
    socket.on('error', fail);
    socket.on(tls ? 'secureConnect' : 'connect', connected);
  });
}

/** Why a connection with these certificates would never come about; undefined when they can be used. */
export function tlsFault(provider: Provider): string | undefined {
  const { tls, tlsCaPem } = provider.settings;
  if (!tls) return undefined;
  try {
    if (tlsCaPem !== '') new X509Certificate(tlsCaPem); // what is no certificate would be passed over in silence
    createSecureContext(secureOptions(provider));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function secureOptions({ settings, tlsKey }: Provider): ConnectionOptions {
  const { host, tlsServerName, tlsCaPem, tlsCertificatePem } = settings;
  const name = tlsServerName || host;
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true, // said, so that NODE_TLS_REJECT_UNAUTHORIZED cannot turn it off
    ...(isIP(name) === 0 ? { servername: name } : {}), // SNI knows no addresses, RFC 6066 §3
    ...(tlsCaPem === '' ? {} : { ca: tlsCaPem }),
    ...(tlsKey === undefined ? {} : { cert: tlsCertificatePem, key: tlsKey }),
  };
}
