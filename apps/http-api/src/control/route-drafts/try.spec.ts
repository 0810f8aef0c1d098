import { describe, expect, it } from '@jest/globals';
import type { RecordedMessage } from '@heliograph/message';
import { compileRoutes, routeRule, type RouteFacts, type RouteRuleGiven } from '@heliograph/routing';
import { createTrial } from './try.ts';

const nowMs = Date.UTC(2026, 10, 20, 12);
const facts: RouteFacts = {
  connector: (id) => (id === 'gone' ? undefined : { enabled: true, mode: 'running', available: true }),
  buyPrice: (id, digits, atMs) => (id === 'unpriced' ? undefined : atMs === nowMs && digits === '31612345678' ? 500_000n : 1n),
  quality: () => undefined,
  network: () => undefined,
};
const table = (rules: Record<string, RouteRuleGiven>) =>
  compileRoutes(
    Object.entries(rules).map(([id, rule]) => ({ id, ...routeRule.parse(rule) })),
    1,
  );
const to = (connectorId: string): RouteRuleGiven => ({ targets: [{ connectorId }] });
const message: RecordedMessage = {
  id: '01a1f896f96277b38f0f343e747bb81e',
  tenant: 'acme',
  from: { addr: 'Shop', ton: 5, npi: 0 },
  to: '+31612345678',
  class: 'normal',
  segments: 3,
  microCredits: '3000000',
  acceptedAtMs: nowMs - 86_400_000,
  text: 'Hello',
};

function tryBoth(before: Record<string, RouteRuleGiven>, after: Record<string, RouteRuleGiven>, messages = [message]) {
  const trial = createTrial({ before: table(before), after: table(after), facts, nowMs });
  trial.add(messages);
  return trial.result;
}

describe('a trial', () => {
  it.each<[string, RouteRuleGiven, RouteRuleGiven, object]>([
    [
      'the same connector',
      to('north'),
      to('north'),
      { changed: 0, moves: [], samples: [], cost: { before: '1.500000', after: '1.500000' } },
    ],
    ['another connector', to('north'), to('south'), { changed: 1, moves: [{ from: 'north', to: 'south', messages: 1 }] }],
    ['one without a price', to('north'), to('unpriced'), { cost: { before: '1.500000', after: '0.000000' } }],
    [
      'one that is not there',
      to('north'),
      to('gone'),
      { unroutable: { before: 0, after: 1 }, moves: [{ from: 'north', to: null, messages: 1 }] },
    ],
    [
      'a rule that rejects',
      to('north'),
      { reject: true },
      { unroutable: { before: 0, after: 1 }, samples: [{ toRoute: 'rule', toConnector: null }] },
    ],
  ])('by %s', (_, before, after, said) => {
    expect(tryBoth({ rule: before }, { rule: after })).toMatchObject({ messages: 1, ...said });
  });

  it('by another rule with the same connector says no change', () => {
    expect(tryBoth({ a: to('north') }, { b: to('north') })).toMatchObject({ changed: 0, samples: [] });
  });

  it('of many messages shows 20, and counts all', () => {
    const many = Array.from({ length: 50 }, (_, i) => ({ ...message, id: String(i).padStart(32, '0') }));
    const result = tryBoth({ a: to('north') }, { a: to('south') }, many);
    expect([result.messages, result.changed, result.samples.length]).toEqual([50, 50, 20]);
    expect(result.samples[0]?.to).toBe('********5678');
  });
});
