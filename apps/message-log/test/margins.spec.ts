import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MarginsQuestion, Message } from '@heliograph/message';
import { startServers, type TestServers } from '@heliograph/testbed';
import { openHistory, type History } from '../src/history.ts';
import { addEvent, type LoggedEvent, type Row } from '../src/log.ts';
import { readMargins } from '../src/margins.ts';
import { deliveredWay, messageAt } from './events.ts';

const nowMs = Date.now();
let servers: TestServers;
let history: History;

beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'] });
  history = openHistory(servers.databaseUrl);
  await history.write([
    sold({ tenant: 'acme', to: '+31612345678' }, { connector: 'north', buyMicroCredits: '1500000' }),
    sold({ tenant: 'acme', to: '+31612345678' }, { connector: 'north' }),
    sold({ tenant: 'acme', to: '+447912345678', segments: 1 }, { connector: 'south', buyMicroCredits: '2500000' }),
    sold(
      { tenant: 'other', to: '+31612345678', charge: { lease: '', microCredits: '9007199254740993' } },
      { connector: 'north', buyMicroCredits: '1' },
    ),
    sold({ tenant: 'other', to: '+15550100001', charge: { lease: '', microCredits: '0' } }, { connector: 'test' }),
    sold({ tenant: 'other', to: '+31612345678', acceptedAtMs: nowMs - 1_000 }, { connector: 'north', buyMicroCredits: '1' }),
    fold([deliveredWay(messageAt(nowMs, { tenant: 'other', to: '+4912345678' }))[0] as LoggedEvent]),
  ]);
}, 60_000);

afterAll(async () => {
  await history?.close();
  await servers?.stop();
}, 30_000);

function sold(fields: Partial<Message>, routed: { connector: string; buyMicroCredits?: string }): Row {
  const [submitted, first] = deliveredWay(messageAt(nowMs, fields));
  return fold([submitted, { ...first, ...routed }] as LoggedEvent[]);
}

function fold(events: readonly LoggedEvent[]): Row {
  let row: Row | undefined;
  for (const event of events) row = addEvent(row, event);
  return row as Row;
}

const ask = (question: Partial<MarginsQuestion>) =>
  readMargins(history, { sinceMs: nowMs, untilMs: nowMs + 1, by: 'tenant', digits: 2, ...question });
const summed = (
  key: string,
  messages: number,
  [segments, charged, cost, costed, withoutCost]: [number, string, string, string, number],
) => ({
  key,
  messages,
  segments,
  chargedMicroCredits: charged,
  costMicroCredits: cost,
  chargedOfCostedMicroCredits: costed,
  withoutCost,
});

describe('margins', () => {
  it('are added up by tenant, connector or prefix: of the time asked for, exactly, and without test messages', async () => {
    const big = '9007199254740993';
    expect(await ask({})).toEqual({
      groups: [summed('acme', 3, [5, '6000000', '4000000', '4000000', 1]), summed('other', 2, [4, '9007199256740993', '1', big, 1])],
      more: false,
    });
    expect((await ask({ by: 'connector' })).groups).toEqual([
      summed('', 1, [2, '2000000', '0', '0', 1]),
      summed('north', 3, [6, '9007199258740993', '1500001', '9007199256740993', 1]),
      summed('south', 1, [1, '2000000', '2500000', '2000000', 0]),
    ]);
    expect((await ask({ by: 'prefix', digits: 2 })).groups.map(({ key, messages }) => [key, messages])).toEqual([
      ['31', 3],
      ['44', 1],
      ['49', 1],
    ]);
    expect((await ask({ sinceMs: nowMs - 1_000, untilMs: nowMs })).groups).toEqual([summed('other', 1, [2, '2000000', '1', '2000000', 0])]);
  });

  it('are shown with the message as well, where it has been routed', async () => {
    const { messages } = await history.list({ tenant: 'acme', limit: 10 });
    expect(messages.map(({ buyMicroCredits }) => buyMicroCredits).sort()).toEqual(['1500000', '2500000', undefined]);
  });
});
