import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { contentOf, openJournal, type Journal, type JournalLine } from '@heliograph/checker';
import { eventually } from '@heliograph/testbed';
import { startCarrier, type Carrier, type CarrierOptions } from '../src/index.ts';
import { connectClient } from './client.ts';

let folder: string;
let journal: Journal;
let carrier: Carrier;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heliograph-carrier-'));
  journal = openJournal(join(folder, 'carrier.jsonl'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = async (options: CarrierOptions) => {
  carrier = await startCarrier({ ...options, journal, name: 'north' });
  return (await connectClient({ port: carrier.port })).client;
};

async function written(): Promise<Omit<JournalLine, 'atMs'>[]> {
  await carrier.stop();
  await journal.close();
  const lines = readFileSync(join(folder, 'carrier.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const { atMs, ...rest } = JSON.parse(line) as JournalLine;
    expect(atMs).toBeGreaterThan(0);
    return rest;
  });
}

test('a journal has each message that was taken, and its receipt, by the id of the answer; no number and no text', async () => {
  const client = await start({ options: { receiptDelayMs: 5 } });
  const outcome = await client.submit('15551234567', 'hello');
  const providerId = outcome.kind === 'response' && outcome.pdu.command === 'submit_sm_resp' ? outcome.pdu.message_id : '';
  await client.receipts(1);
  expect(await written()).toEqual([
    { kind: 'arrived', provider: 'north', content: contentOf('15551234567', 'hello'), taken: true, providerId },
    { kind: 'receipt', provider: 'north', providerId, state: 'DELIVERED' },
  ]);
  expect(readFileSync(join(folder, 'carrier.jsonl'), 'utf8')).not.toMatch(/15551234567|hello/);
});

test.each(['rejecting', 'silent'] as const)('of a carrier that is %s, a journal says that it did not take it', async (behaviour) => {
  const client = await start({ behaviour });
  void client.submit('15551234567', 'hello');
  await eventually('it came', () => carrier.stats().submits === 1);
  expect(await written()).toEqual([{ kind: 'arrived', provider: 'north', content: contentOf('15551234567', 'hello'), taken: false }]);
});

test('of several parts, a journal has one message, when the last has come', async () => {
  const client = await start({ options: { receiptDelayMs: 60_000 } });
  for (const [part, text] of [
    [2, 'world'],
    [1, 'hello '],
  ] as const) {
    const short_message = Buffer.concat([Buffer.from([5, 0, 3, 7, 2, part]), Buffer.from(text)]);
    await client.session.request({ command: 'submit_sm', destination_addr: '15551234567', esm_class: 0x40, short_message });
  }
  expect(await written()).toMatchObject([{ kind: 'arrived', content: contentOf('15551234567', 'hello world'), taken: true }]);
});
