import { expect, it } from '@jest/globals';
import type { Report } from './history.ts';
import { reportBody } from './report.ts';

const report: Report = {
  id: '0190f3c2a1b27c3d8e4f5a6b7c8d9e0f',
  to: '+15551234567',
  from: 'ACME',
  state: 'delivered',
  segments: 2,
  acceptedAtMs: Date.parse('2026-11-20T10:00:00Z'),
  doneAtMs: Date.parse('2026-11-20T10:00:03Z'),
};

it('says what became of the message, and null where there is nothing to say', () => {
  expect(reportBody(report)).toEqual({
    type: 'message.delivered',
    timestamp: '2026-11-20T10:00:03.000Z',
    data: {
      id: report.id,
      to: '+15551234567',
      from: 'ACME',
      state: 'delivered',
      reference: null,
      segments: 2,
      error_code: null,
      reason: null,
      accepted_at: '2026-11-20T10:00:00.000Z',
      done_at: '2026-11-20T10:00:03.000Z',
    },
  });
});

it('carries reference, code and reason when there are any', () => {
  expect(reportBody({ ...report, state: 'rejected', reference: 'order 7', reason: 'provider_rejected', errorCode: '0x0b' })).toMatchObject({
    type: 'message.rejected',
    data: { state: 'rejected', reference: 'order 7', error_code: '0x0b', reason: 'provider_rejected' },
  });
});
