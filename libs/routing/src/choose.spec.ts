import { describe, expect, test } from '@jest/globals';
import type { ConnectorState } from './decision.ts';
import { aQuery, aRule, someFacts } from './routing.fixture.ts';
import type { RouteRuleGiven } from './rule.ts';
import { compileRoutes } from './table.ts';

interface Case {
  readonly rule?: Partial<RouteRuleGiven>;
  /** Of a, b and c. */
  readonly tiers?: Record<string, number>;
  readonly connectors?: Record<string, Partial<ConnectorState>>;
  readonly prices?: Record<string, bigint>;
  readonly qualities?: Record<string, number>;
}

/** Those that get some of many messages, then those that do when these were tried, and so on. */
function orderOf({ rule, tiers = {}, ...known }: Case): string[] {
  const targets = ['a', 'b', 'c'].map((connectorId) => ({ connectorId, tier: tiers[connectorId] ?? 0 }));
  const table = compileRoutes([aRule('r', { targets, ...rule })], 1);
  const facts = someFacts(known);
  const order: string[] = [];
  while (order.join('').length < 3) {
    const chosen = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const again = { rule: 'r', tried: [...order.join('')], spentMicroCredits: 0n };
      const decision = table.decide(aQuery({ messageId: `message ${i}`, again }), facts);
      if (decision.ok) chosen.add(decision.connector);
    }
    order.push([...chosen].sort().join(''));
  }
  return order;
}

test.each<[string, Case, string[]]>([
  ['all alike: any', {}, ['abc']],
  ['tiers: the lowest first', { tiers: { a: 2, b: 0, c: 1 } }, ['b', 'c', 'a']],
  ['of one tier any, then the next', { tiers: { a: 1 } }, ['bc', 'a']],
  ['prices count for nothing', { prices: { a: 3n, b: 2n, c: 1n } }, ['abc']],
  ['least cost: the cheapest first', { rule: { choose: 'least_cost' }, prices: { a: 3n, b: 2n, c: 1n } }, ['c', 'b', 'a']],
  ['least cost: of equals any', { rule: { choose: 'least_cost' }, prices: { a: 2n, b: 2n, c: 1n } }, ['c', 'ab']],
  ['least cost: an unknown price last', { rule: { choose: 'least_cost' }, prices: { a: 3n, c: 1n } }, ['c', 'a', 'b']],
  ['least cost within a tier', { rule: { choose: 'least_cost' }, tiers: { c: 1 }, prices: { a: 3n, b: 2n, c: 1n } }, ['b', 'a', 'c']],
  ['quality: those below the floor last', { rule: { qualityMin: 0.9 }, qualities: { a: 0.89, b: 0.9 } }, ['bc', 'a']],
  ['quality above the floor counts for nothing', { rule: { qualityMin: 0.5 }, qualities: { a: 0.6, b: 0.9, c: 1 } }, ['abc']],
  ['quality goes before the tier', { rule: { qualityMin: 0.9 }, tiers: { b: 1, c: 2 }, qualities: { a: 0.1 } }, ['b', 'c', 'a']],
  [
    'quality goes before the price',
    { rule: { qualityMin: 0.9, choose: 'least_cost' }, prices: { a: 1n, b: 2n, c: 3n }, qualities: { a: 0.1 } },
    ['b', 'c', 'a'],
  ],
  ['no floor: quality counts for nothing', { qualities: { a: 0 } }, ['abc']],
  ['one that is not well waits for the others', { connectors: { a: { available: false } }, tiers: { b: 5, c: 6 } }, ['b', 'c', 'a']],
  [
    'when all wait: not well before paused before draining',
    { connectors: { a: { mode: 'draining' }, b: { mode: 'paused' }, c: { available: false } } },
    ['c', 'b', 'a'],
  ],
  [
    'well but bad goes before good but paused',
    { rule: { qualityMin: 0.9 }, qualities: { a: 0 }, connectors: { b: { mode: 'paused' }, c: { mode: 'paused' } } },
    ['a', 'bc'],
  ],
])('%s', (_, given, order) => {
  expect(orderOf(given)).toEqual(order);
});

