import { randomUUID } from 'node:crypto';
import { newId } from '@heliograph/message';
import { counter, type Log } from '@heliograph/service';
import type { ApiAnswer, Attempt } from '../http/endpoint.ts';
import { problem } from '../http/problem.ts';
import type { IdempotencyTable, Keyed } from './table.ts';

/** Requests that may be sent again: each is done once, whatever happens between (draft-ietf-httpapi-idempotency-key-header-07). */
export interface Idempotency {
  /** Does it, or says what came of it before. */
  once(keyed: Keyed, operation: (attempt: Attempt) => Promise<ApiAnswer>): Promise<Answered>;
  /** Waits for what is in work. */
  close(): Promise<void>;
}

export type Answered = ApiAnswer & {
  /** It is the answer to an earlier request. */
  readonly replayed?: true;
};

/**
 * How long a request may be at work on a key before another one takes it over. A dead process is not told from one that is cut off, so nothing
 * but time says that it stores no more: it begins to within `beginWithinMs`, and libs/queue then tries for 36 s (`giveUpMs`, a last try of 5 s and a pause).
 */
export const leaseMs = 60_000;
export const beginWithinMs = 20_000;
export const keptForMs = 48 * 3_600_000;

const purgeEveryMs = 3_600_000;
const purgeRowsMax = 5_000;

const requestsTotal = counter('heliograph_http_api_idempotent_requests_total', 'Requests with an Idempotency-Key, by what its key said');

export interface IdempotencyOptions {
  readonly table: IdempotencyTable;
  readonly log: Pick<Log, 'warn'>;
  readonly now?: () => number;
}

export function createIdempotency({ table, log, now = Date.now }: IdempotencyOptions): Idempotency {
  const inWork = new Set<Promise<unknown>>();
  const purging = setInterval(() => void purge(), purgeEveryMs).unref();
  let closed = false;
  // a process that never lives for an hour purges as well
  void purge();

  async function purge(): Promise<void> {
    const purged = purgeAll();
    inWork.add(purged);
    await purged;
    inWork.delete(purged);
  }

  async function purgeAll(): Promise<void> {
    try {
      while (!closed && (await table.purge(keptForMs, purgeRowsMax)) === purgeRowsMax);
    } catch (error) {
      log.warn({ err: error }, 'old idempotency keys not purged, trying again within an hour');
    }
  }

  async function answer(keyed: Keyed, operation: (attempt: Attempt) => Promise<ApiAnswer>): Promise<Answered> {
    const { tenant, key } = keyed;
    const held = { tenant, key, holder: randomUUID() };
    // before PostgreSQL's lease begins
    const beginBeforeMs = now() + beginWithinMs;
    const claim = await table.claim({ ...keyed, ...held, base: newId() }).catch((error: unknown) => {
      log.warn({ err: error }, 'idempotency key not stored');
      return { kind: 'unavailable' as const };
    });
    requestsTotal.add(1, attributes[claim.kind]);
    if (claim.kind !== 'mine') return refusalOf(claim);
    const { base, again } = claim;
    // a bug that throws leaves the lease to run out: parts of the operation may still be at work
    const given = await operation({ base, again, beginBeforeMs });
    await settle(held, given);
    return given;
  }

  /** Whatever was done is done, so that its answer is given in any case: the lease runs out, and a retry finds what there is. */
  async function settle(held: { tenant: string; key: string; holder: string }, given: ApiAnswer): Promise<void> {
    try {
      await {
        keep: () => table.keep({ ...held, answer: JSON.stringify(keptOf(given)) }),
        free: () => table.free(held),
        release: () => table.release(held),
      }[fateOf(given)]();
    } catch (error) {
      log.warn({ err: error }, 'answer not kept under its idempotency key');
    }
  }

  return {
    async once(keyed, operation) {
      const answering = answer(keyed, operation);
      inWork.add(answering);
      try {
        return await answering;
      } finally {
        inWork.delete(answering);
      }
    },
    async close() {
      closed = true;
      clearInterval(purging);
      await Promise.allSettled(inWork);
      await table.close();
    },
  };
}

/**
 * What becomes of a key when its request is answered. Kept is what it came to, and what is wrong with the request itself (draft §2.6: "success or an
 * error"). What may be otherwise the next time (no credit, too fast, away, not allowed now) leaves the key free, as nothing was done. And where
 * that is not known, the next one with the key finds out.
 */
export function fateOf(given: ApiAnswer): 'keep' | 'free' | 'release' {
  if (given.unsettled) return 'release';
  return given.ok || given.problem.status === 422 ? 'keep' : 'free';
}

function keptOf(given: ApiAnswer): ApiAnswer {
  if (!given.ok) return { ok: false, problem: given.problem };
  const { body, location } = given;
  return { ok: true, ...(body === undefined ? {} : { body }), ...(location === undefined ? {} : { location }) };
}

type Refused = { readonly kind: 'answered'; readonly answer: string } | { readonly kind: 'in_flight' | 'reused' | 'unavailable' };

function refusalOf(claim: Refused): Answered {
  return claim.kind === 'answered' ? { ...(JSON.parse(claim.answer) as ApiAnswer), replayed: true } : refusals[claim.kind];
}

const refusals: Readonly<Record<Exclude<Refused['kind'], 'answered'>, ApiAnswer>> = {
  in_flight: { ok: false, problem: problem('idempotency_in_flight', 'the request with this Idempotency-Key is not answered yet') },
  reused: {
    ok: false,
    problem: problem('idempotency_key_reused', 'this Idempotency-Key was used for a request with another body or address'),
  },
  unavailable: {
    ok: false,
    problem: problem('unavailable', 'the Idempotency-Key cannot be looked up now; the same request with it can be sent again'),
  },
};

/** Remembered by identity: one object each. */
const attributes = {
  mine: { outcome: 'done' },
  answered: { outcome: 'replayed' },
  in_flight: { outcome: 'in_flight' },
  reused: { outcome: 'reused' },
  unavailable: { outcome: 'unavailable' },
} as const;
