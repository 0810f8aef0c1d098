import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  newId,
  type FinalState,
  type MessageFailed,
  type MessageHead,
  type MessageReported,
  type MessageSent,
  type ReceiptReceived,
  type ReportDue,
} from '@heliograph/message';
import type { Delivery } from '@heliograph/queue';
import { quietLog } from '@heliograph/testbed';
import { isDataError } from '@heliograph/sqlstate';
import { openDatabase, type Database } from '../src/database.ts';
import { createOutcomesHandler } from '../src/report/outcomes.ts';
import { createReceiptBook, type ReceiptBook } from '../src/report/receipt-book.ts';
import { createReceiptsHandler } from '../src/report/receipts.ts';
import { sweep } from '../src/sweep.ts';
import { messageHead, startPlatform, type Platform } from './platform.ts';

let platform: Platform;
let database: Database;
let book: ReceiptBook;

beforeAll(async () => {
  platform = await startPlatform();
  database = openDatabase(platform.databaseUrl, 4);
  book = createReceiptBook(database);
}, 60_000);
afterAll(async () => {
  await database.$disconnect();
  await platform.stop();
}, 60_000);

let at = Date.parse('2026-11-20T10:00:00Z');

function sentEvent(message: MessageHead, providerIds: string[], atMs = at++): MessageSent {
  return { type: 'message.sent', at: atMs, message, connector: 'c', group: 'g', providerIds };
}
function failedEvent(message: MessageHead, state: MessageFailed['state'] = 'rejected'): MessageFailed {
  return { type: 'message.failed', at: at++, message, by: 'router', state, reason: 'unroutable' };
}
function receipt(providerId: string, state: FinalState | 'sent' = 'delivered', errorCode = '000'): ReceiptReceived {
  return { type: 'receipt.received', at: at++, id: newId(), connector: 'c', group: 'g', providerId, state, errorCode };
}
function deliveries<E extends MessageSent | MessageFailed | ReceiptReceived>(events: E[], redelivered = false): Delivery<E>[] {
  return events.map((event) => ({ event, record: { stream: 'X', seq: 1, atMs: 0, redelivered } }));
}

/** A process of its own, as far as the database can tell. */
function handlers(of: ReceiptBook = book) {
  const outcomes = createOutcomesHandler({ book: of, log: quietLog });
  const receipts = createReceiptsHandler({ book: of, log: quietLog });
  const statesIn = async (type: 'message.reported' | 'report.due', outcome: ReturnType<typeof outcomes>) =>
    (await outcome)
      .flatMap((one) => (one.kind === 'done' ? one.events : []))
      .flatMap((event) => (event.type === type ? [(event as MessageReported | ReportDue).state] : []));
  const states = (outcome: ReturnType<typeof outcomes>) => statesIn('message.reported', outcome);
  return {
    outcomes,
    receipts,
    sent: (events: (MessageSent | MessageFailed)[], redelivered = false) => states(outcomes(deliveries(events, redelivered))),
    received: (events: ReceiptReceived[], redelivered = false) => states(receipts(deliveries(events, redelivered))),
    /** The states of the reports owed to SMPP clients. */
    dueOfSent: (events: MessageSent[], redelivered = false) => statesIn('report.due', outcomes(deliveries(events, redelivered))),
    dueOfReceived: (events: ReceiptReceived[], redelivered = false) => statesIn('report.due', receipts(deliveries(events, redelivered))),
  };
}

