import { describe, expect, it } from '@jest/globals';
import { connectorHealth as subject, messageClasses, type ConnectorHealth, type RouteFactsAnswer } from '@heliograph/message';
import { connectorHealth } from './health-schema.ts';
import { showHealth, stateOf } from './health.ts';
import { createHealths } from './healths.ts';

const t0 = Date.parse('2026-11-20T10:00:00Z');
const nothing = { accepted: 0, later: 0, throttled: 0, permanent: 0, unknown: 0 };
const none = Object.fromEntries(messageClasses.map((name) => [name, { records: 0, messages: 0 }])) as ConnectorHealth['backlog'];

function health(special: Partial<ConnectorHealth> = {}): ConnectorHealth {
  const links = { bound: 2, wanted: 2 };
  return {
    connector: 'north',
    instance: 'one',
    atMs: t0,
    links,
    circuit: 'closed',
    lastMinute: nothing,
    inFlight: 0,
    waiting: 0,
    backlog: none,
    ...special,
  };
}

const shown = (healths: ConnectorHealth[], more: Partial<Parameters<typeof showHealth>[0]> = {}) => {
  const made = showHealth({ mode: 'running', healths, setAside: [], quality: undefined, ...more });
  expect(connectorHealth.parse(made)).toEqual(made);
  return made;
};

describe('the state of a connector', () => {
  it.each<[ReturnType<typeof stateOf>, string, ConnectorHealth[]]>([
    ['unknown', 'nobody runs it', []],
    ['up', 'its provider takes messages', [health()]],
    ['down', 'its circuit is open', [health({ circuit: 'open' })]],
    ['down', 'one message tries', [health({ circuit: 'half-open' })]],
    ['up', 'one of two processes gets through', [health({ circuit: 'open' }), health({ instance: 'two' })]],
  ])('is %s when %s', (state, _, healths) => expect(stateOf(healths)).toBe(state));
});

describe('the health of a connector', () => {
  it('that nobody runs is unknown', () => {
    expect(shown([])).toMatchObject({
      state: 'unknown',
      circuit: null,
      links: { bound: 0, wanted: 0 },
      responseMs: null,
      quality: null,
      instances: [],
    });
  });

  it('is that of all who run it together', () => {
    const one = health({
      atMs: t0 + 500,
      lastMinute: { ...nothing, accepted: 30, unknown: 4 },
      responseMs: 100,
      segmentsPerSecond: 20,
      inFlight: 1,
      waiting: 2,
      backlog: { ...none, bulk: { records: 4, messages: 500, oldestAtMs: t0 - 60_000 } },
    });
    const two = health({
      instance: 'two',
      circuit: 'open',
      sinceMs: t0 - 1_000,
      lastError: 'bind lost: closed',
      links: { bound: 0, wanted: 2 },
      lastMinute: { ...nothing, permanent: 10 },
      responseMs: 500,
      segmentsPerSecond: 20,
      waiting: 7,
    });
    const setAside = [
      { class: 'bulk', tenant: 'acme', records: 12 },
      { class: 'otp', tenant: 'acme', records: 1 },
    ];
    expect(shown([two, one], { mode: 'paused', setAside, quality: 0.87654321 })).toEqual({
      mode: 'paused',
      state: 'up',
      links: { bound: 2, wanted: 4 },
      circuit: 'closed',
      since: null,
      lastError: 'bind lost: closed',
      lastMinute: { accepted: 30, later: 0, throttled: 0, permanent: 10, unknown: 4 },
      responseMs: 200,
      segmentsPerSecond: 40,
      inFlight: 1,
      waiting: 9,
      backlog: [
        { class: 'otp', messages: 0, records: 0, oldestAt: null, tenants: [{ tenant: 'acme', records: 1 }] },
        { class: 'normal', messages: 0, records: 0, oldestAt: null, tenants: [] },
        { class: 'bulk', messages: 500, records: 4, oldestAt: '2026-11-20T09:59:00.000Z', tenants: [{ tenant: 'acme', records: 12 }] },
      ],
      quality: 0.8765,
      instances: [
        { instance: 'two', links: { bound: 0, wanted: 2 }, circuit: 'open', at: '2026-11-20T10:00:00.000Z' },
        { instance: 'one', links: { bound: 2, wanted: 2 }, circuit: 'closed', at: '2026-11-20T10:00:00.500Z' },
      ],
    });
  });

  it('has no limit when one of them has none', () => {
    expect(shown([health({ segmentsPerSecond: 5 }), health({ instance: 'two' })]).segmentsPerSecond).toBeNull();
  });
});

describe('what is heard of connectors', () => {
  let at = t0;
  let hear = (_: ConnectorHealth): void => {};
  let backlog: Record<string, number> | undefined;
  let answer: RouteFactsAnswer | undefined;
  const healths = createHealths({
    now: () => at,
    queue: {
      ask: async <Answer>() => answer as Answer | undefined,
      listen: <Body>(heardOn: string, heard: (body: Body) => void) => {
        if (heardOn === subject) hear = heard as unknown as typeof hear;
      },
      recordsBySubject: async () => backlog ?? Promise.reject(new Error('away')),
    },
  });

  it('is the newest of each process, for five seconds', () => {
    hear(health());
    hear(health({ circuit: 'open' }));
    at += 3_000;
    hear(health({ instance: 'two' }));
    hear(health({ connector: 'south' }));
    expect(healths.of('north').map(({ instance, circuit }) => [instance, circuit])).toEqual([
      ['one', 'open'],
      ['two', 'closed'],
    ]);
    at += 2_001;
    expect(healths.of('north').map(({ instance }) => instance)).toEqual(['two']);
    at += 3_000;
    expect([healths.of('north'), healths.of('west')]).toEqual([[], []]);
  });

  it('what waits in queues of their own is read from their subjects', async () => {
    expect(await healths.setAside('north')).toBeUndefined();
    backlog = { 'message.backlogged.north.bulk.acme': 3, 'message.backlogged.north.otp.other-one': 1 };
    expect(await healths.setAside('north')).toEqual([
      { class: 'bulk', tenant: 'acme', records: 3 },
      { class: 'otp', tenant: 'other-one', records: 1 },
    ]);
  });

  it('quality is as the router knows it', async () => {
    expect(await healths.quality('north')).toBeUndefined();
    answer = { connectors: { north: { available: true, quality: 0.5 } } };
    expect([await healths.quality('north'), await healths.quality('south')]).toEqual([0.5, undefined]);
  });
});
