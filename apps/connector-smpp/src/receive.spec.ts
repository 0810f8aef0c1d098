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
import { receive, type ReceiveFacts } from './receive.ts';

const facts: ReceiveFacts = { connector: 'demo', group: 'demo-group', receiptIdForm: 'decimal' };
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
  ['a text from a handset', { esm_class: 0, ...text('id:7 stat:DELIVRD') }, { kind: 'inbound' }],
  ['a text from a handset with a header', { esm_class: 0x40, ...text('\x00hello') }, { kind: 'inbound' }],
])('%s', (_, fields, what) => {
  expect(received(deliverSm(fields))).toMatchObject(what);
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