describe('a message whose receipt', () => {
  test('comes after it ends with the receipt', async () => {
    const { sent, received } = handlers();
    const id = newId();
    expect(await sent([sentEvent(messageHead(), [id])])).toEqual([]);
    expect(await received([receipt(id)])).toEqual(['delivered']);
  });

  test('comes before it ends when it is sent', async () => {
    const { sent, received } = handlers();
    const id = newId();
    expect(await received([receipt(id, 'expired', '7')])).toEqual([]);
    expect(await sent([sentEvent(messageHead(), [id])])).toEqual(['expired']);
  });

  test('comes twice, in one batch and later, is reported once', async () => {
    const { sent, received } = handlers();
    const id = newId();
    await sent([sentEvent(messageHead(), [id])]);
    expect(await received([receipt(id), receipt(id), receipt(id, 'undelivered')])).toEqual(['delivered']);
    expect(await received([receipt(id), receipt(id, 'undelivered')])).toEqual([]);
  });

  test('is intermediate goes on waiting', async () => {
    const { sent, received } = handlers();
    const id = newId();
    await sent([sentEvent(messageHead(), [id])]);
    expect(await received([receipt(id, 'sent')])).toEqual([]);
    expect(await received([receipt(id)])).toEqual(['delivered']);
  });

  test('says that the provider does not know ends as no_report, which a later one lifts, once', async () => {
    const { sent, received } = handlers();
    const id = newId();
    await sent([sentEvent(messageHead(), [id])]);
    expect(await received([receipt(id, 'no_report')])).toEqual(['no_report']);
    expect(await received([receipt(id, 'undelivered')])).toEqual(['undelivered']);
    expect(await received([receipt(id)])).toEqual([]);
  });

  test('is of another connector group is not matched', async () => {
    const { sent, received } = handlers();
    const id = newId();
    await sent([sentEvent(messageHead(), [id])]);
    expect(await received([{ ...receipt(id), group: 'other' }])).toEqual([]);
    expect(await received([receipt(id)])).toEqual(['delivered']);
  });

  test('has an id that its provider uses again belongs to the newer message', async () => {
    const { outcomes, receipts } = handlers();
    const id = newId();
    const [older, newer] = [messageHead(), messageHead()];
    await outcomes(deliveries([sentEvent(older, [id])]));
    await receipts(deliveries([receipt(id)]));
    await outcomes(deliveries([sentEvent(newer, [id])]));
    const [outcome] = await receipts(deliveries([receipt(id, 'undelivered')]));
    expect(outcome).toMatchObject({
      kind: 'done',
      events: [{ type: 'report.due' }, { type: 'message.reported', state: 'undelivered', message: { id: newer.id } }],
    });
  });
});

