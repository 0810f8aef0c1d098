import { describe, expect, test } from '@jest/globals';
import { encodePdu } from './codec.ts';
import { createFramer, type Frame } from './framer.ts';

const submit = encodePdu({ command: 'submit_sm', sequence: 1, destination_addr: '15551234567', short_message: Buffer.alloc(160, 'x') });
const payload = { tag: 0x0424, value: Buffer.alloc(65_535, 'p') };

describe('framer', () => {
  test('every fragmentation gives the same PDUs', () => {
    const stream = Buffer.concat([submit, encodePdu({ command: 'enquire_link', sequence: 2 }), submit]);
    const whole = framesOf([stream]);
    expect(whole.map((frame) => frame.kind)).toEqual(['pdu', 'pdu', 'pdu']);
    for (const size of [1, 2, 3, 4, 5, 15, 16, 17, 100, 197, 198, 199]) expect(framesOf(cut(stream, size))).toEqual(whole);
  });

  test('chunks given together before the first look are read in order', () => {
    const framer = createFramer();
    for (const chunk of cut(submit, 7)) framer.push(chunk);
    framer.push(submit);
    expect([framer.next().kind, framer.next().kind, framer.next().kind]).toEqual(['pdu', 'pdu', 'need_more']);
    expect(framer.octetsBuffered).toBe(0);
  });

  test('the largest PDU, 65,535 octets of message_payload, is accepted', () => {
    const octets = encodePdu({ command: 'submit_sm', sequence: 1, tlvs: [payload] });
    expect(framesOf(cut(octets, 1448))).toMatchObject([{ kind: 'pdu', pdu: { tlvs: [payload] } }]);
  });

  test('a PDU of 66,000 octets is accepted, and one more is lost on its fourth octet', () => {
    // a submit_sm of nothing has 33 octets, each parameter 4 of its own
    const octetsWith = (last: number): Buffer =>
      encodePdu({ command: 'submit_sm', sequence: 1, tlvs: [payload, { tag: 0x1400, value: Buffer.alloc(last, 'v') }] });
    const longest = octetsWith(66_000 - 33 - 4 - 65_535 - 4);
    expect(longest.length).toBe(66_000);
    expect(framesOf(cut(longest, 1448)).map(({ kind }) => kind)).toEqual(['pdu']);
    const framer = createFramer();
    framer.push(octetsWith(66_001 - 33 - 4 - 65_535 - 4).subarray(0, 4));
    expect(framer.next()).toEqual({ kind: 'lost', sequence: 0, reason: 'command_length 66001 is not 16 to 66000' });
  });

  test('a command_length over the bound is lost on its fourth octet, without waiting or allocating', () => {
    const framer = createFramer({ pduOctetsMax: 1000 });
    framer.push(Buffer.from([0, 0, 0x03]));
    expect(framer.next().kind).toBe('need_more');
    framer.push(Buffer.from([0xe9]));
    expect(framer.next()).toEqual({ kind: 'lost', sequence: 0, reason: 'command_length 1001 is not 16 to 1000' });
    expect(framer.octetsBuffered).toBe(0);
  });

  test('a too long PDU whose header is there is lost with its sequence_number', () => {
    const framer = createFramer({ pduOctetsMax: 100 });
    framer.push(encodePdu({ command: 'submit_sm', sequence: 77, short_message: Buffer.alloc(120) }));
    expect(framer.next()).toMatchObject({ kind: 'lost', sequence: 77 });
  });

  test('a lost stream stays lost, and holds nothing', () => {
    const framer = createFramer();
    framer.push(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(framer.next().kind).toBe('lost');
    framer.push(submit);
    expect(framer.next().kind).toBe('lost');
    expect(framer.octetsBuffered).toBe(0);
  });

  test('after an illegible PDU the stream goes on', () => {
    const unknown = Buffer.from('00000010000000990000000000000005', 'hex');
    expect(framesOf([Buffer.concat([unknown, submit])])).toMatchObject([{ kind: 'nack', status: 3, sequence: 5 }, { kind: 'pdu' }]);
  });

  test('a PDU announced and never sent costs memory only for what came', () => {
    const framer = createFramer();
    framer.push(Buffer.from('0001000000000004', 'hex'));
    expect(framer.next().kind).toBe('need_more');
    expect(framer.octetsBuffered).toBe(8);
  });
});

function framesOf(chunks: readonly Buffer[]): Frame[] {
  const framer = createFramer();
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let frame = framer.next(); frame.kind !== 'need_more'; frame = framer.next()) frames.push(frame);
  }
  return frames;
}

function cut(octets: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(octets.length / size) }, (_, i) => octets.subarray(i * size, (i + 1) * size));
}
