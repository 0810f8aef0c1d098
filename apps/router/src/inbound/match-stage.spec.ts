import { expect, test } from '@jest/globals';
import { createInboundTable } from '@heliograph/registry';
import type { InboundMatched, InboundReceived, Outcome } from '@heliograph/message';
import type { Worker } from '@heliograph/queue';
import type { AssemblyBook } from './assembly-book.ts';
import { inboundEvent } from './inbound.fixture.ts';
import { startMatchStage, type MatchStageOptions } from './match-stage.ts';

const route = { id: 'r', address: '', match: 'prefix', keyword: '', tenantId: 'acme', credentialId: null } as const;
const current = {
  inbound: createInboundTable([route]),
  credentials: new Map(),
  credentialsOfRange: () => [],
  tenants: new Map(),
} as unknown as MatchStageOptions['registry']['current'];
const part = inboundEvent({ part: { reference: 1, total: 2, sequence: 1 } });
const away = () => Promise.reject(new Error('connection refused'));
const poison = () => Promise.reject(Object.assign(new Error('bad uuid'), { code: '22P02' }));

/** What the stage makes of these, the first of a batch and the others after it. */
async function outcomesOf(events: readonly InboundReceived[], special: { put?: AssemblyBook['put']; heed?: MatchStageOptions['heed'] }) {
  const warned: string[] = [];
  const handles: ((deliveries: unknown[]) => Promise<Outcome[]>)[] = [];
  const stage = await startMatchStage({
    queue: {
      workInBatches: async (options) => {
        handles.push(options.handle as unknown as (typeof handles)[number]);
        return { stop: async () => {} } as unknown as Worker;
      },
      answer: async () => {},
      publish: async () => {},
    },
    registry: { current },
    book: { put: special.put ?? (async () => [{}]), closeGapped: async () => 0, forget: async () => 0, close: async () => {} },
    heed: special.heed ?? (async (event: InboundMatched) => event),
    partsWaitMs: 1_000,
    sweepEveryMs: 3_600_000,
    log: { warn: (_: unknown, text: string) => void warned.push(text), debug: () => {} } as unknown as MatchStageOptions['log'],
    now: () => 5_000,
  });
  const handling = handles[0]?.(events.map((event) => ({ event })));
  await Promise.allSettled([handling]);
  await stage.stop(0);
  return { outcomes: (await handling) ?? [], warned };
}

test('while the database is away parts wait for it, and a message that came in one does not', async () => {
  const { outcomes, warned } = await outcomesOf([part, inboundEvent(), part], { put: away });
  expect(outcomes.map(({ kind }) => kind)).toEqual(['later', 'done', 'later']);
  expect(outcomes[0]).toMatchObject({ atMs: 7_000 });
  expect(warned).toHaveLength(1);
});

test('an opt-out that cannot be kept is tried again, and its message is not given', async () => {
  const stop = inboundEvent({ text: 'stop' });
  const heed: MatchStageOptions['heed'] = (event) => (event.inbound.id === stop.id ? away() : Promise.resolve(event));
  const { outcomes } = await outcomesOf([stop, inboundEvent()], { heed });
  expect(outcomes.map(({ kind }) => kind)).toEqual(['later', 'done']);
});

test('what can never be stored is for the queue to find', async () => {
  await expect(outcomesOf([inboundEvent(), part], { put: poison })).rejects.toThrow('bad uuid');
});

test.each([
  ['everything is read', undefined, 4_000],
  ['a record of before is not dealt with yet, which may have the missing part', 2_500, 1_500],
])('parts are waited for no longer, when %s', async (_, oldestAtMs, before) => {
  const { promise: asked, resolve } = Promise.withResolvers<number>();
  const oldestUnsettledAtMs = async () => oldestAtMs;
  const stage = await startMatchStage({
    queue: {
      workInBatches: async () => ({ stop: async () => {}, oldestUnsettledAtMs }) as unknown as Worker,
      answer: async () => {},
      publish: async () => {},
    },
    registry: { current },
    book: {
      put: async () => [],
      closeGapped: async (openedBeforeMs) => {
        resolve(openedBeforeMs);
        return 0;
      },
      forget: async () => 0,
      close: async () => {},
    },
    heed: async (event) => event,
    partsWaitMs: 1_000,
    sweepEveryMs: 1,
    log: { warn: () => {}, debug: () => {} } as unknown as MatchStageOptions['log'],
    now: () => 5_000,
  });
  expect(await asked).toBe(before);
  await stage.stop(0);
});
