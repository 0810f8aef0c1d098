import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { headOf } from '@heliograph/message';
import { deliveredWay, failedAt, messageAt, t0, cause } from '../test/events.ts';
import { addEvent, hopsOf, isLoggable, type LoggedEvent, type Row } from './log.ts';

const message = messageAt();
const head = headOf(message);
const [submitted, routed, sent, reported, handedOver] = deliveredWay(message) as [
  LoggedEvent,
  LoggedEvent,
  LoggedEvent,
  LoggedEvent,
  LoggedEvent,
];
const scheduled: LoggedEvent = {
  type: 'message.scheduled',
  at: t0 + 50,
  message: head,
  sendAtMs: t0 + 90,
  cause: cause('SUBMITTED', 1),
};

const returned = (by: string, attempt: number, at: number): LoggedEvent => ({
  type: 'message.returned',
  at,
  by,
  message,
  route: 'nl',
  attempt,
  tried: ['north', 'south'].slice(0, attempt),
  cascade: { undelivered: true, attemptsMax: 3 },
  spentMicroCredits: '5',
  why: by === 'dlr-forwarder' ? 'undelivered' : 'refused',
  ending: { state: 'undelivered', reason: 'undelivered', errorCode: '034' },
  cause: cause('RECEIPTS', at),
});

const replaced = (text: string, at: number): LoggedEvent => ({
  type: 'message.replaced',
  at,
  message: { ...head, sendAtMs: t0 + 95, validUntilMs: t0 + 60_000 },
  content: { kind: 'text', text },
  flash: true,
});

