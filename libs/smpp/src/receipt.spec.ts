import { describe, expect, test } from '@jest/globals';
import { formatReceipt, isIntermediateNotification, isReceipt, normalizeProviderId, parseReceipt, receiptTlvs } from './receipt.ts';
import { messageStateOfNumber, messageStateOfStat, messageStates, statTexts } from './receipt.ts';

const submitDate = new Date('2026-11-20T07:00:00Z');
const doneDate = new Date('2026-11-20T07:01:00Z');

describe('formatReceipt', () => {
  test('writes the form of appendix B, with an empty text', () => {
    expect(formatReceipt({ id: '0059113978', state: 'DELIVERED', submitDate, doneDate })).toBe(
      'id:0059113978 sub:001 dlvrd:001 submit date:2611200700 done date:2611200701 stat:DELIVRD err:000 text:',
    );
  });

  test('what it writes, parseReceipt reads, in every state', () => {
    for (const state of Object.keys(messageStates) as (keyof typeof messageStates)[]) {
      const receipt = { id: 'a1', state, submitDate, doneDate, err: '034' };
      expect(parseReceipt(formatReceipt(receipt))).toEqual({
        ...receipt,
        stat: statTexts[state],
        sub: 1,
        dlvrd: state === 'DELIVERED' ? 1 : 0,
      });
    }
  });
});

describe('parseReceipt', () => {
  const full = { id: '38601fa', sub: 1, dlvrd: 1, submitDate, doneDate, stat: 'DELIVRD', state: 'DELIVERED', err: '000' };
  test.each([
    ['appendix B', 'id:38601fa sub:001 dlvrd:001 submit date:2611200700 done date:2611200701 stat:DELIVRD err:000 text:', full],
    ['any order', 'stat:DELIVRD err:000 done date:2611200701 id:38601fa submit date:2611200700 dlvrd:001 sub:001', full],
    ['any case', 'ID:38601fa SUB:001 DLVRD:001 Submit Date:2611200700 DONE DATE:2611200701 Stat:delivrd Err:000 Text:', full],
    ['dates in one word', 'id:38601fa sub:001 dlvrd:001 submitdate:2611200700 donedate:2611200701 stat:DELIVRD err:000', full],
    ['12 digits', 'id:38601fa sub:001 dlvrd:001 submit date:261120070000 done date:261120070100 stat:DELIVRD err:000', full],
    [
      '12 digits with the century',
      'id:38601fa sub:001 dlvrd:001 submit date:202611200700 done date:202611200701 stat:DELIVRD err:000',
      full,
    ],
    ['14 digits', 'id:38601fa sub:001 dlvrd:001 submit date:20261120070000 done date:20261120070100 stat:DELIVRD err:000', full],
    [
      'a blank behind each colon',
      'id: 38601fa sub: 001 dlvrd: 001 submit date: 2611200700 done date: 2611200701 stat: DELIVRD err: 000',
      full,
    ],
    ['only an id and a stat', 'id:1 stat:EXPIRED', { id: '1', stat: 'EXPIRED', state: 'EXPIRED' }],
    ['a stat nobody knows', 'id:1 stat:WEIRD', { id: '1', stat: 'WEIRD' }],
    ['a stat spelt out', 'id:1 stat:UNDELIVERABLE', { id: '1', stat: 'UNDELIVERABLE', state: 'UNDELIVERABLE' }],
    ['a stat that is a name of Object', 'id:1 stat:constructor', { id: '1', stat: 'CONSTRUCTOR' }],
    ['empty fields', 'id:1 sub: dlvrd: submit date: done date: stat:REJECTD err: text:', { id: '1', stat: 'REJECTD', state: 'REJECTED' }],
    [
      'impossible dates and counts',
      'id:1 sub:x dlvrd:-1 submit date:2613990700 done date:never stat:DELIVRD',
      { id: '1', stat: 'DELIVRD', state: 'DELIVERED' },
    ],
    ['an err that is no number', 'id:1 stat:UNDELIV err:0x1F', { id: '1', stat: 'UNDELIV', state: 'UNDELIVERABLE', err: '0x1F' }],
    [
      'a text with labels of its own',
      'id:1 stat:UNDELIV text:id:2 stat:DELIVRD',
      { id: '1', stat: 'UNDELIV', state: 'UNDELIVERABLE', text: 'id:2 stat:DELIVRD' },
    ],
  ])('reads %s', (_what, text, receipt) => {
    expect(parseReceipt(text)).toEqual(receipt);
  });

  test('receipted_message_id and message_state win over the text', () => {
    const tlvs = receiptTlvs({ id: 'tlv', state: 'EXPIRED' });
    expect(parseReceipt('id:text stat:DELIVRD', tlvs)).toEqual({ id: 'tlv', state: 'EXPIRED', stat: 'DELIVRD' });
    expect(parseReceipt('', tlvs)).toEqual({ id: 'tlv', state: 'EXPIRED' });
  });

  test('an unknown message_state leaves the state of the text', () => {
    expect(parseReceipt('id:1 stat:DELIVRD', [{ tag: 0x0427, value: Buffer.from([99]) }])).toMatchObject({ state: 'DELIVERED' });
  });

  test('a text without id and state is no receipt', () => {
    for (const text of ['', 'Hello', 'your id is 5', 'sub:001 dlvrd:001', 'id: stat:']) expect(parseReceipt(text)).toBeUndefined();
  });

  test('reads a long text of labels in linear time', () => {
    const labels = 'id:1 '.repeat(13_000);
    expect(parseReceipt(labels)).toEqual({ id: '1' });
  });
});

