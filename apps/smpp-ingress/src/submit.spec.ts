import { expect, test } from '@jest/globals';
import type { Submission } from '@heliograph/accept';
import { encodeUcs2 } from '@heliograph/segment';
import { commandStatus, decodePdu, encodePdu, tlvs, type PduOf, type PduToWrite, type Tlv } from '@heliograph/smpp';
import { readData, readSubmit, type ReadFacts } from './submit.ts';

const now = new Date('2026-11-20T12:00:00Z');
const facts: ReadFacts = { credential: 'acme-smpp', defaultAlphabet: 'gsm', now };

type Fields<C extends 'submit_sm' | 'data_sm'> = Partial<Omit<PduOf<C>, 'command' | 'tlvs'>> & { tlvs?: Tlv[] };

function overTheWire<P>(pdu: PduToWrite): P {
  const decoded = decodePdu(encodePdu(pdu));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.pdu as P;
}

/** The PDU as it would come from the wire. */
function submit(fields: Fields<'submit_sm'> = {}): PduOf<'submit_sm'> {
  return overTheWire({
    command: 'submit_sm',
    sequence: 1,
    source_addr: 'Acme',
    source_addr_ton: 5,
    destination_addr: '447912345678',
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    short_message: Buffer.from('Hello'),
    ...fields,
  });
}

function data(fields: Fields<'data_sm'> = {}): PduOf<'data_sm'> {
  return overTheWire({
    command: 'data_sm',
    sequence: 1,
    source_addr: 'Acme',
    source_addr_ton: 5,
    destination_addr: '447912345678',
    dest_addr_ton: 1,
    tlvs: tlvs({ message_payload: Buffer.from('Hello') }),
    ...fields,
  });
}

const read = (pdu: PduOf<'submit_sm'>) => readSubmit(pdu, facts);

test('a plain submit_sm: addresses with their types, text, priority, registered_delivery', () => {
  expect(read(submit({ registered_delivery: 1 }))).toEqual({
    ok: true,
    submission: {
      credential: 'acme-smpp',
      door: 'smpp',
      from: { addr: 'Acme', ton: 5, npi: 0 },
      to: { addr: '447912345678', ton: 1, npi: 1 },
      content: { kind: 'text', text: 'Hello' },
      class: 'normal',
      registeredDelivery: 1,
    },
  });
});

test.each([
  ['GSM 03.38 with its extension table', 0, Buffer.from([0x00, 0x1b, 0x65, 0x10]), { kind: 'text', text: '@€Δ' }],
  ['octets above 0x7F in the default alphabet are Latin-1', 0, Buffer.from('été', 'latin1'), { kind: 'text', text: 'été' }],
  ['IA5', 1, Buffer.from('a@b'), { kind: 'text', text: 'a@b' }],
  ['Latin-1', 3, Buffer.from('ñ', 'latin1'), { kind: 'text', text: 'ñ' }],
  ['UCS-2 with a surrogate pair', 8, encodeUcs2('ж😀'), { kind: 'text', text: 'ж😀' }],
  ['8-bit data', 4, Buffer.from([1, 2, 255]), { kind: 'binary', octets: Buffer.from([1, 2, 255]).toString('base64') }],
])('data_coding: %s', (_, data_coding, short_message, content) => {
  expect(read(submit({ data_coding, short_message }))).toMatchObject({ ok: true, submission: { content } });
});

test.each([
  [0x10, { kind: 'text', text: 'Hi' }, true],
  [0x11, { kind: 'text', text: 'Hi' }, undefined],
  [0xf0, { kind: 'text', text: 'Hi' }, true],
  [0xf5, { kind: 'binary', octets: Buffer.from('Hi').toString('base64') }, undefined],
])('data_coding 0x%s with a message class: class 0 is a flash message', (data_coding, content, flash) => {
  const result = read(submit({ data_coding, short_message: Buffer.from('Hi') }));
  expect(result).toMatchObject({ ok: true, submission: { content } });
  expect(result.ok && result.submission.flash).toBe(flash);
});

