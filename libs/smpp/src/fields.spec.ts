import { describe, expect, test } from '@jest/globals';
import { decodePdu, encodePdu } from './codec.ts';
import { type CommandName, commandStatus as s } from './constants.ts';
import { pduTable, type PduToWrite } from './pdus.ts';
import { getTlv, tlvs } from './tlvs.ts';

/**
 * Octets of every C-octet string with its NUL, and the status that one octet more is answered with: §4 tables, written down again
 * so that pdus.ts is not its own test.
 */
const cstrings: Record<string, readonly [octetsMax: number, status: number]> = {
  service_type: [6, s.ESME_RINVSERTYP],
  source_addr: [21, s.ESME_RINVSRCADR],
  destination_addr: [21, s.ESME_RINVDSTADR],
  schedule_delivery_time: [17, s.ESME_RINVSCHED],
  validity_period: [17, s.ESME_RINVEXPIRY],
  message_id: [65, s.ESME_RINVMSGID],
  system_id: [16, s.ESME_RINVSYSID],
  password: [9, s.ESME_RINVPASWD],
  system_type: [13, s.ESME_RINVSYSTYP],
  address_range: [41, s.ESME_RBINDFAIL],
  final_date: [17, s.ESME_RINVEXPIRY],
  esme_addr: [65, s.ESME_RINVDSTADR],
  // §4.7.1 and §4.12.1 give 65 octets to addresses that have 21 elsewhere.
  'data_sm source_addr': [65, s.ESME_RINVSRCADR],
  'data_sm destination_addr': [65, s.ESME_RINVDSTADR],
  'alert_notification source_addr': [65, s.ESME_RINVSRCADR],
};

type Case = [what: string, octetsMax: number, status: number, build: (text: string) => PduToWrite];

const destination = { dest_addr_ton: 1, dest_addr_npi: 1 };

const fieldsOfPdus = Object.entries(pduTable).flatMap(([command, { fields }]) =>
  Object.entries(fields)
    .filter(([, { empty }]) => typeof empty === 'string')
    .map(([name]): Case => {
      const [octetsMax, status] = cstrings[`${command} ${name}`] ?? cstrings[name]!;
      return [`${name} of ${command}`, octetsMax, status, (text) => pduWith(command as CommandName, name, text)];
    }),
);

const cases: Case[] = [
  ...fieldsOfPdus,
  [
    'destination_addr in the list of submit_multi',
    21,
    s.ESME_RINVDSTADR,
    (text) => ({ command: 'submit_multi', sequence: 7, dest_address: [{ dest_flag: 1, ...destination, destination_addr: text }] }),
  ],
  [
    'dl_name in the list of submit_multi',
    21,
    s.ESME_RINVDLNAME,
    (text) => ({ command: 'submit_multi', sequence: 7, dest_address: [{ dest_flag: 2, dl_name: text }] }),
  ],
  [
    'destination_addr in the list of submit_multi_resp',
    21,
    s.ESME_RINVDSTADR,
    (text) => ({
      command: 'submit_multi_resp',
      sequence: 7,
      unsuccess_sme: [{ ...destination, destination_addr: text, error_status_code: 0 }],
    }),
  ],
];

describe('a C-octet string (§3.1)', () => {
  test.each(cases)('%s: %i octets are read, one more is refused', (_what, octetsMax, status, build) => {
    const longest = encodePdu(build('Q'.repeat(octetsMax - 1)));
    expect(decodePdu(longest).ok).toBe(true);
    expect(decodePdu(spliced(longest, 'QQ', 'QQQ'))).toMatchObject({ ok: false, status, sequence: 7 });
    expect(() => encodePdu(build('Q'.repeat(octetsMax)))).toThrow(RangeError);
  });

  test.each(cases)('%s: a NUL inside ends it, and the rest of the PDU does not fit', (_what, _octetsMax, _status, build) => {
    const octets = spliced(encodePdu(build('abcd')), 'abcd', 'ab\0cd');
    const decoded = decodePdu(octets);
    expect(decoded).toMatchObject({ ok: false, sequence: 7 });
    expect(() => encodePdu(build('ab\0cd'))).toThrow(RangeError);
  });

  test('without any NUL up to the end of the PDU is a truncated body', () => {
    const octets = Buffer.from('0000001200000004000000000000000e6162', 'hex');
    expect(decodePdu(octets)).toMatchObject({ ok: false, status: s.ESME_RINVCMDLEN });
  });

  test.each([
    ['receipted_message_id', 65],
    ['additional_status_info_text', 256],
  ] as const)('%s, an optional parameter: %i octets are read, one more is ESME_RINVPARLEN', (name, octetsMax) => {
    const longest = tlvs({ [name]: 'Q'.repeat(octetsMax - 1) });
    const tooLong = [{ tag: longest[0]!.tag, value: Buffer.alloc(octetsMax + 1, 'Q') }];
    expect(decodePdu(encodePdu({ command: 'data_sm', sequence: 7, tlvs: longest }))).toMatchObject({ ok: true });
    expect(decodePdu(encodePdu({ command: 'data_sm', sequence: 7, tlvs: tooLong }))).toMatchObject({
      ok: false,
      status: s.ESME_RINVPARLEN,
    });
    expect(() => tlvs({ [name]: 'Q'.repeat(octetsMax) })).toThrow(RangeError);
  });
});

