import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { headOf, type FailureReason, type FinalState, type Message, type MessageReturned } from '@heliograph/message';
import { startServers, type TestServers } from '@heliograph/testbed';
import { openHistory, type History } from '../src/history.ts';
import { addEvent, type LoggedEvent, type Row } from '../src/log.ts';
import { createQuality, type Quality } from '../src/quality.ts';
import { deliveredWay, failedAt, messageAt } from './events.ts';

const nowMs = Date.now();
let servers: TestServers;
let history: History;
let quality: Quality;

beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'] });
  history = openHistory(servers.databaseUrl);
  quality = createQuality({ history, log: { warn: () => {} } });
}, 60_000);

afterAll(async () => {
  await quality?.stop();
  await history?.close();
  await servers?.stop();
}, 30_000);

function fold(events: readonly LoggedEvent[]): Row {
  let row: Row | undefined;
  for (const event of events) row = addEvent(row, event);
  return row as Row;
}

const written = (events: readonly LoggedEvent[]) => history.write([fold(events)]);
const of = async (connector: string, sinceMs = nowMs - 3_600_000) =>
  (await quality.read({ sinceMs })).connectors[connector] ?? { ended: 0, delivered: 0 };

/** Accepted, routed to the connector and, when `sent`, taken by its provider. */
function under(connector: string, sent = true, message: Message = messageAt(nowMs)): { message: Message; events: LoggedEvent[] } {
  const [submitted, routed, taken] = deliveredWay(message) as [LoggedEvent, LoggedEvent, LoggedEvent];
  const named = [routed, ...(sent ? [taken] : [])].map((event) => ({ ...event, connector }) as LoggedEvent);
  return { message, events: [submitted, ...named] };
}

const reported = (message: Message, state: FinalState, reason?: FailureReason, at = nowMs + 300): LoggedEvent => ({
  type: 'message.reported',
  at,
  message: headOf(message),
  state,
  ...(reason ? { reason } : {}),
});

describe('the end of a message counts for its connector', () => {
  const cases: [string, (message: Message, connector: string) => LoggedEvent[], boolean, { ended: number; delivered: number }][] = [
    ['delivered', (m) => [reported(m, 'delivered')], true, { ended: 1, delivered: 1 }],
    ['undelivered', (m) => [reported(m, 'undelivered', 'undelivered')], true, { ended: 1, delivered: 0 }],
    ['no-report', (m) => [reported(m, 'no_report', 'no_report')], true, { ended: 1, delivered: 0 }],
    [
      'refused',
      (m, c) => [failedAt(m, nowMs + 200, 'provider_rejected', c), reported(m, 'rejected', 'provider_rejected')],
      false,
      { ended: 1, delivered: 0 },
    ],
    ['expired-there', (m) => [reported(m, 'expired', 'expired')], true, { ended: 1, delivered: 0 }],
    ['expired-here', (m) => [reported(m, 'expired', 'expired')], false, { ended: 0, delivered: 0 }],
    ['cancelled', (m) => [reported(m, 'cancelled', 'cancelled')], false, { ended: 0, delivered: 0 }],
    ['opted-out', (m) => [reported(m, 'rejected', 'opted_out')], false, { ended: 0, delivered: 0 }],
    ['removed', (m) => [reported(m, 'failed', 'connector_removed')], false, { ended: 0, delivered: 0 }],
    [
      'by-router',
      (m) => [failedAt(m, nowMs + 200, 'undelivered', 'router'), reported(m, 'undelivered', 'undelivered')],
      true,
      { ended: 0, delivered: 0 },
    ],
    ['test', (m) => [reported(m, 'delivered')], true, { ended: 0, delivered: 0 }],
  ];

  it.each(cases)('%s, once, in one batch or one by one', async (connector, ending, sent, expected) => {
    const first = under(connector, sent);
    await written([...first.events, ...ending(first.message, connector)]);
    expect(await of(connector)).toEqual(expected);
    const second = under(connector, sent);
    const events = [...second.events, ...ending(second.message, connector)];
    for (const event of events) await written([event]);
    for (const event of events) await written([event]);
    expect(await of(connector)).toEqual({ ended: expected.ended * 2, delivered: expected.delivered * 2 });
  });

  it('also where its connector is heard of last', async () => {
    const { message, events } = under('late');
    const [submitted, routed] = events as [LoggedEvent, LoggedEvent];
    await written([submitted]);
    await written([reported(message, 'delivered')]);
    expect(await of('late')).toEqual({ ended: 0, delivered: 0 });
    await written([routed]);
    expect(await of('late')).toEqual({ ended: 1, delivered: 1 });
  });

  it('a late receipt makes it delivered, and no second end', async () => {
    const { message, events } = under('lifted');
    await written([...events, reported(message, 'no_report', 'no_report')]);
    await written([reported(message, 'delivered', undefined, nowMs + 900)]);
    expect(await of('lifted')).toEqual({ ended: 1, delivered: 1 });
  });
});

it('what was given back counts for the connector that gave it back, unless it never sent it', async () => {
  const message = messageAt(nowMs);
  const returned = (why: MessageReturned['why']): MessageReturned => ({
    type: 'message.returned',
    at: nowMs,
    message,
    by: 'dlr-forwarder',
    why,
    route: 'nl',
    attempt: 1,
    tried: ['before', 'back'],
    cascade: { attemptsMax: 3 },
    ending: { state: 'undelivered', reason: 'undelivered' },
  });
  for (const why of ['undelivered', 'refused', 'no_receipt', 'unknown', 'unavailable'] as const) quality.returned(returned(why));
  expect([await of('back'), await of('before')]).toEqual([
    { ended: 4, delivered: 0 },
    { ended: 0, delivered: 0 },
  ]);
});

it('what ended before the time asked for does not count, and is forgotten after a day', async () => {
  const old = messageAt(nowMs - 30 * 3_600_000);
  const { events } = under('old', true, old);
  await written([...events, reported(old, 'delivered', undefined, nowMs - 30 * 3_600_000)]);
  expect([await of('old'), await of('old', nowMs - 31 * 3_600_000)]).toEqual([
    { ended: 0, delivered: 0 },
    { ended: 1, delivered: 1 },
  ]);
  await history.purge(0);
  expect(await of('old', 0)).toEqual({ ended: 0, delivered: 0 });
});
