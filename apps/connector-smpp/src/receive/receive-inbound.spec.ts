import { describe, expect, test } from '@jest/globals';
import { decodePdu, encodePdu, tlvs, type PduOf, type PduToWriteOf } from '@heliograph/smpp';
import { encodeGsm, encodeUcs2, packSeptets } from '@heliograph/segment';
import { inboundOf, type InboundFacts } from './receive-inbound.ts';

const facts: InboundFacts = { connector: 'demo', group: 'demo-group', text: { defaultAlphabet: 'gsm', gsmPacking: 'unpacked' } };

function deliverSm(fields: Partial<PduToWriteOf<'deliver_sm'>>): PduOf<'deliver_sm'> {
  const decoded = decodePdu(encodePdu({ command: 'deliver_sm', sequence: 1, ...fields }));
  if (!decoded.ok || decoded.pdu.command !== 'deliver_sm') throw new Error('not a deliver_sm');
  return decoded.pdu;
}

const received = (fields: Partial<PduToWriteOf<'deliver_sm'>>, special: Partial<InboundFacts> = {}) =>
  inboundOf(deliverSm(fields), { ...facts, ...special }, 1_000, () => 'new-id');
const hex = (octets: string) => Buffer.from(octets, 'hex');
const headed = (header: string, body: string | Buffer): Partial<PduToWriteOf<'deliver_sm'>> => ({
  esm_class: 0x40,
  short_message: Buffer.concat([hex(header), Buffer.from(body as string)]),
});

test('a short text, with its addresses as they came', () => {
  const from = { source_addr: '31612345678', source_addr_ton: 1, source_addr_npi: 1 };
  const to = { destination_addr: '4040', dest_addr_ton: 3, dest_addr_npi: 0 };
  expect(received({ ...from, ...to, short_message: Buffer.from('hello') })).toEqual({
    type: 'inbound.received',
    at: 1_000,
    id: 'new-id',
    connector: 'demo',
    group: 'demo-group',
    from: { addr: '31612345678', ton: 1, npi: 1 },
    to: { addr: '4040', ton: 3, npi: 0 },
    dataCoding: 0,
    alphabet: 'gsm',
    octets: Buffer.from('hello').toString('base64'),
  });
});

const b64 = (text: string | Buffer) => Buffer.from(text as string).toString('base64');

describe('user data', () => {
  test.each<[string, Partial<PduToWriteOf<'deliver_sm'>>, object]>([
    ['in message_payload', { tlvs: tlvs({ message_payload: Buffer.from('long') }) }, { octets: b64('long') }],
    ['none at all', {}, { octets: '' }],
    ['in UCS-2', { data_coding: 8, short_message: encodeUcs2('😀') }, { dataCoding: 8, octets: b64(encodeUcs2('😀')) }],
    ['half a surrogate pair', { data_coding: 8, short_message: hex('d83d') }, { octets: b64(hex('d83d')) }],
    ['8-bit reference', headed('050003070302', 'b'), { octets: b64('b'), part: { reference: 7, total: 3, sequence: 2 } }],
    ['16-bit reference', headed('06080401070301', 'a'), { octets: b64('a'), part: { reference: 0x107, total: 3, sequence: 1 } }],
    [
      'SAR parameters',
      { short_message: Buffer.from('c'), tlvs: tlvs({ sar_msg_ref_num: 513, sar_total_segments: 3, sar_segment_seqnum: 3 }) },
      { octets: b64('c'), part: { reference: 513, total: 3, sequence: 3 } },
    ],
    [
      'a header in message_payload',
      { esm_class: 0x40, tlvs: tlvs({ message_payload: Buffer.concat([hex('050003070201'), Buffer.from('p')]) }) },
      { octets: b64('p'), part: { reference: 7, total: 2, sequence: 1 } },
    ],
    [
      'a port beside the reference',
      headed('0b05040b8423f00003070201', 'p'),
      { octets: b64('p'), udh: '0605040b8423f0', part: { reference: 7, total: 2, sequence: 1 } },
    ],
    ['a port alone', headed('0605040b8423f0', 'p'), { octets: b64('p'), udh: '0605040b8423f0' }],
  ])('%s', (_, fields, what) => {
    expect(received(fields)).toMatchObject(what);
  });

  test.each<[string, Partial<PduToWriteOf<'deliver_sm'>>, object]>([
    ['one part of one', headed('050003070101', 'a'), { octets: b64('a') }],
    ['part 0', headed('050003070200', 'a'), { octets: b64('a') }],
    ['a part past its total', headed('050003070203', 'a'), { octets: b64('a') }],
    ['a header that claims more than there is', headed('ff', 'abc'), { dataCoding: 4, octets: b64(hex('ff616263')) }],
    ['a header of nothing', { esm_class: 0x40 }, { dataCoding: 4, octets: '' }],
    ['an empty header', headed('00', 'abc'), { dataCoding: 0, octets: b64('abc') }],
    ['elements that overrun the header', headed('0300ff07', 'abc'), { octets: b64('abc'), udh: '0300ff07' }],
    [
      'two SAR parameters of three',
      { short_message: Buffer.from('a'), tlvs: tlvs({ sar_msg_ref_num: 1, sar_total_segments: 2 }) },
      { octets: b64('a') },
    ],
  ])('%s makes no part, and nothing is lost', (_, fields, what) => {
    const event = received(fields);
    expect(event).toMatchObject(what);
    expect(event.part).toBeUndefined();
  });
});

describe('packed septets', () => {
  const packed = { text: { defaultAlphabet: 'gsm', gsmPacking: 'packed' } } as const;
  const septets = (text: string) => encodeGsm(text) as Buffer;
  test.each<[string, string, string]>([
    ['nine', 'ninechars', ''],
    ['seven, which leave seven bits', 'seven77', ''],
    ['eight, which leave none', 'eight888', ''],
    ['behind a header of 6 octets', 'a part of it', '050003070201'],
    ['behind a header of 7 octets', 'a part of it', '06080400070201'],
    ['153 of a full part', 'x'.repeat(153), '050003070201'],
  ])('%s', (_, text, header) => {
    const body = packSeptets(septets(text), header.length / 2);
    const event = received({ esm_class: header === '' ? 0 : 0x40, short_message: Buffer.concat([hex(header), body]) }, packed);
    expect(Buffer.from(event.octets, 'base64')).toEqual(septets(text));
  });

  test('are not looked for where there are none', () => {
    expect(received({ data_coding: 8, short_message: encodeUcs2('ab') }, packed).octets).toBe(b64(encodeUcs2('ab')));
    expect(received({ data_coding: 4, short_message: hex('0102') }, packed).octets).toBe(b64(hex('0102')));
  });

  test('are looked for where the class says GSM', () => {
    const event = received({ data_coding: 0xf1, short_message: packSeptets(septets('flash')) }, packed);
    expect(Buffer.from(event.octets, 'base64')).toEqual(septets('flash'));
  });
});
