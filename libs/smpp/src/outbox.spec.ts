import { describe, expect, test } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { Duplex } from 'node:stream';
import { encodePdu } from './codec.ts';
import { createOutbox } from './outbox.ts';

/** A socket that shows what it is given; `take` lets it have one write. */
function fakeSocket() {
  const writes: Buffer[] = [];
  const waiting: (() => void)[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk);
      waiting.push(() => done());
    },
  });
  return { socket, writes, take: () => waiting.shift()!() };
}

const submit = { command: 'submit_sm', sequence: 1, short_message: Buffer.alloc(200, 'x') } as const;

describe('outbox', () => {
  test('what is appended in one turn is one write', async () => {
    const { socket, writes } = fakeSocket();
    const outbox = createOutbox({ socket, now: () => 0 });
    for (let i = 0; i < 10; i++) outbox.append(submit);
    expect(writes).toEqual([]);
    expect(outbox).toMatchObject({ appended: 10, flushed: 0, octetsWaiting: 10 * 233 });
    await turn();
    expect(writes).toEqual([Buffer.concat(Array.from({ length: 10 }, () => encodePdu(submit)))]);
    expect(outbox).toMatchObject({ flushed: 10, octetsOut: 2330 });
  });

  test('a full slab does not wait for the end of the turn, and nothing is lost or reordered', async () => {
    const { socket, writes, take } = fakeSocket();
    const outbox = createOutbox({ socket, now: () => 0 });
    const list = Array.from({ length: 2000 }, (_, sequence) => ({ ...submit, sequence }));
    for (const pdu of list) outbox.append(pdu);
    expect(writes.length).toBe(1);
    await turn();
    while (outbox.octetsWaiting > 0) {
      take();
      await turn();
    }
    expect(Buffer.concat(writes).equals(Buffer.concat(list.map(encodePdu)))).toBe(true);
  });

  test('a PDU larger than a slab goes out whole', async () => {
    const { socket, writes } = fakeSocket();
    const outbox = createOutbox({ socket, now: () => 0 });
    const large = { ...submit, tlvs: [{ tag: 0x0424, value: Buffer.alloc(65_535) }] };
    outbox.append(large);
    await turn();
    expect(writes).toEqual([encodePdu(large)]);
  });

  test('a PDU that cannot be written throws and leaves no trace', async () => {
    const { socket, writes } = fakeSocket();
    const outbox = createOutbox({ socket, now: () => 0 });
    outbox.append(submit);
    expect(() => outbox.append({ ...submit, source_addr: '€' })).toThrow(RangeError);
    await turn();
    expect(writes).toEqual([encodePdu(submit)]);
    expect(outbox.appended).toBe(1);
  });

  test('tells since when the peer has taken nothing', async () => {
    let now = 100;
    const { socket, take } = fakeSocket();
    const outbox = createOutbox({ socket, now: () => now });
    outbox.append(submit);
    outbox.flush();
    now = 150;
    outbox.append(submit);
    outbox.flush();
    expect(outbox.stuckAt).toBe(100);
    now = 200;
    take();
    await turn();
    expect(outbox.stuckAt).toBe(200);
    take();
    await turn();
    expect(outbox.stuckAt).toBeUndefined();
  });
});
