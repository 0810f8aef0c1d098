import { describe, expect, test } from '@jest/globals';
import { mayIssue, refusal, type SessionState } from './states.ts';
import type { RequestName } from './pdus.ts';

/** Table 2-1 of §2.2.1 copied from the specification: o open, t bound_tx, r bound_rx, x bound_trx, u unbinding. */
const table: [RequestName, string, string][] = [
  ['bind_transmitter', 'o', ''],
  ['bind_receiver', 'o', ''],
  ['bind_transceiver', 'o', ''],
  ['outbind', '', 'o'],
  ['unbind', 'trxu', 'trxu'],
  ['submit_sm', 'tx', ''],
  ['submit_multi', 'tx', ''],
  ['data_sm', 'tx', 'rx'],
  ['deliver_sm', '', 'rx'],
  ['query_sm', 'tx', ''],
  ['cancel_sm', 'tx', ''],
  ['replace_sm', 'tx', ''],
  ['enquire_link', 'otrxu', 'otrxu'],
  ['alert_notification', '', 'rx'],
];
const states: Record<string, SessionState> = { o: 'open', t: 'bound_tx', r: 'bound_rx', x: 'bound_trx', u: 'unbinding' };

describe('who may issue what (§2.2.1)', () => {
  test.each(table)('%s: ESME in "%s", SMSC in "%s"', (command, esme, smsc) => {
    for (const [letter, state] of Object.entries(states)) {
      expect([state, mayIssue('esme', command, state)]).toEqual([state, esme.includes(letter)]);
      expect([state, mayIssue('smsc', command, state)]).toEqual([state, smsc.includes(letter)]);
    }
  });

  test('a second bind is 0x05, all else in the wrong state 0x04', () => {
    expect(refusal('esme', 'bind_receiver', 'bound_tx')).toBe(0x05);
    expect(refusal('smsc', 'bind_receiver', 'bound_tx')).toBe(0x04);
    expect(refusal('esme', 'submit_sm', 'open')).toBe(0x04);
  });
});
