// Run: node libs/routing/src/routing.bench.ts. Prints nanoseconds of CPU a decision with 10,000 rules and 1,000 connectors. Under 5,000 for rules that
// the index tells apart; the last three say what it costs where it cannot, as rules differ by time, by the beginning of a sender or by text alone.
import { aQuery, someFacts, well } from './routing.fixture.ts';
import type { RouteFacts } from './decision.ts';
import { routeRule, type Rule, type RouteRuleGiven } from './rule.ts';
import { compileRoutes } from './table.ts';

const size = 10_000;
const connectors = 1_000;
const queries = 4_096;

const connectorOf = (i: number): string => `connector-${i % connectors}`;
const targetsOf = (i: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ connectorId: connectorOf(i * 7 + n), weight: n + 1 }));
const made = (count: number, ruleOf: (i: number) => RouteRuleGiven): Rule[] =>
  Array.from({ length: count }, (_, i) => ({ id: `rule-${i}`, ...routeRule.parse(ruleOf(i)) }));
/** 10,000 prefixes of one to six digits, as a table of the world has. */
const prefixOf = (i: number): string => (i < 900 ? String(i + 100) : String(((i * 7_919) % 899_999) + 100_000));
const targets = (i: number) => targetsOf(i, 3);
const rest = (): Rule => ({ id: 'rest', ...routeRule.parse({ rank: 1_000_000, targets: targetsOf(0, 3) }) });

const tables: [name: string, rules: Rule[]][] = [
  ['prefixes, weights', made(size, (i) => ({ when: { prefixes: [prefixOf(i)] }, targets: targets(i) }))],
  [
    'prefixes, least cost, quality floor',
    made(size, (i) => ({ when: { prefixes: [prefixOf(i)] }, choose: 'least_cost', qualityMin: 0.5, targets: targets(i) })),
  ],
  ['prefixes, 20 targets by weight', made(size, (i) => ({ when: { prefixes: [prefixOf(i)] }, targets: targetsOf(i, 20) }))],
  [
    'prefixes, 20 targets by least cost',
    made(size, (i) => ({ when: { prefixes: [prefixOf(i)] }, choose: 'least_cost', targets: targetsOf(i, 20) })),
  ],
  ['all of one tenant', made(size, (i) => ({ when: { tenants: ['tenant-7'], prefixes: [prefixOf(i)] }, targets: targets(i) }))],
  ['one of each of 10,000 tenants', made(size, (i) => ({ when: { tenants: [`tenant-${i}`] }, targets: targets(i) }))],
  [
    'networks',
    made(size, (i) => ({ when: { networks: [`${200 + (i % 500)}${String(Math.floor(i / 500)).padStart(2, '0')}`] }, targets: targets(i) })),
  ],
  ['one of each of 10,000 senders', made(size, (i) => ({ when: { senders: [`Sender${i}`] }, targets: targets(i) }))],
  [
    'prefixes in 100 time windows each',
    made(size, (i) => ({
      when: { prefixes: [prefixOf(i % 100)], times: [{ from: '01:00', until: '02:00', zone: 'Europe/Amsterdam' }] },
      targets: targets(i),
    })),
  ],
  [
    'prefixes, 10 of them with a text pattern for all',
    [
      ...made(size - 10, (i) => ({ when: { prefixes: [prefixOf(i)] }, targets: targets(i) })),
      ...made(10, (i) => ({ rank: 1, when: { text: `(?i)\\bword${i}\\b` }, targets: targets(i) })).map((rule) => ({
        ...rule,
        id: `text-${rule.id}`,
      })),
    ],
  ],
  ['10,000 beginnings of senders', made(size, (i) => ({ when: { senders: [`Sender${i}*`] }, targets: targets(i) }))],
  ['10,000 text patterns', made(size, (i) => ({ when: { text: `(?i)\\bword${i}\\b` }, targets: targets(i) }))],
];

/** As the registry answers: maps by id. */
const known = new Map(Array.from({ length: connectors }, (_, i) => [connectorOf(i), { ...well }]));
const prices = new Map(Array.from({ length: connectors }, (_, i) => [connectorOf(i), BigInt((i * 7_919) % 1_000)]));
const facts: RouteFacts = {
  ...someFacts(),
  connector: (id) => known.get(id),
  buyPrice: (id) => prices.get(id),
  quality: () => 0.9,
  network: (digits) => ({ mcc: String(200 + (Number(digits.slice(-3)) % 500)), mnc: digits.slice(-5, -4).padStart(2, '0') }),
};
const asked = Array.from({ length: queries }, (_, i) =>
  aQuery({
    messageId: (i * 2_654_435_761).toString(16).padStart(32, '0'),
    tenant: i % 2 === 0 ? 'tenant-7' : `tenant-${(i * 31) % size}`,
    from: { addr: `Sender${(i * 31) % size}`, ton: 5, npi: 0 },
    digits: prefixOf((i * 7_919) % size) + String((i * 104_729) % 100_000).padStart(6, '0'),
    text: 'Your appointment is tomorrow at 10:30. Please call us when you cannot come.',
  }),
);

const warmMs = 500;

for (const [name, rules] of tables) {
  const began = performance.now();
  const table = compileRoutes([...rules, rest()], 1);
  const compiledMs = performance.now() - began;
  let found = 0;
  const decide = (i: number): void => {
    const decision = table.decide(asked[i % queries]!, facts);
    if (decision.ok && decision.rule !== 'rest') found++;
  };
  const startMs = performance.now();
  let warm = 0;
  while (performance.now() - startMs < warmMs) decide(warm++);
  const times = Math.max(500, Math.min(200_000, warm));
  found = 0;
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) decide(i);
  const each = (process.cpuUsage(before).user * 1e3) / times;
  console.log(
    `${name.padEnd(50)}${each.toFixed(0).padStart(8)} ns${((found / times) * 100).toFixed(0).padStart(5)} % by other than the last${compiledMs.toFixed(0).padStart(6)} ms to compile`,
  );
}
