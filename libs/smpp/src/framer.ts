import { decodePduAt, type DecodeFailure } from './codec.ts';
import { HEADER_OCTETS } from './constants.ts';
import type { Pdu } from './pdus.ts';

/**
 * `nack`: one PDU could not be read but the stream is in step; answer it and go on. `lost`: command_length makes no sense,
 * so where the next PDU starts is unknown; answer one generic_nack with ESME_RINVCMDLEN and close (§4.3.1).
 */
export type Frame =
  | { kind: 'need_more' }
  | { kind: 'pdu'; pdu: Pdu }
  | ({ kind: 'nack' } & Omit<DecodeFailure, 'ok'>)
  | { kind: 'lost'; sequence: number; reason: string };

export type Framer = {
  /** Gives octets from the peer. They are not copied when they hold whole PDUs: do not change them afterwards. */
  push(chunk: Buffer): void;
  next(): Frame;
  /** Octets given and not yet read. */
  readonly octetsBuffered: number;
};

const needMore: Frame = { kind: 'need_more' };

/**
 * Cuts a stream of octets into PDUs. Whole PDUs are read where they lie; one that is split over chunks is assembled in a
 * buffer that doubles up to its command_length, so a peer pays for memory with octets and each octet is copied O(1) times.
 * `pduOctetsMax` is octets of a PDU with its header; 66,000 holds the largest message_payload (65,535) and its addresses.
 */
export function createFramer({ pduOctetsMax = 66_000 }: { pduOctetsMax?: number } = {}): Framer {
  const chunks: Buffer[] = [];
  let chunkAt = 0;
  let offset = 0;
  let waiting = 0;
  let partial = Buffer.alloc(0);
  let partialUsed = 0;
  let lost: Frame | undefined;

  return {
    push(chunk) {
      if (chunk.length === 0 || lost !== undefined) return;
      chunks.push(chunk);
      waiting += chunk.length;
    },
    next,
    get octetsBuffered() {
      return waiting + partialUsed;
    },
  };

  function next(): Frame {
    if (lost !== undefined) return lost;
    if (partialUsed > 0) return nextAssembled();
    const chunk = chunks[chunkAt];
    if (chunk === undefined) return needMore;
    const left = chunk.length - offset;
    if (left >= 4) {
      const length = chunk.readUInt32BE(offset);
      if (!lengthAllowed(length)) return loseStep(length, chunk, offset, left);
      if (left >= length) {
        const frame = frameOf(chunk, offset, offset + length);
        consume(length);
        return frame;
      }
    }
    return nextAssembled();
  }

  /** A PDU that does not lie in one chunk. */
  function nextAssembled(): Frame {
    if (!gather(4)) return needMore;
    const length = partial.readUInt32BE(0);
    if (!lengthAllowed(length)) return loseStep(length, partial, 0, partialUsed);
    if (!gather(length)) return needMore;
    const frame = frameOf(partial, 0, length);
    // What was read refers to this buffer, so the next split PDU gets a new one.
    partial = Buffer.alloc(0);
    partialUsed = 0;
    return frame;
  }

  /** Copies from the chunks until `partial` holds `wanted` octets; false when they run out first. */
  function gather(wanted: number): boolean {
    while (partialUsed < wanted) {
      const chunk = chunks[chunkAt];
      if (chunk === undefined) return false;
      const take = Math.min(wanted - partialUsed, chunk.length - offset);
      reserve(partialUsed + take, wanted);
      chunk.copy(partial, partialUsed, offset, offset + take);
      partialUsed += take;
      consume(take);
    }
    return true;
  }

  function reserve(octets: number, wanted: number): void {
    if (partial.length >= octets) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(octets, Math.min(wanted, partial.length * 2), 64));
    partial.copy(grown, 0, 0, partialUsed);
    partial = grown;
  }

  function consume(octets: number): void {
    offset += octets;
    waiting -= octets;
    if (offset < chunks[chunkAt]!.length) return;
    offset = 0;
    chunkAt++;
    // Dropping the head of a list one by one is quadratic; dropping it whole is not.
    if (chunkAt === chunks.length) {
      chunks.length = 0;
      chunkAt = 0;
    }
  }

  function lengthAllowed(length: number): boolean {
    return length >= HEADER_OCTETS && length <= pduOctetsMax;
  }

  /** The sequence_number is worth repeating only when the header can be one: too long, not too short. */
  function loseStep(length: number, octets: Buffer, start: number, available: number): Frame {
    const sequence = length > pduOctetsMax && available >= HEADER_OCTETS ? octets.readUInt32BE(start + 12) : 0;
    chunks.length = 0;
    waiting = 0;
    partial = Buffer.alloc(0);
    partialUsed = 0;
    lost = { kind: 'lost', sequence, reason: `command_length ${length} is not ${HEADER_OCTETS} to ${pduOctetsMax}` };
    return lost;
  }
}

function frameOf(octets: Buffer, start: number, end: number): Frame {
  const decoded = decodePduAt(octets, start, end);
  if (decoded.ok) return { kind: 'pdu', pdu: decoded.pdu };
  const { ok: _, ...failure } = decoded;
  return { kind: 'nack', ...failure };
}
