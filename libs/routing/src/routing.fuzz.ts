import { describe, expect, test } from '@jest/globals';
import { messageClasses } from '@heliograph/message';
import fc from 'fast-check';
import type { RouteFacts, RouteQuery } from './decision.ts';
import { aQuery, someFacts, well } from './routing.fixture.ts';
import { routeRule, type Rule, type RouteRuleGiven } from './rule.ts';
import { compileRoutes } from './table.ts';

// Whatever the rules and the message: there is one decision, and only what may change it does. Few words of each kind, so that they meet.
// fast-check prints seed and input.

const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined, freq: 2 });
const some = <T>(of: fc.Arbitrary<T>, minLength = 1) => fc.uniqueArray(of, { minLength, maxLength: 3 });
const prefix = fc.constantFrom('', '3', '31', '316', '3161', '4', '44');
const networkCode = fc.constantFrom('204', '20404', '20408', '234');
const tenant = fc.constantFrom('acme', 'bank', 'cafe');
const sender = fc.constantFrom('Acme', 'ACME', 'Ac*', '+316*', '12345', '*', '');
const connector = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const zone = fc.constantFrom('UTC', 'Europe/Amsterdam', 'Asia/Kolkata');
const time = fc.constantFrom('00:00', '09:30', '12:00', '17:45');
const when = fc.record({
  prefixes: maybe(some(prefix)),
  networks: maybe(some(networkCode)),
  tenants: maybe(some(tenant)),
  senders: maybe(some(sender)),
  classes: maybe(some(fc.constantFrom(...messageClasses))),
  text: maybe(fc.constantFrom('Hello', '(?i)code', '^$', '[0-9]{4}')),
  times: maybe(fc.array(fc.record({ from: time, until: time, zone }), { minLength: 1, maxLength: 2 })),
});
const target = fc.record({
  connectorId: connector,
  weight: fc.integer({ min: 1, max: 1_000 }),
  tier: fc.integer({ min: 0, max: 2 }),
  sender: maybe(fc.constantFrom('Other', '12345')),
});
const cascade = fc.constantFrom(undefined, { on: ['refused' as const], attemptsMax: 8 });
const body = fc
  .record({
    rank: fc.constantFrom(1, 1_000),
    when,
    targets: fc.uniqueArray(target, { minLength: 1, maxLength: 5, selector: ({ connectorId }) => connectorId }),
    choose: fc.constantFrom('weight' as const, 'least_cost' as const),
    sticky: fc.boolean(),
    qualityMin: fc.constantFrom(0, 0.5),
    cascade,
  })
  .map((given) => ({ ...given, cascade: given.targets.length > 1 ? given.cascade : undefined }));
const rejection = fc.record({ rank: fc.constantFrom(1, 1_000), when, reject: fc.constant(true as const) });
const rules: fc.Arbitrary<Rule[]> = fc
  .array(fc.oneof({ weight: 9, arbitrary: body }, { weight: 1, arbitrary: rejection }), { maxLength: 12, size: 'max' })
  .map((bodies) => bodies.map((given, i) => ({ id: `r${i}`, ...routeRule.parse(JSON.parse(JSON.stringify(given)) as RouteRuleGiven) })));

const query: fc.Arbitrary<RouteQuery> = fc
  .record({
    messageId: fc.stringMatching(/^[0-9a-f]{32}$/),
    tenant,
    from: fc.constantFrom('Acme', '31612345678', '12345', '').map((addr) => ({ addr, ton: 0, npi: 0 })),
    digits: fc.constantFrom('31612345678', '31201234567', '447912345678', '15551234567'),
    class: fc.constantFrom(...messageClasses),
    text: maybe(fc.constantFrom('Hello', 'Your CODE is 1234', '')),
    nowMs: fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) }),
    segments: fc.integer({ min: 1, max: 255 }),
    again: maybe(
      fc.record({
        rule: fc.constantFrom('r0', 'r1', 'gone'),
        tried: some(connector, 0),
        spentMicroCredits: fc.bigInt(0n, 10n),
        costMaxMicroCredits: maybe(fc.bigInt(0n, 500n)),
      }),
    ),
  })
  .map((made) => aQuery(JSON.parse(JSON.stringify(made, withoutBigInt), withBigInt) as RouteQuery))
  .map(({ text, ...rest }) => (text === undefined ? rest : { ...rest, text }));

/** Fields that are absent are absent, not undefined: so they come by JSON, as in life. */
function withoutBigInt(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
function withBigInt(_: string, value: unknown): unknown {
  return typeof value === 'string' && /^[0-9]+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
}

const state = fc.oneof(
  { weight: 2, arbitrary: fc.constant(well) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      undefined,
      { ...well, enabled: false },
      { ...well, available: false },
      { ...well, mode: 'paused' as const },
      { ...well, mode: 'draining' as const },
      { ...well, senders: { has: (addr: string) => addr === 'Other' } },
    ),
  },
);
const facts: fc.Arbitrary<RouteFacts> = fc
  .record({
    states: fc.record({ a: state, b: state, c: state, d: state, e: state }),
    prices: fc.dictionary(connector, fc.bigInt(0n, 5n)),
    qualities: fc.dictionary(connector, fc.constantFrom(0, 0.5, 1)),
    network: maybe(fc.constantFrom({ mcc: '204', mnc: '04' }, { mcc: '234', mnc: '15' })),
  })
  .map(({ states, prices, qualities, network }) => someFacts({ connectors: states, prices, qualities, ...(network ? { network } : {}) }));

