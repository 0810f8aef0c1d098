import { describe, expect, test } from '@jest/globals';
import { createRandom } from '@heliograph/testbed';
import fc from 'fast-check';
import { makeWorld, platformOf, price, withJournals, type ModelMessage, type Random, type World } from '../test/model.ts';
import { checkRun, type CheckOptions, type JournalLine } from './index.ts';

type Break = (world: World, random: Random) => void;

const check = (world: World, options: Partial<CheckOptions> = {}) =>
  withJournals(world, (journals) => checkRun({ journals, platform: platformOf(world), ...options }));

function pick<Item>(items: readonly Item[], random: Random): Item {
  if (items.length === 0) throw new Error('the model has none of these');
  return items[Math.floor(random() * items.length)] as Item;
}

const messagesOf = (world: World, tenant = 'acme'): ModelMessage[] => world.messages.get(tenant) as ModelMessage[];
const linesOf = (world: World): JournalLine[] => [...world.journals.values()].flat();
/** Answered with its id, arrived once, in no way special. */
function plain(world: World, random: Random): ModelMessage {
  const told = new Set(linesOf(world).flatMap((line) => (line.kind === 'accepted' ? [line.id] : [])));
  const times = Map.groupBy(linesOf(world), (line) => ('content' in line && line.kind === 'arrived' ? line.content : ''));
  return pick(
    messagesOf(world).filter(
      ({ id, content, state, isTest }) =>
        told.has(id) &&
        state === 'delivered' &&
        !isTest &&
        times.get(content)?.length === 1 &&
        messagesOf(world).filter((one) => one.content === content).length === 1,
    ),
    random,
  );
}
function remove(world: World, wanted: (line: JournalLine) => boolean): void {
  for (const lines of world.journals.values()) {
    for (let i = lines.length - 1; i >= 0; i--) if (wanted(lines[i] as JournalLine)) lines.splice(i, 1);
  }
}
function add(world: World, journal: string, line: object): void {
  const lines = world.journals.get(journal) ?? [];
  world.journals.set(journal, [...lines, { atMs: Date.UTC(2026, 10, 21), ...line } as JournalLine]);
}
const arrival = (content: string) => ({ kind: 'arrived', provider: 'carrier', content, taken: true });
function settle(world: World, tenant: string, change: { charged?: bigint; refunded?: bigint }): void {
  const { charged = 0n, refunded = 0n } = change;
  const before = world.balances.get(tenant);
  if (!before) throw new Error('no such tenant');
  world.balances.set(tenant, {
    ...before,
    charged: before.charged + charged,
    refunded: before.refunded + refunded,
    balance: before.balance - charged + refunded,
  });
}

const breaks: Record<string, { readonly of: number; readonly break: Break }> = {
  'the platform loses an accepted message': {
    of: 1,
    break(world, random) {
      const { id } = plain(world, random);
      remove(world, (line) => line.kind === 'reported' && line.id === id);
      world.messages.set(
        'acme',
        messagesOf(world).filter((one) => one.id !== id),
      );
      settle(world, 'acme', { charged: -price });
    },
  },
  'a message never ends': {
    of: 1,
    break(world, random) {
      const message = plain(world, random);
      remove(world, (line) => line.kind === 'reported' && line.id === message.id);
      message.state = 'routed';
    },
  },
  'a message is delivered that arrived nowhere': {
    of: 1,
    break(world, random) {
      const { content } = plain(world, random);
      remove(world, (line) => line.kind === 'arrived' && line.content === content);
    },
  },
  'one id is the answer to two submissions': {
    of: 1,
    break(world, random) {
      const { id } = plain(world, random);
      add(world, 'more.jsonl', { kind: 'asked', tenant: 'acme', ref: 'x', content: 'another', door: 'http', reportWanted: true });
      add(world, 'more.jsonl', { kind: 'accepted', tenant: 'acme', ref: 'x', id });
    },
  },
  'a provider gets what nobody asked for': { of: 2, break: (world) => add(world, 'provider.jsonl', arrival('f'.repeat(16))) },
  'a provider gets what was refused': {
    of: 2,
    break(world) {
      add(world, 'more.jsonl', { kind: 'asked', tenant: 'acme', ref: 'x', content: 'refused', door: 'http', reportWanted: true });
      add(world, 'more.jsonl', { kind: 'refused', tenant: 'acme', ref: 'x', reason: '402 no_credit' });
      add(world, 'provider.jsonl', arrival('refused'));
    },
  },
  'a provider gets a test message': {
    of: 2,
    break: (world, random) =>
      add(
        world,
        'provider.jsonl',
        arrival(
          pick(
            messagesOf(world).filter(({ isTest }) => isTest),
            random,
          ).content,
        ),
      ),
  },
  'the platform makes a message of its own': {
    of: 2,
    break(world) {
      messagesOf(world).push({ id: 'e'.repeat(32), content: 'own', state: 'failed', isTest: false, charged: price, refunded: 0n });
      settle(world, 'acme', { charged: price });
    },
  },
  'a message arrives twice': { of: 3, break: (world, random) => add(world, 'provider.jsonl', arrival(plain(world, random).content)) },
  'a message is charged twice': { of: 4, break: (world) => settle(world, 'zeta', { charged: price }) },
  'a message is not charged': { of: 4, break: (world) => settle(world, 'zeta', { charged: -price }) },
  'a message is given back twice': {
    of: 4,
    break(world) {
      const message = messagesOf(world).find(({ refunded }) => refunded > 0n) as ModelMessage;
      message.refunded += price;
      settle(world, 'acme', { refunded: price });
    },
  },
  'credits are gone': {
    of: 4,
    break: (world) =>
      void world.balances.set('acme', { ...(world.balances.get('acme') as never as { balance: bigint }), balance: 1n } as never),
  },
  'a refused message is charged': {
    of: 4,
    break(world) {
      const refused = linesOf(world).find((line) => line.kind === 'refused' && line.tenant === 'acme') as { ref: string };
      const asked = linesOf(world).find((line) => line.kind === 'asked' && line.ref === refused.ref && line.tenant === 'acme') as {
        content: string;
      };
      messagesOf(world).push({ id: 'e'.repeat(32), content: asked.content, state: 'failed', isTest: false, charged: price, refunded: 0n });
      settle(world, 'acme', { charged: price });
    },
  },
  'the reconciler has found a difference': {
    of: 4,
    break: (world) =>
      void world.differences.push({ kind: 'charge', tenant: 'acme', subject: 'lease 1', unit: 'credits', expected: '1', found: '2' }),
  },
  'a report never comes': {
    of: 5,
    break(world, random) {
      const { id } = plain(world, random);
      remove(world, (line) => line.kind === 'reported' && line.id === id);
    },
  },
  'a state goes backwards': {
    of: 5,
    break: (world, random) =>
      add(world, 'acme-late.jsonl', { kind: 'reported', tenant: 'acme', id: plainReported(world, random), state: 'sent', by: 'smpp' }),
  },
  'the last report says something else': {
    of: 5,
    break(world, random) {
      const { id } = plain(world, random);
      for (const lines of world.journals.values()) {
        lines.forEach((line, i) => {
          if (line.kind === 'reported' && line.id === id) lines[i] = { ...line, state: 'expired' };
        });
      }
    },
  },
  "a tenant is told of another's message": {
    of: 6,
    break: (world, random) =>
      add(world, 'zeta-sink.jsonl', { kind: 'reported', tenant: 'zeta', id: plain(world, random).id, state: 'delivered', by: 'webhook' }),
  },
  "another's message is in a tenant's list": {
    of: 6,
    break: (world, random) => void messagesOf(world, 'zeta').push({ ...plain(world, random), charged: 0n }),
  },
  'a message is in the list of a tenant that did not ask for it': {
    of: 6,
    break(world, random) {
      const { content } = plain(world, random);
      messagesOf(world, 'zeta').push({ id: 'e'.repeat(32), content, state: 'failed', isTest: false, charged: 0n, refunded: 0n });
    },
  },
};

