import { describe, expect, test } from '@jest/globals';
import { getTlv, tlvNameOfTag, tlvs, tlvTable } from './tlvs.ts';

test('there are the 44 optional parameters of §5.3.2 table 5-7, each tag once', () => {
  const tags = Object.values(tlvTable).map(({ tag }) => tag);
  expect(new Set(tags).size).toBe(44);
  for (const [name, { tag }] of Object.entries(tlvTable)) expect(tlvNameOfTag(tag)).toBe(name);
});

describe('tlvs and getTlv', () => {
  test('values come back by name', () => {
    const list = tlvs({
      message_state: 2,
      sar_msg_ref_num: 0x1234,
      qos_time_to_live: 0xfedcba98,
      receipted_message_id: '38601fa',
      network_error_code: Buffer.from([3, 0, 1]),
      alert_on_message_delivery: true,
    });
    expect(list.map(({ tag, value }) => [tag, value.toString('hex')])).toEqual([
      [0x0427, '02'],
      [0x020c, '1234'],
      [0x0017, 'fedcba98'],
      [0x001e, '3338363031666100'],
      [0x0423, '030001'],
      [0x130c, ''],
    ]);
    expect(getTlv(list, 'message_state')).toBe(2);
    expect(getTlv(list, 'qos_time_to_live')).toBe(0xfedcba98);
    expect(getTlv(list, 'receipted_message_id')).toBe('38601fa');
    expect(getTlv(list, 'network_error_code')).toEqual(Buffer.from([3, 0, 1]));
    expect(getTlv(list, 'alert_on_message_delivery')).toBe(true);
    expect(getTlv(list, 'message_payload')).toBeUndefined();
  });

  test('a C-octet string without its NUL is read, an integer without octets counts as absent', () => {
    expect(getTlv([{ tag: 0x001e, value: Buffer.from('abc') }], 'receipted_message_id')).toBe('abc');
    expect(getTlv([{ tag: 0x0427, value: Buffer.alloc(0) }], 'message_state')).toBeUndefined();
  });

  test('values of the wrong size are refused', () => {
    expect(() => tlvs({ message_state: 256 })).toThrow(/range/);
    expect(() => tlvs({ network_error_code: Buffer.alloc(2) })).toThrow(/3 to 3/);
    expect(() => tlvs({ receipted_message_id: 'x'.repeat(65) })).toThrow(/1 to 65/);
  });
});
