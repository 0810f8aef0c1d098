import { expect, test } from '@jest/globals';
import type { ReportDue } from '@heliograph/message';
import { decodePdu, encodePdu, getTlv, type PduOf } from '@heliograph/smpp';
import { deliverSmOf, reportDelivered } from './notify.ts';

const nowMs = Date.UTC(2026, 10, 20, 12, 5);
const report: ReportDue = {
  type: 'report.due',
  at: nowMs,
  state: 'delivered',
  doneAtMs: nowMs,
  message: {
    id: '019c0a70000070008000000000000001',
    tenant: 'acme',
    credential: 'acme-smpp',
    door: 'smpp',
    from: { addr: 'Acme', ton: 5, npi: 0 },
    to: '+447912345678',
    class: 'normal',
    segments: 1,
    acceptedAtMs: Date.UTC(2026, 10, 20, 12, 4),
    validUntilMs: nowMs + 60_000,
    registeredDelivery: 1,
    reference: '77',
    charge: { lease: 'l1', microCredits: '1000000' },
  },
};

function overTheWire(due: ReportDue): PduOf<'deliver_sm'> {
  const decoded = decodePdu(encodePdu({ ...deliverSmOf(due), sequence: 1 }));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.pdu as PduOf<'deliver_sm'>;
}

test('a report is a delivery receipt as SMPP 3.4 appendix B writes it, addresses swapped, text empty', () => {
  const pdu = overTheWire(report);
  expect(pdu.short_message.toString('latin1')).toBe(
    'id:019c0a70000070008000000000000001 sub:001 dlvrd:001 submit date:2611201204 done date:2611201205 stat:DELIVRD err:000 text:',
  );
  expect(pdu).toMatchObject({ esm_class: 4, source_addr: '447912345678', source_addr_ton: 1, destination_addr: 'Acme', dest_addr_ton: 5 });
  expect(getTlv(pdu.tlvs, 'receipted_message_id')).toBe('019c0a70000070008000000000000001');
  expect(getTlv(pdu.tlvs, 'message_state')).toBe(2);
  expect(getTlv(pdu.tlvs, 'user_message_reference')).toBe(77);
});

test('§5.2.4: a client of SMPP 3.3 is told the id of 8 octets that it was given', () => {
  const pdu = overTheWire({ ...report, message: { ...report.message, receiptId: '0a1b2c3d' } });
  expect(pdu.short_message.toString('latin1')).toMatch(/^id:0a1b2c3d sub:/);
  expect(getTlv(pdu.tlvs, 'receipted_message_id')).toBe('0a1b2c3d');
});

test('§5.2.12: an intermediate notification has its own message type, and the form of a receipt', () => {
  const pdu = overTheWire({ ...report, state: 'sent' });
  expect(pdu.short_message.toString('latin1')).toBe(
    'id:019c0a70000070008000000000000001 sub:001 dlvrd:000 submit date:2611201204 done date:2611201205 stat:ENROUTE err:000 text:',
  );
  expect(pdu).toMatchObject({ esm_class: 0x20, source_addr: '447912345678', destination_addr: 'Acme' });
  expect(getTlv(pdu.tlvs, 'receipted_message_id')).toBe('019c0a70000070008000000000000001');
  expect(getTlv(pdu.tlvs, 'message_state')).toBe(1);
});

test.each([
  ['delivered', 'DELIVRD', 2],
  ['undelivered', 'UNDELIV', 5],
  ['rejected', 'REJECTD', 8],
  ['expired', 'EXPIRED', 3],
  ['failed', 'UNDELIV', 5],
  ['no_report', 'UNKNOWN', 7],
  ['cancelled', 'DELETED', 4],
] as const)('state %s is stat:%s and message_state %i', (state, stat, messageState) => {
  const pdu = overTheWire({ ...report, state });
  expect(pdu.esm_class).toBe(4);
  expect(pdu.short_message.toString('latin1')).toContain(`stat:${stat} `);
  expect(getTlv(pdu.tlvs, 'message_state')).toBe(messageState);
});

test('a report that was taken is told of, an intermediate notification as such', () => {
  const told = { type: 'report.delivered', at: nowMs, messageId: report.message.id, tenant: 'acme', via: 'smpp', attempt: 2 };
  expect(reportDelivered(report, 2, nowMs)).toEqual({ ...told, state: 'delivered' });
  expect(reportDelivered({ ...report, state: 'sent' }, 2, nowMs)).toEqual({ ...told, state: 'sent' });
});
