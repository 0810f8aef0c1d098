import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type CommandName,
  decodePdu,
  encodePdu,
  getTlv,
  type PduToWrite,
  pduTable,
  tlvs,
  tlvTable,
  type TlvName,
  type TlvValues,
} from '../src/index.ts';
import { commands, pduArbitrary } from './arbitraries.ts';
import { npmSmpp } from './npm-smpp.ts';

/** npm `smpp` writes a body only with status 0, and knows no optional parameters by number: those have a test of their own. */
const shared = (command: CommandName): fc.Arbitrary<PduToWrite> =>
  pduArbitrary(command).map((pdu) => ({ ...(ascii(pdu) as PduToWrite), status: 0, tlvs: [] }));

/** A row for each optional parameter and what of it could go wrong: smallest and largest, and with the other octet order another number. */
const tlvCases: [TlvName, number | string | Buffer][] = [
  ...integers(1, [
    'dest_addr_subunit',
    'dest_network_type',
    'dest_bearer_type',
    'source_addr_subunit',
    'source_network_type',
    'source_bearer_type',
    'payload_type',
    'ms_msg_wait_facilities',
    'privacy_indicator',
    'user_response_code',
    'language_indicator',
    'sar_total_segments',
    'sar_segment_seqnum',
    'sc_interface_version',
    'callback_num_pres_ind',
    'number_of_messages',
    'dpf_result',
    'set_dpf',
    'ms_availability_status',
    'delivery_failure_reason',
    'more_messages_to_send',
    'message_state',
    'ussd_service_op',
    'display_time',
    'its_reply_type',
  ]),
  ...integers(2, ['dest_telematics_id', 'user_message_reference', 'source_port', 'destination_port', 'sar_msg_ref_num', 'sms_signal']),
  ...integers(4, ['qos_time_to_live']),
  ['additional_status_info_text', ''],
  ['additional_status_info_text', 'why'],
  ['receipted_message_id', '38601fa'],
  ['receipted_message_id', 'x'.repeat(64)],
  ['source_subaddress', Buffer.from('a0ff', 'hex')],
  ['dest_subaddress', Buffer.alloc(23, 0xa0)],
  ['callback_num_atag', Buffer.from('0041', 'hex')],
  ['callback_num', Buffer.from('01010131323334', 'hex')],
  ['network_error_code', Buffer.from('030001', 'hex')],
  ['message_payload', Buffer.from('00ff', 'hex')],
  ['message_payload', Buffer.alloc(16_000, 'p')],
  ['its_session_info', Buffer.from('0102', 'hex')],
];

/** Where npm `smpp` has another name, or a list because the parameter may be repeated. */
const theirTlvs: { [N in TlvName]?: { name?: string; list?: boolean } } = {
  destination_port: { name: 'dest_port' },
  callback_num_pres_ind: { list: true },
  callback_num_atag: { list: true },
  callback_num: { list: true },
};
const structured = new Set<TlvName>(['callback_num_atag', 'callback_num', 'message_payload']);

