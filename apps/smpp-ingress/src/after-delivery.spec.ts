import { expect, test } from '@jest/globals';
import type { InboundDelivered } from '@heliograph/message';
import { commandStatus, type RequestOutcome } from '@heliograph/smpp';
import { afterDelivery, attemptsMax } from './after-delivery.ts';

const nowMs = Date.UTC(2026, 10, 20, 12, 5);
const delivered: InboundDelivered = {
  type: 'inbound.delivered',
  at: nowMs,
  inboundId: '019c0a70000070008000000000000001',
  tenant: 'acme',
  via: 'smpp',
  attempt: 1,
};

type Answer = RequestOutcome<'deliver_sm'>;
const answered = (status: number) => ({ kind: 'response', pdu: { command: 'deliver_sm_resp', status } }) as unknown as Answer;
const [ok, full, refused] = [answered(0), answered(commandStatus.ESME_RMSGQFUL), answered(commandStatus.ESME_RX_R_APPN)];
const timeout: Answer = { kind: 'timeout' };
const closed: Answer = { kind: 'closed', written: true };

test.each<[string, readonly Answer[], number, object]>([
  ['taken', [ok], 1, { kind: 'done', events: [delivered] }],
  ['every part taken', [ok, ok, ok], 1, { kind: 'done', events: [delivered] }],
  ['queue full: again in 5 s', [full], 1, { kind: 'later', atMs: nowMs + 5_000 }],
  ['still full: again in 10 s', [full], 2, { kind: 'later', atMs: nowMs + 10_000 }],
  ['one part not taken: all of it again', [ok, full, ok], 1, { kind: 'later', atMs: nowMs + 5_000 }],
  ['no answer: again, reports are at-least-once', [timeout], 1, { kind: 'later', atMs: nowMs + 5_000 }],
  ['no answer to one part', [ok, timeout], 1, { kind: 'later', atMs: nowMs + 5_000 }],
  ['session ended: again at once, on another', [closed], 3, { kind: 'later', atMs: nowMs }],
  ['session ended between the parts', [ok, closed], 3, { kind: 'later', atMs: nowMs }],
  ['session ended, one part refused: another may take it', [refused, closed], 3, { kind: 'later', atMs: nowMs }],
  ['refused for good', [refused], 1, { kind: 'never' }],
  ['one part refused for good', [ok, full, refused], 1, { kind: 'never' }],
  ['refused too often', [full], attemptsMax, { kind: 'never' }],
])('the client says: %s', (_, answers, attempt, outcome) => {
  expect(afterDelivery({ what: 'message', answers, attempt, nowMs, delivered })).toMatchObject(outcome);
});
