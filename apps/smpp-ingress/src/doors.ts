import { listen, type Listener, type ListenOptions } from '@heliograph/smpp';

/** One port, listened on at several addresses. */
export interface Doors {
  readonly port: number;
  close(): Promise<void>;
}

/** Codes of an address that this machine does not have: a laptop without IPv6 still serves on IPv4. */
const absent: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);

/** Listens on the same port at each address. Port 0: the first address chooses. Rejects when an address is in use, or when none is there. */
export async function listenEverywhere({ hosts, ...options }: Omit<ListenOptions, 'host'> & { hosts: readonly string[] }): Promise<Doors> {
  const listeners: Listener[] = [];
  let { port } = options;
  let missing: unknown;
  for (const host of hosts) {
    try {
      const listener = await listen({ ...options, host, port });
      port = listener.port;
      listeners.push(listener);
    } catch (error) {
      if (!absent.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      missing = error;
    }
  }
  if (listeners.length === 0) throw missing ?? new Error('no address to listen on');
  return {
    port,
    async close() {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}
