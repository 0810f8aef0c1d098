import type { Socket } from 'node:net';
import { parseProxyHeader, type ProxyHeader } from '@heliograph/smpp';

/**
 * Reads the PROXY header off a fresh socket and leaves everything after it there to be read. Undefined: the header did not come whole in
 * time, was none, or the socket has ended; then it is of no more use. Memory: what one read gives, as more is read only while a header may still come.
 */
export function readProxyHeader(socket: Socket, withinMs: number): Promise<Extract<ProxyHeader, { kind: 'header' }> | undefined> {
  return new Promise((resolve) => {
    let held: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => finish(undefined), withinMs);

    function look(): void {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      held = Buffer.concat([held, chunk]);
      const header = parseProxyHeader(held);
      if (header.kind === 'need_more') return;
      if (header.kind === 'invalid') return finish(undefined);
      if (held.length > header.octets) socket.unshift(held.subarray(header.octets));
      finish(header);
    }

    function finish(header: Extract<ProxyHeader, { kind: 'header' }> | undefined): void {
      clearTimeout(timer);
      socket.off('readable', look).off('end', gone).off('close', gone);
      // a stream notices one tick later that nobody waits for `readable`, and only then can be read by `data`
      setImmediate(() => {
        socket.off('error', gone);
        resolve(socket.destroyed ? undefined : header);
      });
    }

    function gone(): void {
      finish(undefined);
    }

    socket.on('readable', look).on('end', gone).on('close', gone).on('error', gone);
  });
}
