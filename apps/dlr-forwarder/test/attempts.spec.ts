import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  headOf,
  newId,
  type Attempt,
  type Cascade,
  type FinalState,
  type HeliographEvent,
  type Message,
  type MessageFailed,
  type MessageReturned,
  type MessageSent,
  type Outcome,
  type ReceiptReceived,
} from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import { putSmppConnector, smppConnectorSettings } from '@heliograph/registry';
import { createHeard, quietLog, testMessage } from '@heliograph/testbed';
import { openDatabase, type Database } from '../src/database.ts';
import { createOutcomesHandler } from '../src/report/outcomes.ts';
import { createReceiptBook } from '../src/report/receipt-book.ts';
import { fireReceiptTimers } from '../src/report/receipt-timers.ts';
import { createReceiptsHandler } from '../src/report/receipts.ts';
import { sweep } from '../src/sweep.ts';
import { startPlatform, type Platform } from './platform.ts';

let platform: Platform;
let database: Database;

beforeAll(async () => {
  platform = await startPlatform();
  database = openDatabase(platform.databaseUrl, 4);
}, 60_000);
afterAll(async () => {
  await database.$disconnect();
  await platform.stop();
}, 60_000);

const hour = 3_600_000;
let at = Date.now();

const all: Cascade = { refused: true, undelivered: true, noReceiptMs: 60_000, attemptsMax: 3 };
const aMessage = (changes: Partial<Message> = {}): Message => testMessage({ validUntilMs: at + hour, ...changes });

/** Attempts go to connectors a, b, c; the last has nothing to go on with. */
function sent(message: Message, attempt: number, providerIds: string[], cascade = all, special: Partial<MessageSent> = {}): MessageSent {
  const connectors = ['a', 'b', 'c'].slice(0, attempt);
  const again: Attempt = { message, route: 'r', attempt, tried: connectors, cascade };
  return {
    type: 'message.sent',
    at: at++,
    message: headOf(message),
    connector: connectors.at(-1) as string,
    group: `group-${connectors.at(-1)}`,
    providerIds,
    ...(attempt > 1 ? { attempt } : {}),
    ...(attempt < cascade.attemptsMax ? { again } : {}),
    ...special,
  };
}

function receipt(attempt: number, providerId: string, state: FinalState | 'sent' = 'delivered', errorCode = ''): ReceiptReceived {
  const connector = ['a', 'b', 'c'][attempt - 1] as string;
  return { type: 'receipt.received', at: at++, id: newId(), connector, group: `group-${connector}`, providerId, state, errorCode };
}

const failed = (message: Message, how: Pick<MessageFailed, 'state' | 'reason'>): MessageFailed => ({
  type: 'message.failed',
  at: at++,
  message: headOf(message),
  by: 'router',
  ...how,
});

function eventsOf(outcomes: readonly Outcome[]): HeliographEvent[] {
  return outcomes.flatMap((one) => (one.kind === 'done' ? one.events : []));
}

/** What is said of messages: the state they ended with, or why they go on and with which attempt behind them. */
function saidOf(events: readonly HeliographEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.type === 'message.reported') return [event.state];
    return event.type === 'message.returned' ? [`${event.why} ${event.attempt}`] : [];
  });
}

function handlers(noReportAfterMsOf?: (connector: string) => number | undefined) {
  const book = createReceiptBook(database, noReportAfterMsOf ? { noReportAfterMsOf } : {});
  const outcomes = createOutcomesHandler({ book, log: quietLog });
  const receipts = createReceiptsHandler({ book, log: quietLog });
  const deliveries = <E extends MessageSent | MessageFailed | ReceiptReceived>(events: E[], redelivered: boolean): Delivery<E>[] =>
    events.map((event) => ({ event, record: { stream: 'X', seq: 1, atMs: 0, redelivered } }));
  return {
    outcomes: async (events: (MessageSent | MessageFailed)[], again = false) => saidOf(eventsOf(await outcomes(deliveries(events, again)))),
    receipts: async (events: ReceiptReceived[], again = false) => saidOf(eventsOf(await receipts(deliveries(events, again)))),
    eventsOfReceipts: async (events: ReceiptReceived[]) => eventsOf(await receipts(deliveries(events, false))),
  };
}

