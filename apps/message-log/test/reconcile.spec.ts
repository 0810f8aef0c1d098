import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { headOf, newId, statsHourMs, type FinalState, type Message } from '@heliograph/message';
import { startServers, type TestServers } from '@heliograph/testbed';
import { openHistory, type History } from '../src/history.ts';
import { addEvent, type Row } from '../src/log.ts';
import { createReconciling } from '../src/reconcile.ts';
import { idAt } from '../src/search.ts';
import { cause, messageAt } from './events.ts';

const dayMs = 24 * statsHourMs;
const hourMs = Date.UTC(2026, 10, 20, 12);

let servers: TestServers;
let history: History;
/** Streams that are not read to their end. */
const behind = new Set<string>();
const reconciling = () => createReconciling({ history, caughtUp: async (stream) => !behind.has(stream) });

beforeAll(async () => {
  servers = await startServers({ schemas: ['message_log'] });
  history = openHistory(servers.databaseUrl);
}, 60_000);

afterAll(async () => {
  await history?.close();
  await servers?.stop();
}, 30_000);

function messageOf(tenant: string, lease: string, microCredits: string, acceptedAtMs = hourMs + 1_000): Message {
  const id = idAt(acceptedAtMs).slice(0, 12) + newId().slice(12);
  return messageAt(acceptedAtMs, { id, tenant, charge: { lease, microCredits } });
}

function rowOf(message: Message, ...states: FinalState[]): Row {
  let row = addEvent(undefined, { type: 'message.submitted', at: message.acceptedAtMs, message });
  for (const [i, state] of states.entries()) {
    const at = message.acceptedAtMs + 1_000 * (i + 1);
    row = addEvent(row, { type: 'message.reported', at, message: headOf(message), state, cause: cause('OUTCOMES', i) });
  }
  return row;
}

describe('what the messages of a lease cost', () => {
  it('is added up by tenant and lease, and is nothing where there is none', async () => {
    const [lease, other] = [newId(), newId()];
    await history.write([
      rowOf(messageOf('a', lease, '10')),
      rowOf(messageOf('a', lease, '5'), 'delivered'),
      rowOf(messageOf('a', other, '7')),
      rowOf(messageOf('b', lease, '100')),
    ]);
    const leases = [
      { tenant: 'a', lease },
      { tenant: 'a', lease: other },
      { tenant: 'c', lease },
    ];
    const answer = await reconciling().charged({ leases });
    const byKey = new Map(answer.leases.map((one) => [`${one.tenant} ${one.lease}`, one]));
    expect(answer.complete).toBe(true);
    expect(leases.map((one) => byKey.get(`${one.tenant} ${one.lease}`))).toEqual([
      { tenant: 'a', lease, messages: 2, microCredits: '15', erasedUpToMs: 0 },
      { tenant: 'a', lease: other, messages: 1, microCredits: '7', erasedUpToMs: 0 },
      { tenant: 'c', lease, messages: 0, microCredits: '0', erasedUpToMs: 0 },
    ]);
  });

  it('is not complete while records wait to be read', async () => {
    behind.add('SUBMITTED');
    expect(await reconciling().charged({ leases: [] })).toEqual({ complete: false, leases: [] });
    behind.clear();
  });

  it.each<[string, (tenant: string) => Promise<unknown>]>([
    ['erased', (tenant) => history.erase({ tenant }, 5_000)],
    ['purged', () => history.purge(hourMs + statsHourMs)],
  ])('says up to when it was %s, whatever is left', async (how, remove) => {
    const [tenant, lease] = [`was-${how}`, newId()];
    const ended = messageOf(tenant, lease, '10', hourMs + 5_000);
    await history.write([rowOf(ended, 'delivered'), rowOf(messageOf(tenant, lease, '20', hourMs + 6_000))]);
    await remove(tenant);
    expect((await reconciling().charged({ leases: [{ tenant, lease }] })).leases).toEqual([
      { tenant, lease, messages: 1, microCredits: '20', erasedUpToMs: ended.acceptedAtMs },
    ]);
  });
});

describe('what the messages of an hour cost that ended in some states', () => {
  const tenant = 'ended';
  const hour = hourMs + dayMs;
  const span = { fromMs: hour, untilMs: hour + statsHourMs };
  const [failed, lifted, delivered, free, nextHour] = [
    messageOf(tenant, 'l', '10', hour),
    messageOf(tenant, 'l', '20', hour + 1),
    messageOf(tenant, 'l', '40', hour + 2),
    messageOf(tenant, 'l', '0', hour + 3),
    messageOf(tenant, 'l', '80', hour + statsHourMs),
  ] as const;

  beforeAll(async () => {
    await history.write([
      rowOf(failed, 'failed'),
      rowOf(lifted, 'no_report', 'delivered'),
      rowOf(delivered, 'delivered'),
      rowOf(free, 'failed'),
      rowOf(nextHour, 'failed'),
    ]);
  });

  it('is added up by the state they are in', async () => {
    const question = { ...span, tenants: [{ tenant, states: ['failed', 'no_report'] as const }] };
    expect(await reconciling().refundable(question)).toEqual({
      complete: true,
      tenants: [{ tenant, messages: 1, microCredits: '10', erasedUpToMs: 0 }],
    });
    for (const stream of ['SUBMITTED', 'REPORTED']) {
      behind.add(stream);
      expect(await reconciling().refundable(question)).toMatchObject({ complete: false });
      behind.clear();
    }
    const later = { ...question, fromMs: hour + 1 };
    expect(await reconciling().refundable(later)).toMatchObject({ tenants: [{ messages: 0 }] });
  });

  it('is told one by one by what was reported, a lifted state as well', async () => {
    const { messages, next } = await reconciling().reported({ tenant, ...span, states: ['failed', 'no_report'] });
    expect(next).toBeUndefined();
    expect(messages).toEqual([
      { id: failed.id, microCredits: '10', reports: [{ state: 'failed', atMs: hour + 1_000 }] },
      {
        id: lifted.id,
        microCredits: '20',
        reports: expect.arrayContaining([
          { state: 'no_report', atMs: hour + 1_001 },
          { state: 'delivered', atMs: hour + 2_001 },
        ]),
      },
    ]);
    const after = await reconciling().reported({ tenant, ...span, states: ['failed', 'no_report'], after: failed.id });
    expect(after.messages.map(({ id }) => id)).toEqual([lifted.id]);
  });
});

it('what is long past its validity and has not ended is told, by tenant, with the oldest', async () => {
  const acceptedAtMs = hourMs - 30 * dayMs;
  const of = (days: number, fields: Partial<Message> = {}): Message => ({
    ...messageOf('stuck', 'l', '1', acceptedAtMs + days * dayMs),
    ...fields,
  });
  const validUntilMs = acceptedAtMs + 3 * dayMs;
  const stuck = Array.from({ length: 7 }, (_, i) => of(i / 100, { validUntilMs }));
  await history.write([
    ...stuck.map((message) => rowOf(message)),
    rowOf(of(0.1, { validUntilMs }), 'expired'),
    rowOf(of(0.1, { validUntilMs: validUntilMs + 10 * dayMs })),
  ]);
  const { tenants } = await reconciling().unended({ validBeforeMs: validUntilMs + 1 });
  expect(tenants).toEqual([{ tenant: 'stuck', messages: 7, samples: stuck.slice(0, 5).map(({ id }) => id) }]);
  expect((await reconciling().unended({ validBeforeMs: validUntilMs })).tenants).toEqual([]);
});
