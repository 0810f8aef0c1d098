import { readdirSync, readFileSync } from 'node:fs';
import { commandIds, createFramer, encodePdu, type Frame } from '../src/index.ts';

/** Seeded octets that are nearly SMPP, and what must hold of every stream of them. For tests only. */

export type Random = (below: number) => number;

/** mulberry32: small, seeded, good enough to choose octets. */
export function createRandom(state: number): Random {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const testdata = new URL('../testdata/', import.meta.url);
const vectors = readdirSync(testdata)
  .filter((name) => name.endsWith('.hex'))
  .map((name) => {
    const [head] = readFileSync(new URL(name, testdata), 'utf8').split('\n=>');
    return Buffer.from(head!.split('\n').slice(1).join(''), 'hex');
  });
const whole = vectors.filter((octets) => octets.length >= 16 && octets.readUInt32BE(0) === octets.length);
const interesting = [0, 1, 2, 3, 4, 0x0f, 0x10, 0x11, 0x14, 0x15, 0x40, 0x7f, 0x80, 0xfe, 0xff];
const ids = Object.values(commandIds);

/** A PDU of the golden vectors that was changed in one of several ways, or one in ten times octets of chance. */
export function mutated(random: Random): Buffer {
  if (random(10) === 0) return Buffer.from(Array.from({ length: 16 + random(60) }, () => random(256)));
  const octets = shifted(Buffer.from(whole[random(whole.length)]!), random);
  for (let i = random(4); i > 0; i--)
    octets[4 + random(octets.length - 4)] = random(2) ? random(256) : interesting[random(interesting.length)]!;
  // the fields of one command read as another's
  if (random(8) === 0) octets.writeUInt32BE(ids[random(ids.length)]!, 4);
  const length = random(4) === 0 ? 16 + random(octets.length - 15) : octets.length;
  const result = octets.subarray(0, length);
  result.writeUInt32BE(random(50) === 0 ? random(0x20000) : length, 0);
  return result;
}

/** One octet more or less behind the header: every field after it is out of place. */
function shifted(octets: Buffer, random: Random): Buffer {
  const way = random(8);
  if (way > 1 || octets.length <= 16) return octets;
  const at = 16 + random(octets.length - 16);
  if (way === 0) return Buffer.concat([octets.subarray(0, at), octets.subarray(at + 1)]);
  return Buffer.concat([octets.subarray(0, at), Buffer.from([random(256)]), octets.subarray(at)]);
}

export function cut(octets: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(octets.length / size) }, (_, i) => octets.subarray(i * size, (i + 1) * size));
}

/** Of a stream: octets a fragment; the last is the whole at once. */
export const fragmentSizes = [1, 3, 17, Infinity] as const;

export interface StreamCount {
  pdus: number;
  /** Of these: read, and written back the same. */
  accepted: number;
  nacked: number;
  /** Streams that ended with a command_length that makes no sense. */
  lost: number;
  octets: number;
}

/**
 * Reads one stream of 1 to 5 PDUs at every size of fragment. Throws when anything throws, when a frame is not where command_length says it is
 * (the framer is deaf, or out of step), when an accepted PDU is not written back as it came, or when the sizes differ in what they give.
 */
export function checkStream(random: Random, count: StreamCount): void {
  const stream = Buffer.concat(Array.from({ length: 1 + random(5) }, () => mutated(random)));
  const expected = boundariesOf(stream);
  let first: string | undefined;
  for (const size of fragmentSizes) {
    let seen: string;
    try {
      seen = read(stream, Math.min(size, stream.length), expected, first === undefined ? count : undefined);
      if (first !== undefined && seen !== first) throw new Error(`${seen} in fragments of ${size}, else ${first}`);
    } catch (error) {
      throw new Error(`fragments of ${size}: ${stream.toString('hex')}`, { cause: error });
    }
    first ??= seen;
  }
  count.octets += stream.length;
}

interface Boundaries {
  readonly ends: readonly number[];
  readonly lost: boolean;
}

/** Where the frames of a stream are, by nothing but command_length (SMPP 3.4 §3.2): written down again, for the framer to agree with. */
function boundariesOf(stream: Buffer): Boundaries {
  const ends: number[] = [];
  for (let at = 0; stream.length - at >= 4;) {
    const length = stream.readUInt32BE(at);
    if (length < 16 || length > 66_000) return { ends, lost: true };
    if (at + length > stream.length) break;
    ends.push((at += length));
  }
  return { ends, lost: false };
}

/** What the frames of a stream are, as a text to compare. */
function read(stream: Buffer, size: number, { ends, lost }: Boundaries, count: StreamCount | undefined): string {
  const framer = createFramer();
  const seen: string[] = [];
  let start = 0;
  let isLost = false;
  for (let at = 0; at < stream.length; at += size) {
    framer.push(stream.subarray(at, at + size));
    for (let frame = framer.next(); frame.kind !== 'need_more'; frame = framer.next()) {
      if (frame.kind === 'lost') {
        isLost = true;
        break;
      }
      const end = ends[seen.length] ?? 0;
      if (end > at + size) throw new Error(`a frame before its end at ${end}`);
      seen.push(nameOf(frame, stream, start, end));
      start = end;
    }
    if (isLost) break;
  }
  if (seen.length !== ends.length) throw new Error(`${seen.length} frames of ${ends.length}`);
  if (isLost !== lost) throw new Error(isLost ? 'lost without reason' : 'not lost');
  if (count) {
    const nacked = seen.filter((name) => name.startsWith('nack')).length;
    count.pdus += seen.length;
    count.nacked += nacked;
    count.accepted += seen.length - nacked;
    count.lost += Number(lost);
  }
  return seen.join(' ');
}

function nameOf(frame: Exclude<Frame, { kind: 'need_more' | 'lost' }>, stream: Buffer, start: number, end: number): string {
  if (frame.kind === 'nack') return `nack ${frame.status} ${frame.sequence}`;
  const written = encodePdu(frame.pdu);
  if (written.compare(stream, start, end) !== 0)
    throw new Error(`${stream.toString('hex', start, end)} was written back as ${written.toString('hex')}`);
  return frame.pdu.command;
}