const runs = { numRuns: 1_000 };

test('there is a decision, and its own story, which is looked up rule by rule, tells the same', () => {
  fc.assert(
    fc.property(rules, query, facts, (given, asked, about) => {
      const table = compileRoutes(given, 1);
      const decision = table.decide(asked, about);
      const { decision: told, rules: looked } = table.explain(asked, about);
      expect(told).toEqual(decision);
      expect(table.decide(asked, about)).toEqual(decision);
      const last = looked.at(-1);
      expect(looked.slice(0, -1).some(({ outcome }) => outcome === 'decided')).toBe(false);
      expect(decision.rule).toBe(last?.outcome === 'decided' ? last.id : undefined);
      const targets = (decision.ok && last?.targets) || [];
      expect(targets.filter(({ chosen }) => chosen).map(({ connector: id }) => id)).toEqual(decision.ok ? [decision.connector] : []);
      // it is the first that is eligible
      expect(targets.find(({ eligible }) => eligible)?.chosen ?? true).toBe(true);
    }),
    runs,
  );
});

test('a choice is of a rule that fits, and a connector that is there, enabled and not tried', () => {
  fc.assert(
    fc.property(rules, query, facts, (given, asked, about) => {
      const decision = compileRoutes(given, 1).decide(asked, about);
      if (!decision.ok) return;
      const alone = given.filter(({ id }) => id === decision.rule);
      expect(compileRoutes(alone, 1).decide(asked, about)).toEqual(decision);
      expect(about.connector(decision.connector)?.enabled).toBe(true);
      expect(asked.again?.tried ?? []).not.toContain(decision.connector);
    }),
    runs,
  );
});

test('in which order rules and targets are given changes nothing', () => {
  const shuffled = rules.chain((given) =>
    fc.record({
      given: fc.constant(given),
      other: fc
        .shuffledSubarray(given, { minLength: given.length })
        .map((turned) => turned.map((rule) => ({ ...rule, targets: rule.targets.toReversed() }))),
    }),
  );
  fc.assert(
    fc.property(shuffled, query, facts, ({ given, other }, asked, about) => {
      expect(compileRoutes(other, 1).decide(asked, about)).toEqual(compileRoutes(given, 1).decide(asked, about));
    }),
    runs,
  );
});

test('a rule that does not fit changes nothing', () => {
  fc.assert(
    fc.property(rules, query, facts, (given, asked, about) => {
      const fitting = given.filter((rule) => {
        const { again: _, ...first } = asked;
        const alone = compileRoutes([rule], 1).decide(first, about);
        return alone.ok || alone.reason === 'blocked';
      });
      expect(compileRoutes(fitting, 1).decide(asked, about)).toEqual(compileRoutes(given, 1).decide(asked, about));
    }),
    runs,
  );
});

describe('of one rule', () => {
  const one = body.map((given): Rule => ({
    id: 'r',
    ...routeRule.parse(JSON.parse(JSON.stringify({ ...given, when: {} })) as RouteRuleGiven),
  }));
  const first = query.map(({ again: _, ...asked }) => asked);

  test('least cost takes the least of those that are as good otherwise', () => {
    fc.assert(
      fc.property(one, first, facts, (rule, asked, about) => {
        const decision = compileRoutes([{ ...rule, choose: 'least_cost' }], 1).decide(asked, about);
        if (!decision.ok) return;
        const standing = (id: string): unknown => {
          const { mode, available } = about.connector(id) ?? well;
          const low = rule.qualityMin > 0 && (about.quality(id) ?? 1) < rule.qualityMin;
          return JSON.stringify([mode, available, low, rule.targets.find(({ connectorId }) => connectorId === id)?.tier]);
        };
        const price = (id: string): number => Number(about.buyPrice(id, asked.digits, asked.nowMs) ?? Infinity);
        for (const { connectorId, sender: rewritten } of rule.targets) {
          const able =
            about.connector(connectorId)?.enabled && about.connector(connectorId)?.senders?.has(rewritten ?? asked.from.addr) !== false;
          if (able && standing(connectorId) === standing(decision.connector))
            expect(price(connectorId)).toBeGreaterThanOrEqual(price(decision.connector));
        }
      }),
      runs,
    );
  });

  test('a target that leaves, when it was not chosen, moves nothing', () => {
    fc.assert(
      fc.property(one, first, facts, connector, (rule, asked, about, leaves) => {
        const decision = compileRoutes([rule], 1).decide(asked, about);
        if (!decision.ok || decision.connector === leaves) return;
        const left = { ...rule, targets: rule.targets.filter(({ connectorId }) => connectorId !== leaves) };
        expect(compileRoutes([left], 1).decide(asked, about)).toEqual(decision);
      }),
      runs,
    );
  });

  test('tried one after the other, each that could take it has it once', () => {
    fc.assert(
      fc.property(one, first, facts, (rule, asked, about) => {
        const table = compileRoutes([rule], 1);
        const tried: string[] = [];
        for (;;) {
          const again = { rule: 'r', tried: [...tried], spentMicroCredits: 0n };
          const decision = table.decide(tried.length > 0 ? { ...asked, again } : asked, about);
          if (!decision.ok) break;
          expect(tried).not.toContain(decision.connector);
          tried.push(decision.connector);
        }
        const eligible = table.explain(asked, about).rules.flatMap(({ targets = [] }) => targets.filter((target) => target.eligible));
        expect(tried).toEqual(eligible.map((target) => target.connector));
      }),
      runs,
    );
  });
});
