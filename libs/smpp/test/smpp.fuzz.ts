import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { commandStatus, createFramer, encodePdu } from '../src/index.ts';
import { checkStream, createRandom, cut, mutated, type StreamCount } from './fuzzing.ts';
import { connectRaw, startSmsc } from './links.ts';

/**
 * Random, mutated and fragmented octets. The seed is printed; FUZZ_SEED repeats a run, FUZZ_PDUS and FUZZ_SESSIONS set its length. A failure
 * names the input in hex. long-fuzz.ts runs ten million.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 0x7fffffff);
const pdusTotal = Number(process.env['FUZZ_PDUS'] ?? 60_000);
const sessionsTotal = Number(process.env['FUZZ_SESSIONS'] ?? 150);

beforeAll(() => console.info(`fuzz seed ${seed}`));

describe('fuzz', () => {
  test('the framer never throws, is never out of step, and what it accepts is written back as it came: whole and in 1, 3 and 17 octets', () => {
    const random = createRandom(seed);
    const count: StreamCount = { pdus: 0, accepted: 0, nacked: 0, lost: 0, octets: 0 };
    while (count.pdus < pdusTotal) checkStream(random, count);
    // a generator whose PDUs are all refused, or none, would prove little
    expect(count.accepted).toBeGreaterThan(pdusTotal / 5);
    expect(count.nacked).toBeGreaterThan(pdusTotal / 5);
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
    for (let i = 0; i < sessionsTotal; i++) {
      const stream = Buffer.concat(Array.from({ length: 1 + random(4) }, () => mutated(random)));
      const raw = await connectRaw(smsc.port);
      const size = [1, 3, 17, stream.length][random(4)]!;
      for (const chunk of cut(stream, size)) raw.socket.write(chunk);
      // 144,000 octets fill any PDU that was left unfinished, and one more that is read out of step. Read from whichever of its octets, this
      // probe is an unknown command or has a command_length that makes no sense: something must be answered.
      const probe = encodePdu({ command: 'enquire_link', sequence: 0x10000001 });
      raw.socket.end(Buffer.concat(Array.from({ length: 9_000 }, () => probe)));
      await raw.ended;
      const side = await smsc.sides.next();
      const reason = await side.closed;
      const nacks = raw.pdus.seen.filter(({ command, status }) => command === 'generic_nack' && status === commandStatus.ESME_RINVCMDLEN);
      const right = raw.pdus.seen.length > 0 && nacks.length === (reason.code === 'lost' ? 1 : 0);
      if (!right) throw new Error(`seed ${seed}, run ${i}: ${JSON.stringify(reason)} after ${stream.toString('hex')}`);
    }
  });
});