describe('an intermediate notification that was asked for', () => {
  const asking = (changes: Partial<MessageHead> = {}) => messageHead({ registeredDelivery: 0x11, ...changes });

  test('is given with the first intermediate receipt, once, and is no end', async () => {
    const { sent, receipts, dueOfReceived } = handlers();
    const head = asking();
    const id = newId();
    await sent([sentEvent(head, [id])]);
    const of = receipt(id, 'sent');
    const [first, second] = await receipts(deliveries([of, receipt(id, 'sent')]));
    expect(first).toEqual({
      kind: 'done',
      events: [{ type: 'report.due', at: of.at, message: head, state: 'sent', errorCode: '000', doneAtMs: of.at }],
    });
    expect(second).toEqual({ kind: 'done', events: [] });
    expect(await dueOfReceived([receipt(id, 'sent')])).toEqual([]);
    expect(await dueOfReceived([receipt(id)])).toEqual(['delivered']);
  });

  test('is given when the message is sent, if its receipt came before', async () => {
    const { dueOfSent, dueOfReceived } = handlers();
    const id = newId();
    expect(await dueOfReceived([receipt(id, 'sent')])).toEqual([]);
    expect(await dueOfSent([sentEvent(asking(), [id])])).toEqual(['sent']);
    expect(await dueOfReceived([receipt(id, 'undelivered')])).toEqual(['undelivered']);
  });

  test.each(['delivered', 'no_report'] as const)('is not given when %s came as well before the message was sent', async (state) => {
    const { dueOfSent, dueOfReceived } = handlers();
    const id = newId();
    await dueOfReceived([receipt(id, 'sent')]);
    await dueOfReceived([receipt(id, state)]);
    await dueOfReceived([receipt(id, 'sent')]);
    expect(await dueOfSent([sentEvent(asking(), [id])])).toEqual([state]);
  });

  test('is not given with or after the end', async () => {
    const { sent, dueOfReceived } = handlers();
    const id = newId();
    await sent([sentEvent(asking(), [id])]);
    expect(await dueOfReceived([receipt(id, 'sent'), receipt(id)])).toEqual(['delivered']);
    expect(await dueOfReceived([receipt(id, 'sent')])).toEqual([]);
    expect(await dueOfReceived([receipt(id, 'sent')], true)).toEqual(['delivered']);
  });

  test('is given once for a message of several segments, with the first; the others are waited for', async () => {
    const { sent, dueOfReceived } = handlers();
    const ids = [newId(), newId(), newId()] as const;
    await sent([sentEvent(asking({ segments: 3 }), [...ids])]);
    expect(await dueOfReceived([receipt(ids[0])])).toEqual([]);
    expect(await dueOfReceived([receipt(ids[1], 'sent'), receipt(ids[2], 'sent')])).toEqual(['sent']);
    expect(await dueOfReceived([receipt(ids[0], 'sent'), receipt(ids[2], 'sent')])).toEqual([]);
    expect(await dueOfReceived([receipt(ids[1])])).toEqual([]);
    expect(await dueOfReceived([receipt(ids[2])])).toEqual(['delivered']);
  });

  test('is given again when the record is handed out again, while the message has not ended', async () => {
    const { sent, dueOfSent, dueOfReceived } = handlers();
    const [id, early] = [newId(), newId()];
    await sent([sentEvent(asking(), [id])]);
    expect(await dueOfReceived([receipt(id, 'sent')])).toEqual(['sent']);
    expect(await dueOfReceived([receipt(id, 'sent')], true)).toEqual(['sent']);
    await dueOfReceived([receipt(early, 'sent')]);
    const event = sentEvent(asking(), [early]);
    expect(await dueOfSent([event])).toEqual(['sent']);
    expect(await dueOfSent([event])).toEqual([]);
    expect(await dueOfSent([event], true)).toEqual(['sent']);
  });

  test('does not go to the next message for which its provider uses the id again', async () => {
    const { sent, dueOfSent, dueOfReceived } = handlers();
    const id = newId();
    await sent([sentEvent(asking({ segments: 2 }), [id, newId()])]);
    expect(await dueOfReceived([receipt(id, 'sent')])).toEqual(['sent']);
    expect(await dueOfSent([sentEvent(asking(), [id])])).toEqual([]);
    expect(await dueOfReceived([receipt(id, 'sent')])).toEqual(['sent']);
  });

  test.each<[string, Partial<MessageHead>]>([
    ['not asked for', { registeredDelivery: 1 }],
    ['asked for by nobody who could be told by SMPP', { registeredDelivery: 0x11, door: 'http' }],
  ])('is not given when it was %s', async (_, changes) => {
    const { sent, dueOfSent, dueOfReceived } = handlers();
    const [id, early] = [newId(), newId()];
    await sent([sentEvent(messageHead(changes), [id])]);
    expect(await dueOfReceived([receipt(id, 'sent'), receipt(early, 'sent')])).toEqual([]);
    expect(await dueOfReceived([receipt(id, 'sent')], true)).toEqual([]);
    expect(await dueOfSent([sentEvent(messageHead(changes), [early])])).toEqual([]);
  });
});

