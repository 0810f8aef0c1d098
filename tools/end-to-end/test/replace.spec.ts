import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCarrier, type Carrier } from '@heliograph/carrier-simulator';
import { eventually } from '@heliograph/testbed';
import smpp from 'smpp';
import { startStack, type Stack } from '../src/stack.ts';

let carrier: Carrier;
let stack: Stack;

beforeAll(async () => {
  carrier = await startCarrier({ options: { receiptDelayMs: 50 } });
  stack = await startStack({ carrierPort: carrier.port, balance: 100 });
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await carrier?.stop();
}, 60_000);

type Pdu = Record<string, unknown> & { command_status: number; message_id: string };

/** npm `smpp`, bound. */
async function connect() {
  const { host, port, systemId, password } = stack.ready.smpp;
  const session = smpp.connect({ url: `smpp://${host}:${port}` }) as never as Record<string, (...given: unknown[]) => void>;
  session['on']?.('error', () => {});
  session['on']?.('deliver_sm', (pdu: { response(): unknown }) => session['send']?.(pdu.response()));
  const ask = (command: string, fields: object) => new Promise<Pdu>((resolve) => session[command]?.(fields, resolve));
  expect(await ask('bind_transceiver', { system_id: systemId, password })).toMatchObject({ command_status: 0 });
  return { ask, close: () => session['destroy']?.() };
}

const inMs = (ms: number) => `${new Date(Math.ceil((Date.now() + ms) / 100) * 100).toISOString().replace(/\D/g, '').slice(2, 15)}00+`;
const state = async (id: string) => (await stack.get<{ state: string }>(`/v1/messages/${id}`)).state;

test('npm smpp replaces a message that waits: the carrier gets the new text, once, and the history shows it', async () => {
  const { ask, close } = await connect();
  const submit = { source_addr: 'Acme', source_addr_ton: 5, destination_addr: '447911000001', dest_addr_ton: 1 };
  const { message_id } = await ask('submit_sm', { ...submit, short_message: 'old text', schedule_delivery_time: inMs(4_000) });
  await eventually('scheduled', async () => (await state(message_id)) === 'scheduled');
  const replace = { message_id, source_addr: 'Acme', source_addr_ton: 5 };
  expect(await ask('replace_sm', { ...replace, short_message: 'x'.repeat(161) })).toMatchObject({ command_status: 1 });
  expect(await ask('replace_sm', { ...replace, short_message: 'new text' })).toMatchObject({ command_status: 0 });
  const shown = await eventually('replaced', async () => {
    const found = await stack.get<{ text: string }>(`/v1/messages/${message_id}`);
    return found.text === 'new text' && found;
  });
  expect(shown).toMatchObject({ state: 'scheduled' });
  const [sent] = await eventually('sent', () => {
    const there = carrier.messages({ to: '447911000001' });
    return there.length > 0 && there;
  });
  expect(sent?.text).toBe('new text');
  await eventually('delivered', async () => (await state(message_id)) === 'delivered');
  expect(carrier.messages({ to: '447911000001' })).toHaveLength(1);
  const { hops } = await stack.get<{ hops: { event: string }[] }>(`/v1/messages/${message_id}/trace`);
  expect(hops.slice(0, 4).map(({ event }) => event)).toEqual([
    'message.submitted',
    'message.scheduled',
    'message.replaced',
    'message.routed',
  ]);
  expect(await ask('replace_sm', { ...replace, short_message: 'too late' })).toMatchObject({ command_status: 0x13 });
  close();
}, 60_000);

test('a message that is cancelled while it waits ends and is refunded at once', async () => {
  const { ask, close } = await connect();
  const before = await stack.balance();
  const submit = { source_addr: 'Acme', source_addr_ton: 5, destination_addr: '447911000002', dest_addr_ton: 1 };
  const { message_id } = await ask('submit_sm', { ...submit, short_message: 'old text', schedule_delivery_time: inMs(3_600_000) });
  await eventually('scheduled', async () => (await state(message_id)) === 'scheduled');
  expect(
    await ask('cancel_sm', { message_id, source_addr: 'Acme', source_addr_ton: 5, destination_addr: '447911000002', dest_addr_ton: 1 }),
  ).toMatchObject({
    command_status: 0,
  });
  expect(await state(message_id)).toBe('cancelled');
  await eventually('refunded', async () => (await stack.balance()).credits === before.credits);
  expect(carrier.messages({ to: '447911000002' })).toEqual([]);
  close();
}, 60_000);