/** Told by SMPP that it is delivered. */
function plainReported(world: World, random: Random): string {
  const ids = linesOf(world).flatMap((line) => (line.kind === 'reported' && line.tenant === 'acme' && line.by === 'smpp' ? [line.id] : []));
  return pick(ids, random);
}

const seeds = fc.integer();

describe('the checker', () => {
  test('finds nothing where nothing went wrong, whatever went wrong with answers and providers', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const result = await check(makeWorld(createRandom(seed)));
        expect(result.invariants.flatMap(({ violations }) => violations)).toEqual([]);
        expect(result.ok).toBe(true);
        expect(result.invariants.map(({ invariant }) => invariant)).toEqual([1, 2, 3, 4, 5, 6]);
      }),
      { numRuns: 30 },
    );
  });

  test.each(Object.entries(breaks))('%s: that invariant is broken, and no other', async (_, { of, break: breakIt }) => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const random = createRandom(seed);
        const world = makeWorld(random);
        breakIt(world, random);
        const { ok, invariants } = await check(world);
        const broken = invariants.filter((one) => !one.ok);
        expect(broken.map(({ invariant }) => invariant)).toEqual([of]);
        expect(broken[0]?.violations[0]?.kind).toBeTruthy();
        expect(ok).toBe(false);
      }),
      { numRuns: 10 },
    );
  });

  test('as many as may be there twice without a note are no violation, and are shown', async () => {
    const world = makeWorld(createRandom(1));
    const { content } = plain(world, createRandom(2));
    add(world, 'provider.jsonl', arrival(content));
    add(world, 'provider.jsonl', arrival(content));
    expect((await check(world, { unnotedMax: 1 })).ok).toBe(false);
    const { ok, invariants } = await check(world, { unnotedMax: 2 });
    expect(ok).toBe(true);
    expect(invariants[2]).toMatchObject({ invariant: 3, violationCount: 2, counts: { unnoted: 2 } });
  });

  test('without journals of providers, nothing is said of what arrived', async () => {
    const world = makeWorld(createRandom(1));
    world.journals.delete('provider.jsonl');
    expect((await check(world)).ok).toBe(false);
    expect((await check(world, { providers: false })).ok).toBe(true);
  });

  test('waits for what may still come, and no longer', async () => {
    const world = makeWorld(createRandom(1));
    const message = plain(world, createRandom(2));
    message.state = 'sent';
    const platform = platformOf(world);
    let looks = 0;
    const later = {
      ...platform,
      async *messages(tenant: string, sinceMs: number) {
        if (tenant === 'acme' && ++looks === 2) message.state = 'delivered';
        yield* platform.messages(tenant, sinceMs);
      },
    };
    const { ok } = await withJournals(world, (journals) => checkRun({ journals, platform: later, waitMs: 10_000 }));
    expect([ok, looks]).toEqual([true, 2]);
  });

  test('does not wait for what is wrong for good', async () => {
    const world = makeWorld(createRandom(1));
    add(world, 'provider.jsonl', arrival('f'.repeat(16)));
    const began = Date.now();
    expect((await check(world, { waitMs: 60_000 })).ok).toBe(false);
    expect(Date.now() - began).toBeLessThan(5_000);
  });
});
