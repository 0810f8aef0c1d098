import { afterEach, describe, expect, test } from '@jest/globals';
import { getTlv, parseReceipt } from '@heliograph/smpp';
import { startCarrier, type Carrier, type CarrierOptions, type CarrierStats, type ReceivedMessage } from '../src/index.ts';
import { connectClient, type ClientOptions } from './client.ts';

let carrier: Carrier;
afterEach(async () => carrier.stop());

async function start(options: CarrierOptions, client: Partial<ClientOptions> = {}) {
  carrier = await startCarrier(options);
  return connectClient({ port: carrier.port, ...client });
}

function statusOf(outcome: { kind: string; pdu?: { status: number } }): number | string {
  return outcome.pdu?.status ?? outcome.kind;
}

describe('a carrier', () => {
  test('normal: takes, shows, and sends a receipt with the id of the answer in text and TLVs', async () => {
    const { client, bound } = await start({ options: { receiptDelayMs: 20 } });
    expect(statusOf(bound)).toBe(0);
    const outcome = await client.submit('15551234567', 'hello');
    const id = outcome.kind === 'response' && outcome.pdu.command === 'submit_sm_resp' ? outcome.pdu.message_id : '';
    expect(id).toMatch(/^\d{17}$/);
    const [receipt] = await client.receipts(1);
    expect(receipt).toMatchObject({ esm_class: 4, source_addr: '15551234567', destination_addr: 'Heliograph', dest_addr_ton: 5 });
    expect(parseReceipt(receipt?.short_message.toString('latin1') ?? '')).toMatchObject({ id, state: 'DELIVERED', err: '000' });
    expect(getTlv(receipt?.tlvs ?? [], 'receipted_message_id')).toBe(id);
    expect(getTlv(receipt?.tlvs ?? [], 'message_state')).toBe(2);
    expect(carrier.messages({ to: '15551234567' })).toMatchObject([{ text: 'hello', parts: 1, ids: [id], dataCoding: 0 }]);
    expect(carrier.stats()).toMatchObject({ submits: 1, accepted: 1, messages: 1, binds: 1 });
  });

  test('rejecting: the permanent refusal, nothing kept', async () => {
    const { client } = await start({ behaviour: 'rejecting' });
    expect(statusOf(await client.submit('15551234567', 'hello'))).toBe(0x0b);
    expect(carrier.stats()).toMatchObject({ rejected: 1, rejectedBy: { '0x0000000B': 1 }, messages: 0 });
  });

  test('throttling: 0x58 above the limit', async () => {
    const { client } = await start({ behaviour: 'throttling', options: { throttlePerSecond: 5 } });
    const statuses = (await Promise.all(Array.from({ length: 40 }, (_, i) => client.submit('15551234567', `n${i}`)))).map(statusOf);
    const taken = statuses.filter((status) => status === 0).length;
    // The forty may straddle a second of the clock.
    expect([5, 10]).toContain(taken);
    expect(statuses.filter((status) => status === 0x58)).toHaveLength(40 - taken);
  });

  test('lying: a receipt before the answer, one after, both UNDELIV, in decimal where the answer was hex', async () => {
    const { client } = await start({ behaviour: 'lying', options: { receiptDelayMs: 10 } });
    const outcome = await client.submit('15551234567', 'hello');
    const id = outcome.kind === 'response' && outcome.pdu.command === 'submit_sm_resp' ? outcome.pdu.message_id : '';
    const receipts = await client.receipts(2);
    expect(client.seen.map(({ kind }) => kind)).toEqual(['receipt', 'answer', 'receipt']);
    for (const receipt of receipts) {
      const parsed = parseReceipt(receipt.short_message.toString('latin1'));
      expect(parsed?.state).toBe('UNDELIVERABLE');
      expect(Number(parsed?.id)).toBe(Number.parseInt(id, 16));
    }
  });

  test('dropping: hangs up at the third submit without answering it, and has taken it', async () => {
    const { client } = await start({ behaviour: 'dropping', options: { dropAfter: 3 } });
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((text) => client.submit('15551234567', text)));
    await client.closed;
    expect(outcomes.map(statusOf)).toEqual([0, 0, 'closed', 'closed']);
    expect(carrier.messages().map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });

  test('slow: answers late, out of order', async () => {
    const { client } = await start({ behaviour: 'slow', options: { slowMs: 100 } });
    const order: string[] = [];
    await Promise.all(['a', 'b', 'c'].map((text) => client.submit('15551234567', text).then(() => order.push(text))));
    expect(order).toEqual(['a', 'c', 'b']);
  });

  test('by number: the last two digits choose for one message', async () => {
    const { client } = await start({ byNumber: true });
    expect(statusOf(await client.submit('15550000093', 'no'))).toBe(0x0b);
    expect(statusOf(await client.submit('15550000001', 'yes'))).toBe(0);
    void client.submit('15550000096', 'never');
    expect(statusOf(await client.submit('15550000002', 'yes'))).toBe(0);
    expect(carrier.stats()).toMatchObject({ accepted: 2, rejected: 1, unanswered: 1 });
  });

  test('another system id or password: refused 0x0D and hung up', async () => {
    const { client, bound } = await start({ systemId: 'helio', password: 'right' }, { systemId: 'helio', password: 'wrong' });
    expect(statusOf(bound)).toBe(0x0d);
    await client.closed;
    expect(carrier.stats()).toMatchObject({ binds: 0, bindsRefused: 1 });
  });

  test('a receipt waits for a receiver of the same system id, and is sent again when it is refused', async () => {
    const { client } = await start({ options: { receiptDelayMs: 0 } }, { command: 'bind_transmitter' });
    await client.submit('15551234567', 'hello');
    const { client: stranger } = await connectClient({ port: carrier.port, systemId: 'other' });
    const { client: receiver } = await connectClient({ port: carrier.port, command: 'bind_receiver', receiptStatuses: [0x64] });
    expect(await receiver.receipts(2)).toHaveLength(2);
    expect(carrier.stats().receipts).toMatchObject({ resent: 1, waiting: 0 });
    expect(stranger.seen).toEqual([]);
  });

  test('receipts that wait while a receiver is ending do not spin, and go to the next', async () => {
    const { client } = await start({ options: { receiptDelayMs: 0 }, receiptWindow: 1 }, { receiptStatuses: [] });
    const submitted = Promise.all(Array.from({ length: 50 }, (_, i) => client.submit('15551234567', `n${i}`)));
    await client.receipts(1);
    carrier.hangUp();
    await submitted;
    const { client: next } = await connectClient({ port: carrier.port });
    await next.receipts(10);
  });

  test('a handset: parts to a bound receiver in the order that was asked for, each with its answer', async () => {
    const { client } = await start({}, { receiptStatuses: [0, 0x64] });
    const { client: transmitter } = await connectClient({ port: carrier.port, command: 'bind_transmitter' });
    const sent = await carrier.inbound({ from: '+15551234567', to: '+31699887766', text: 'x'.repeat(400), order: [3, 1, 2] });
    expect(sent).toEqual({
      ok: true,
      reference: 1,
      parts: 3,
      answers: [
        { part: 3, status: 0 },
        { part: 1, status: 0x64 },
        { part: 2, status: 0 },
      ],
    });
    const parts = await client.receipts(3);
    expect(parts.map(({ short_message }) => [...short_message.subarray(0, 6)])).toEqual([3, 1, 2].map((part) => [5, 0, 3, 1, 3, part]));
    expect(parts[0]).toMatchObject({ source_addr: '15551234567', destination_addr: '31699887766', esm_class: 0x40 });
    expect(transmitter.seen).toEqual([]);
  });

  test('a handset over HTTP: what was answered, or why nothing was sent', async () => {
    carrier = await startCarrier({ httpPort: 0 });
    const post = async (body: unknown, type = 'application/json') => {
      const url = `http://127.0.0.1:${carrier.httpPort}/inbound`;
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) });
      return [response.status, await response.json()];
    };
    const message = { from: '+15551234567', to: '+31699887766', text: 'hello' };
    expect(await post(message)).toEqual([409, { error: 'nobody is bound to receive' }]);
    const { client } = await connectClient({ port: carrier.port, command: 'bind_receiver' });
    expect(await post(message)).toEqual([200, { reference: 2, parts: 1, answers: [{ part: 1, status: 0 }] }]);
    expect(await client.receipts(1)).toMatchObject([{ short_message: Buffer.from('hello'), esm_class: 0 }]);
    expect(await post({ ...message, systemId: 'other' })).toMatchObject([409, {}]);
    expect(await post({ ...message, text: undefined })).toEqual([400, { error: 'either text or octets' }]);
    expect(await post({ ...message, order: [2] })).toEqual([400, { error: 'there are 1 parts' }]);
    expect(await post({ to: 5 })).toMatchObject([400, { error: expect.stringContaining('from: ') }]);
    expect(await post(message, 'text/plain')).toMatchObject([415, {}]);
  });

  test('the window onto it: messages by number, counts, clearing, unknown pages and methods', async () => {
    const { client } = await start({ httpPort: 0 });
    await client.submit('15551234567', 'one');
    await client.submit('15557654321', 'two');
    const url = `http://127.0.0.1:${carrier.httpPort}`;
    const get = async <T>(path: string, method = 'GET'): Promise<T> => (await (await fetch(url + path, { method })).json()) as T;
    expect(await get<ReceivedMessage[]>('/messages?to=+15557654321')).toMatchObject([{ text: 'two' }]);
    expect(await get<ReceivedMessage[]>('/messages?limit=1')).toMatchObject([{ text: 'two' }]);
    expect(await get<CarrierStats>('/stats')).toMatchObject({ submits: 2, distinct: 2, duplicates: 0, receipts: { sent: 0 } });
    await get('/messages', 'DELETE');
    expect(await get<ReceivedMessage[]>('/messages')).toEqual([]);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/stats`, { method: 'DELETE' })).status).toBe(405);
  });
});
