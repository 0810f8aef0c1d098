import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { commands, pduArbitrary } from '../test/arbitraries.ts';
import { decodePdu, encodePdu, readByTable } from './codec.ts';
import { commandIds, commandStatus } from './constants.ts';
import { createCursor } from './fields.ts';
import { createFramer } from './framer.ts';
import { readMessage } from './message.ts';
import type { Pdu } from './pdus.ts';

const testdata = new URL('../testdata/', import.meta.url);

describe('golden vectors', () => {
  const commandsSeen = new Set<string>();
  for (const name of readdirSync(testdata).filter((file) => file.endsWith('.hex'))) {
    const { why, octets, outcome, expected } = parseVector(readFileSync(new URL(name, testdata), 'utf8'));
    if (outcome === 'pdu') commandsSeen.add(JSON.parse(expected).command);
    test(`${name}: ${why}`, () => {
      const framer = createFramer();
      framer.push(octets);
      const frame = framer.next();
      expect(frame.kind).toBe(outcome);
      if (frame.kind === 'nack') expect(frame.status).toBe(Number(expected));
      if (frame.kind !== 'pdu') return;
      expect(readable(frame.pdu)).toMatchObject(JSON.parse(expected));
      expect(encodePdu(frame.pdu)).toEqual(octets);
    });
  }

  test('every PDU of §5.1.2 table 5-1 has one', () => {
    expect(Object.keys(commandIds).filter((command) => !commandsSeen.has(command))).toEqual([]);
  });
});

describe('every PDU of the table', () => {
  for (const command of commands) {
    test(`${command} comes back as it was written`, () => {
      fc.assert(
        fc.property(pduArbitrary(command), (pdu) => {
          const octets = encodePdu(pdu);
          const decoded = decodePdu(octets);
          expect(decoded).toEqual({ ok: true, pdu });
          if (decoded.ok) expect(encodePdu(decoded.pdu)).toEqual(octets);
        }),
        { numRuns: 60 },
      );
    });

    test(`${command} cut anywhere is refused, and nothing throws`, () => {
      fc.assert(
        fc.property(pduArbitrary(command), fc.nat(), (pdu, cut) => {
          const octets = encodePdu(pdu);
          const short = Buffer.from(octets.subarray(0, 16 + (cut % Math.max(1, octets.length - 16))));
          short.writeUInt32BE(short.length, 0);
          const decoded = decodePdu(short);
          // A cut may fall between two optional parameters, or leave a response without its body: both are legal.
          if (decoded.ok) expect(encodePdu(decoded.pdu)).toEqual(short);
        }),
        { numRuns: 40 },
      );
    });
  }

  test('submit_sm and deliver_sm read by hand are what the table reads', () => {
    for (const command of ['submit_sm', 'deliver_sm'] as const) {
      fc.assert(
        fc.property(pduArbitrary(command), fc.nat(400), (pdu, cut) => {
          const octets = encodePdu(pdu);
          const end = Math.max(16, octets.length - (cut % 2) * cut);
          const byHand = createCursor(octets, 16, end);
          const byTable = createCursor(octets, 16, end);
          const pdus = [readMessage(byHand, command, 0, 1), readByTable(byTable, command, 0, 1, false)];
          expect(byHand).toEqual(byTable);
          if (byHand.status === 0) expect(pdus[0]).toEqual(pdus[1]);
        }),
      );
    }
  });
});

describe('encodePdu', () => {
  test('writes what is left out as zero and empty', () => {
    const octets = encodePdu({ command: 'submit_sm', sequence: 1 });
    expect(octets.toString('hex')).toBe(`${'00000021' + '00000004' + '00000000' + '00000001'}${'00'.repeat(17)}`);
  });

  test('writes an error response of 16 octets, §4.4.2', () => {
    expect(encodePdu({ command: 'submit_sm_resp', status: 0x58, sequence: 7, headerOnly: true }).toString('hex')).toBe(
      '00000010800000040000005800000007',
    );
  });

  test.each([
    ['a source_addr of 21 characters', { command: 'submit_sm', sequence: 1, source_addr: '1'.repeat(21) }],
    ['a NUL inside a C-octet string', { command: 'submit_sm', sequence: 1, source_addr: 'a\0b' }],
    ['a character beyond Latin-1', { command: 'submit_sm', sequence: 1, source_addr: '€' }],
    ['a short_message of 256 octets', { command: 'submit_sm', sequence: 1, short_message: Buffer.alloc(256) }],
    ['an octet of 256', { command: 'submit_sm', sequence: 1, esm_class: 256 }],
    ['a fraction', { command: 'submit_sm', sequence: 1, esm_class: 1.5 }],
    ['a negative sequence', { command: 'enquire_link', sequence: -1 }],
    ['no destination', { command: 'submit_multi', sequence: 1, dest_address: [] }],
    ['optional parameters where there are none', { command: 'unbind', sequence: 1, tlvs: [{ tag: 1, value: Buffer.alloc(1) }] }],
  ] as const)('throws RangeError for %s', (_what, pdu) => {
    expect(() => encodePdu(pdu)).toThrow(RangeError);
  });
});

describe('decodePdu', () => {
  test('answers ESME_RINVCMDLEN for octets that are not one PDU', () => {
    const octets = encodePdu({ command: 'enquire_link', sequence: 9 });
    for (const wrong of [Buffer.alloc(0), octets.subarray(0, 3), octets.subarray(0, 15), Buffer.concat([octets, octets])]) {
      expect(decodePdu(wrong)).toMatchObject({ ok: false, status: commandStatus.ESME_RINVCMDLEN });
    }
  });

  test('keeps the status of an illegible response, all that can be known of it', () => {
    const octets = Buffer.from('00000013800000040000005800000007616263', 'hex');
    expect(decodePdu(octets)).toMatchObject({ ok: false, command: 'submit_sm_resp', sequence: 7, receivedStatus: 0x58 });
  });
});

function parseVector(text: string) {
  const [head, tail] = text.split('\n=> ') as [string, string];
  const [, outcome, expected] = /^(\w+) ?(.*)/.exec(tail)!;
  const lines = head.split('\n');
  return { why: lines[0]!.slice(2), octets: Buffer.from(lines.slice(1).join(''), 'hex'), outcome, expected: expected! };
}

function readable(pdu: Pdu): object {
  const plain = Object.entries(pdu).map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString('hex') : value]);
  return { ...Object.fromEntries(plain), tlvs: pdu.tlvs.map(({ tag, value }) => [tag, value.toString('hex')]) };
}