describe('a message of several segments', () => {
  test('is delivered when the last segment is, in whatever order and batch', async () => {
    const { sent, received } = handlers();
    const ids = [newId(), newId(), newId()] as const;
    expect(await received([receipt(ids[2])])).toEqual([]);
    expect(await sent([sentEvent(messageHead({ segments: 3 }), [...ids])])).toEqual([]);
    expect(await received([receipt(ids[0])])).toEqual([]);
    expect(await received([receipt(ids[1])])).toEqual(['delivered']);
  });

  test('fails with its first failed segment; what comes later changes nothing', async () => {
    const { sent, received } = handlers();
    const ids = [newId(), newId()] as const;
    await sent([sentEvent(messageHead({ segments: 2 }), [...ids])]);
    expect(await received([receipt(ids[1], 'undelivered', '034')])).toEqual(['undelivered']);
    expect(await received([receipt(ids[0]), receipt(ids[1])])).toEqual([]);
  });

  test('with one id for all of them needs one receipt', async () => {
    const { sent, received } = handlers();
    const id = newId();
    await sent([sentEvent(messageHead({ segments: 2 }), [id, id])]);
    expect(await received([receipt(id)])).toEqual(['delivered']);
  });

  test('of which one got no id is never delivered, but may fail', async () => {
    const { sent, received } = handlers();
    const id = newId();
    await sent([sentEvent(messageHead({ segments: 2 }), [id, ''])]);
    expect(await received([receipt(id), receipt('')])).toEqual([]);
    const other = newId();
    await sent([sentEvent(messageHead({ segments: 2 }), [other, ''])]);
    expect(await received([receipt(other, 'expired')])).toEqual(['expired']);
  });
});

describe('a message that failed', () => {
  test('ends at once, and once', async () => {
    const { sent } = handlers();
    const failed = failedEvent(messageHead());
    expect(await sent([failed, failed])).toEqual(['rejected']);
    expect(await sent([failed])).toEqual([]);
  });

  test('is not sent any more: a later message.sent does not bring it back', async () => {
    const { sent, received } = handlers();
    const head = messageHead();
    const id = newId();
    await sent([failedEvent(head, 'failed')]);
    expect(await sent([sentEvent(head, [id])])).toEqual([]);
    expect(await received([receipt(id)])).toEqual([]);
  });
});

describe('reports', () => {
  test('carry the head, with the one asked for first and message.reported last', async () => {
    const { outcomes, receipts } = handlers();
    const head = messageHead({ reference: 'NUL \0, half a pair \ud800, {"json": true}' });
    const id = 'quoted "id" \\ with, {braces} and NUL \0';
    await outcomes(deliveries([sentEvent(head, [id])]));
    const of = receipt(id, 'undelivered', 'e\0');
    const [outcome] = await receipts(deliveries([of]));
    const stored = { state: 'undelivered', errorCode: 'e\ufffd' };
    expect(outcome).toEqual({
      kind: 'done',
      events: [
        { type: 'report.due', at: of.at, message: head, doneAtMs: of.at, ...stored },
        { type: 'message.reported', at: of.at, message: head, reason: 'undelivered', ...stored },
      ],
    });
  });

  test('are given again when the record is handed out again, and only then', async () => {
    const { sent, received } = handlers();
    const id = newId();
    const event = sentEvent(messageHead(), [id]);
    await sent([event]);
    expect(await received([receipt(id)])).toEqual(['delivered']);
    expect(await received([receipt(id)])).toEqual([]);
    expect(await received([receipt(id, 'undelivered')], true)).toEqual(['delivered']);
    expect(await sent([event], true)).toEqual(['delivered']);
    const failed = failedEvent(messageHead());
    expect(await sent([failed])).toEqual(['rejected']);
    expect(await sent([failed], true)).toEqual(['rejected']);
  });

  test('are not lost when the answer to the statement that ended the message is', async () => {
    const id = newId();
    await handlers().sent([sentEvent(messageHead(), [id])]);
    let lost = false;
    const losing: ReceiptBook = {
      ...book,
      async end(endings) {
        const ended = await book.end(endings);
        if (lost) return ended;
        lost = true;
        throw new Error('connection lost after the commit');
      },
    };
    const { receipts } = handlers(losing);
    const batch = deliveries([receipt(id)]);
    await expect(receipts(batch)).rejects.toThrow('connection lost');
    const [outcome] = await receipts(batch);
    expect(outcome).toMatchObject({ kind: 'done', events: [{ type: 'report.due' }, { type: 'message.reported', state: 'delivered' }] });
  });

  test('of a batch with a bad id are poison, told from a server that is away', async () => {
    const { outcomes } = handlers();
    const error = await outcomes(deliveries([sentEvent(messageHead({ id: 'no uuid' }), [newId()])])).catch((thrown: unknown) => thrown);
    expect(isDataError(error)).toBe(true);
    const incompressible = Array.from({ length: 200 }, newId).join('');
    const tooLong = await outcomes(deliveries([sentEvent(messageHead(), [incompressible])])).catch((thrown: unknown) => thrown);
    expect(isDataError(tooLong)).toBe(true);
    const away = openDatabase('postgres://nobody@127.0.0.1:1/none', 1);
    const refused = await createReceiptBook(away)
      .putReceipts([{ group: 'g', providerId: '1', receipt: { state: 'delivered', errorCode: '', atMs: 1 } }])
      .catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(Error);
    expect(isDataError(refused)).toBe(false);
    await away.$disconnect();
  });
});