function integers(octets: number, names: readonly TlvName[]): [TlvName, number][] {
  const most = 2 ** (8 * octets) - 1;
  return names.flatMap((name): [TlvName, number][] => [0, 1, most - 1, most].map((value) => [name, value]));
}

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

    test(`${command} of theirs is read as it was meant, and written back the same`, () => {
      fc.assert(
        fc.property(shared(command), (pdu) => {
          const written = new npmSmpp.PDU(command, npmFields(pdu)).toBuffer();
          const decoded = decodePdu(written);
          if (!decoded.ok) throw new Error(decoded.reason);
          expect(decoded.pdu).toMatchObject(pdu);
          expect(encodePdu(decoded.pdu).toString('hex')).toBe(written.toString('hex'));
        }),
        { numRuns: 20 },
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

  test.each(tlvCases)('optional parameter %s of %p is written and read the same', (name, value) => {
    const { name: theirName = name, list = false } = theirTlvs[name] ?? {};
    const optional = tlvs({ [name]: value } as TlvValues);
    const ours = encodePdu({ command: 'data_sm', sequence: 1, data_coding: 4, tlvs: optional });
    const written = new npmSmpp.PDU('data_sm', { sequence_number: 1, data_coding: 4, [theirName]: list ? [value] : value }).toBuffer();
    expect(ours.toString('hex')).toBe(written.toString('hex'));
    const decoded = decodePdu(written);
    expect(decoded).toMatchObject({ ok: true, pdu: { tlvs: optional } });
    expect(decoded.ok && getTlv(decoded.pdu.tlvs, name)).toEqual(value);
    const read = new npmSmpp.PDU(ours)[theirName];
    // three of them become objects there; that they hold the same octets is said by writing them again
    if (!structured.has(name)) expect(list ? read : [read]).toEqual([value]);
    expect(new npmSmpp.PDU(ours).toBuffer().toString('hex')).toBe(ours.toString('hex'));
  });

  test('every optional parameter of the specification stands in the table, but three that npm smpp writes in its own way', () => {
    const compared = new Set(tlvCases.map(([name]) => name));
    const own: TlvName[] = ['source_telematics_id', 'ms_validity', 'alert_on_message_delivery'];
    expect(Object.keys(tlvTable).filter((name) => !compared.has(name as TlvName))).toEqual(own);
  });

  test.each([
    ['source_telematics_id', 'two octets, SMPP 3.4 §5.3.2.8 has one', 7, 7, '00100001'],
    ['ms_validity', 'any octets, SMPP 3.4 §5.3.2.27 has one', Buffer.from('03000001', 'hex'), 0x03000001, '12040001'],
    ['alert_on_message_delivery', 'one octet, SMPP 3.4 §5.3.2.41 has none', 1, true, '130c0000'],
  ] as const)('%s: npm smpp writes %s; that is read, and written as the specification has it', (name, _, theirs, value, head) => {
    const decoded = decodePdu(new npmSmpp.PDU('submit_sm', { sequence_number: 1, [name]: theirs }).toBuffer());
    expect(decoded.ok && getTlv(decoded.pdu.tlvs, name)).toBe(value);
    const optional = tlvs({ [name]: value === true ? true : 7 } as TlvValues);
    expect(encodePdu({ command: 'submit_sm', sequence: 1, tlvs: optional }).toString('hex', 33)).toBe(head + (value === true ? '' : '07'));
  });

  test('optional parameters keep the order and the repetitions in which they came', () => {
    const several = [
      ...tlvs({ sar_msg_ref_num: 1, sar_total_segments: 2 }),
      ...tlvs({ callback_num_pres_ind: 1 }),
      ...tlvs({ callback_num_pres_ind: 2 }),
    ];
    const ours = encodePdu({ command: 'submit_sm', sequence: 1, tlvs: several });
    const theirs = new npmSmpp.PDU('submit_sm', {
      sequence_number: 1,
      sar_msg_ref_num: 1,
      sar_total_segments: 2,
      callback_num_pres_ind: [1, 2],
    });
    expect(theirs.toBuffer().toString('hex')).toBe(ours.toString('hex'));
    expect(decodePdu(ours)).toMatchObject({ ok: true, pdu: { tlvs: several } });
  });

  test("a vendor's optional parameter of ours is read there", () => {
    const vendor = { tag: 0x1401, value: Buffer.from('vendor') };
    expect(new npmSmpp.PDU(encodePdu({ command: 'submit_sm', sequence: 1, tlvs: [vendor] }))[0x1401]).toEqual(vendor.value);
  });

  const responses = commands.filter((command) => command.endsWith('_resp'));
  test.each(responses)('%s with a command_status and no body: 16 octets that both write and read', (command) => {
    const ours = encodePdu({ command, sequence: 9, status: 0x45, headerOnly: true } as PduToWrite);
    const written = new npmSmpp.PDU(command, { sequence_number: 9, command_status: 0x45 }).toBuffer();
    expect(ours.toString('hex')).toBe(written.toString('hex'));
    expect(new npmSmpp.PDU(ours)).toMatchObject({ command, command_status: 0x45, sequence_number: 9 });
    expect(decodePdu(written)).toMatchObject({ ok: true, pdu: { command, status: 0x45, sequence: 9 } });
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
