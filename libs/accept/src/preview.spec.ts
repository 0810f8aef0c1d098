import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { leaseSubjects, type HeliographEvent, type LeaseAnswer, type LeaseReturn } from '@heliograph/message';
import type { Queue } from '@heliograph/queue';
import {
  createPrefixTable,
  createPriceTable,
  credentialDefaults,
  overlapsIn,
  tenantDefaults,
  type Network,
  type Price,
  type RegistryWatch,
} from '@heliograph/registry';
import { createAccept } from './accept.ts';
import { connectors, routesOf } from './routed.fixture.ts';
import type { Submission } from './submission.ts';

const networks: readonly Network[] = [
  { mcc: '204', mnc: '04' },
  { mcc: '204', mnc: '040' },
  { mcc: '234', mnc: '15' },
];
const dates = fc.record({ from: fc.option(fc.nat(20)), lasts: fc.option(fc.integer({ min: 1, max: 20 })) }).map(({ from, lasts }) => ({
  validFrom: from === null ? null : new Date(from),
  validUntil: lasts === null ? null : new Date((from ?? 0) + lasts),
}));
const what = fc.oneof(
  fc.stringMatching(/^[1-4]{0,3}$/).map((prefix) => ({ prefix })),
  fc.constantFrom(...networks),
  fc.constantFrom('204', '234').map((mcc) => ({ mcc })),
);
/** As the registry takes them: of the same never two at once. */
const plan = fc
  .array(fc.record({ what, dates, microCreditsPerSegment: fc.bigInt(0n, 10n ** 12n) }))
  .map((given) => given.map(({ what: of, dates: when, microCreditsPerSegment }): Price => ({ ...of, ...when, microCreditsPerSegment })))
  .map((prices) => {
    const overlapping = new Set(overlapsIn(prices));
    return prices.filter((_, place) => !overlapping.has(place));
  });
const submissions = fc.array(
  fc.record({ digits: fc.stringMatching(/^[1-4]{3}[0-9]{7}$/), characters: fc.integer({ min: 1, max: 1_000 }), atMs: fc.nat(45) }),
  { minLength: 1, maxLength: 20 },
);
const ranges = fc.array(fc.tuple(fc.stringMatching(/^[1-4]{1,3}$/), fc.constantFrom(...networks)));

test('any plans, numbers and times: what is charged is what a preview says, also when that is a refusal', async () => {
  const property = fc.asyncProperty(plan, plan, ranges, fc.boolean(), submissions, async (sell, buy, numberRanges, refuseAtLoss, asked) => {
    const [prices, costs, network] = [createPriceTable(sell), createPriceTable(buy), createPrefixTable(numberRanges)];
    const tenant = { ...tenantDefaults, id: 'acme', name: 'Acme', pricePlanId: 'plan', refuseAtLoss };
    const credential = {
      ...credentialDefaults,
      id: 'key',
      tenantId: 'acme',
      kind: 'api_key',
      login: 'l',
      verifier: '',
      secretSetAt: new Date(0),
    } as const;
    const registry = {
      current: {
        tenants: new Map([['acme', tenant]]),
        credentials: new Map([['key', credential]]),
        connectors,
        routes: routesOf(''),
        price: (_: string, digits: string, nowMs: number) => prices.price(digits, network.longest(digits), nowMs),
        buyPrice: (_: string, digits: string, nowMs: number) => costs.price(digits, network.longest(digits), nowMs),
      },
    } as unknown as RegistryWatch;
    const { queue, charged, spent } = createBank();
    let nowMs = 0;
    const accept = createAccept({ queue, registry, instance: 'one', now: () => nowMs, steadyNow: () => nowMs });
    let total = 0n;
    for (const { digits, characters, atMs } of asked) {
      nowMs = atMs;
      const submission: Submission = {
        credential: 'key',
        door: 'http',
        from: { addr: 'Acme' },
        to: { addr: `+${digits}` },
        content: { kind: 'text', text: 'a'.repeat(characters) },
      };
      const preview = accept.preview(submission);
      const acceptance = await accept.submit(submission);
      if (!preview.ok) {
        expect(acceptance).toEqual(preview);
        continue;
      }
      const { microCredits } = preview;
      expect(acceptance).toMatchObject({ ok: true, microCredits, segments: preview.message.segments });
      expect(charged.at(-1)).toBe(String(microCredits));
      total += microCredits;
    }
    await accept.close();
    expect(spent.reduce((sum, one) => sum + BigInt(one), 0n)).toBe(total);
  });
  await fc.assert(property, { numRuns: 200 });
});

/** It grants what is wanted and more, and hears what was spent of it and what each record says that it costs. */
function createBank() {
  const charged: string[] = [];
  const spent: string[] = [];
  let leases = 0;
  const queue = {
    async ask(subject: string, question: object) {
      if (subject === leaseSubjects.giveBack) return (spent.push((question as LeaseReturn).spentMicroCredits), {});
      return {
        kind: 'granted',
        lease: `l${++leases}`,
        microCredits: String(10n ** 16n),
        expiresAtMs: 1e9,
        forMs: 1e9,
      } satisfies LeaseAnswer;
    },
    listen() {},
    async publish(event: HeliographEvent) {
      if (event.type === 'message.submitted') charged.push(event.message.charge.microCredits);
    },
  } as unknown as Queue;
  return { queue, charged, spent };
}