let deadlocks = 0;
/** As the queue does: a batch that failed, as with a deadlock, is handled again. A message is then reported at least once. */
async function untilHandled<D, O>(handle: (batch: D) => Promise<O>, batch: D): Promise<O> {
  for (;;) {
    try {
      return await handle(batch);
    } catch (error) {
      if (!String(error).includes('40P01')) throw error;
      deadlocks++;
    }
  }
}

describe('several processes at once', () => {
  test('message.sent and its receipts, handled at the same moment, always meet, and each message is reported', async () => {
    const others = Array.from({ length: 2 }, () => openDatabase(platform.databaseUrl, 4));
    const processes = [handlers(), ...others.map((one) => handlers(createReceiptBook(one)))];
    const of = (i: number) => processes[i % processes.length] as (typeof processes)[number];
    let reportsTwice = 0;
    for (let round = 0; round < 15; round++) {
      const messages = Array.from({ length: 40 }, (_, i) => ({ head: messageHead(), ids: Array.from({ length: 1 + (i % 3) }, newId) }));
      const work: Promise<unknown>[] = [];
      const reports: string[] = [];
      const collect = (outcomes: Promise<unknown>): void => {
        work.push(
          outcomes.then((list) => {
            for (const one of list as { events: { type: string; message: MessageHead }[] }[]) {
              for (const event of one.events) if (event.type === 'message.reported') reports.push(event.message.id);
            }
          }),
        );
      };
      const receipts = messages.flatMap(({ ids }) => ids.map((id) => receipt(id)));
      if (round % 2) receipts.reverse();
      for (let i = 0; i < 4; i++) {
        collect(
          untilHandled(of(i).outcomes, deliveries(messages.filter((_, n) => n % 4 === i).map(({ head, ids }) => sentEvent(head, ids)))),
        );
        collect(untilHandled(of(i + 1).receipts, deliveries(receipts.filter((_, n) => n % 4 === i))));
      }
      await Promise.all(work);
      expect([...new Set(reports)].sort()).toEqual(messages.map(({ head }) => head.id).sort());
      reportsTwice += reports.length - messages.length;
    }
    // only a batch that met a deadlock may report twice
    expect(reportsTwice).toBeLessThanOrEqual(deadlocks * 40);
    await Promise.all(others.map((one) => one.$disconnect()));
  }, 30_000);

  test('message.sent and its intermediate receipts, handled at the same moment, give one notification for each message', async () => {
    const other = openDatabase(platform.databaseUrl, 4);
    const [one, two] = [handlers(), handlers(createReceiptBook(other))];
    const deadlocksBefore = deadlocks;
    const given: string[] = [];
    const messages = Array.from({ length: 300 }, (_, i) => ({
      head: messageHead({ registeredDelivery: 0x11 }),
      ids: Array.from({ length: 1 + (i % 3) }, newId),
    }));
    for (let first = 0; first < messages.length; first += 30) {
      const batch = messages.slice(first, first + 30);
      const sent = deliveries(batch.map(({ head, ids }) => sentEvent(head, ids)));
      const receipts = batch.flatMap(({ ids }) => ids.map((id) => receipt(id, 'sent')));
      const handled = await Promise.all([
        untilHandled(one.outcomes, sent),
        ...[one, two].map(({ receipts: handle }, n) => untilHandled(handle, deliveries(receipts.filter((_, i) => i % 2 === n)))),
      ]);
      for (const outcome of handled.flat()) {
        if (outcome.kind !== 'done') continue;
        for (const event of outcome.events) if (event.type === 'report.due' && event.state === 'sent') given.push(event.message.id);
      }
    }
    expect([...new Set(given)].sort()).toEqual(messages.map(({ head }) => head.id).sort());
    // only a batch that met a deadlock may give it twice
    expect(given.length - messages.length).toBeLessThanOrEqual((deadlocks - deadlocksBefore) * 30);
    await other.$disconnect();
  }, 30_000);
});

