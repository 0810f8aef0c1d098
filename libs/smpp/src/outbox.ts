import type { Duplex } from 'node:stream';
import { sizePdu, writePdu } from './codec.ts';
import type { PduToWrite } from './pdus.ts';

/** Gathers what is written in one turn of the event loop into one socket write: a system call costs more than a PDU. */
export type Outbox = {
  /** Throws RangeError, and writes nothing, for a PDU that the wire cannot carry. */
  append(pdu: PduToWrite): void;
  /** Hands everything gathered to the socket. */
  flush(): void;
  /** Gives back the memory of an idle session. */
  trim(): void;
  /** Octets that the peer has not taken yet, gathered ones included. */
  readonly octetsWaiting: number;
  /** PDUs appended, and how many of them the socket has. */
  readonly appended: number;
  readonly flushed: number;
  readonly octetsOut: number;
  /** Since when (`now`) written octets wait without progress; undefined when none wait. */
  readonly stuckAt: number | undefined;
};

const SLAB_OCTETS_MIN = 4 * 1024;
/** A full slab is written without waiting for the end of the turn. */
const SLAB_OCTETS_MAX = 64 * 1024;

export function createOutbox({ socket, now }: { socket: Duplex; now: () => number }): Outbox {
  let slab: Buffer | undefined;
  let slabOctets = SLAB_OCTETS_MIN;
  let start = 0;
  let used = 0;
  let scheduled = false;
  let appended = 0;
  let flushed = 0;
  let octetsOut = 0;
  let progressAt = 0;

  return {
    append(pdu) {
      const size = sizePdu(pdu);
      if (slab === undefined || slab.length - used < size) replaceSlab(size);
      writePdu(slab!, used, pdu, size);
      used += size;
      appended++;
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    flush,
    trim() {
      if (start !== used) return;
      slab = undefined;
      slabOctets = SLAB_OCTETS_MIN;
    },
    get octetsWaiting() {
      return socket.writableLength + used - start;
    },
    get appended() {
      return appended;
    },
    get flushed() {
      return flushed;
    },
    get octetsOut() {
      return octetsOut;
    },
    get stuckAt() {
      return socket.writableLength > 0 ? progressAt : undefined;
    },
  };

  function flush(): void {
    scheduled = false;
    hand();
  }

  function hand(): void {
    if (slab === undefined || start === used) return;
    const octets = slab.subarray(start, used);
    start = used;
    if (socket.destroyed || !socket.writable) return;
    flushed = appended;
    octetsOut += octets.length;
    if (socket.writableLength === 0) progressAt = now();
    socket.write(octets, progressed);
  }

  function progressed(): void {
    progressAt = now();
  }

  function replaceSlab(size: number): void {
    hand();
    if (slab !== undefined) slabOctets = Math.min(SLAB_OCTETS_MAX, slabOctets * 2);
    slab = Buffer.allocUnsafeSlow(Math.max(slabOctets, size));
    start = 0;
    used = 0;
  }
}
