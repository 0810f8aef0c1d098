import { once } from 'node:events';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import tls from 'node:tls';
import { isLoopback, listOf } from './checks.ts';
import type { PortFacts, Settings } from './facts.ts';

const connectMsMax = 2_000;

/** Addresses of this machine: what answers there answers whoever is on that network. */
export function addressesOfThisMachine(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  // link-local ones cannot be dialled without their interface
  return [...new Set(['127.0.0.1', ...all.filter(({ scopeid }) => !scopeid).map(({ address }) => address)])];
}

/** Tries every port of ours at every address. */
export async function lookAtPorts(settings: Settings, addresses: readonly string[]): Promise<PortFacts[]> {
  const ports = [
    { what: 'SMPP', port: portOf(settings['SMPP_PORT'], 2775), tls: false },
    { what: 'SMPP over TLS', port: portOf(settings['SMPP_TLS_PORT'], 2776), tls: true },
    { what: 'HTTP', port: portOf(settings['HTTP_PORT'], 8080), tls: Boolean(settings['HTTP_TLS_CERT_FILE']) },
    ...listOf(settings['HEALTH_PORT'] ?? '').map((text) => ({ what: 'health' as const, port: portOf(text, 0), tls: false })),
  ] as const;
  const wished = ports.filter(({ port }) => port > 0);
  return Promise.all(
    addresses.flatMap((address) =>
      wished.map(async ({ what, port, tls: hasTls }) => {
        const answers = await canConnect(address, port);
        const takesOldTls = answers && hasTls ? await handshakes(address, port) : undefined;
        return { what, address, port, loopback: isLoopback(address), answers, takesOldTls };
      }),
    ),
  );
}

function portOf(text: string | undefined, otherwise: number): number {
  return text ? Number(text) : otherwise;
}

async function canConnect(host: string, port: number): Promise<boolean> {
  const socket = net.connect({ host, port });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(connectMsMax) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Whether the server agrees to TLS 1.1 or older. OpenSSL gives those only at its security level 0. */
async function handshakes(host: string, port: number): Promise<boolean> {
  const socket = tls.connect({
    host,
    port,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(connectMsMax) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
