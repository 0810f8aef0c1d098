import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { commandStatus, createFramer, encodePdu, type Frame } from '../src/index.ts';
import { connectRaw, startSmsc } from './links.ts';

/**
 * Random, mutated and fragmented octets. The seed is printed; FUZZ_SEED repeats a run, FUZZ_PDUS sets its length (10,000,000 for
 * the long one). A failure names the input in hex.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 0x7fffffff);
const pdusTotal = Number(process.env['FUZZ_PDUS'] ?? 60_000);
const testdata = new URL('../testdata/', import.meta.url);
const vectors = readdirSync(testdata)
  .filter((name) => name.endsWith('.hex'))
  .map((name) => {
    const [head] = readFileSync(new URL(name, testdata), 'utf8').split('\n=>');
    return Buffer.from(head!.split('\n').slice(1).join(''), 'hex');
  });
const whole = vectors.filter((octets) => octets.length >= 16 && octets.readUInt32BE(0) === octets.length);
const interesting = [0, 1, 2, 3, 4, 0x0f, 0x10, 0x11, 0x14, 0x15, 0x40, 0x7f, 0x80, 0xfe, 0xff];

/** mulberry32: small, seeded, good enough to choose octets. */
function createRandom(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

beforeAll(() => console.info(`fuzz seed ${seed}`));

describe('fuzz', () => {
  test('the framer never throws, and what it accepts is written back as it came', () => {
    const random = createRandom(seed);
    for (let i = 0; i < pdusTotal; i++) {
      const octets = mutated(random);
      const frame = named(octets, () => firstFrame([octets]));
      if (frame.kind === 'pdu') expectSame(encodePdu(frame.pdu), octets);
    }
  });

  test('fragments of 1, 3 and 17 octets give the frames of the whole', () => {
    const random = createRandom(seed + 1);
    for (let i = 0; i < 300; i++) {
      const stream = Buffer.concat(Array.from({ length: 1 + random(5) }, () => mutated(random)));
      const expected = named(stream, () => JSON.stringify(allFrames(cut(stream, stream.length))));
      for (const size of [1, 3, 17]) {
        const frames = named(stream, () => JSON.stringify(allFrames(cut(stream, size))));
        // A lost stream's sequence_number is told only where its header has come: of that, whole and fragments may differ.
        expect(withoutLostSequence(frames)).toBe(withoutLostSequence(expected));
      }
    }
  });

  test('time is linear in the input: 2 MB octet by octet and as one PDU after another', () => {
    const framer = createFramer();
    const payload = encodePdu({ command: 'submit_sm', sequence: 1, tlvs: [{ tag: 0x0424, value: Buffer.alloc(60_000) }] });
    let pdus = 0;
    for (let i = 0; i < 33; i++) {
      for (let at = 0; at < payload.length; at++) {
        framer.push(payload.subarray(at, at + 1));
        if (framer.next().kind === 'pdu') pdus++;
      }
    }
    // A framer that concatenates would have copied 60 GB here, and this test would time out.
    expect(pdus).toBe(33);
  });
});

describe('a session under fuzz', () => {
  let smsc: Awaited<ReturnType<typeof startSmsc>>;
  beforeAll(async () => {
    smsc = await startSmsc({ onRequest: (_request, reply) => void reply.ok(), onEvent: () => undefined });
  });
  afterAll(() => smsc.stop());

  test('is never open and deaf: it always answers, and what is no SMPP by one nack', async () => {
    const random = createRandom(seed + 2);
    for (let i = 0; i < 150; i++) {
      const stream = Buffer.concat(Array.from({ length: 1 + random(4) }, () => mutated(random)));
      const raw = await connectRaw(smsc.port);
      const size = [1, 3, 17, stream.length][random(4)]!;
      for (const chunk of cut(stream, size)) raw.socket.write(chunk);
      // 80,000 octets fill any PDU that was left unfinished; in step or out of it, something in them must be answered.
      const probe = encodePdu({ command: 'enquire_link', sequence: 0x5eed });
      raw.socket.end(Buffer.concat(Array.from({ length: 5_000 }, () => probe)));
      await raw.ended;
      const side = await smsc.sides.next();
      const reason = await side.closed;
      const nacks = raw.pdus.seen.filter(({ command, status }) => command === 'generic_nack' && status === commandStatus.ESME_RINVCMDLEN);
      const right = raw.pdus.seen.length > 0 && nacks.length === (reason.code === 'lost' ? 1 : 0);
      if (!right) throw new Error(`seed ${seed}, run ${i}: ${JSON.stringify(reason)} after ${stream.toString('hex')}`);
    }
  });
});

function mutated(random: (below: number) => number): Buffer {
  if (random(10) === 0) return Buffer.from(Array.from({ length: 16 + random(60) }, () => random(256)));
  const octets = Buffer.from(whole[random(whole.length)]!);
  for (let i = random(4); i > 0; i--)
    octets[4 + random(octets.length - 4)] = random(2) ? random(256) : interesting[random(interesting.length)]!;
  const length = random(4) === 0 ? 16 + random(octets.length - 15) : octets.length;
  const result = octets.subarray(0, length);
  result.writeUInt32BE(random(50) === 0 ? random(0x20000) : length, 0);
  return result;
}

function firstFrame(chunks: readonly Buffer[]): Frame {
  const framer = createFramer();
  for (const chunk of chunks) framer.push(chunk);
  return framer.next();
}

function allFrames(chunks: readonly Buffer[]): Frame[] {
  const framer = createFramer();
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let frame = framer.next(); frame.kind !== 'need_more'; frame = framer.next()) {
      frames.push(frame);
      if (frame.kind === 'lost') return frames;
    }
  }
  return frames;
}

function withoutLostSequence(frames: string): string {
  return frames.replace(/("kind":"lost","sequence":)\d+/, '$1_');
}

function cut(octets: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(octets.length / size) }, (_, i) => octets.subarray(i * size, (i + 1) * size));
}

function named<T>(octets: Buffer, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`seed ${seed}: ${octets.toString('hex')}`, { cause: error });
  }
}

/** `expect` on 60,000 buffers takes longer than what is tested. The PDU is the first of `octets`. */
function expectSame(written: Buffer, octets: Buffer): void {
  if (!written.equals(octets.subarray(0, octets.readUInt32BE(0)))) {
    throw new Error(`seed ${seed}: ${octets.toString('hex')} was written back as ${written.toString('hex')}`);
  }
}
