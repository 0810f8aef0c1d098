import type { Socket } from 'node:net';
import { headerOctets, lengthAt } from './pdus.ts';

/** Whole PDUs of a socket in, PDUs out in one write for all that were made in a turn of the loop. */
export interface Pipe {
  /** Room for so many octets: write from `at` on, then `wrote(end)`. */
  room(octets: number): { readonly buffer: Buffer; readonly at: number };
  wrote(end: number): void;
  send(pdu: Buffer): void;
}

const chunkOctets = 65_536;
/** Longer is not SMPP, whoever sent it. */
const pduOctetsMax = 65_536;

/** `onPdu` gets where a PDU begins in a buffer that is its only as long as the call lasts. */
export function openPipe(socket: Socket, onPdu: (octets: Buffer, at: number) => void): Pipe {
  let held: Buffer | undefined;
  let buffer = Buffer.allocUnsafe(chunkOctets);
  let [start, end] = [0, 0];
  let isFlushing = false;

  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    const octets = held ? Buffer.concat([held, chunk]) : chunk;
    let at = 0;
    while (octets.length - at >= headerOctets) {
      const length = lengthAt(octets, at);
      if (length < headerOctets || length > pduOctetsMax) return void socket.destroy();
      if (octets.length - at < length) break;
      onPdu(octets, at);
      at += length;
    }
    held = at < octets.length ? octets.subarray(at) : undefined;
  });

  function flush(): void {
    isFlushing = false;
    if (end > start && !socket.destroyed) socket.write(buffer.subarray(start, end));
    start = end;
  }

  function wrote(to: number): void {
    end = to;
    if (isFlushing) return;
    isFlushing = true;
    setImmediate(flush);
  }

  const pipe: Pipe = {
    room(octets) {
      if (end + octets > buffer.length) {
        if (end > start && !socket.destroyed) socket.write(buffer.subarray(start, end));
        buffer = Buffer.allocUnsafe(Math.max(chunkOctets, octets));
        [start, end] = [0, 0];
      }
      return { buffer, at: end };
    },
    wrote,
    send(pdu) {
      const { buffer: into, at } = pipe.room(pdu.length);
      pdu.copy(into, at);
      wrote(at + pdu.length);
    },
  };
  return pipe;
}
