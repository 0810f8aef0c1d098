import { describe, expect, test } from '@jest/globals';
import { encodePdu, getTlv } from '@heliograph/smpp';
import { joinSegments } from '@heliograph/segment';
import type { Message } from '@heliograph/message';
import { aMessage } from '../test/message.fixture.ts';
import { buildSubmits, type Submit } from './submit.ts';

function submitsOf(special: Partial<Message>, reference = 0x2a): readonly Submit[] {
  const made = buildSubmits(aMessage(special), reference);
  if (!made.ok) throw new Error(made.reason);
  return made.submits;
}

const text = (of: string, udh?: string) => ({ content: { kind: 'text', text: of, ...(udh === undefined ? {} : { udh }) } }) as const;
const binary = (hex: string, udh?: string) =>
  ({ content: { kind: 'binary', octets: Buffer.from(hex, 'hex').toString('base64'), ...(udh === undefined ? {} : { udh }) } }) as const;

describe('the submit_sm of a message', () => {
  test('has every field that a provider reads', () => {
    expect(submitsOf({})).toEqual([
      {
        command: 'submit_sm',
        source_addr_ton: 5,
        source_addr_npi: 0,
        source_addr: 'Heliograph',
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: '15551234567',
        esm_class: 0,
        validity_period: '261121123015000+',
        registered_delivery: 1,
        data_coding: 0,
        short_message: Buffer.from('hello'),
      },
    ]);
  });

  test.each<[string, Partial<Message>, { data_coding: number; esm_class: number; octets: string }]>([
    ['GSM text', text('@{'), { data_coding: 0x00, esm_class: 0, octets: '001b28' }],
    ['UCS-2 text', text('Я'), { data_coding: 0x08, esm_class: 0, octets: '042f' }],
    ['GSM flash', { ...text('hi'), flash: true }, { data_coding: 0x10, esm_class: 0, octets: '6869' }],
    ['UCS-2 flash', { ...text('Я'), flash: true }, { data_coding: 0x18, esm_class: 0, octets: '042f' }],
    ['binary', binary('00ff'), { data_coding: 0x04, esm_class: 0, octets: '00ff' }],
    ['binary flash', { ...binary('00ff'), flash: true }, { data_coding: 0x14, esm_class: 0, octets: '00ff' }],
    ['binary with a header', binary('00ff', '0504158a0000'), { data_coding: 0x04, esm_class: 0x40, octets: '0504158a000000ff' }],
    ['text with a header', text('hi', '0003000201'), { data_coding: 0x00, esm_class: 0x40, octets: '00030002016869' }],
    ['UCS-2 text with a header', text('Я', '050003070201'), { data_coding: 0x08, esm_class: 0x40, octets: '050003070201042f' }],
  ])('%s', (_, special, { data_coding, esm_class, octets }) => {
    const [submit, ...more] = submitsOf(special);
    expect(submit).toMatchObject({ data_coding, esm_class });
    expect(submit?.short_message?.toString('hex')).toBe(octets);
    expect(more).toEqual([]);
  });

  test.each([
    ['GSM', 'Der Sinn, daß {die} Post €5 kostet. '.repeat(12), 'gsm', 0],
    ['UCS-2', 'Привет 🔆 '.repeat(20), 'ucs2', 8],
  ] as const)('long %s: parts with an 8-bit reference that join to the text', (_, long, alphabet, data_coding) => {
    const submits = submitsOf(text(long), 0x1ff);
    expect(submits.length).toBeGreaterThan(1);
    submits.forEach((submit, i) => {
      expect(submit).toMatchObject({ esm_class: 0x40, data_coding });
      expect(submit.short_message?.subarray(0, 6).toString('hex')).toBe(
        Buffer.from([5, 0, 3, 0xff, submits.length, i + 1]).toString('hex'),
      );
      expect(submit.short_message?.length).toBeLessThanOrEqual(159);
    });
    const parts = submits.map(({ short_message = Buffer.alloc(0) }) => ({
      udh: short_message.subarray(0, 6),
      body: short_message.subarray(6),
      alphabet,
    }));
    expect(joinSegments(parts)).toBe(long);
  });

  test('more octets than short_message holds go into message_payload', () => {
    const [submit] = submitsOf(binary('ab'.repeat(300)));
    expect(submit?.short_message).toBeUndefined();
    expect(getTlv(submit?.tlvs ?? [], 'message_payload')?.length).toBe(300);
  });

  test('a text of more than 255 parts is refused', () => {
    expect(buildSubmits(aMessage(text('x'.repeat(153 * 255 + 1))), 0)).toEqual({ ok: false, reason: 'too_long' });
  });

  test('the codec can write it', () => {
    for (const submit of submitsOf(text('Привет '.repeat(20)))) expect(encodePdu({ ...submit, sequence: 1 }).length).toBeGreaterThan(16);
  });
});