describe('what events make of a row', () => {
  const cases: { title: string; events: LoggedEvent[]; state: string; at: number; reason?: string; code?: string; hops: string[] }[] = [
    { title: 'accepted', events: [submitted], state: 'accepted', at: t0, hops: ['accept'] },
    { title: 'routed before its acceptance is heard of', events: [routed], state: 'routed', at: t0 + 100, hops: ['route'] },
    {
      title: 'waiting for its time',
      events: [scheduled, submitted],
      state: 'scheduled',
      at: t0 + 50,
      hops: ['accept', 'route'],
    },
    {
      title: 'waited for its time, heard of after it was routed: not backwards',
      events: [submitted, routed, scheduled],
      state: 'routed',
      at: t0 + 100,
      hops: ['accept', 'route', 'route'],
    },
    {
      title: 'replaced while it waited: a hop, it waits still',
      events: [replaced('new', t0 + 70), scheduled, submitted],
      state: 'scheduled',
      at: t0 + 50,
      hops: ['accept', 'route', 'change'],
    },
    { title: 'sent', events: [submitted, routed, sent], state: 'sent', at: t0 + 200, hops: ['accept', 'route', 'deliver'] },
    {
      title: 'accepted, heard of after it was sent: not backwards',
      events: [sent, submitted],
      state: 'sent',
      at: t0 + 200,
      hops: ['accept', 'deliver'],
    },
    {
      title: 'delivered and reported',
      events: [submitted, routed, sent, reported, handedOver],
      state: 'delivered',
      at: t0 + 300,
      code: '000',
      hops: ['accept', 'route', 'deliver', 'report', 'webhook'],
    },
    {
      title: 'the report heard of first: the final state is of the time it was stated',
      events: [handedOver, reported],
      state: 'delivered',
      at: t0 + 300,
      code: '000',
      hops: ['report', 'webhook'],
    },
    {
      title: 'an intermediate notification handed over: a hop, the state stays',
      events: [
        submitted,
        routed,
        { type: 'report.delivered', at: t0 + 150, messageId: head.id, tenant: head.tenant, via: 'smpp', state: 'sent', attempt: 1 },
      ],
      state: 'routed',
      at: t0 + 100,
      hops: ['accept', 'route', 'notify'],
    },
    {
      title: 'a report that no try got to the tenant: a hop, the state stays',
      events: [
        reported,
        {
          type: 'report.exhausted',
          at: t0 + 900,
          messageId: head.id,
          tenant: head.tenant,
          via: 'webhook',
          state: 'delivered',
          attempts: 10,
        },
      ],
      state: 'delivered',
      at: t0 + 300,
      code: '000',
      hops: ['report', 'webhook'],
    },
    {
      title: 'a report handed over before its end is heard of: a hop, the state stays',
      events: [submitted, sent, handedOver],
      state: 'sent',
      at: t0 + 200,
      hops: ['accept', 'deliver', 'webhook'],
    },
    {
      title: 'refused by the router',
      events: [submitted, { type: 'message.failed', at: t0 + 50, message: head, by: 'router', state: 'rejected', reason: 'unroutable' }],
      state: 'rejected',
      at: t0 + 50,
      reason: 'unroutable',
      hops: ['accept', 'route'],
    },
    {
      title: 'refused by the provider',
      events: [failedAt(message, t0 + 150, 'provider_rejected'), submitted],
      state: 'rejected',
      at: t0 + 150,
      reason: 'provider_rejected',
      code: '0x0000000B',
      hops: ['accept', 'deliver'],
    },
    {
      title: 'refused, and on its way again: not backwards, as it has not ended',
      events: [submitted, routed, returned('north', 1, t0 + 150), { ...routed, at: t0 + 160, cause: cause('OUTCOMES', 1) } as LoggedEvent],
      state: 'routed',
      at: t0 + 100,
      hops: ['accept', 'route', 'deliver', 'route'],
    },
    {
      title: 'not delivered, and on its way again',
      events: [
        submitted,
        routed,
        sent,
        returned('dlr-forwarder', 1, t0 + 250),
        { ...routed, at: t0 + 260, cause: cause('OUTCOMES', 1) } as LoggedEvent,
      ],
      state: 'sent',
      at: t0 + 200,
      hops: ['accept', 'route', 'deliver', 'report', 'route'],
    },
    {
      title: 'two final states: the first stays',
      events: [reported, failedAt(message, t0 + 350, 'expired')],
      state: 'delivered',
      at: t0 + 300,
      code: '000',
      hops: ['report', 'deliver'],
    },
    {
      title: 'no report, lifted by a late receipt',
      events: [{ type: 'message.reported', at: t0 + 250, message: head, state: 'no_report', reason: 'no_report' }, reported],
      state: 'delivered',
      at: t0 + 300,
      code: '000',
      hops: ['report', 'report'],
    },
    { title: 'heard of twice', events: [submitted, submitted, routed, routed], state: 'routed', at: t0 + 100, hops: ['accept', 'route'] },
    {
      title: 'published twice by a stage that died in between: the hop is shown once, as it was first',
      events: [{ ...routed, at: t0 + 900 } as LoggedEvent, routed],
      state: 'routed',
      at: t0 + 100,
      hops: ['route'],
    },
  ];

  it.each(cases)('$title', ({ events, state, at, reason = '', code = '', hops }) => {
    const row = fold(events);
    expect(row.verdict).toMatchObject({ state, state_at: at, reason, error_code: code });
    expect(hopsOf(row.hops).map((hop) => hop.stage)).toEqual(hops);
  });

  it('says of a route which version of the table made it, what the message goes out with, and which attempt it is', () => {
    const again = { ...routed, routeVersion: 7, sender: { addr: '12345', ton: 3, npi: 0 }, attempt: 2 } as LoggedEvent;
    const [hop] = hopsOf(fold([again]).hops);
    expect(hop?.detail).toEqual({ connector: 'north', route: 'nl', routeVersion: 7, sender: '12345', attempt: 2 });
  });

  it('keeps what the provider takes for the message, but not in a hop, which tenants see', () => {
    const costs = (at: number, buyMicroCredits: string) => ({ ...routed, at, buyMicroCredits }) as LoggedEvent;
    for (const events of [
      [costs(t0 + 100, '5'), costs(t0 + 900, '7')],
      [costs(t0 + 900, '7'), costs(t0 + 100, '5')],
    ]) {
      const row = fold([submitted, ...events]);
      expect(row.routed).toMatchObject({ routed_at: t0 + 900, buy_micro_credits: '7' });
      expect(JSON.stringify(hopsOf(row.hops))).not.toMatch(/buy|"7"/i);
    }
  });

  it('adds up what the providers take that had it, where the last of them has said', () => {
    const again = (fields: object) => ({ ...routed, at: t0 + 300, attempt: 2, spentMicroCredits: '5', ...fields }) as LoggedEvent;
    const before = [submitted, routed, returned('dlr-forwarder', 1, t0 + 250)];
    expect(fold([...before, again({ buyMicroCredits: '7' })]).routed).toMatchObject({ buy_micro_credits: '12' });
    expect(fold([...before, again({})]).routed).toMatchObject({ buy_micro_credits: null });
  });

  it('says why a message went on, and from where', () => {
    expect(hopsOf(fold([returned('dlr-forwarder', 2, t0)]).hops)).toEqual([
      {
        stage: 'report',
        event: 'message.returned',
        atMs: t0,
        by: 'dlr-forwarder',
        detail: { why: 'undelivered', connector: 'south', attempt: 2, errorCode: '034' },
      },
    ]);
  });

  it('keeps what the message is, who did each hop, and the ids of its segments in their order', () => {
    const row = fold([submitted, routed, sent]);
    expect(row).toMatchObject({
      tenant: 'acme',
      facts: { to_addr: '+31612345678', micro_credits: '2000000', reference: 'order 7' },
      content: { content_at: t0, text: 'Dag Ørsted €', octets: null, flash: false },
      routed: { connector: 'north', buy_micro_credits: null },
      sent: { provider_ids: ['b2', 'a1'] },
    });
    expect(hopsOf(row.hops)).toEqual([
      {
        stage: 'accept',
        event: 'message.submitted',
        atMs: t0,
        by: 'http-api',
        detail: { door: 'http', segments: 2, microCredits: '2000000' },
      },
      { stage: 'route', event: 'message.routed', atMs: t0 + 100, by: 'router', detail: { connector: 'north', route: 'nl' } },
      { stage: 'deliver', event: 'message.sent', atMs: t0 + 200, by: 'north', detail: { connector: 'north', providerIds: ['b2', 'a1'] } },
    ]);
  });

  it('has the newest content, and the times of it', () => {
    const newest = { text: 'newest', flash: true, send_at: t0 + 95, valid_until: t0 + 60_000 };
    expect(fold([replaced('newest', t0 + 80), submitted, replaced('new', t0 + 70)])).toMatchObject({ content: newest });
    expect(fold([submitted, replaced('new', t0 + 70), replaced('newest', t0 + 80)])).toMatchObject({ content: newest });
  });

  it('comes out the same in any order and however often each event is heard of', () => {
    const late: LoggedEvent = {
      ...(sent as Extract<LoggedEvent, { type: 'message.sent' }>),
      at: t0 + 220,
      providerIds: ['c3'],
      cause: cause('ROUTED', 9),
    };
    const all = [
      submitted,
      scheduled,
      replaced('new', t0 + 70),
      replaced('newest', t0 + 80),
      routed,
      sent,
      late,
      reported,
      handedOver,
      failedAt(message, t0 + 300, 'expired'),
      failedAt(message, t0 + 120, 'undelivered'),
    ];
    const once = fold(all);
    const parameters = { seed: 20261120, numRuns: 300 };
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...all), { maxLength: 12 }),
        fc.shuffledSubarray(all, { minLength: all.length }),
        (more, whole) => {
          expect(fold([...more, ...whole])).toEqual(once);
        },
      ),
      parameters,
    );
  });
});