describe('a receipt that says a message was not delivered', () => {
  test.each(['undelivered', 'rejected', 'expired', 'failed'] as const)(
    'as %s makes it go on, with all that is needed for that',
    async (state) => {
      const { outcomes, eventsOfReceipts } = handlers();
      const message = aMessage();
      const id = newId();
      const event = sent(message, 1, [id]);
      expect(await outcomes([event])).toEqual([]);
      const of = receipt(1, id, state, '034');
      const [made, ...others] = await eventsOfReceipts([of]);
      expect(made).toMatchObject({
        ...(event.again as Attempt),
        type: 'message.returned',
        at: of.at,
        by: 'dlr-forwarder',
        why: 'undelivered',
        ending: { state, errorCode: '034' },
      });
      expect(others).toEqual([]);
    },
  );

  test.each<[string, Cascade, Partial<Message>, FinalState]>([
    ['its rule says nothing of that', { noReceiptMs: 60_000, attemptsMax: 3 }, {}, 'undelivered'],
    ['its time is over', all, { validUntilMs: Date.now() - 1_000 }, 'undelivered'],
    ['it was its last attempt', { ...all, attemptsMax: 1 }, {}, 'undelivered'],
    ['the provider only does not know', all, {}, 'no_report'],
    ['it was cancelled there', all, {}, 'cancelled'],
  ])('ends it when %s', async (_, cascade, changes, state) => {
    const { outcomes, receipts } = handlers();
    const id = newId();
    await outcomes([sent(aMessage(changes), 1, [id], cascade)]);
    expect(await receipts([receipt(1, id, state)])).toEqual([state]);
  });

  test('that was handled by a process which died is said again, until the next attempt is known', async () => {
    const { outcomes, receipts } = handlers();
    const message = aMessage();
    const id = newId();
    await outcomes([sent(message, 1, [id])]);
    const of = receipt(1, id, 'undelivered');
    expect(await receipts([of])).toEqual(['undelivered 1']);
    expect(await receipts([of], true)).toEqual(['undelivered 1']);
    expect(await receipts([of])).toEqual([]);
    await outcomes([sent(message, 2, [newId()])]);
    expect(await receipts([of], true)).toEqual([]);
  });

  test('that came before the message was sent makes it go on when it is', async () => {
    const { outcomes, receipts } = handlers();
    const message = aMessage();
    const [first, second] = [newId(), newId()];
    await receipts([receipt(1, first, 'undelivered'), receipt(2, second, 'undelivered')]);
    expect(await outcomes([sent(message, 1, [first])])).toEqual(['undelivered 1']);
    expect(await outcomes([sent(message, 2, [second])])).toEqual(['undelivered 2']);
  });
});