test('a price is asked for only where it decides', () => {
  const asked: string[] = [];
  const facts = { ...someFacts(), buyPrice: (id: string) => (asked.push(id), 1n) };
  const of = (given: Partial<RouteRuleGiven>) =>
    compileRoutes([aRule('r', { targets: [{ connectorId: 'a' }, { connectorId: 'b' }, { connectorId: 'c', tier: 1 }], ...given })], 1);
  of({}).decide(aQuery(), facts);
  expect(asked).toEqual([]);
  of({ choose: 'least_cost' }).decide(aQuery(), facts);
  expect(new Set(asked)).toEqual(new Set(['a', 'b']));
});

describe('shares by weight', () => {
  const weights: Record<string, number> = { a: 1, b: 2, c: 3, d: 10, e: 100 };
  const targetsOf = (ids: readonly string[]) => ids.map((connectorId) => ({ connectorId, weight: weights[connectorId] ?? 1 }));
  const messages = 20_000;
  const choices = (
    ids: readonly string[],
    rule: Partial<RouteRuleGiven> = {},
    query = (i: number) => aQuery({ messageId: uuid(i) }),
  ): string[] => {
    const table = compileRoutes([aRule('r', { ...rule, targets: targetsOf(ids) })], 1);
    return Array.from({ length: messages }, (_, i) => {
      const decision = table.decide(query(i), someFacts());
      return decision.ok ? decision.connector : '';
    });
  };
  /** As ids are made: the same beginning, and ends that differ little; nothing here is random. */
  const uuid = (i: number): string => `0193a0d6f0007000800000${i.toString(16).padStart(10, '0')}`;
  const number = (i: number) => aQuery({ digits: `316${12_345_678 + i}`, messageId: `${i % 7}` });

  /** Pearson's chi-square, 4 degrees of freedom: above 23.5 with a chance of 1 in 10,000, were it fair. */
  function chiSquare(chosen: readonly string[]): number {
    const total = Object.values(weights).reduce((sum, weight) => sum + weight);
    return Object.entries(weights).reduce((sum, [id, weight]) => {
      const expected = (chosen.length * weight) / total;
      return sum + (chosen.filter((one) => one === id).length - expected) ** 2 / expected;
    }, 0);
  }

  test.each<[string, Partial<RouteRuleGiven>, ((i: number) => ReturnType<typeof aQuery>) | undefined]>([
    ['ids of messages', {}, undefined],
    ['numbers, where it sticks to the recipient', { sticky: true }, number],
  ])('%s that follow one another come out as the weights say', (_, rule, query) => {
    expect(chiSquare(choices(Object.keys(weights), rule, query))).toBeLessThan(23.5);
  });

  test('the second choice, too, and apart from the first', () => {
    const table = compileRoutes([aRule('r', { targets: targetsOf(['a', 'b', 'c']) })], 1);
    const counts: Record<string, number> = { b: 0, c: 0 };
    let all = 0;
    for (let i = 0; i < messages; i++) {
      const first = table.decide(aQuery({ messageId: uuid(i) }), someFacts());
      if (!first.ok || first.connector !== 'a') continue;
      const second = table.decide(aQuery({ messageId: uuid(i), again: { rule: 'r', tried: ['a'], spentMicroCredits: 0n } }), someFacts());
      if (second.ok) counts[second.connector] = (counts[second.connector] ?? 0) + 1;
      all++;
    }
    // 2 to 3, within four standard deviations
    expect(Math.abs((counts['b'] ?? 0) / all - 0.4)).toBeLessThan(4 * Math.sqrt((0.4 * 0.6) / all));
  });

  test('a target that leaves moves its own messages and no others', () => {
    const [before, after] = [choices(['a', 'b', 'c', 'd']), choices(['a', 'b', 'c'])];
    expect(before.filter((id, i) => id !== 'd' && id !== after[i])).toEqual([]);
    expect(new Set(after)).toEqual(new Set(['a', 'b', 'c']));
  });

  test('messages to one number go one way where it sticks, and several where it does not', () => {
    const one = (i: number) => aQuery({ messageId: uuid(i) });
    expect(new Set(choices(['a', 'b', 'c'], { sticky: true }, one)).size).toBe(1);
    expect(new Set(choices(['a', 'b', 'c'], {}, one)).size).toBe(3);
  });
});
