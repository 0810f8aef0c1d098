import { describe, expect, test } from '@jest/globals';
import { leaseSubjects, type LeaseAnswer, type LeaseQuestion, type LeaseReturn } from '@heliograph/message';
import type { Asking } from '@heliograph/queue';
import { createWallet } from './wallet.ts';

/** A bank of the test's own: grants what it has, and keeps what it was asked. */
function bank(funds: bigint, answers: LeaseAnswer[] = []) {
  const questions: LeaseQuestion[] = [];
  const returns: LeaseReturn[] = [];
  const heard = new Map<string, (body: never) => void>();
  let left = funds;
  const asking: Asking = {
    async ask<Answer>(subject: string, question: object): Promise<Answer | undefined> {
      if (subject === leaseSubjects.giveBack) {
        returns.push(question as LeaseReturn);
        return {} as Answer;
      }
      questions.push(question as LeaseQuestion);
      return (answers.shift() ?? grant(BigInt((question as LeaseQuestion).needMicroCredits))) as Answer;
    },
    async answer() {},
    broadcast() {},
    listen: (subject, told) => void heard.set(subject, told as never),
  };
  function grant(need: bigint): LeaseAnswer {
    if (left < need) return { kind: 'no_credit' };
    left -= need;
    return { kind: 'granted', lease: `lease-${questions.length}`, microCredits: String(need), expiresAtMs: 60_000, forMs: 60_000 };
  }
  const recall = (ingress: string, lease: string): void => heard.get(leaseSubjects.recall(ingress))?.({ lease } as never);
  return { asking, questions, returns, recall };
}

const create = (asking: Asking, steadyNow = () => 0, awayPatienceMs = 0) =>
  createWallet({ asking, ingress: 'one', steadyNow, now: () => 0, awayPatienceMs });

test('the first message asks for a lease, the next spends what is in hand', async () => {
  const { asking, questions } = bank(0n, [{ kind: 'granted', lease: 'l1', microCredits: '10', expiresAtMs: 60_000, forMs: 60_000 }]);
  const wallet = create(asking);
  expect(wallet.take('acme', 3n)).toBeUndefined();
  expect(await wallet.takeOrAsk('acme', 3n)).toMatchObject({ kind: 'taken', lease: { id: 'l1' } });
  expect(wallet.take('acme', 3n)).toMatchObject({ id: 'l1', remaining: 4n });
  expect(questions).toHaveLength(1);
});

test('what is asked for is what lasts twenty seconds at the rate of spending, and a burst is no flood', async () => {
  let nowMs = 0;
  const { asking, questions } = bank(10n ** 15n, []);
  const wallet = create(asking, () => nowMs);
  const credit = 1_000_000n;
  for (; nowMs < 3_000; nowMs += 10) await wallet.takeOrAsk('acme', 5n * credit);
  const wants = questions.map(({ wantMicroCredits }) => BigInt(wantMicroCredits));
  expect(wants[0]).toBe(50n * credit);
  // 500 credits a second
  expect(wants.reduce((a, b) => (a > b ? a : b))).toBeLessThanOrEqual(10_200n * credit);
  expect(wants.at(-1)).toBeGreaterThanOrEqual(2_400n * credit);
});

test('without credit a message is refused, and the next one without asking again', async () => {
  const { asking, questions } = bank(0n);
  const wallet = create(asking);
  expect(await wallet.takeOrAsk('acme', 3n)).toEqual({ kind: 'no_credit' });
  expect(await wallet.takeOrAsk('acme', 3n)).toEqual({ kind: 'no_credit' });
  expect(questions).toHaveLength(1);
});

test('a cheaper message than the one refused asks anew', async () => {
  const { asking } = bank(2n);
  const wallet = create(asking);
  expect(await wallet.takeOrAsk('acme', 3n)).toEqual({ kind: 'no_credit' });
  expect(await wallet.takeOrAsk('acme', 2n)).toMatchObject({ kind: 'taken' });
});

test('many messages at once spend to the last micro-credit and no further', async () => {
  const { asking } = bank(100n);
  const wallet = create(asking);
  const taken = await Promise.all(Array.from({ length: 150 }, () => wallet.takeOrAsk('acme', 1n)));
  expect(taken.filter(({ kind }) => kind === 'taken')).toHaveLength(100);
  expect(taken.filter(({ kind }) => kind === 'no_credit')).toHaveLength(50);
});

test('nobody answers: unavailable, not refused for good', async () => {
  const { asking } = bank(0n);
  const wallet = create({ ...asking, ask: async () => undefined });
  expect(await wallet.takeOrAsk('acme', 1n)).toEqual({ kind: 'unavailable' });
});

test('nobody answers for a moment, as in a restart: it waits, and is charged', async () => {
  const { asking } = bank(1n);
  let asked = 0;
  const away: Asking = { ...asking, ask: async (...question) => (++asked < 3 ? undefined : asking.ask(...question)) };
  expect(await create(away, () => 0, 1_000).takeOrAsk('acme', 1n)).toMatchObject({ kind: 'taken' });
});

test('nobody answered for long, and then there is credit: it is no lack of credit', async () => {
  let nowMs = 0;
  const { asking } = bank(1n);
  const away: Asking = {
    ...asking,
    ask: async (...question) => {
      if (nowMs === 0) return void (nowMs = 6_000);
      return asking.ask(...question);
    },
  };
  expect(await create(away, () => nowMs, 10_000).takeOrAsk('acme', 1n)).toMatchObject({ kind: 'taken' });
});