describe('the sweep', () => {
  const hour = 3_600_000;
  const published: unknown[] = [];
  const options = () => ({
    database,
    publish: async (event: unknown) => void published.push(event),
    noReportAfterMs: 72 * hour,
    earlyReceiptKeepMs: hour,
    finalKeepMs: 24 * hour,
    webhookKeepMs: 30 * 24 * hour,
    rowsMax: 3,
  });
  const longAgo = Date.parse('2026-01-01T00:00:00Z');
  const later = longAgo + 73 * hour;

  test('ends what has waited too long as no_report, in as many rounds as it takes, and a late receipt lifts it', async () => {
    await sweep(options(), later);
    published.length = 0;
    const heads = Array.from({ length: 7 }, () => messageHead());
    const ids = heads.map(() => newId());
    const { sent, received } = handlers();
    await sent(heads.map((head, i) => sentEvent(head, [ids[i] as string], longAgo)));
    expect(await sweep(options(), longAgo + 71 * hour)).toMatchObject({ noReport: 0 });
    const both = await Promise.all([sweep(options(), later), sweep(options(), later)]);
    expect(both[0].noReport + both[1].noReport).toBe(7);
    expect(published).toHaveLength(14);
    expect(published).toContainEqual({ type: 'report.due', at: later, message: heads[0], state: 'no_report', doneAtMs: later });
    expect(published).toContainEqual({ type: 'message.reported', at: later, message: heads[0], state: 'no_report', reason: 'no_report' });
    expect(await received([receipt(ids[0] as string)])).toEqual(['delivered']);
  });

  test('leaves a message waiting whose report cannot be stored, for the next', async () => {
    await handlers().sent([sentEvent(messageHead(), [newId()], longAgo)]);
    const failing = { ...options(), publish: () => Promise.reject(new Error('the stream refuses records')) };
    await expect(sweep(failing, later)).rejects.toThrow('refuses');
    expect(await sweep(options(), later)).toMatchObject({ noReport: 1 });
  });

  test('keeps a final receipt that came early as long as any, though an intermediate one came long before it', async () => {
    const { sent, received } = handlers();
    const id = newId();
    await received([receipt(id, 'sent')]);
    await platform.rows(`update dlr.sent_segment set early_at = now() - interval '59 minutes' where provider_id = $1`, [id]);
    await received([receipt(id)]);
    await sweep(options(), Date.now() + hour / 2);
    expect(await sent([sentEvent(messageHead(), [id])])).toEqual(['delivered']);
  });

  test('forgets messages some time after their end, with their ids, and counts the receipts whose message never came', async () => {
    const { sent, received } = handlers();
    const [id, early] = [newId(), newId()];
    const head = messageHead();
    await sent([sentEvent(head, [id], longAgo)]);
    await received([{ ...receipt(id), at: longAgo }, receipt(early)]);
    const rows = () => platform.rows<{ n: number }>(`select count(*)::int n from dlr.sent_message where message_id = $1`, [head.id]);
    const segments = () =>
      platform.rows<{ n: number }>(`select count(*)::int n from dlr.sent_segment where provider_id = any ($1)`, [[id, early]]);
    await sweep(options(), longAgo + 23 * hour);
    expect([await rows(), await segments()]).toEqual([[{ n: 1 }], [{ n: 2 }]]);
    const swept = await sweep(options(), Date.now() + 2 * hour);
    expect(swept.messagesForgotten).toBeGreaterThan(0);
    expect(swept.unmatchedReceipts).toBeGreaterThan(0);
    expect([await rows(), await segments()]).toEqual([[{ n: 0 }], [{ n: 0 }]]);
  });
});