test.each([
  ['gsm', 0x00, '@'],
  ['latin1', 0x00, '\u0000'],
  ['latin1', 0xf0, '@'],
  ['latin1', 0x11, '@'],
] as const)('§5.2.19: where the default alphabet is %s, octet 0 of data_coding %i is %j', (defaultAlphabet, data_coding, text) => {
  const pdu = submit({ data_coding, short_message: Buffer.from([0]) });
  expect(readSubmit(pdu, { ...facts, defaultAlphabet })).toMatchObject({ ok: true, submission: { content: { kind: 'text', text } } });
});

test.each([0, 1, 2, 3, 0x10, 0x11])('§5.2.17: registered_delivery %i goes with the message', (registered_delivery) => {
  expect(read(submit({ registered_delivery }))).toMatchObject({ ok: true, submission: { registeredDelivery: registered_delivery } });
});

test('§5.2.18: replace_if_present_flag 1 goes with the message, for the provider', () => {
  const plain = read(submit());
  expect(plain.ok && 'replaceIfPresent' in plain.submission).toBe(false);
  expect(read(submit({ replace_if_present_flag: 1 }))).toEqual({
    ok: true,
    submission: { ...(plain.ok && plain.submission), replaceIfPresent: true },
  });
});

test('§4.10.1: a message that is to wait remembers how its text is coded, for a replace_sm that does not say it', () => {
  const wait = { schedule_delivery_time: '000000010000000R' };
  const header = Buffer.from('050003420201', 'hex');
  const coded = (fields: Fields<'submit_sm'>) => {
    const { dataCoding, udhi } = (read(submit(fields)) as { submission: Submission }).submission;
    return [dataCoding, udhi];
  };
  expect(coded(wait)).toEqual([0, undefined]);
  expect(coded({ ...wait, data_coding: 0xf5 })).toEqual([0xf5, undefined]);
  expect(coded({ ...wait, esm_class: 0x40, short_message: header })).toEqual([0, true]);
  expect(coded({ data_coding: 8 })).toEqual([undefined, undefined]);
});

test("§5.3: optional parameters of 3.4 and vendors' own go with the message, those the platform acts on do not", () => {
  const given = [
    { tag: 0x1400, value: Buffer.from('0102', 'hex') },
    ...tlvs({ user_message_reference: 7, callback_num: Buffer.from('01020334', 'hex'), alert_on_message_delivery: true, sms_signal: 3 }),
  ];
  const result = read(submit({ tlvs: given }));
  expect(result.ok && result.submission).toMatchObject({
    reference: '7',
    tlvs: [
      { tag: 0x1400, value: '0102' },
      { tag: 0x0381, value: '01020334' },
      { tag: 0x130c, value: '' },
      { tag: 0x1203, value: '0003' },
    ],
  });
});

test('a part with a user data header keeps it', () => {
  const short_message = Buffer.concat([Buffer.from('050003420201', 'hex'), Buffer.from('part')]);
  expect(read(submit({ esm_class: 0x40, short_message }))).toMatchObject({
    ok: true,
    submission: { content: { kind: 'text', text: 'part', udh: '050003420201' } },
  });
});

test('a part marked by SAR parameters gets the header that goes on the air', () => {
  const pdu = submit({ tlvs: tlvs({ sar_msg_ref_num: 0x1234, sar_total_segments: 2, sar_segment_seqnum: 1 }) });
  expect(read(pdu)).toMatchObject({ ok: true, submission: { content: { udh: '06080412340201' } } });
});

test('message_payload carries what does not fit in short_message', () => {
  const long = 'x'.repeat(1_000);
  expect(read(submit({ short_message: Buffer.alloc(0), tlvs: tlvs({ message_payload: Buffer.from(long) }) }))).toMatchObject({
    ok: true,
    submission: { content: { kind: 'text', text: long } },
  });
});

test.each([
  ['relative', '000000010000000R', Date.UTC(2026, 10, 20, 13)],
  ['absolute', '261120140000000+', Date.UTC(2026, 10, 20, 14)],
])('a validity_period that is %s', (_, validity_period, validUntilMs) => {
  expect(read(submit({ validity_period }))).toMatchObject({ ok: true, submission: { validUntilMs } });
});

