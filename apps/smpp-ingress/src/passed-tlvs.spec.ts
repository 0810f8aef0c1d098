import { expect, test } from '@jest/globals';
import { tlvs, tlvTable, type TlvName } from '@heliograph/smpp';
import { passedTlvs, passedTlvsOctetsMax } from './passed-tlvs.ts';

const one = (tag: number) => passedTlvs([{ tag, value: Buffer.from([1]) }]);

test.each([
  ['the first vendor tag', 0x1400, true],
  ['the last vendor tag', 0x3fff, true],
  ['reserved before it', 0x13ff, false],
  ['reserved after it', 0x4000, false],
  ['a tag of 5.0', 0x0600, false],
])('§5.3.2 table 5-7: %s is passed on: %s', (_, tag, passed) => {
  expect(one(tag)).toEqual(passed ? [{ tag, value: '01' }] : []);
});

test('§4.4.1: of the parameters of 3.4 that a submit_sm may have, all are passed on but those the platform acts on', () => {
  const names = (Object.keys(tlvTable) as TlvName[]).filter((name) => one(tlvTable[name].tag)?.length === 0);
  expect(names.toSorted()).toEqual([
    'additional_status_info_text',
    'delivery_failure_reason',
    'dpf_result',
    'message_payload',
    'message_state',
    'more_messages_to_send',
    'ms_availability_status',
    'network_error_code',
    'qos_time_to_live',
    'receipted_message_id',
    'sar_msg_ref_num',
    'sar_segment_seqnum',
    'sar_total_segments',
    'sc_interface_version',
    'user_message_reference',
  ]);
});

test('§3.2.4: order and repetition stay', () => {
  const given = [{ tag: 0x2000, value: Buffer.from([2]) }, ...tlvs({ source_port: 9200 }), { tag: 0x2000, value: Buffer.alloc(0) }];
  expect(passedTlvs(given)).toEqual([
    { tag: 0x2000, value: '02' },
    { tag: 0x020a, value: '23f0' },
    { tag: 0x2000, value: '' },
  ]);
});

test.each([
  ['as large as they may be', passedTlvsOctetsMax - 4, true],
  ['one octet larger', passedTlvsOctetsMax - 3, false],
])('together %s: passed on is %s', (_, octets, passed) => {
  expect(passedTlvs([{ tag: 0x1400, value: Buffer.alloc(octets) }]) !== undefined).toBe(passed);
});

test('a message_payload does not count', () => {
  expect(passedTlvs(tlvs({ message_payload: Buffer.alloc(10_000) }))).toEqual([]);
});
