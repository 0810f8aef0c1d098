import { describe, expect, test } from '@jest/globals';
import {
  decodePdu,
  encodePdu,
  formatReceipt,
  messageStates,
  receiptTlvs,
  tlvs,
  type MessageState,
  type PduOf,
  type PduToWriteOf,
} from '@heliograph/smpp';
import { encodeUcs2 } from '@heliograph/segment';
import { receive, type ReceiveFacts } from './receive.ts';

const ids = { respIdForm: 'hex', receiptIdForm: 'decimal', idCase: 'ignore', idLeadingZeros: 'strip' } as const;
const facts: ReceiveFacts = { connector: 'demo', group: 'demo-group', ids, text: { defaultAlphabet: 'gsm', gsmPacking: 'unpacked' } };
const at = new Date(Date.UTC(2026, 10, 20, 12, 0));

function deliverSm(fields: Partial<PduToWriteOf<'deliver_sm'>>): PduOf<'deliver_sm'> {
  const decoded = decodePdu(encodePdu({ command: 'deliver_sm', sequence: 1, esm_class: 4, ...fields }));
  if (!decoded.ok || decoded.pdu.command !== 'deliver_sm') throw new Error('not a deliver_sm');
  return decoded.pdu;
}

const received = (pdu: Parameters<typeof receive>[0]) => receive(pdu, facts, 1_000, () => 'new-id');
const text = (of: string) => ({ short_message: Buffer.from(of, 'latin1') });

test('a receipt becomes an event, its id as that of submit_sm_resp', () => {
  const pdu = deliverSm(text(formatReceipt({ id: '0059113978', state: 'UNDELIVERABLE', submitDate: at, doneDate: at, err: '069' })));
  expect(received(pdu)).toEqual({
    kind: 'receipt',
    event: {
      type: 'receipt.received',
      at: 1_000,
      id: 'new-id',
      connector: 'demo',
      group: 'demo-group',
      providerId: '59113978',
      state: 'undelivered',
      errorCode: '069',
    },
  });
});

describe('its state', () => {
  test.each<[MessageState, string]>([
    ['SCHEDULED', 'sent'],
    ['ENROUTE', 'sent'],
    ['ACCEPTED', 'sent'],
    ['DELIVERED', 'delivered'],
    ['EXPIRED', 'expired'],
    ['DELETED', 'cancelled'],
    ['UNDELIVERABLE', 'undelivered'],
    ['UNKNOWN', 'no_report'],
    ['REJECTED', 'rejected'],
    ['SKIPPED', 'undelivered'],
  ])('%s is %s', (state, ours) => {
    expect(received(deliverSm({ tlvs: receiptTlvs({ id: '1', state }) }))).toMatchObject({ kind: 'receipt', event: { state: ours } });
  });

  test('every state of the specification has one', () => {
    for (const state of Object.keys(messageStates) as MessageState[]) {
      expect(received(deliverSm({ tlvs: receiptTlvs({ id: '1', state }) })).kind).toBe('receipt');
    }
  });
});

test.each<[string, Partial<PduToWriteOf<'deliver_sm'>>, object]>([
  [
    'text in message_payload',
    { tlvs: tlvs({ message_payload: Buffer.from('id:7 stat:DELIVRD err:000') }) },
    { kind: 'receipt', event: { providerId: '7' } },
  ],
  [
    'an intermediate notification',
    { esm_class: 0x20, ...text('id:7 stat:DELIVRD') },
    { kind: 'receipt', event: { state: 'sent', errorCode: '' } },
  ],
  ['no id', text('stat:DELIVRD err:000'), { kind: 'unreadable', missing: 'id' }],
  ['no state', text('id:7 err:000'), { kind: 'unreadable', missing: 'state' }],
  ['a state nobody knows', text('id:7 stat:WHATEVER'), { kind: 'unreadable', missing: 'state' }],
  ['nothing at all', {}, { kind: 'unreadable', missing: 'id' }],
  ['garbage', { short_message: Buffer.from('00ff80feid', 'latin1') }, { kind: 'unreadable', missing: 'id' }],
  [
    'an intermediate notification that names no state',
    { esm_class: 0x20, ...text('id:7 err:011') },
    { kind: 'receipt', event: { state: 'sent', errorCode: '011' } },
  ],
  [
    'a text in UCS-2',
    { data_coding: 8, short_message: encodeUcs2('id:7 stat:UNDELIV err:001') },
    { kind: 'receipt', event: { providerId: '7', state: 'undelivered', errorCode: '001' } },
  ],
  [
    'a text behind a header',
    { esm_class: 0x44, short_message: Buffer.concat([Buffer.from('050003070101', 'hex'), Buffer.from('id:7 stat:DELIVRD')]) },
    { kind: 'receipt', event: { providerId: '7', state: 'delivered' } },
  ],
  ['a text from a handset with a header', { esm_class: 0x40, ...text('\x00hello') }, { kind: 'inbound' }],
])('%s', (_, fields, what) => {
  expect(received(deliverSm(fields))).toMatchObject(what);
});