test.each([
  ['relative', { schedule_delivery_time: '000000010000000R' }, { sendAtMs: Date.UTC(2026, 10, 20, 13) }],
  ['absolute', { schedule_delivery_time: '261120140000000+' }, { sendAtMs: Date.UTC(2026, 10, 20, 14) }],
  [
    'followed by a relative validity_period, which begins then',
    { schedule_delivery_time: '261120140000000+', validity_period: '000000010000000R' },
    { sendAtMs: Date.UTC(2026, 10, 20, 14), validUntilMs: Date.UTC(2026, 10, 20, 15) },
  ],
  [
    'in the past, with a relative validity_period, which begins now',
    { schedule_delivery_time: '261120110000000+', validity_period: '000000010000000R' },
    { sendAtMs: Date.UTC(2026, 10, 20, 11), validUntilMs: Date.UTC(2026, 10, 20, 13) },
  ],
])('§5.2.15: a schedule_delivery_time that is %s', (_, fields, times) => {
  expect(read(submit(fields))).toMatchObject({ ok: true, submission: times });
});

test.each([
  [0, 'normal'],
  [1, 'normal'],
  [2, 'otp'],
  [3, 'otp'],
])('priority_flag %i is class %s', (priority_flag, expected) => {
  expect(read(submit({ priority_flag }))).toMatchObject({ ok: true, submission: { class: expected } });
});

test.each([
  [
    'short_message beside message_payload',
    submit({ tlvs: tlvs({ message_payload: Buffer.from('too') }) }),
    commandStatus.ESME_ROPTPARNOTALLWD,
  ],
  ['a schedule_delivery_time that is no time', submit({ schedule_delivery_time: '991399000000000+' }), commandStatus.ESME_RINVSCHED],
  ['a validity_period that is no time', submit({ validity_period: '991399000000000+' }), commandStatus.ESME_RINVEXPIRY],
  ['§5.2.18: a reserved replace_if_present_flag', submit({ replace_if_present_flag: 2 }), commandStatus.ESME_RINVREPFLAG],
  ['§5.2.20: a message kept at the SMSC', submit({ sm_default_msg_id: 1 }), commandStatus.ESME_RINVDFTMSGID],
  [
    'optional parameters of more than 1,024 octets',
    submit({ tlvs: [{ tag: 0x1400, value: Buffer.alloc(1_021) }] }),
    commandStatus.ESME_RINVPARLEN,
  ],
  ['UDHI without a header', submit({ esm_class: 0x40, short_message: Buffer.from([200, 1]) }), commandStatus.ESME_RINVESMCLASS],
])('%s is refused in the words of SMPP', (_, pdu, status) => {
  expect(read(pdu)).toEqual({ ok: false, status });
});

test('§4.7.1: data_sm carries its message in message_payload', () => {
  expect(readData(data({ registered_delivery: 1 }), facts)).toEqual({
    ok: true,
    submission: {
      credential: 'acme-smpp',
      door: 'smpp',
      from: { addr: 'Acme', ton: 5, npi: 0 },
      to: { addr: '447912345678', ton: 1, npi: 0 },
      content: { kind: 'text', text: 'Hello' },
      class: 'normal',
      registeredDelivery: 1,
    },
  });
});

test('§5.3.2.9: qos_time_to_live is the validity of a data_sm, in seconds', () => {
  const pdu = data({ tlvs: tlvs({ message_payload: Buffer.from('Hello'), qos_time_to_live: 90 }) });
  expect(readData(pdu, facts)).toMatchObject({ ok: true, submission: { validUntilMs: now.getTime() + 90_000 } });
});

test('§4.7.1: a data_sm without message_payload is refused, ESME_RMISSINGOPTPARAM', () => {
  expect(readData(data({ tlvs: [] }), facts)).toEqual({ ok: false, status: commandStatus.ESME_RMISSINGOPTPARAM });
});