describe('a NUL where it is data', () => {
  test('in short_message is kept: its length is sm_length', () => {
    const short_message = Buffer.from('a\0b\0', 'latin1');
    expect(readBack({ command: 'submit_sm', sequence: 7, short_message })).toMatchObject({ short_message });
  });

  test('in message_payload is kept: its length is that of the parameter', () => {
    const payload = Buffer.from('a\0b\0', 'latin1');
    expect(getTlv(readBack({ command: 'data_sm', sequence: 7, tlvs: tlvs({ message_payload: payload }) }).tlvs, 'message_payload')).toEqual(
      payload,
    );
  });

  test('in receipted_message_id ends the text, while the octets pass on unchanged', () => {
    const given = [{ tag: 0x001e, value: Buffer.from('ab\0cd\0', 'latin1') }];
    const read = readBack({ command: 'deliver_sm', sequence: 7, tlvs: given }).tlvs;
    expect(getTlv(read, 'receipted_message_id')).toBe('ab');
    expect(read).toEqual(given);
  });
});

describe('short_message and message_payload in one PDU (§5.3.2.32 forbids it)', () => {
  const both = { short_message: Buffer.from('short'), tlvs: tlvs({ message_payload: Buffer.from('payload') }) };

  test.each(['submit_sm', 'deliver_sm', 'submit_multi', 'replace_sm'] as const)(
    '%s is read with both: which holds is not for the codec',
    (command) => {
      const to = command === 'submit_multi' ? { dest_address: [{ dest_flag: 2 as const, dl_name: 'all' }] } : {};
      const pdu = { command, sequence: 7, ...both, ...to } as PduToWrite;
      const read = readBack(pdu);
      expect(read).toMatchObject(both);
      expect(encodePdu(read)).toEqual(encodePdu(pdu));
    },
  );

  test('an empty short_message beside a payload, and a payload of no octets beside a message, are told apart', () => {
    const payloadOnly = readBack({ command: 'submit_sm', sequence: 7, tlvs: both.tlvs });
    expect(payloadOnly).toMatchObject({ short_message: Buffer.alloc(0), tlvs: both.tlvs });
    const emptyPayload = [{ tag: 0x0424, value: Buffer.alloc(0) }];
    const messageOnly = readBack({ command: 'submit_sm', sequence: 7, short_message: both.short_message, tlvs: emptyPayload });
    expect(messageOnly).toMatchObject({ short_message: both.short_message, tlvs: emptyPayload });
  });
});

function pduWith(command: CommandName, name: string, text: string): PduToWrite {
  const list = command === 'submit_multi' ? { dest_address: [{ dest_flag: 2, dl_name: 'all' }] } : {};
  return { command, sequence: 7, ...list, [name]: text } as unknown as PduToWrite;
}

/** `octets` with one piece of their body replaced, and the command_length made right. */
function spliced(octets: Buffer, from: string, to: string): Buffer {
  const at = octets.indexOf(from, 16, 'latin1');
  if (at < 0) throw new Error(`"${from}" is not in the PDU`);
  const result = Buffer.concat([octets.subarray(0, at), Buffer.from(to, 'latin1'), octets.subarray(at + from.length)]);
  result.writeUInt32BE(result.length, 0);
  return result;
}

function readBack(pdu: PduToWrite) {
  const decoded = decodePdu(encodePdu(pdu));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.pdu;
}