const receiptText = 'id:7 sub:001 dlvrd:001 submit date:2611201200 done date:2611201201 stat:DELIVRD err:000 text:';

describe('a dialect of receipts', () => {
  const delivered = { kind: 'receipt', event: { providerId: '436949', state: 'delivered', errorCode: '000' } };
  test.each<[string, string]>([
    ['appendix B', 'id:0000436949 sub:001 dlvrd:001 submit date:2611201200 done date:2611201201 stat:DELIVRD err:000 text:'],
    ['another order', 'stat:DELIVRD err:000 done date:2611201201 submit date:2611201200 dlvrd:001 sub:001 id:0000436949'],
    ['another case', 'ID:0000436949 SUB:001 DLVRD:001 Submit Date:2611201200 Done Date:2611201201 Stat:delivrd ERR:000 Text:'],
    ['fields missing', 'id:0000436949 stat:DELIVRD err:000'],
    ['labels in one word', 'id:0000436949 sub:001 dlvrd:001 submitdate:2611201200 donedate:2611201201 stat:DELIVRD err:000 text:'],
    ['dates of 12 digits', 'id:0000436949 sub:001 dlvrd:001 submit date:261120120000 done date:261120120100 stat:DELIVRD err:000 text:'],
    ['text that quotes another receipt', 'id:0000436949 stat:DELIVRD err:000 text:id:1 stat:UNDELIV err:9'],
  ])('is read: %s', (_, dialect) => {
    expect(received(deliverSm(text(dialect)))).toMatchObject(delivered);
  });

  test('is read: TLVs only, in capitals, where the answer had hex', () => {
    const hexToo = { ...facts, ids: { ...ids, receiptIdForm: 'hex' } } as const;
    const pdu = deliverSm({ tlvs: receiptTlvs({ id: '6AAD5', state: 'DELIVERED' }) });
    expect(receive(pdu, hexToo, 1_000, () => 'new-id')).toMatchObject({ kind: 'receipt', event: { providerId: '436949' } });
  });
});

describe('an inbound message made to look like a receipt is not taken for one', () => {
  test.each<[string, Partial<PduToWriteOf<'deliver_sm'>>]>([
    ['plain', { esm_class: 0x00, ...text(receiptText) }],
    ['in UCS-2', { esm_class: 0x00, data_coding: 8, short_message: encodeUcs2(receiptText) }],
    ['in message_payload', { esm_class: 0x00, tlvs: tlvs({ message_payload: Buffer.from(receiptText) }) }],
    ['with a reply path', { esm_class: 0x80, ...text(receiptText) }],
    ['with a header', { esm_class: 0x40, short_message: Buffer.concat([Buffer.from([0]), Buffer.from(receiptText)]) }],
    ["as a handset's own acknowledgement, §5.2.12", { esm_class: 0x08, ...text(receiptText) }],
    ["as a user's acknowledgement", { esm_class: 0x10, ...text(receiptText) }],
    ['as the end of a conversation', { esm_class: 0x18, ...text(receiptText) }],
  ])('%s', (_, fields) => {
    expect(received(deliverSm(fields))).toMatchObject({ kind: 'inbound' });
  });

  test('in data_sm', () => {
    const pdu = decodePdu(encodePdu({ command: 'data_sm', sequence: 1, tlvs: tlvs({ message_payload: Buffer.from(receiptText) }) }));
    expect(pdu.ok && pdu.pdu.command === 'data_sm' && received(pdu.pdu)).toMatchObject({ kind: 'inbound' });
  });
});

test('a receipt in data_sm is one', () => {
  const decoded = decodePdu(
    encodePdu({ command: 'data_sm', sequence: 1, esm_class: 4, tlvs: receiptTlvs({ id: '42', state: 'DELIVERED' }) }),
  );
  expect(decoded.ok && decoded.pdu.command === 'data_sm' && received(decoded.pdu)).toMatchObject({
    kind: 'receipt',
    event: { providerId: '42', state: 'delivered' },
  });
});
