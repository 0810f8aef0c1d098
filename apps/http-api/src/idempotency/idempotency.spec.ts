import { describe, expect, it } from '@jest/globals';
import { quietLog } from '@heliograph/testbed';
import type { ApiAnswer, Attempt } from '../http/endpoint.ts';
import { problem, type ProblemReason } from '../http/problem.ts';
import { beginWithinMs, createIdempotency, fateOf, keptForMs } from './idempotency.ts';
import { openIdempotencyTable, type Claim, type IdempotencyTable } from './table.ts';

const keyed = { tenant: 'acme', key: 'order-7', fingerprint: Buffer.alloc(32, 1) };
const accepted: ApiAnswer = { ok: true, body: { id: 'x' }, location: '/v1/messages/x' };

function refused(reason: ProblemReason): ApiAnswer {
  return { ok: false, problem: problem(reason, 'why') };
}

/** A table that says one thing, and writes down what it is told. */
function tableSaying(claim: Claim, { purgeable = 0, failing = false } = {}) {
  const told: unknown[] = [];
  const tell = async (what: unknown): Promise<void> => {
    told.push(what);
    if (failing) throw new Error('away');
  };
  const table: IdempotencyTable = {
    claim: async () => claim,
    keep: ({ answer }) => tell(['keep', JSON.parse(answer)]),
    free: () => tell('free'),
    release: () => tell('release'),
    async purge(olderThanMs, rowsMax) {
      told.push(['purge', olderThanMs]);
      const purged = Math.min(purgeable, rowsMax);
      purgeable -= purged;
      return purged;
    },
    close: async () => void told.push('close'),
  };
  return {
    table,
    told: () => told.filter((one) => !Array.isArray(one) || one[0] !== 'purge'),
    purges: () => told.filter((one) => Array.isArray(one) && one[0] === 'purge'),
  };
}

const mine: Claim = { kind: 'mine', base: '019c0a70000070008000000000000001', again: false };

describe('a request with a key', () => {
  it('that is new is done, in time, and its answer is kept', async () => {
    const { table, told } = tableSaying(mine);
    const attempts: Attempt[] = [];
    const idempotency = createIdempotency({ table, log: quietLog, now: () => 1_000 });
    const answer = await idempotency.once(keyed, async (attempt) => (attempts.push(attempt), accepted));
    expect(answer).toEqual(accepted);
    expect(attempts).toEqual([{ base: mine.base, again: false, beginBeforeMs: 1_000 + beginWithinMs }]);
    expect(told()).toEqual([['keep', accepted]]);
    await idempotency.close();
  });

  it('that somebody began before is an attempt that knows it', async () => {
    const { table } = tableSaying({ ...mine, again: true });
    const idempotency = createIdempotency({ table, log: quietLog });
    let again: boolean | undefined;
    await idempotency.once(keyed, async (attempt) => ((again = attempt.again), accepted));
    expect(again).toBe(true);
    await idempotency.close();
  });

  it.each<[string, Claim, object]>([
    ['answered', { kind: 'answered', answer: JSON.stringify(accepted) }, { ...accepted, replayed: true }],
    ['being worked on', { kind: 'in_flight' }, { ok: false, problem: { status: 409, type: '/problems/idempotency_in_flight' } }],
    ['another one', { kind: 'reused' }, { ok: false, problem: { status: 422, type: '/problems/idempotency_key_reused' } }],
  ])('that is %s is not done', async (_, claim, answer) => {
    const { table, told } = tableSaying(claim);
    const idempotency = createIdempotency({ table, log: quietLog });
    const given = await idempotency.once(keyed, async () => {
      throw new Error('done');
    });
    expect(given).toMatchObject(answer);
    expect(told()).toEqual([]);
    await idempotency.close();
  });

  it('is 503 and not done when PostgreSQL is away', async () => {
    const table = openIdempotencyTable('postgresql://nobody@127.0.0.1:1/nothing', 60_000, quietLog);
    const idempotency = createIdempotency({ table, log: quietLog });
    const given = await idempotency.once(keyed, async () => {
      throw new Error('done');
    });
    expect(given).toMatchObject({ ok: false, problem: { status: 503, type: '/problems/unavailable' } });
    await idempotency.close();
  });

  it('is answered though its answer cannot be kept: what is done is done', async () => {
    const { table } = tableSaying(mine, { failing: true });
    const idempotency = createIdempotency({ table, log: quietLog });
    expect(await idempotency.once(keyed, async () => accepted)).toEqual(accepted);
    await idempotency.close();
  });

  it('that meets a bug leaves its lease to run out, as parts of it may still be at work', async () => {
    const { table, told } = tableSaying(mine);
    const idempotency = createIdempotency({ table, log: quietLog });
    await expect(idempotency.once(keyed, () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
    expect(told()).toEqual([]);
    await idempotency.close();
  });

  it('is finished before the table is closed', async () => {
    const { table, told } = tableSaying(mine);
    const idempotency = createIdempotency({ table, log: quietLog });
    const { promise, resolve } = Promise.withResolvers<ApiAnswer>();
    const answering = idempotency.once(keyed, () => promise);
    const closing = idempotency.close();
    resolve(accepted);
    await Promise.all([answering, closing]);
    expect(told()).toEqual([['keep', accepted], 'close']);
  });
});

describe('what becomes of a key', () => {
  it.each<[string, ApiAnswer, ReturnType<typeof fateOf>]>([
    ['accepted', accepted, 'keep'],
    ['refused for what it says', refused('bad_number'), 'keep'],
    ['refused for no credit', refused('no_credit'), 'free'],
    ['refused for its pace', { ...refused('throttled'), retryAfterMs: 5 } as ApiAnswer, 'free'],
    ['refused as nobody could take it', refused('unavailable'), 'free'],
    ['refused as its credential was taken back', refused('not_permitted'), 'free'],
    ['not known to be stored', { ...refused('unavailable'), unsettled: true }, 'release'],
    ['accepted for some, and not known for others', { ...accepted, unsettled: true }, 'release'],
  ])('of a request that is %s', async (_, answer, fate) => {
    expect(fateOf(answer)).toBe(fate);
    const { table, told } = tableSaying(mine);
    const idempotency = createIdempotency({ table, log: quietLog });
    await idempotency.once(keyed, async () => answer);
    const [only] = told();
    expect(Array.isArray(only) ? only[0] : only).toBe(fate);
    await idempotency.close();
  });
});

describe('old keys', () => {
  it('are purged when a process starts, in batches, until there are none', async () => {
    const { table, purges } = tableSaying(mine, { purgeable: 12_000 });
    const idempotency = createIdempotency({ table, log: quietLog });
    await idempotency.once(keyed, async () => accepted);
    expect(purges()).toEqual(Array.from({ length: 3 }, () => ['purge', keptForMs]));
    await idempotency.close();
  });
});
