import { expect, test } from '@jest/globals';
import type { RequestOutcome } from '@heliograph/smpp';
import { classify, errorCodeOf, refusalsOf, type Answer } from './answer.ts';

function answered(status: number, message_id = 'A1'): RequestOutcome<'submit_sm'> {
  return { kind: 'response', pdu: { command: 'submit_sm_resp', status, sequence: 1, message_id, tlvs: [] } };
}

function nacked(status: number): RequestOutcome<'submit_sm'> {
  return { kind: 'response', pdu: { command: 'generic_nack', status, sequence: 1, tlvs: [] } };
}

test.each<[string, RequestOutcome<'submit_sm'>, Answer]>([
  ['taken', answered(0), { kind: 'accepted', providerId: 'A1' }],
  ['taken without an id', answered(0, ''), { kind: 'accepted', providerId: '' }],
  ['taken, id illegible', { kind: 'malformed', status: 0, reason: 'too long' }, { kind: 'accepted', providerId: '' }],
  ['throttled', answered(0x58), { kind: 'throttled', status: 0x58 }],
  ['queue full', answered(0x14), { kind: 'throttled', status: 0x14 }],
  ['system error', answered(0x08), { kind: 'later', status: 0x08 }],
  ['temporary application error', answered(0x64), { kind: 'later', status: 0x64 }],
  ['not bound', answered(0x04), { kind: 'later', status: 0x04 }],
  ['unknown error', answered(0xff), { kind: 'later', status: 0xff }],
  ['invalid source', answered(0x0a), { kind: 'permanent', status: 0x0a }],
  ['invalid destination', answered(0x0b), { kind: 'permanent', status: 0x0b }],
  ['submit failed', answered(0x45), { kind: 'permanent', status: 0x45 }],
  ['permanent application error', answered(0x65), { kind: 'permanent', status: 0x65 }],
  ["a vendor's own", answered(0x455), { kind: 'permanent', status: 0x455 }],
  ['refused, illegibly', { kind: 'malformed', status: 0x0b, reason: 'too long' }, { kind: 'permanent', status: 0x0b }],
  ['nacked', nacked(0x03), { kind: 'permanent', status: 0x03 }],
  ['nacked because of the pace', nacked(0x58), { kind: 'throttled', status: 0x58 }],
  ['nacked with ESME_ROK, which is no acceptance', nacked(0), { kind: 'permanent', status: 0 }],
  ['never answered', { kind: 'timeout' }, { kind: 'unknown' }],
  ['connection lost after it was written', { kind: 'closed', written: true }, { kind: 'unknown' }],
  ['connection lost before', { kind: 'closed', written: false }, { kind: 'unsent' }],
])('%s', (_, outcome, answer) => {
  expect(classify(outcome, refusalsOf({}))).toEqual(answer);
});

test.each<[string, number, Answer['kind']]>([
  ['permanent by habit, later here', 0x0b, 'later'],
  ["a vendor's own that says: slower", 0x455, 'throttled'],
  ['later by habit, permanent here', 0x08, 'permanent'],
  ['what it says nothing about', 0x64, 'later'],
])("a provider's own meaning wins: %s", (_, status, kind) => {
  const refusals = refusalsOf({ '0x0000000B': 'later', '0x00000455': 'throttled', '0x00000008': 'permanent' });
  expect([answered(status), nacked(status)].map((outcome) => classify(outcome, refusals))).toEqual(Array(2).fill({ kind, status }));
});

test('an error code is shown as eight hex digits', () => {
  expect([errorCodeOf({ kind: 'permanent', status: 0x0b }), errorCodeOf({ kind: 'unknown' })]).toEqual(['0x0000000B', undefined]);
});
