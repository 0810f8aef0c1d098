import { describe, expect, it } from '@jest/globals';
import { commandIds, decodePdu, encodePdu, parseReceipt, type Pdu } from '@heliograph/smpp';
import {
  commandAt,
  deliveredNumber,
  destinationOf,
  sequenceAt,
  submitTemplate,
  viewSubmit,
  writeDeliverResp,
  writeReceipt,
  writeSubmitResp,
  type SubmitView,
} from './pdus.ts';

const buffer = Buffer.alloc(1_000, 0xff);
const written = (from: number, end: number): Pdu => {
  const decoded = decodePdu(buffer.subarray(from, end));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.pdu;
};
const emptyView = (): SubmitView => ({ sourceAt: 0, destinationAt: 0, destinationEnd: 0, n: -1, receipt: false });

describe('PDUs of a load', () => {
  it.each([0, 7, 12_345_678, 99_999_999])('a submit_sm of message %d is read by the codec and by the sink', (n) => {
    for (const receipt of [true, false]) {
      const template = submitTemplate({ text: 'Hello', receipt });
      const end = template.write(buffer, 30, n, 4_711);
      expect(end - 30).toBe(template.octets);
      expect(written(30, end)).toMatchObject({
        command: 'submit_sm',
        sequence: 4_711,
        destination_addr: destinationOf(n).slice(1),
        registered_delivery: receipt ? 1 : 0,
        short_message: Buffer.from('Hello'),
      });
      const view = emptyView();
      viewSubmit(buffer, 30, view);
      expect(view).toMatchObject({ n, receipt });
      expect([commandAt(buffer, 30), sequenceAt(buffer, 30)]).toEqual([commandIds.submit_sm, 4_711]);
    }
  });

  it('a submit_sm of somebody else is read where its fields are, and has no number where its destination has letters', () => {
    const pdu = encodePdu({
      command: 'submit_sm',
      sequence: 1,
      service_type: 'CMT',
      source_addr: '12345',
      destination_addr: 'abcdefghij',
      schedule_delivery_time: '261120070000000+',
      validity_period: '000001000000000R',
      registered_delivery: 0x11,
    });
    const view = emptyView();
    viewSubmit(pdu, 0, view);
    expect(view).toMatchObject({ n: -1, receipt: true });
    expect(pdu.subarray(view.sourceAt + 2, view.destinationAt - 1).toString()).toBe('12345');
    expect(pdu.subarray(view.destinationAt + 2, view.destinationEnd - 1).toString()).toBe('abcdefghij');
  });

  it('a receipt goes back with the addresses exchanged and names its message', () => {
    const pdu = Buffer.alloc(200);
    const template = submitTemplate({ text: 'Hello', receipt: true });
    template.write(pdu, 0, 42, 2);
    const view = emptyView();
    viewSubmit(pdu, 0, view);
    const source = pdu.subarray(view.sourceAt, view.destinationAt);
    const end = writeReceipt(buffer, 9, {
      sequence: 8,
      id: 10 ** 15 + 7,
      source,
      destination: pdu.subarray(view.destinationAt, view.destinationEnd),
    });
    const receipt = written(9, end);
    if (receipt.command !== 'deliver_sm') throw new Error(receipt.command);
    expect(receipt).toMatchObject({ sequence: 8, source_addr: '447900000042', destination_addr: 'Heliograph', esm_class: 4 });
    expect(parseReceipt(receipt.short_message.toString('latin1'))).toMatchObject({ id: '1000000000000007', state: 'DELIVERED' });
    expect(parseReceipt('', receipt.tlvs)).toMatchObject({ id: '1000000000000007', state: 'DELIVERED' });
    expect(deliveredNumber(buffer, 9)).toBe(42);
  });

  it('answers carry the sequence of what they answer', () => {
    expect(written(0, writeSubmitResp(buffer, 0, 17, 10 ** 15 + 3))).toMatchObject({
      command: 'submit_sm_resp',
      sequence: 17,
      message_id: '1000000000000003',
    });
    expect(written(0, writeDeliverResp(buffer, 0, 18))).toMatchObject({ command: 'deliver_sm_resp', status: 0, sequence: 18 });
  });
});