describe('whatever the clock of the machine says', () => {
  const fiveMinutesMs = 300_000;
  const epochMs = 1_700_000_000_000;

  /** Its steady clock, how far the other one is ahead of the right time, and a bank that takes so long to answer. */
  function machine(answers: LeaseAnswer[], takesMs = 0) {
    const clock = { steadyMs: 5_000, aheadMs: 0 };
    const { asking, ...rest } = bank(0n, answers);
    const slow: Asking = {
      ...asking,
      ask(...question) {
        clock.steadyMs += takesMs;
        return asking.ask(...question);
      },
    };
    const now = () => epochMs + clock.steadyMs + clock.aheadMs;
    return { clock, wallet: createWallet({ asking: slow, ingress: 'one', steadyNow: () => clock.steadyMs, now }), ...rest };
  }
  const granted = (lease: string, forMs?: number): LeaseAnswer => ({
    kind: 'granted',
    lease,
    microCredits: '100',
    expiresAtMs: epochMs + 5_000 + 30_000,
    ...(forMs === undefined ? {} : { forMs }),
  });

  test.each([0, fiveMinutesMs, -fiveMinutesMs])(
    'a lease is spent for as long as was said, counted from the question on (%d ms ahead)',
    async (aheadMs) => {
      const { clock, wallet } = machine([granted('l1', 30_000)], 2_000);
      clock.aheadMs = aheadMs;
      expect(await wallet.takeOrAsk('acme', 1n)).toMatchObject({ kind: 'taken', lease: { id: 'l1' } });
      clock.aheadMs = -aheadMs;
      clock.steadyMs = 5_000 + 28_999;
      expect(wallet.take('acme', 1n)).toMatchObject({ id: 'l1' });
      clock.steadyMs = 5_000 + 29_000;
      expect(wallet.take('acme', 1n)).toBeUndefined();
      await wallet.close();
    },
  );

  test('one of an older billing-credits, which says when it ends alone, is spent until then by the time of its answer', async () => {
    const { clock, wallet } = machine([granted('l1')]);
    expect(await wallet.takeOrAsk('acme', 1n)).toMatchObject({ kind: 'taken' });
    clock.aheadMs = -fiveMinutesMs;
    clock.steadyMs = 5_000 + 28_999;
    expect(wallet.take('acme', 1n)).toMatchObject({ id: 'l1' });
    clock.steadyMs = 5_000 + 29_000;
    expect(wallet.take('acme', 1n)).toBeUndefined();
    await wallet.close();
  });

  test('a jump ahead while credit is called back from others refuses nothing', async () => {
    const answers: LeaseAnswer[] = [{ kind: 'retry', retryAfterMs: 1 }, { kind: 'retry', retryAfterMs: 1 }, granted('l1', 30_000)];
    const { clock, wallet, questions } = machine(answers);
    const taken = wallet.takeOrAsk('acme', 1n);
    clock.aheadMs = fiveMinutesMs;
    expect(await taken).toMatchObject({ kind: 'taken', lease: { id: 'l1' } });
    expect(questions).toHaveLength(3);
    await wallet.close();
  });
});

test('a recalled lease goes back once its records are stored', async () => {
  const { asking, returns, recall } = bank(5n);
  const wallet = create(asking);
  const taken = await wallet.takeOrAsk('acme', 5n);
  if (taken.kind !== 'taken') throw new Error('not granted');
  recall('one', taken.lease.id);
  expect(returns).toEqual([]);
  wallet.stored('acme', taken.lease);
  expect(returns).toEqual([{ lease: taken.lease.id, spentMicroCredits: '5' }]);
});

test('closing gives back what is not spent', async () => {
  const { asking, returns } = bank(0n, [{ kind: 'granted', lease: 'l1', microCredits: '10', expiresAtMs: 60_000, forMs: 60_000 }]);
  const wallet = create(asking);
  const taken = await wallet.takeOrAsk('acme', 4n);
  if (taken.kind === 'taken') wallet.stored('acme', taken.lease);
  await wallet.close();
  expect(returns).toEqual([{ lease: 'l1', spentMicroCredits: '4' }]);
});

describe('under destination caps', () => {
  test('credit is asked for by scope, and spent within it alone', async () => {
    const { asking, questions, returns } = bank(100n);
    const wallet = create(asking);
    const capped = await wallet.takeOrAsk('acme', 3n, '44,447');
    expect(capped).toMatchObject({ kind: 'taken', lease: { scope: '44,447' } });
    expect(wallet.take('acme', 1n)).toBeUndefined();
    expect(wallet.take('acme', 1n, '44')).toBeUndefined();
    expect(questions).toMatchObject([{ tenant: 'acme', scope: ['44', '447'] }]);
    await wallet.takeOrAsk('acme', 3n);
    expect(questions[1]).not.toHaveProperty('scope');
    if (capped.kind === 'taken') wallet.refused('acme', capped.lease, 3n);
    expect(wallet.take('acme', 3n, '44,447')).toMatchObject({ id: 'lease-1' });
    await wallet.close();
    expect(returns).toMatchObject([]);
  });

  test('one that is reached is told, and holds without asking again, for its own messages alone', async () => {
    const { asking, questions } = bank(100n, [{ kind: 'capped', prefix: '44' }]);
    const wallet = create(asking);
    expect(await wallet.takeOrAsk('acme', 3n, '44')).toEqual({ kind: 'capped', prefix: '44' });
    expect(await wallet.takeOrAsk('acme', 3n, '44')).toEqual({ kind: 'capped', prefix: '44' });
    expect(questions).toHaveLength(1);
    expect(await wallet.takeOrAsk('acme', 3n)).toMatchObject({ kind: 'taken' });
  });
});