test('message type bits decide what a receipt is, not the other bits of esm_class (§5.2.12)', () => {
  expect([0x04, 0x44, 0x07, 0x84].map(isReceipt)).toEqual([true, true, true, true]);
  expect([0x00, 0x40, 0x08, 0x0c, 0x20, 0x24].map(isReceipt)).toEqual([false, false, false, false, false, false]);
  expect([0x20, 0x63, 0x04].map(isIntermediateNotification)).toEqual([true, true, false]);
});

test('stat texts and message_state numbers name the same states (§5.2.28, appendix B)', () => {
  expect(['delivrd', 'EXPIRED', 'DELETED', 'UNDELIV', 'ACCEPTD', 'UNKNOWN', 'REJECTD', 'ENROUTE'].map(messageStateOfStat)).toEqual(
    [2, 3, 4, 5, 6, 7, 8, 1].map(messageStateOfNumber),
  );
  expect(messageStateOfNumber(10)).toBeUndefined();
});

describe('normalizeProviderId', () => {
  test.each([
    ['38601fa', '0059113978'],
    ['6aad5', '0000436949'],
    ['18d0e03a', '0416342074'],
    ['18D0E03A', '416342074'],
  ])('hex %s is decimal %s', (hex, decimal) => {
    expect(normalizeProviderId(hex, 'hex')).toBe(normalizeProviderId(decimal, 'decimal'));
  });

  test.each([
    ['case', 'ABC-9f', 'abc-9F'],
    ['leading zeros', '000123', '123'],
    ['blanks', ' 123 ', '123'],
  ])('string ids are equal but for %s', (_what, one, other) => {
    expect(normalizeProviderId(one, 'string')).toBe(normalizeProviderId(other, 'string'));
  });

  test('an id of more than 64 bits keeps all its digits', () => {
    expect(normalizeProviderId('ffffffffffffffffffff', 'hex')).toBe('1208925819614629174706175');
  });

  test('zero stays, and an id that is not of its base is a string', () => {
    expect(normalizeProviderId('0000', 'decimal')).toBe('0');
    expect(normalizeProviderId('0000', 'hex')).toBe('0');
    expect(normalizeProviderId('XYZ-1', 'hex')).toBe('xyz-1');
  });
});
