import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CommandName, decodePdu, encodePdu, type PduToWrite, pduTable, tlvs } from '../src/index.ts';
import { commands, pduArbitrary } from './arbitraries.ts';
import { npmSmpp } from './npm-smpp.ts';

/** npm `smpp` writes a body only with status 0, and knows no optional parameters by number: those have a test of their own. */
const shared = (command: CommandName): fc.Arbitrary<PduToWrite> =>
  pduArbitrary(command).map((pdu) => ({ ...(ascii(pdu) as PduToWrite), status: 0, tlvs: [] }));

describe('against npm smpp', () => {
  for (const command of commands) {
    test(`${command} is written octet for octet the same`, () => {
      fc.assert(
        fc.property(shared(command), (pdu) => {
          expect(encodePdu(pdu).toString('hex')).toBe(new npmSmpp.PDU(command, npmFields(pdu)).toBuffer().toString('hex'));
        }),
        { numRuns: 40 },
      );
    });

    test(`${command} of ours is read the same there`, () => {
      fc.assert(
        fc.property(shared(command), (pdu) => {
          const theirs = new npmSmpp.PDU(encodePdu(pdu));
          expect(theirs.command).toBe(command);
          expect(theirs.sequence_number).toBe(pdu.sequence);
          // Times and messages become Dates and texts there, and are compared in octets above.
          for (const name of Object.keys(pduTable[command].fields)) {
            const value = (pdu as unknown as Record<string, unknown>)[name];
            if (typeof value === 'number' || (typeof value === 'string' && !/time|period|date/.test(name)))
              expect(theirs[name]).toEqual(value);
          }
        }),
        { numRuns: 20 },
      );
    });
  }

  test('optional parameters are written and read the same', () => {
    const named = {
      dest_addr_subunit: 1,
      qos_time_to_live: 0xfedcba98,
      additional_status_info_text: 'why',
      receipted_message_id: '38601fa',
      user_message_reference: 7,
      sar_msg_ref_num: 1,
      sar_total_segments: 2,
      sar_segment_seqnum: 1,
      network_error_code: Buffer.from([3, 0, 1]),
      message_payload: Buffer.alloc(300, 'p'),
      message_state: 2,
      its_session_info: Buffer.from([1, 2]),
    };
    const ours = encodePdu({ command: 'data_sm', sequence: 1, tlvs: tlvs(named) });
    const theirs = new npmSmpp.PDU('data_sm', { sequence_number: 1, ...named }).toBuffer();
    expect(ours.toString('hex')).toBe(theirs.toString('hex'));
    expect(decodePdu(theirs)).toMatchObject({ ok: true, pdu: { tlvs: tlvs(named) } });
  });
});

/** npm `smpp` writes C-octet strings in 7 bits, and pads a time of at most 12 characters. */
function ascii(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return value.replace(/[^ -~]/g, 'x');
  if (Array.isArray(value)) return value.map(ascii);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      /time|period|date/.test(name) ? (field === '' ? '' : '261120070000000+') : ascii(field),
    ]),
  );
}

function npmFields(pdu: PduToWrite): object {
  const { command: _command, sequence, status: _status, tlvs: _tlvs, ...fields } = pdu as unknown as Record<string, unknown>;
  return { ...fields, sequence_number: sequence };
}
