import { expect, test } from '@jest/globals';
import type { LoggedMessage } from '@heliograph/message';
import { commandStatus, type PduOf } from '@heliograph/smpp';
import { answerOfQuery } from './query.ts';

const id = '019c0a70000070008000000000000001';
const stateAtMs = Date.UTC(2026, 10, 20, 12, 5, 7, 300);
const message = { id, from: { addr: '447700900123', ton: 1, npi: 1 }, state: 'delivered', stateAtMs } as LoggedMessage;

function query(fields: Partial<PduOf<'query_sm'>> = {}): PduOf<'query_sm'> {
  const source = { source_addr_ton: 0, source_addr_npi: 0, source_addr: '' };
  return { command: 'query_sm', status: 0, sequence: 1, tlvs: [], message_id: id, ...source, ...fields };
}

test.each([
  ['accepted', 6, ''],
  ['routed', 1, ''],
  ['sent', 1, ''],
  ['delivered', 2, '261120120507300+'],
  ['expired', 3, '261120120507300+'],
  ['cancelled', 4, '261120120507300+'],
  ['undelivered', 5, '261120120507300+'],
  ['failed', 5, '261120120507300+'],
  ['no_report', 7, '261120120507300+'],
  ['rejected', 8, '261120120507300+'],
] as const)('§4.8.2: %s is message_state %i, final_date %j', (state, message_state, final_date) => {
  expect(answerOfQuery(query(), { ...message, state })).toEqual({
    ok: true,
    fields: { message_id: id, final_date, message_state, error_code: 0 },
  });
});

test.each([
  ['034', 34],
  ['255', 255],
  ['256', 0],
  ['0x0000000B', 0],
  ['abc', 0],
])('§4.8.2: the code %j of a network is error_code %i', (errorCode, error_code) => {
  expect(answerOfQuery(query(), { ...message, errorCode })).toMatchObject({ ok: true, fields: { error_code } });
});

test.each([
  ['the same', { source_addr: '447700900123' }, true],
  ['the same, written otherwise', { source_addr: '+447700900123', source_addr_ton: 1 }, true],
  ['none', {}, true],
  ['another', { source_addr: '447700900124' }, false],
  ['one that is no sender', { source_addr: '?' }, false],
])('§4.8.1: source_addr is %s: found is %s', (_, fields, found) => {
  expect(answerOfQuery(query(fields), message)).toMatchObject(found ? { ok: true } : { ok: false, status: commandStatus.ESME_RQUERYFAIL });
});

test('§4.8: a message that is not known is ESME_RQUERYFAIL', () => {
  expect(answerOfQuery(query(), undefined)).toEqual({ ok: false, status: 0x67 });
});