describe('the running service', () => {
  test('takes both streams in either order and gives reports and message.reported', async () => {
    const forwarder = await platform.forwarder();
    const [first, second, third] = [messageHead(), messageHead(), messageHead({ door: 'http', registeredDelivery: 0 })];
    const [a, b] = [newId(), newId()];
    await platform.queue.publish(receipt(b, 'undelivered', '034'));
    await platform.queue.publish(sentEvent(first, [a]));
    await platform.queue.publish(sentEvent(second, [b]));
    await platform.queue.publish(receipt(a));
    await platform.queue.publish(failedEvent(third));
    for (const [head, state] of [
      [first, 'delivered'],
      [second, 'undelivered'],
      [third, 'rejected'],
    ] as const) {
      const [event] = await platform.reported.until((one) => one.type === 'message.reported' && one.message.id === head.id);
      expect(event).toMatchObject({ state, message: head });
    }
    const due = await platform.due.until(({ message }) => [first.id, second.id].includes(message.id), 2);
    expect(new Map(due.map(({ message, state }) => [message.id, state]))).toEqual(
      new Map([
        [first.id, 'delivered'],
        [second.id, 'undelivered'],
      ]),
    );
    expect(platform.due.all.some(({ message }) => message.id === third.id)).toBe(false);
    await forwarder.stop();
  }, 30_000);

  test('tells an SMPP client that asked for it that its message is on its way, and nobody that it has ended', async () => {
    const forwarder = await platform.forwarder();
    const [head, early] = [messageHead({ registeredDelivery: 0x11 }), messageHead({ registeredDelivery: 0x10 })];
    const [id, earlyId] = [newId(), newId()];
    await platform.queue.publish(receipt(earlyId, 'sent'));
    await platform.queue.publish(sentEvent(head, [id]));
    await platform.queue.publish(sentEvent(early, [earlyId]));
    await platform.queue.publish(receipt(id, 'sent'));
    await platform.due.until(({ message, state }) => [head.id, early.id].includes(message.id) && state === 'sent', 2);
    expect(platform.reported.all.some((one) => one.type === 'message.reported' && [head.id, early.id].includes(one.message.id))).toBe(
      false,
    );
    await platform.queue.publish(receipt(id));
    await platform.queue.publish(receipt(earlyId));
    await platform.due.until(({ message, state }) => message.id === head.id && state === 'delivered');
    for (const { id: messageId } of [head, early]) {
      const [event] = await platform.reported.until((one) => one.type === 'message.reported' && one.message.id === messageId);
      expect(event).toMatchObject({ state: 'delivered' });
    }
    const statesOf = (messageId: string) => platform.due.all.filter(({ message }) => message.id === messageId).map(({ state }) => state);
    expect([statesOf(head.id), statesOf(early.id)]).toEqual([['sent', 'delivered'], ['sent']]);
    await forwarder.stop();
  }, 30_000);
});