describe('a message at its second attempt', () => {
  async function atSecond(ids: readonly [string[], string[]], handled = handlers()) {
    const message = aMessage({ segments: ids[0].length });
    await handled.outcomes([sent(message, 1, ids[0])]);
    expect(await handled.receipts([receipt(1, ids[0][0] as string, 'undelivered')])).toEqual(['undelivered 1']);
    expect(await handled.outcomes([sent(message, 2, ids[1])])).toEqual([]);
    return { message, ...handled };
  }

  test('ends with the receipt of that', async () => {
    const [first, second] = [newId(), newId()];
    const { receipts } = await atSecond([[first], [second]]);
    expect(await receipts([receipt(2, second)])).toEqual(['delivered']);
    expect(await receipts([receipt(1, first), receipt(2, second, 'undelivered')])).toEqual([]);
  });

  test('is delivered when the first was after all', async () => {
    const [first, second] = [newId(), newId()];
    const { receipts } = await atSecond([[first], [second]]);
    expect(await receipts([receipt(1, first)])).toEqual(['delivered']);
    expect(await receipts([receipt(2, second, 'undelivered')])).toEqual([]);
  });

  test('is not ended by what else is said of the first', async () => {
    const [first, second] = [newId(), newId()];
    const { receipts } = await atSecond([[first], [second]]);
    expect(await receipts([receipt(1, first, 'expired'), receipt(1, first, 'rejected')])).toEqual([]);
    expect(await receipts([receipt(2, second, 'undelivered'), receipt(1, first, 'undelivered')])).toEqual(['undelivered 2']);
  });

  test('is delivered when both receipts are in one batch and one says so', async () => {
    const [first, second] = [newId(), newId()];
    const { receipts } = await atSecond([[first], [second]]);
    expect(await receipts([receipt(1, first), receipt(2, second, 'undelivered')])).toEqual(['delivered']);
  });

  test('whose segments all were delivered at the first attempt is delivered; half of them are not enough', async () => {
    const handled = handlers();
    const [first, second] = [
      [newId(), newId()],
      [newId(), newId()],
    ] as const;
    const message = aMessage({ segments: 2 });
    await handled.outcomes([sent(message, 1, [...first])]);
    await fireReceiptTimers({ database, publish: async () => {} }, at + 61_000);
    await handled.outcomes([sent(message, 2, [...second])]);
    expect(await handled.receipts([receipt(1, first[0]), receipt(2, second[1])])).toEqual([]);
    expect(await handled.receipts([receipt(1, first[1])])).toEqual(['delivered']);
  });

  test('with the same id at both connectors of a group goes by the second', async () => {
    const handled = handlers();
    const message = aMessage();
    const id = newId();
    await handled.outcomes([sent(message, 1, [id], all, { group: 'group-b' })]);
    expect(await handled.receipts([receipt(2, id, 'undelivered')])).toEqual(['undelivered 1']);
    expect(await handled.outcomes([sent(message, 2, [id])])).toEqual([]);
    // the first one comes again after a crash: it is not what its row is about any more
    expect(await handled.outcomes([sent(message, 1, [id], all, { group: 'group-b' })], true)).toEqual([]);
    expect(await handled.receipts([receipt(2, id, 'undelivered')])).toEqual(['undelivered 2']);
  });

  test('in one batch with the first, handed out again, is at the second', async () => {
    const [first, second] = [newId(), newId()];
    const { message, outcomes, receipts } = await atSecond([[first], [second]]);
    expect(await outcomes([sent(message, 2, [second]), sent(message, 1, [first])], true)).toEqual([]);
    expect(await receipts([receipt(2, second)])).toEqual(['delivered']);
  });

  test('is forgotten with the ids of both', async () => {
    const [first, second] = [newId(), newId()];
    const { receipts } = await atSecond([[first], [second]]);
    await receipts([receipt(2, second)]);
    const rows = () =>
      platform.rows<{ n: number }>(
        `select (select count(*) from dlr.sent_segment where provider_id = any ($1)) + (select count(*) from dlr.sent_attempt where provider_ids && $1) as n`,
        [[first, second]],
      );
    expect(await rows()).toEqual([{ n: '4' }]);
    await sweep(
      { database, publish: async () => {}, noReportAfterMs: 72 * hour, earlyReceiptKeepMs: hour, finalKeepMs: hour, webhookKeepMs: hour },
      at + 2 * hour,
    );
    expect(await rows()).toEqual([{ n: '0' }]);
  });
});

describe('a message between two attempts', () => {
  test('is delivered when its receipt says so, and goes nowhere from there', async () => {
    const { outcomes, receipts } = handlers();
    const message = aMessage();
    const id = newId();
    await outcomes([sent(message, 1, [id])]);
    await receipts([receipt(1, id, 'undelivered')]);
    expect(await receipts([receipt(1, id)])).toEqual(['delivered']);
    expect(await outcomes([failed(message, { state: 'undelivered', reason: 'undelivered' })])).toEqual([]);
    expect(await outcomes([sent(message, 2, [newId()])])).toEqual([]);
  });

  test('ends as the router says when there is no other route', async () => {
    const { outcomes, receipts } = handlers();
    const message = aMessage();
    const id = newId();
    await outcomes([sent(message, 1, [id])]);
    await receipts([receipt(1, id, 'undelivered')]);
    expect(await outcomes([failed(message, { state: 'undelivered', reason: 'undelivered' })])).toEqual(['undelivered']);
    expect(await receipts([receipt(1, id)])).toEqual([]);
  });
});