describe('what can be logged', () => {
  it('is every event of the flow', () => {
    for (const event of [
      ...deliveredWay(message),
      scheduled,
      replaced('new', t0),
      failedAt(message, t0, 'expired'),
      returned('north', 1, t0),
    ])
      expect(isLoggable(event)).toBe(true);
  });

  it.each([
    ['without a message', { type: 'message.routed', at: t0 }],
    ['with null for a message', { type: 'message.sent', at: t0, message: null }],
    ['with an id that is none', { type: 'message.sent', at: t0, message: { ...head, id: 'x' } }],
    ['without a tenant', { type: 'message.sent', at: t0, message: { ...head, tenant: undefined } }],
    ['replaced without content', { type: 'message.replaced', at: t0, message: head }],
    ['submitted without content', { type: 'message.submitted', at: t0, message: head }],
    ['returned from nowhere', { ...returned('north', 1, t0), tried: undefined }],
    ['delivered to nobody', { type: 'report.delivered', at: t0, messageId: head.id }],
  ])('is not one %s', (_, event) => {
    expect(isLoggable(event as unknown as LoggedEvent)).toBe(false);
  });
});

function fold(events: readonly LoggedEvent[]): Row {
  let row: Row | undefined;
  for (const event of events) row = addEvent(row, event);
  return row as Row;
}
