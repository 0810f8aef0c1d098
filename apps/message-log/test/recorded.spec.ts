import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { historyRecordedMax, type Message } from '@heliograph/message';
import { startServers, type TestServers } from '@heliograph/testbed';
import { openHistory, type History } from '../src/history.ts';
import { addEvent, type LoggedEvent, type Row } from '../src/log.ts';
import { readRecorded } from '../src/recorded.ts';
import { idAt } from '../src/search.ts';
import { deliveredWay, messageAt } from './events.ts';

const nowMs = Date.now();
const idAgo = (ms: number, n = 0) => `${idAt(nowMs - ms).slice(0, 12)}7${String(n).padStart(19, '0')}`;
/** The newest first. */
const recorded: Partial<Message>[] = [
  { id: idAgo(10), tenant: 'acme', content: { kind: 'text', text: 'Newest €' } },
  { id: idAgo(20), tenant: 'other', content: { kind: 'binary', octets: 'AAA=' } },
  { id: idAgo(30_000), tenant: 'acme', class: 'otp', from: { addr: '31612345678', ton: 1, npi: 1 } },
  { id: idAgo(20 * 60_000), tenant: 'other' },
  { id: idAgo(3 * 3_600_000), tenant: 'third' },
  { id: idAgo(40 * 24 * 3_600_000), tenant: 'acme' },
];
let servers: TestServers;
let history: History;

beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'] });
  history = openHistory(servers.databaseUrl);
  await history.write([
    ...recorded.map((fields) => rowOf(messageAt(nowMs, fields))),
    rowOf(messageAt(nowMs, { id: idAgo(15), to: '+15550100001' }), { connector: 'test' }),
    // its acceptance has not been read yet
    fold([deliveredWay(messageAt(nowMs, { id: idAgo(12) }))[2] as LoggedEvent]),
  ]);
}, 60_000);

afterAll(async () => {
  await history?.close();
  await servers?.stop();
}, 30_000);

function rowOf(message: Message, routed: object = {}): Row {
  const [submitted, first] = deliveredWay(message);
  return fold([submitted, { ...first, ...routed }] as LoggedEvent[]);
}

function fold(events: readonly LoggedEvent[]): Row {
  let row: Row | undefined;
  for (const event of events) row = addEvent(row, event);
  return row as Row;
}

const ids = recorded.map(({ id }) => id);

describe('recorded messages', () => {
  it('are those of all tenants, the newest first, without tests and what is not accepted', async () => {
    const { messages, next } = await readRecorded(history, { limit: historyRecordedMax }, nowMs);
    expect(messages.map(({ id }) => id)).toEqual(ids);
    expect(next).toBeUndefined();
    expect(messages[0]).toEqual({
      id: ids[0],
      tenant: 'acme',
      from: { addr: 'Acme', ton: 5, npi: 0 },
      to: '+31612345678',
      class: 'normal',
      segments: 2,
      microCredits: '2000000',
      acceptedAtMs: nowMs,
      connector: 'north',
      text: 'Newest €',
    });
    expect(messages[1]).not.toHaveProperty('text');
    expect(messages[2]).toMatchObject({ class: 'otp', from: { addr: '31612345678', ton: 1, npi: 1 } });
  });

  it.each([1, 2, 3, 5, 6])('come %i to a page, without a gap', async (limit) => {
    const seen: string[] = [];
    for (let before: string | undefined, more = true; more; more = before !== undefined) {
      const page = await readRecorded(history, { limit, ...(before === undefined ? {} : { before }) }, nowMs);
      expect(page.messages.length).toBeLessThanOrEqual(limit);
      seen.push(...page.messages.map(({ id }) => id));
      before = page.next;
    }
    expect(seen).toEqual(ids);
  });

  it('of long texts are fewer on a page, as an answer has a megabyte at most', async () => {
    const text = 'é'.repeat(30_000);
    await history.write(
      Array.from({ length: 30 }, (_, n) => rowOf(messageAt(nowMs, { id: idAgo(0, n), tenant: 'long', content: { kind: 'text', text } }))),
    );
    const { messages, next } = await readRecorded(history, { limit: 30 }, nowMs);
    expect(messages.length).toBeGreaterThan(5);
    expect(Buffer.byteLength(JSON.stringify(messages))).toBeLessThan(750_000);
    expect(next).toBe(messages.at(-1)?.id);
  });

  it('of a place that is none are refused', async () => {
    await expect(readRecorded(history, { limit: 1, before: 'x' }, nowMs)).rejects.toThrow('not a place');
  });
});