describe('the timers', () => {
  const fire = async (afterMs: number) => {
    const events: HeliographEvent[] = [];
    await fireReceiptTimers({ database, publish: async (event) => void events.push(event) }, at + afterMs);
    return saidOf(events);
  };

  test('let a message go on when no receipt came in time; what was heard meanwhile, or is too late to, does not', async () => {
    await fire(2 * hour);
    const { outcomes, receipts } = handlers();
    const [waits, heard, over] = [aMessage(), aMessage(), aMessage({ validUntilMs: at + 30_000 })];
    const [id, other] = [newId(), newId()];
    await outcomes([sent(waits, 1, [id]), sent(heard, 1, [other]), sent(over, 1, [newId()])]);
    await receipts([receipt(1, other)]);
    expect(await fire(59_000)).toEqual([]);
    expect(await fire(61_000)).toEqual(['no_receipt 1']);
    expect(await fire(61_000)).toEqual([]);
    expect(await outcomes([failed(waits, { state: 'no_report', reason: 'no_report' })])).toEqual(['no_report']);
    expect(await receipts([receipt(1, id, 'undelivered')])).toEqual(['undelivered']);
  });

  test('say it again when it could not be stored', async () => {
    await fire(2 * hour);
    await handlers().outcomes([sent(aMessage(), 1, [newId()])]);
    const failing = { database, publish: () => Promise.reject(new Error('the stream refuses records')) };
    await expect(fireReceiptTimers(failing, at + 61_000)).rejects.toThrow('refuses');
    expect(await fire(61_000)).toEqual(['no_receipt 1']);
  });

  test("end what has its connector's own time as no_report, which a late receipt lifts; the time for all does not count", async () => {
    await fire(200 * hour);
    const { outcomes, receipts } = handlers((connector) => (connector === 'a' ? 100 * hour : undefined));
    const message = aMessage();
    const id = newId();
    await outcomes([sent(message, 1, [id], { attemptsMax: 1 })]);
    const others: HeliographEvent[] = [];
    await sweep(
      {
        database,
        publish: async (event) => void others.push(event),
        noReportAfterMs: 72 * hour,
        earlyReceiptKeepMs: hour,
        finalKeepMs: 24 * hour,
        webhookKeepMs: hour,
      },
      at + 99 * hour,
    );
    expect(others.filter((event) => event.type === 'message.reported' && event.message.id === message.id)).toEqual([]);
    expect(await fire(99 * hour)).toEqual([]);
    expect(await fire(101 * hour)).toEqual(['no_report']);
    expect(await receipts([receipt(1, id)])).toEqual(['delivered']);
  });

  test('let it go on first where both have passed', async () => {
    await fire(200 * hour);
    const { outcomes } = handlers(() => 65_000);
    await outcomes([sent(aMessage(), 1, [newId()])]);
    expect(await fire(70_000)).toEqual(['no_receipt 1']);
  });

  test('run in the service, by the setting of the connector', async () => {
    const settings = smppConnectorSettings.parse({ host: 'h', port: 1, noReportAfterS: 60 });
    await putSmppConnector(platform.registry, { id: 'slow', groupId: 'slow', enabled: true, settings, secret: '' });
    const forwarder = await platform.forwarder();
    const returned = createHeard<MessageReturned>();
    const reader = platform.queue.readFromPosition({
      stage: 'log',
      stream: 'OUTCOMES',
      position: async () => 0,
      gatherMs: 0,
      eventsMax: 100,
      handle: async (deliveries) => {
        for (const { event } of deliveries) if (event.type === 'message.returned') returned.hear(event);
      },
    });
    const [ends, goesOn] = [aMessage(), aMessage()];
    const minuteAgo = Date.now() - 61_000;
    await platform.queue.publish(sent(ends, 1, [newId()], { attemptsMax: 1 }, { connector: 'slow', at: minuteAgo }));
    await platform.queue.publish(sent(goesOn, 1, [newId()], all, { at: minuteAgo }));
    const [report] = await platform.reported.until((one) => one.type === 'message.reported' && one.message.id === ends.id);
    expect(report).toMatchObject({ state: 'no_report' });
    const [made] = await returned.until(({ message }) => message.id === goesOn.id);
    expect(made).toMatchObject({ why: 'no_receipt', attempt: 1, ending: { state: 'no_report', reason: 'no_report' } });
    await reader.stop();
    await forwarder.stop();
  }, 30_000);
});
