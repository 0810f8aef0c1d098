import { describe, expect, test } from '@jest/globals';
import { refusalReasons, type Message } from '@heliograph/message';
import { encodeUcs2 } from '@heliograph/segment';
import { commandStatus, decodePdu, encodePdu, tlvs, type PduOf, type PduToWrite } from '@heliograph/smpp';
import { testMessage } from '@heliograph/testbed';
import { statusOf } from './refusal.ts';
import { readReplace, statusOfReplace } from './replace.ts';

const now = new Date('2026-11-20T12:00:00Z');
const facts = { defaultAlphabet: 'gsm', now } as const;
const sendAtMs = Date.UTC(2026, 10, 20, 14);

/** The PDU as it would come from the wire. */
function replace(fields: Partial<Omit<PduToWrite & { command: 'replace_sm' }, 'command'>> = {}): PduOf<'replace_sm'> {
  const text = { message_id: 'x', short_message: Buffer.from('new') };
  const decoded = decodePdu(encodePdu({ command: 'replace_sm', sequence: 1, ...text, ...fields } as PduToWrite));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.pdu as PduOf<'replace_sm'>;
}

const original = (special: Partial<Message> = {}) => testMessage({ sendAtMs, dataCoding: 0, ...special });
const read = (pdu: PduOf<'replace_sm'>, special: Partial<Message> = {}) => readReplace(pdu, original(special), facts);

test('§4.10.1: times that are empty are left as they are; registered_delivery is what the PDU says', () => {
  const content = { kind: 'text', text: 'new' };
  expect(read(replace())).toEqual({ ok: true, replacement: { content, registeredDelivery: 0 } });
  expect(read(replace({ registered_delivery: 1 }))).toEqual({ ok: true, replacement: { content, registeredDelivery: 1 } });
});

test.each([
  ['both absolute', { schedule_delivery_time: '261120150000000+', validity_period: '261120160000000+' }, 15, 16],
  ['a relative schedule_delivery_time, from now', { schedule_delivery_time: '000000010000000R' }, 13, undefined],
  ['a relative validity_period, from the time that is left', { validity_period: '000000010000000R' }, undefined, 15],
  [
    'a relative validity_period, from the new time',
    { schedule_delivery_time: '261120160000000+', validity_period: '000000010000000R' },
    16,
    17,
  ],
])('§4.10.1: %s', (_, fields, sendHour, validHour) => {
  const at = (hour: number | undefined) => (hour === undefined ? undefined : Date.UTC(2026, 10, 20, hour));
  const result = read(replace(fields));
  expect(result.ok && [result.replacement.sendAtMs, result.replacement.validUntilMs]).toEqual([at(sendHour), at(validHour)]);
});

describe('§4.10.1: the text is read as the original was', () => {
  const udh = '050003420201';
  const binary = { kind: 'binary', octets: 'AQI=' };
  test.each<[string, Partial<Message>, Buffer, object]>([
    ['in the default alphabet', {}, Buffer.from([0x00, 0x41]), { content: { kind: 'text', text: '@A' } }],
    ['in UCS-2', { dataCoding: 8 }, encodeUcs2('ж'), { content: { kind: 'text', text: 'ж' } }],
    ['in Latin-1', { dataCoding: 3 }, Buffer.from('ñ', 'latin1'), { content: { kind: 'text', text: 'ñ' } }],
    ['as octets', { dataCoding: 4 }, Buffer.from([1, 2]), { content: binary }],
    ['with a class', { dataCoding: 0x10 }, Buffer.from('a'), { content: { kind: 'text', text: 'a' }, flash: true }],
    ['behind a header', { udhi: true }, Buffer.from(`${udh}61`, 'hex'), { content: { kind: 'text', text: 'a', udh } }],
    [
      'as the same part where SAR parameters made it one',
      { content: { kind: 'text', text: 'old', udh } },
      Buffer.from('a'),
      { content: { kind: 'text', text: 'a', udh } },
    ],
    [
      'as data_coding 0 of a message that came by another door',
      { door: 'http' },
      Buffer.from([0]),
      { content: { kind: 'text', text: '@' } },
    ],
  ])('%s', (_, special, short_message, made) => {
    const { dataCoding, ...rest } = original(special);
    const from = special.door === 'http' ? rest : { ...rest, dataCoding: dataCoding as number };
    expect(readReplace(replace({ short_message }), from, facts)).toMatchObject({ ok: true, replacement: made });
  });

  test("data_coding 0 is the credential's default alphabet", () => {
    const result = readReplace(replace({ short_message: Buffer.from('@') }), original(), { ...facts, defaultAlphabet: 'latin1' });
    expect(result).toMatchObject({ ok: true, replacement: { content: { text: '@' } } });
  });
});

test.each([
  ['a schedule_delivery_time that is no time', { schedule_delivery_time: '991399000000000+' }, commandStatus.ESME_RINVSCHED],
  ['a validity_period that is no time', { validity_period: '991399000000000+' }, commandStatus.ESME_RINVEXPIRY],
  ['§5.2.20: a message kept at the SMSC', { sm_default_msg_id: 1 }, commandStatus.ESME_RINVDFTMSGID],
  ['short_message beside message_payload', { tlvs: tlvs({ message_payload: Buffer.from('x') }) }, commandStatus.ESME_ROPTPARNOTALLWD],
])('%s is refused in the words of SMPP', (_, fields, status) => {
  expect(read(replace(fields))).toEqual({ ok: false, fault: status });
});

test('§5.2.12: no header where the original had one is ESME_RREPLACEFAIL, as the PDU has no esm_class to mend', () => {
  expect(read(replace({ short_message: Buffer.from([200, 1]) }), { udhi: true })).toEqual({
    ok: false,
    fault: commandStatus.ESME_RREPLACEFAIL,
  });
});

describe('§4.10.2: command_status', () => {
  const noCredit = commandStatus.ESME_RSUBMITFAIL;
  test('of what cannot be replaced is ESME_RREPLACEFAIL, and of what nobody knows ESME_RSYSERR', () => {
    const status = (kind: 'not_replaceable' | 'not_found' | 'unavailable') => statusOfReplace({ kind }, noCredit);
    expect([status('not_replaceable'), status('not_found'), status('unavailable')]).toEqual([0x13, 0x13, 0x08]);
    expect(statusOfReplace({ kind: 'replaced', message: original() }, noCredit)).toBe(0);
    expect(statusOfReplace({ kind: 'illegible', fault: 0x61 }, noCredit)).toBe(0x61);
  });

  test.each(refusalReasons)('of what is refused as %s is as of a submission', (reason) => {
    expect(statusOfReplace({ kind: 'refused', reason, detail: '' }, noCredit)).toBe(statusOf(reason, noCredit));
  });
});
