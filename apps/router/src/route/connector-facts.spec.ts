import { afterEach, describe, expect, test } from '@jest/globals';
import { connectorHealth, messageClasses, type ConnectorHealth, type QualityAnswer } from '@heliograph/message';
import { routeFactsOf } from '@heliograph/registry';
import { compileRoutes, routeRule } from '@heliograph/routing';
import { testMessage } from '@heliograph/testbed';
import { createConnectorFacts, type ConnectorFacts } from './connector-facts.ts';
import { route } from './route.ts';

const t0 = Date.parse('2026-11-20T10:00:00Z');

function health(special: Partial<ConnectorHealth> = {}): ConnectorHealth {
  return {
    connector: 'north',
    instance: 'one',
    atMs: t0,
    links: { bound: 1, wanted: 1 },
    circuit: 'closed',
    lastMinute: { accepted: 0, later: 0, throttled: 0, permanent: 0, unknown: 0 },
    inFlight: 0,
    waiting: 0,
    backlog: Object.fromEntries(messageClasses.map((name) => [name, { records: 0, messages: 0 }])) as ConnectorHealth['backlog'],
    ...special,
  };
}

const open = { circuit: 'open', waiting: 3 } as const;
let facts: ConnectorFacts | undefined;
afterEach(() => facts?.stop());

function listening(quality?: QualityAnswer) {
  let at = t0;
  let hear = (_: ConnectorHealth): void => {};
  const made = createConnectorFacts({
    queue: {
      ask: async <Answer>() => quality as Answer | undefined,
      listen: <Body>(subject: string, heard: (body: Body) => void) => {
        if (subject === connectorHealth) hear = heard as unknown as typeof hear;
      },
    },
    now: () => at,
  });
  facts = made;
  return {
    facts: made,
    hear: (...all: Partial<ConnectorHealth>[]) => all.forEach((one) => hear(health(one))),
    later: (ms: number) => (at += ms),
  };
}

describe('a connector is', () => {
  test.each<[string, Partial<ConnectorHealth>[], boolean]>([
    ['available while nobody has said anything', [], true],
    ['available with its circuit closed', [{}], true],
    ['not available with its circuit open', [open], false],
    ['not available while one message tries', [{ circuit: 'half-open', inFlight: 1 }], false],
    ['available when another process has a closed one', [open, { instance: 'two' }], true],
    ['not available when all have it open', [open, { ...open, instance: 'two' }], false],
    ['available again with the newest word', [open, {}], true],
    ['not available with nothing waiting and no link', [{ circuit: 'open', links: { bound: 0, wanted: 1 } }], false],
  ])('%s', (_, said, expected) => {
    const { facts, hear } = listening();
    hear(...said);
    expect(facts.available('north')).toBe(expected);
    expect(facts.available('south')).toBe(true);
  });

  test('available when what was said of it is old', () => {
    const { facts, hear, later } = listening();
    hear(open);
    later(5_000);
    expect(facts.available('north')).toBe(false);
    later(1);
    expect(facts.available('north')).toBe(true);
  });

  test('available for one message now and then when it has nothing left to try with', () => {
    const { facts, hear, later } = listening();
    const idle = { circuit: 'open' } as const;
    hear(idle);
    expect([facts.available('north'), facts.available('north')]).toEqual([true, true]);
    facts.routed('north');
    expect(facts.available('north')).toBe(false);
    later(4_999);
    hear(idle);
    expect(facts.available('north')).toBe(false);
    later(1);
    expect(facts.available('north')).toBe(true);
  });
});

test('quality is the delivered share, where enough have ended', async () => {
  const { facts, hear } = listening({ connectors: { north: { ended: 200, delivered: 150 }, south: { ended: 49, delivered: 49 } } });
  await new Promise(setImmediate);
  expect([facts.quality('north'), facts.quality('south'), facts.quality('west')]).toEqual([0.75, undefined, undefined]);
  hear(open, { connector: 'south' });
  expect(facts.known()).toEqual({ north: { available: false, quality: 0.75 }, south: { available: true } });
});

test('new messages take the next target while the circuit of the first is open, but for one that tries now and then', () => {
  const { facts, hear, later } = listening();
  const connectors = new Map(
    ['north', 'south'].map((id) => {
      const connector = { id, kind: 'smpp', groupId: id, enabled: true, settings: {}, secret: '', senders: [], mode: 'running' as const };
      return [id, connector];
    }),
  );
  const rule = routeRule.parse({ targets: [{ connectorId: 'north' }, { connectorId: 'south', tier: 1 }] });
  const routing = {
    routes: compileRoutes([{ id: 'all', ...rule }], 1),
    about: routeFactsOf({ connectors, buyPrice: () => undefined, network: () => undefined }, facts),
    cancelled: new Set<string>(),
  };
  const next = (): string | undefined => {
    const outcome = route({ type: 'message.submitted', at: t0, message: testMessage() }, routing, t0);
    const [made] = outcome.kind === 'done' ? outcome.events : [];
    if (made?.type !== 'message.routed') return undefined;
    facts.routed(made.connector);
    return made.connector;
  };
  expect([next(), next()]).toEqual(['north', 'north']);
  hear(open);
  expect([next(), next()]).toEqual(['south', 'south']);
  hear({ circuit: 'open' });
  expect([next(), next(), next()]).toEqual(['north', 'south', 'south']);
  later(5_000);
  hear({ circuit: 'open' });
  expect([next(), next()]).toEqual(['north', 'south']);
  hear({ connector: 'south', ...open });
  expect(next()).toBe('north');
  hear({});
  expect([next(), next()]).toEqual(['north', 'north']);
});
