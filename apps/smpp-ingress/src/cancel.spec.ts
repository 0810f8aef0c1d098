import { expect, test } from '@jest/globals';
import { isOfOne, statusOfCancel } from './cancel.ts';

const id = '019c0a70000070008000000000000001';

test.each([
  ["the message's own id", id, true],
  ['an id of 8 octets, of a 3.3 client', '0a1b2c3d', true],
  ['another id of 32 octets, which is of all of a submit_multi', '019c0a70000070008000000000000002', false],
])('§4.9: %s is of one message: %j, %s', (_, message_id, is) => {
  expect(isOfOne(message_id, { id })).toBe(is);
});

test('§4.9.2: what cannot be cancelled is ESME_RCANCELFAIL, and nobody knowing is ESME_RSYSERR', () => {
  expect(statusOfCancel).toEqual({ cancelled: 0, cancelling: 0, not_cancellable: 0x11, not_found: 0x11, unavailable: 0x08 });
});
